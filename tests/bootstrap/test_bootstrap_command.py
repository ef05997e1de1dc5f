"""The command itself: steps in order, what is said, exit status, settings written."""

from __future__ import annotations

import io
import json
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from provision import command, environment, steps
from provision.outcome import Found, MissingError
from provision.report import Report
from provision.steps import Step

if TYPE_CHECKING:
    from workbench import Workbench

    from provision.site import Say, Site

ROOT = Path(__file__).resolve().parents[2]
FOUND = Found("1.2", "found on PATH", "/usr/bin/one", warnings=("take care",))


def _good(_site: Site, say: Say) -> Found:
    say("working")
    return FOUND


def _bad(_site: Site, _say: Say) -> Found:
    raise MissingError("Two: not on PATH\n    | details", "install two")


def _script(*words: str, path: str | None = None) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, **({"PATH": path} if path else {})}
    script = [str(ROOT / "script/bootstrap"), *words]
    return subprocess.run(script, capture_output=True, text=True, env=env, check=False, timeout=60)


def test_each_step_says_what_it_does_and_how_long_it_took(bench: Workbench) -> None:
    """Title, progress, result with seconds, warning, total."""
    report = Report(io.StringIO())
    steps.run_all([Step("one", "The first", _good)], bench.site(), report)
    assert report.close() == 0
    lines = report.stream.getvalue().splitlines()  # type: ignore[attr-defined]
    assert lines[0] == "[1/1] The first"
    assert lines[1].strip() == "working"
    assert lines[2].strip().startswith("ok: 1.2, found on PATH (0.")
    assert lines[3].strip() == "warning: take care"
    assert lines[4].startswith("bootstrap: all there after")


def test_missing_things_are_named_with_the_way_to_get_them(bench: Workbench) -> None:
    """The other steps are still done; the exit status tells."""
    report = Report(io.StringIO())
    chosen = [Step("two", "The second", _bad), Step("one", "The first", _good)]
    steps.run_all(chosen, bench.site(), report)
    assert report.close() == 1
    assert "one" in report.found
    end = report.stream.getvalue().splitlines()[-2:]  # type: ignore[attr-defined]
    assert end == ["  two: Two: not on PATH", "    to get it: install two"]


def test_a_step_without_its_foundation_is_not_tried(bench: Workbench) -> None:
    """No second error that only follows from the first."""
    report = Report(io.StringIO())
    chosen = [Step("two", "The second", _bad), Step("three", "On top", _good, ("two",))]
    steps.run_all(chosen, bench.site(), report)
    assert report.missing["three"].what == "not tried without two"


def test_json_summary(bench: Workbench) -> None:
    """For programs: what was found, where, and what is missing."""
    report = Report(io.StringIO())
    steps.run_all([Step("one", "1", _good), Step("two", "2", _bad)], bench.site(), report)
    summary = json.loads(report.as_json())
    assert summary["found"]["one"]["path"] == "/usr/bin/one"
    assert summary["missing"]["two"]["remedy"] == "install two"


def test_order_of_the_steps() -> None:
    """Packages, Node, Terraform, providers, browser, database; OpenTofu only when asked for."""
    names = [step.name for step in steps.choose([])]
    assert names == ["python", "node", "terraform", "providers", "chromium", "postgresql"]
    assert [step.name for step in steps.choose(["opentofu", "node"])] == ["node", "opentofu"]


def test_settings_for_shells_and_programs_are_the_same(bench: Workbench) -> None:
    """Read by a real shell, with a PATH that is kept behind ours."""
    site = bench.site()
    site.tools.mkdir()
    chrome = Found("140.0", "", settings={"IMIS_SSO_CHROMIUM": "/opt/a browser/chrome"})
    environment.write(site, {"chromium": chrome})
    words = ["/bin/sh", "-c", f'. "{site.tools}/env"; exec /usr/bin/env']
    shell = subprocess.run(
        words, capture_output=True, text=True, check=True,
        env={"PATH": "/mine", "TF_CLI_CONFIG_FILE": "/preset"},
    )  # fmt: skip
    seen = dict(line.split("=", 1) for line in shell.stdout.splitlines())
    written = json.loads((site.tools / "env.json").read_text("utf-8"))
    assert seen["PATH"] == f"{written.pop('PATH_PREPEND')}:/mine"
    assert {name: seen[name] for name in written} == written
    assert written["IMIS_SSO_CHROMIUM"] == "/opt/a browser/chrome"
    assert written["TF_CLI_CONFIG_FILE"] == str(site.terraform_config)


def test_one_step_alone_keeps_the_settings_of_the_others(bench: Workbench) -> None:
    """``--only node`` does not forget the browser."""
    site = bench.site()
    site.tools.mkdir()
    environment.write(site, {"chromium": Found("140.0", "", settings={"BROWSER_PATH": "/chrome"})})
    environment.write(site, {"node": Found("22.1.0", "", settings={"QUIET": "22"})})
    written = json.loads((site.tools / "env.json").read_text("utf-8"))
    assert written["BROWSER_PATH"] == "/chrome"
    assert written["QUIET"] == "22"


def test_help() -> None:
    """The options are explained without anything being done."""
    result = _script("--help")
    assert result.returncode == 0
    assert all(option in result.stdout for option in ("--only", "--json", "--force"))


def test_unknown_step_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """With the names there are."""
    with pytest.raises(SystemExit) as caught:
        command.main(["--only", "nothing"])
    assert caught.value.code == 2
    assert "chromium" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("python", "words"),
    [
        ("case $1 in --version) echo Python 3.9.2 ;; *) exit 1 ;; esac", "(Python 3.9.2)"),
        (None, "(no python3 on PATH)"),
    ],
)
def test_old_or_no_python_is_one_clear_line(
    bench: Workbench, python: str | None, words: str
) -> None:
    """Refused before anything is made."""
    if python:
        bench.program("python3", python)
    (bench.programs / "dirname").symlink_to("/usr/bin/dirname")
    result = _script(path=str(bench.programs))
    assert result.returncode == 1
    assert result.stderr.splitlines() == [
        f"bootstrap: Python 3.11 or later is needed {words}; install python3.11 or later"
    ]


def test_newer_python_beside_an_old_one_is_taken(bench: Workbench) -> None:
    """python3 is 3.9, python3.12 is there, too."""
    bench.program("python3", "exit 1")
    bench.program("python3.12", 'case "$1" in -c) exit 0 ;; esac; echo "taken: $*"')
    (bench.programs / "dirname").symlink_to("/usr/bin/dirname")
    result = _script("--json", path=str(bench.programs))
    assert result.stdout == "taken: -m provision --json\n"
