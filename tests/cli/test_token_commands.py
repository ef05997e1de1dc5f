"""`imis-sso token`: made, shown once, listed, revoked (contract C40)."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_line import Registry, command, process
from service_process import running


@pytest.fixture
def config(registry: Registry) -> tuple[str, str]:
    return "--config", str(registry())


def test_made_listed_revoked(config: tuple[str, str]) -> None:
    made = command("token", "create", "ci", "--scope", "apply", "-e", "test", *config)
    assert (made.code, made.err) == (
        0,
        "ci never expires; --expires 90d would end it by itself.\n",
    )
    token = made.out.strip()
    assert len(token) > 30
    assert command("token", "create", "reader", *config).code == 0
    listed = command("token", "list", "--json", *config).json
    shown = [
        {key: each[key] for key in ("name", "scope", "environments", "state")} for each in listed
    ]
    assert shown == [
        {"name": "ci", "scope": "apply", "environments": "test", "state": "active"},
        {"name": "reader", "scope": "read", "environments": "all", "state": "active"},
    ]
    assert command("token", "revoke", "ci", *config).out == "ci: revoked.\n"
    told = command("token", "list", *config)
    assert "ci apply test" in told.words
    assert "revoked" in told.words
    assert token not in told.out
    command("token", "revoke", "ci", *config).failed("there is no active token named 'ci'")


def test_only_its_hash_is_kept(config: tuple[str, str], tmp_path: Path) -> None:
    token = command("token", "create", "ci", "--json", *config).json["token"]
    kept = b"".join(each.read_bytes() for each in (tmp_path / "data").rglob("*") if each.is_file())
    assert b"ci" in kept
    assert token.encode() not in kept


def test_a_name_is_used_once(config: tuple[str, str]) -> None:
    assert command("token", "create", "ci", *config).code == 0
    command("token", "create", "ci", *config).failed(
        "an active token is named 'ci' already: revoke it, or use another"
    )
    assert command("token", "revoke", "ci", *config).code == 0
    assert command("token", "create", "ci", *config).code == 0


def test_bound_to_an_environment_that_exists(config: tuple[str, str]) -> None:
    """A misspelt name would make a token that opens nothing."""
    command("token", "create", "ci", "-e", "tset", *config).failed(
        f"there is no environment 'tset' in {config[1]}; it has: test, prod"
    )
    assert command("token", "list", "--json", *config).json == []


def test_it_opens_a_running_service_at_once_and_no_longer(
    config: tuple[str, str], tmp_path: Path
) -> None:
    """No restart is needed, neither for a new token nor for a revoked one."""
    with running(tmp_path, "serve", *config, "--port", "0") as service:
        assert "There is no token yet: make one with imis-sso token create NAME." in service.printed
        assert service.ready["token"] is None
        token = process("token", "create", "ci", *config).out.strip()
        assert service.call("GET", "/v1/environments", token).status_code == 200
        assert command("token", "revoke", "ci", *config).code == 0
        assert service.call("GET", "/v1/environments", token).status_code == 401
        assert token not in service.printed
