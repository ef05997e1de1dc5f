"""`imis-sso offboard`: what somebody had here, and its end; and tokens that end by themselves."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from command_line import Registry, command
from service_process import running

from imis_sso.domain.access import Scope
from imis_sso.store.engine import SqlStore, open_store

CALLERS = [
    {
        "name": "deploy",
        "issuer": "https://token.actions.githubusercontent.com",
        "audience": "imis-sso",
        "claims": {"repository": "acme/members", "actor": "jane"},
        "scope": "apply",
        "environments": ["test"],
    },
    {
        "name": "other",
        "issuer": "https://gitlab.example.org",
        "audience": "imis-sso",
        "claims": {"user_login": "janet", "sub": "x-jane-y"},
    },
]


@pytest.fixture
def config(registry: Registry) -> tuple[str, str]:
    return "--config", str(registry())


def stored(tmp_path: Path, work: Any) -> None:
    async def session() -> None:
        store = await open_store(tmp_path / "data")
        await work(store)
        await store.aclose()

    asyncio.run(session())


def tokens(config: tuple[str, str]) -> dict[str, str]:
    listed = command("token", "list", "--json", *config).json
    return {each["name"]: each["state"] for each in listed}


@pytest.fixture
def peopled(config: tuple[str, str], tmp_path: Path) -> tuple[str, str]:
    """Tokens of jane and of others, one of hers expired, one revoked, and her last writes."""

    async def fill(store: SqlStore) -> None:
        for name in ("jane", "jane.laptop", "janet", "mary", "jane.gone"):
            await store.tokens.create(name, Scope.APPLY)
        past = datetime.now(UTC) - timedelta(days=1)
        await store.tokens.create("jane.old", Scope.READ, expires_at=past)
        await store.tokens.revoke("jane.gone")
        await store.managed.wrote("test", "imis/openid-connect", "jane.laptop")
        await store.managed.wrote("prod", "imis/openid-connect", "mary")

    stored(tmp_path, fill)
    return config


def test_it_lists_asks_and_revokes(peopled: tuple[str, str]) -> None:
    ended = command("offboard", "jane", *peopled, typed="y\n")
    assert ended.code == 0
    lines = ended.out.splitlines()
    assert lines[:3] == [
        "token jane: apply, active, never used",
        "token jane.laptop: apply, active, never used",
        "token jane.old: read, expired, never used",
    ]
    assert lines[3].startswith("last write to test imis/openid-connect: jane.laptop, ")
    assert len(lines) == 4
    assert "Revoke the tokens? Type yes:\n" in ended.err
    assert ended.err.endswith("jane: 3 of 3 tokens revoked.\n")
    assert tokens(peopled) == {
        "jane": "revoked", "jane.laptop": "revoked", "jane.old": "revoked", "jane.gone": "revoked",
        "janet": "active", "mary": "active",
    }  # fmt: skip


@pytest.mark.parametrize("typed", ["n\n", "\n", ""])
def test_without_a_yes_nothing_is_revoked(peopled: tuple[str, str], typed: str) -> None:
    ended = command("offboard", "jane", *peopled, typed=typed)
    assert ended.code == 1
    assert ended.err.endswith("imis-sso: nothing was revoked\n")
    assert tokens(peopled)["jane"] == "active"


def test_yes_revokes_without_asking(peopled: tuple[str, str]) -> None:
    ended = command("offboard", "jane", "--yes", *peopled)
    assert ended.code == 0
    assert "Revoke the tokens?" not in ended.err
    assert tokens(peopled)["jane"] == "revoked"


def test_a_machine_is_not_asked(peopled: tuple[str, str]) -> None:
    """2: something still opens; 0: nothing does any more."""
    listed = command("offboard", "jane", "--json", *peopled)
    assert listed.code == 2
    assert [each["name"] for each in listed.json["tokens"]] == ["jane", "jane.laptop", "jane.old"]
    assert listed.json["revoked"] == []
    assert listed.json["last_managed_writes"][0]["who"] == "jane.laptop"
    assert tokens(peopled)["jane"] == "active"
    done = command("offboard", "jane", "--json", "--yes", *peopled)
    assert done.code == 0
    assert done.json["revoked"] == ["jane", "jane.laptop", "jane.old"]
    again = command("offboard", "jane", "--json", *peopled)
    assert (again.code, again.json["tokens"]) == (0, [])


def test_a_rule_that_names_somebody_is_left_for_a_person(registry: Registry) -> None:
    config = ("--config", str(registry(callers=CALLERS)))
    ended = command("offboard", "jane", *config)
    assert ended.code == 2
    assert ended.out == (
        "rule deploy of the registry file: apply, by https://token.actions.githubusercontent.com\n"
    )
    assert "Take the rules out" in ended.err
    assert command("offboard", "deploy", "--json", *config).json["rules"] == ["deploy"]
    assert command("offboard", "mary", *config).out == "mary has nothing here.\n"


def test_a_token_with_an_end(config: tuple[str, str]) -> None:
    made = command("token", "create", "ci", "--expires", "90d", *config)
    assert (made.code, made.err) == (0, "")
    command("token", "create", "night", "--expires", "2099-12-31", "--json", *config)
    listed = command("token", "list", "--json", *config).json
    days = datetime.fromisoformat(listed[0]["expires"]) - datetime.now(UTC)
    assert timedelta(days=89) < days <= timedelta(days=90)
    assert listed[1]["expires"] == "2099-12-31T23:59:59+00:00"
    assert [each["last_used"] for each in listed] == [None, None]
    shown = command("token", "list", *config)
    assert "Expires" in shown.words
    assert "never" in shown.words


def test_an_end_that_is_none_is_refused(config: tuple[str, str]) -> None:
    command("token", "create", "ci", "--expires", "soon", *config).failed(
        "--expires: 'soon' is neither a life such as 90d or 12h nor a date such as 2030-01-31"
    )
    command("token", "create", "ci", "--expires", "2001-01-01", *config).failed(
        "--expires: 2001-01-01 is past"
    )
    assert command("token", "list", "--json", *config).json == []


def test_a_running_service_records_the_use(config: tuple[str, str], tmp_path: Path) -> None:
    token = command("token", "create", "ci", "--expires", "1h", *config).out.strip()
    with running(tmp_path, "serve", *config, "--port", "0") as service:
        assert service.call("GET", "/v1/environments", token).status_code == 200
    (listed,) = command("token", "list", "--json", *config).json
    used = datetime.fromisoformat(listed["last_used"])
    assert abs(datetime.now(UTC) - used) < timedelta(minutes=10)


def test_only_an_expired_token_does_not_open_the_door_to_the_world(
    config: tuple[str, str], registry: Registry, tmp_path: Path
) -> None:
    """contract C42: refuses to bind elsewhere without tokens; rules for callers count as well."""

    async def fill(store: SqlStore) -> None:
        past = datetime.now(UTC) - timedelta(days=1)
        await store.tokens.create("old", Scope.READ, expires_at=past)

    stored(tmp_path, fill)
    refused = command("serve", *config, "--host", "0.0.0.0", "--port", "0")
    assert refused.code == 1
    assert "without any token" in refused.err


def test_rules_for_callers_are_as_good_as_a_token(registry: Registry, tmp_path: Path) -> None:
    """contract C42: a service that only pipelines call needs no stored token, also elsewhere."""
    config = ("--config", str(registry(callers=CALLERS)))
    with running(tmp_path, "serve", *config, "--host", "0.0.0.0", "--port", "0") as service:
        assert service.call("GET", "/v1/environments", "none").status_code == 401
        assert "no token yet" not in service.printed
