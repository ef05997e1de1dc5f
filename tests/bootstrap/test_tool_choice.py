"""The first program on the search path that runs and is new enough is taken."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from provision import chromium, go, node, opentofu, terraform, tool
from provision.site import Site
from provision.tool import Tool

if TYPE_CHECKING:
    from workbench import Workbench

TOOL = Tool("Tool", ("tool", "tool-alternative"), (2, 5))


def test_the_first_good_one_is_taken(bench: Workbench) -> None:
    """Order of PATH."""
    path = bench.program("tool", "echo tool 2.6.1")
    found = tool.find(TOOL, bench.site(), bench.say)
    assert found == tool.Program(path, (2, 6, 1))
    assert bench.said == []


def test_an_old_one_is_passed_over_for_a_later_one(bench: Workbench, tmp_path: Path) -> None:
    """Too old in the first folder does not hide the good one in the second."""
    bench.program("tool", "echo tool 2.4.9")
    good = bench.program("tool", "echo tool 2.5", folder=tmp_path / "later")
    site = Site(bench.root, {"PATH": f"{bench.programs}:{good.parent}"})
    found = tool.find(TOOL, site, bench.say)
    assert found is not None
    assert found.path == good
    assert bench.said == [f"{bench.programs}/tool passed over: 2.4.9 is older than 2.5"]


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("echo please install the snap", "it does not tell its version"),
        ("exit 127", "tool exited with status 127"),
    ],
)
def test_a_broken_one_is_passed_over_with_the_reason(
    bench: Workbench, script: str, why: str
) -> None:
    """A version manager's shim without a version behind it, a snap's stand-in."""
    bench.program("tool", script)
    assert tool.find(TOOL, bench.site(), bench.say) is None
    assert bench.said == [f"{bench.programs}/tool passed over: {why}"]


def test_a_hanging_one_is_passed_over(bench: Workbench) -> None:
    """The time-out holds for the question after the version, too."""
    path = bench.program("tool", "sleep 60")
    assert tool.check(TOOL, path, bench.say, limit=0.3) is None
    assert "no result after 0.3 s" in bench.said[0]


def test_alternative_names(bench: Workbench) -> None:
    """chromium-browser is Chromium."""
    path = bench.program("tool-alternative", "echo 3.0")
    found = tool.find(TOOL, bench.site(), bench.say)
    assert found is not None
    assert found.path == path


def test_what_bootstrap_made_itself_is_not_found_again(bench: Workbench) -> None:
    """With .tools/env read, .tools/bin is on PATH: a launcher must not lead to itself."""
    own = [bench.root / ".tools/bin", bench.root / ".venv/bin"]
    for folder in own:
        bench.program("tool", "echo 9.9", folder=folder)
    site = Site(bench.root, {"PATH": ":".join(str(folder) for folder in own)})
    assert site.search_path() == []
    assert tool.find(TOOL, site, bench.say) is None


def test_files_that_cannot_be_run_are_no_programs(bench: Workbench) -> None:
    """A folder or a text file of that name is nothing."""
    (bench.programs / "tool").write_text("2.6", "utf-8")
    (bench.programs / "tool-alternative").mkdir()
    assert list(tool.candidates(TOOL, bench.site())) == []


@pytest.mark.parametrize(
    ("wanted", "minimum"),
    [
        (node.NODE, (20,)),
        (terraform.TERRAFORM, (1, 11)),
        (opentofu.OPENTOFU, (1, 11)),
        (go.GO, (1, 26)),
    ],
)
def test_least_versions(wanted: Tool, minimum: tuple[int, ...]) -> None:
    """The versions that the documentation promises."""
    assert wanted.minimum == minimum


def test_browser_names() -> None:
    """Debian's, Ubuntu's and Google's names."""
    assert {"chromium", "chromium-browser", "google-chrome"} <= set(chromium.CHROMIUM.commands)


def test_link_replaces_what_was_there(bench: Workbench) -> None:
    """A launcher of an earlier run gives way to the program found later."""
    site = bench.site()
    bench.program("tool", "echo 1.0", folder=site.bin)
    path = site.link("tool", Path("/bin/true"))
    assert path.readlink() == Path("/bin/true")
    assert site.link("tool", Path("/bin/false")).readlink() == Path("/bin/false")
