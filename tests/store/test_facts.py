"""Small facts about environments, shared by every replica."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from imis_sso.domain.facts import Fact
from imis_sso.store.engine import SqlStore

pytestmark = pytest.mark.anyio

BOUND = Fact("test", "directory", "staff", {"record": "7", "names": ["ü"]}, "jane")


async def test_kept_by_environment_kind_and_key(store: SqlStore, clock: Any) -> None:
    await store.facts.put(BOUND)
    first = clock.moment
    clock.forward()
    others = [
        replace(BOUND, environment="prod"),
        replace(BOUND, kind="reach"),
        replace(BOUND, key="public", content={}, who=""),
    ]
    for each in others:
        await store.facts.put(each)
    assert await store.facts.get("test", "directory", "staff") == replace(BOUND, at=first)
    keys = [each.key for each in await store.facts.all("test", "directory")]
    assert keys == ["public", "staff"]
    changed = replace(BOUND, content={"record": "8"}, who="joe")
    await store.facts.put(changed)
    found = await store.facts.get("test", "directory", "staff")
    assert found == replace(changed, at=clock.moment)
    assert await store.facts.get("prod", "directory", "staff") is not None


async def test_forgotten(store: SqlStore) -> None:
    await store.facts.put(BOUND)
    assert await store.facts.forget("test", "directory", "staff")
    assert not await store.facts.forget("test", "directory", "staff")
    assert await store.facts.get("test", "directory", "staff") is None


async def test_of_several_who_add_one_one_does(store: SqlStore, other: SqlStore) -> None:
    each = [replace(BOUND, content={"record": str(number)}) for number in range(6)]
    stores = (store, other)
    adding = (stores[number % 2].facts.add(fact) for number, fact in enumerate(each))
    added = await asyncio.gather(*adding)
    assert added.count(True) == 1
    found = await store.facts.get("test", "directory", "staff")
    assert found is not None
    assert found.content == each[added.index(True)].content
