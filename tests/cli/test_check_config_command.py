"""`imis-sso check-config`, and the same faults at `serve`: one clear line each, no traceback."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from command_line import ESCAPE, Registry, command, process


def test_a_valid_file(registry: Registry) -> None:
    file = registry()
    told = command("check-config", "--config", str(file))
    assert (told.code, told.err) == (0, "")
    assert told.out == f"{file}: valid; environments: test, prod.\n"


def test_a_valid_file_for_a_machine(registry: Registry) -> None:
    told = command("check-config", "--config", str(registry()), "--json")
    assert told.code == 0
    assert told.json == {"valid": True, "environments": ["test", "prod"], "faults": []}


def test_the_file_may_come_from_the_surroundings(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMIS_SSO_CONFIG", str(registry()))
    assert command("check-config").code == 0


def _line_of(file: Path, text: str) -> int:
    lines = file.read_text("utf-8").splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)


@pytest.mark.parametrize("name", ["check-config", "serve"])
def test_an_unknown_key(registry: Registry, name: str) -> None:
    """Named with file, line and the nearest known key."""
    file = registry({"wirtes": "allowed"})
    place = f"{file}:{_line_of(file, 'wirtes')}: environments.test.wirtes"
    told = command(name, "--config", str(file))
    told.failed(f"{place}: unknown key…")
    assert "writes" in told.err


@pytest.mark.parametrize("name", ["check-config", "serve"])
def test_a_missing_secret(registry: Registry, tmp_path: Path, name: str) -> None:
    """An environment variable or a file that is not there; its value is never part of it."""
    file = registry({"imis": {"password": "env:IMIS_SSO_TEST_NEVER_SET"}})
    (tmp_path / "test-cloud_sso").unlink()
    told = command(name, "--config", str(file))
    told.failed(f"{file}:…", f"{file}:…")
    assert "environments.test.imis.password" in told.err
    assert "IMIS_SSO_TEST_NEVER_SET" in told.err
    assert str(tmp_path / "test-cloud_sso") in told.err


def test_sources_may_be_left_out(registry: Registry) -> None:
    """A pull request is checked where no secret is."""
    file = registry({"imis": {"password": "env:IMIS_SSO_TEST_NEVER_SET"}})
    assert command("check-config", "--config", str(file), "--no-sources").code == 0


def test_every_fault_at_once_and_for_a_machine(registry: Registry) -> None:
    file = registry({"wirtes": "allowed", "hold": {}, "sso_hosts": ["UPPER.example.org"]})
    told = command("check-config", "--config", str(file), "--json")
    assert told.code == 1
    assert told.err == ""
    assert told.json["valid"] is False
    assert len(told.json["faults"]) == 3
    for key in ("wirtes", "hold", "sso_hosts"):
        assert [each for each in told.json["faults"] if f".{key}" in each]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "imis-sso.yaml"),
        ("environments: [", "imis-sso.yaml:1"),
        ("- a\n- b\n", "imis-sso.yaml"),
        ("environments: {}\n", "environments"),
        ("\x00", "imis-sso.yaml"),
        ("environments: !!python/object:os.system {}\n", "imis-sso.yaml:1"),
    ],
)
def test_files_that_are_no_registry(tmp_path: Path, content: str, said: str) -> None:
    (tmp_path / "imis-sso.yaml").write_text(content, "utf-8")
    told = command("check-config")
    assert told.code == 1
    assert said in told.err
    assert all(line.startswith("imis-sso: ") for line in told.err.splitlines())


def test_a_value_that_may_be_a_secret_is_not_repeated(registry: Registry) -> None:
    """Somebody types the password itself into the file (contract C20)."""
    told = command("check-config", "--config", str(registry({"imis": {"password": "hunter2!"}})))
    assert told.code == 1
    assert "password" in told.err
    assert "hunter2" not in told.err + told.out


def test_a_server_setting_names_where_it_came_from(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = str(registry())
    command("serve", "--config", file, "--port", "70000").failed("--port: must be at most 65535")
    monkeypatch.setenv("IMIS_SSO_PORT", "many")
    command("serve", "--config", file).failed("IMIS_SSO_PORT: …")


def test_as_a_process_there_is_no_traceback_and_no_colour(registry: Registry) -> None:
    file = registry()
    document = yaml.safe_load(file.read_text("utf-8"))
    document["environments"]["test"]["wirtes"] = "allowed"
    file.write_text(yaml.safe_dump(document), "utf-8")
    for name in ("check-config", "serve"):
        told = process(name, "--config", str(file))
        told.failed(f"{file}:{_line_of(file, 'wirtes')}: environments.test.wirtes: …")
        assert ESCAPE not in told.err
