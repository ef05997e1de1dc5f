"""What the command line says of itself, and how it ends when it was called wrongly."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest
from command_line import ESCAPE, command, process
from typer.main import get_command

import imis_sso
from imis_sso.cli.commands import app


def _commands(group: object, *before: str) -> Iterator[tuple[tuple[str, ...], object]]:
    for name, each in getattr(group, "commands", {}).items():
        yield (*before, name), each
        yield from _commands(each, *before, name)


COMMANDS = dict(_commands(get_command(app)))


def test_the_commands_of_this_version() -> None:
    assert {" ".join(path) for path in COMMANDS} == {
        "serve", "exec", "simulate", "check-config", "check", "show", "doctor", "rehearse", "verify", "attest-sign-in", "diff", "mode", "login",
        "confirm", "connectors", "connectors list", "connectors accept",
        "directories", "directories list", "directories bind", "directories unbind",
        "offboard", "history", "restore", "repair", "emergency",
        "pages", "pages check", "pages record", "pages accept", "pages schema",
        "token", "token create", "token list", "token revoke", "secret", "secret fingerprint",
        "secret rotate-key",
        "audit", "audit tail", "audit export", "audit verify", "audit checkpoint",
        "audit public-key", "audit verifier", "store", "store check", "store migrate",
        "store backup",
    }  # fmt: skip


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_every_command_explains_itself(path: tuple[str, ...], flag: str) -> None:
    """With a sentence for the command and for each option."""
    told = command(*path, flag)
    assert told.code == 0, told
    assert told.err == ""
    assert ESCAPE not in told.out
    assert f"imis-sso {' '.join(path)}" in told.words
    found = COMMANDS[path]
    for parameter in found.params:  # type: ignore[attr-defined]
        assert parameter.help, f"{path} {parameter.name} has no help text"
        for option in (each for each in parameter.opts if each.startswith("--")):
            assert option in told.out
    said = (found.help or "").split(".")[0].split()  # type: ignore[attr-defined]
    assert len(said) > 2
    assert " ".join(said[:4]) in told.words


def test_the_exit_codes_are_on_the_first_page() -> None:
    told = command("--help")
    assert "Exit codes: 0 done, 1 error, 2 there is a difference or a failed check." in told.words


def test_version() -> None:
    assert command("--version").out == f"imis-sso {imis_sso.__version__}\n"


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("sho",),
        ("show",),
        ("diff", "test"),
        ("mode", "test", "on"),
        ("verify", "test", "--jsn"),
        ("exec", "--simulat", "--", "true"),
        ("token", "create", "ci", "--scope", "root"),
    ],
)
def test_a_wrong_call_is_an_error_and_no_difference(arguments: tuple[str, ...]) -> None:
    """2 would say that `diff` or `verify` found something."""
    told = command(*arguments)
    assert told.code == 1
    assert "Usage: imis-sso" in told.out + told.err
    assert "Traceback" not in told.err


def test_the_module_is_the_command() -> None:
    """And its exit code is the process's."""
    told = process("check-config", "--config", "absent.yaml")
    told.failed("absent.yaml: cannot be read: No such file or directory")
    assert process("--version").out == f"imis-sso {imis_sso.__version__}\n"


def test_help_is_quick_to_load() -> None:
    """Nothing heavy is imported for it: what costs time is imported by the command that needs it."""
    code = (
        "import sys; from imis_sso.cli.commands import app;"
        "heavy = {'fastapi', 'sqlalchemy', 'playwright', 'uvicorn', 'httpx', 'rich'};"
        "print(sorted(heavy & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
