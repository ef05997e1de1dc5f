"""Bearer tokens: stored hashed, named, bound to scope and environments (contract C40, C41)."""

from __future__ import annotations

import asyncio
import re
from datetime import datetime
from pathlib import Path
from typing import Protocol

import pytest

from imis_sso.domain.access import Principal, Scope, TokenNameTaken, TokenState
from imis_sso.store import base
from imis_sso.store.engine import SqlStore

pytestmark = pytest.mark.anyio


class Clock(Protocol):
    """The clock of the store."""

    def forward(self, seconds: float = 60) -> datetime:
        """Move on."""


async def test_a_token_stands_for_name_scope_and_environments(store: SqlStore) -> None:
    bound = await store.tokens.create("ci", Scope.APPLY, ["test", "test"])
    unbound = await store.tokens.create("ops", Scope.ADMIN)
    nowhere = await store.tokens.create("nowhere", Scope.READ, [])
    assert await store.tokens.find(bound) == Principal("ci", Scope.APPLY, frozenset({"test"}))
    assert await store.tokens.find(unbound) == Principal("ops", Scope.ADMIN, None)
    found = await store.tokens.find(nowhere)
    assert found is not None
    assert not found.sees("test")


async def test_the_shape_of_a_token(store: SqlStore) -> None:
    token = await store.tokens.create("ci", Scope.READ)
    (record,) = await store.tokens.list()
    assert re.fullmatch(rf"imis_sso_{record.id}_[A-Za-z0-9_-]{{43}}", token)
    assert token not in repr(record)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda token: token[:-1],
        lambda token: token + "A",
        lambda token: token[:-1] + ("A" if token[-1] != "A" else "B"),
        lambda token: token.replace("imis_sso_", "imis_sso_0", 1),
        lambda token: token.removeprefix("imis_sso_"),
        lambda token: token.upper(),
        lambda token: f" {token}",
        lambda token: f"{token}\n",
        lambda _: "",
        lambda _: "imis_sso__",
        lambda _: "imis_sso_00_ä",
        lambda _: "imis_sso_00_' OR 1=1 --",
        lambda _: "imis_sso_00_" + "a" * 100_000,
        lambda _: "\ud800",
    ],
)
async def test_every_other_text_stands_for_nobody(store: SqlStore, spoil: object) -> None:
    assert callable(spoil)
    token = await store.tokens.create("ci", Scope.ADMIN)
    assert await store.tokens.find(spoil(token)) is None


async def test_one_tokens_secret_does_not_open_another(store: SqlStore) -> None:
    first, second = [await store.tokens.create(name, Scope.READ) for name in ("a", "b")]
    mixed = "_".join([*first.split("_")[:3], *second.split("_")[3:]])
    assert await store.tokens.find(mixed) is None


async def test_only_a_hash_reaches_the_disk(file_store: SqlStore, tmp_path: Path) -> None:
    token = await file_store.tokens.create("ci", Scope.ADMIN)
    secret = token.split("_", 3)[3].encode()
    files = [each.read_bytes() for each in (tmp_path / "data").iterdir()]
    assert any(b"ci" in content for content in files)
    assert not any(secret in content for content in files)


async def test_a_revoked_token_opens_nothing_and_stays_listed(
    store: SqlStore, clock: Clock
) -> None:
    token = await store.tokens.create("ci", Scope.APPLY)
    moment = clock.forward()
    assert await store.tokens.revoke("ci")
    assert await store.tokens.find(token) is None
    (record,) = await store.tokens.list()
    assert record.revoked_at == moment
    assert record.state(moment) is TokenState.REVOKED
    assert not await store.tokens.revoke("ci")
    assert not await store.tokens.revoke("other")


async def test_a_name_is_unique_among_active_tokens(store: SqlStore, clock: Clock) -> None:
    first = await store.tokens.create("ci", Scope.APPLY)
    with pytest.raises(TokenNameTaken, match="ci"):
        await store.tokens.create("ci", Scope.READ)
    await store.tokens.revoke("ci")
    clock.forward()
    second = await store.tokens.create("ci", Scope.READ)
    assert await store.tokens.find(first) is None
    assert await store.tokens.find(second) == Principal("ci", Scope.READ)
    assert [each.state(clock()) for each in await store.tokens.list()] == ["revoked", "active"]


async def test_of_many_with_one_name_at_once_one_is_made(store: SqlStore) -> None:
    made = await asyncio.gather(
        *(store.tokens.create("ci", Scope.READ) for _ in range(10)), return_exceptions=True
    )
    assert sum(isinstance(each, str) for each in made) == 1
    assert sum(isinstance(each, TokenNameTaken) for each in made) == 9


@pytest.mark.parametrize("name", ["", "a b", "a\n", "ä", "a/b", "x" * 65])
async def test_names_that_no_token_can_have(store: SqlStore, name: str) -> None:
    with pytest.raises(ValueError, match="the name of a token"):
        await store.tokens.create(name, Scope.READ)
    with pytest.raises(ValueError, match="the name of a token"):
        store.tokens.ephemeral(name, Scope.READ)
    assert await store.tokens.list() == []


async def test_tokens_outlive_the_process_and_are_shared(store: SqlStore, other: SqlStore) -> None:
    token = await store.tokens.create("ci", Scope.APPLY)
    assert await other.tokens.find(token) is not None
    await other.tokens.revoke("ci")
    assert await store.tokens.find(token) is None


async def test_an_ephemeral_token_is_known_to_its_store_only(
    store: SqlStore, other: SqlStore
) -> None:
    """`imis-sso exec` hands over a token that dies with the process."""
    token = store.tokens.ephemeral("exec", Scope.APPLY, ["test"])
    principal = Principal("exec", Scope.APPLY, frozenset({"test"}))
    assert await store.tokens.find(token) == principal
    assert await store.tokens.find(token + "x") is None
    assert await store.tokens.list() == []
    assert await other.tokens.find(token) is None
    assert await other.tokens.list() == []


@pytest.mark.parametrize("held", Scope)
async def test_each_scope_includes_those_before_it(held: Scope) -> None:
    order = [Scope.READ, Scope.APPLY, Scope.APPLY_PROTECTED, Scope.ADMIN]
    allowed = [scope for scope in Scope if Principal("x", held).allows(scope)]
    assert allowed == order[: order.index(held) + 1]


async def test_what_a_caller_sees() -> None:
    """Contract C41: a bound token is refused everywhere else, existing or not."""
    bound = Principal("x", Scope.ADMIN, frozenset({"test"}))
    assert bound.sees("test")
    assert not bound.sees("prod")
    assert Principal("x", Scope.READ).sees("anything")


async def test_the_store_is_what_services_expect(store: SqlStore) -> None:
    """The type checker proves it here; the name keeps it from being forgotten."""
    expected: base.Store = store
    assert expected is store
