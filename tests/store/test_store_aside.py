"""Opening the store whatever its state (contract 1.2: nothing of ours stops lowering)."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from imis_sso.domain.audit import Entry, Kind
from imis_sso.domain.ledger import AppliedSecret, StoreUnavailable
from imis_sso.store.aside import Opened, open_whatever_works, spool_folder
from imis_sso.store.engine import SqlStore, open_store
from imis_sso.store.migrate import DATABASE

pytestmark = pytest.mark.anyio

LINE = Entry("test", Kind.HOLD, "ada", facts={"reason": "r"})


@dataclass(frozen=True)
class Places:
    data_dir: Path
    fingerprint_key_file: Path | None = None
    fingerprint_key_previous: tuple[Path, ...] = ()
    audit_key_file: Path | None = None


@asynccontextmanager
async def opened(places: Places, spool: Path | None = None) -> AsyncIterator[Opened]:
    async def opening() -> SqlStore:
        return await open_store(places.data_dir)

    found = await open_whatever_works(places, opening, spool)
    yield found
    await found.store.aclose()


@pytest.fixture
async def places(tmp_path: Path) -> Places:
    """A data directory with a secret on record and a refused log-in."""
    found = Places(tmp_path / "data")
    async with opened(found) as made:
        await made.store.applied_secrets.put("test", "r", AppliedSecret("ref", "v1-0"))
        await made.store.refused_logins.remember("f", "imis", "test")
    return found


def spoil(places: Places) -> bytes:
    """Put something else in the place of the database, and give what was there."""
    file = places.data_dir / DATABASE
    kept = file.read_bytes()
    file.write_bytes(b"this is no database" * 100)
    return kept


async def test_a_store_that_opens_is_the_real_one(places: Places) -> None:
    async with opened(places) as found:
        assert found.notices == ()
        await found.store.trail.append(LINE)
        assert len(await found.store.trail.lines("test")) == 1
        found.store.spool.add(LINE)
    assert (places.data_dir / "spool" / "test.jsonl").exists()


async def test_a_spool_elsewhere_on_request(places: Places, tmp_path: Path) -> None:
    async with opened(places, tmp_path / "elsewhere") as found:
        found.store.spool.add(LINE)
    assert (tmp_path / "elsewhere" / "test.jsonl").exists()


async def test_one_that_does_not_open_leaves_a_spool_and_a_memory(places: Places) -> None:
    kept = spoil(places)
    async with opened(places) as found:
        (said,) = found.notices
        assert "file is not a database" in said
        store = found.store
        for refused in (
            store.trail.append(LINE),
            store.trail.lines("test"),
            store.holds.current("test"),
            store.history.latest("test"),
        ):
            with pytest.raises(StoreUnavailable, match="not a database"):
                await refused
        await store.refused_logins.remember("g", "imis", "test")
        assert await store.refused_logins.is_refused("g")
        assert await store.applied_secrets.get("test", "r") is None
        store.spool.add(LINE)
    (places.data_dir / DATABASE).write_bytes(kept)
    async with opened(places) as found:
        (pending,) = found.store.spool.pending("test")
        assert pending.entry == LINE, "signed with the real audit key"


async def test_what_can_still_be_read_is_read(
    places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C47: a log-in that was refused is not tried again, because nothing could be written."""

    async def fails() -> SqlStore:
        raise OSError(30, "Read-only file system")

    found = await open_whatever_works(places, fails)
    store = found.store
    assert await store.refused_logins.is_refused("f")
    assert await store.applied_secrets.get("test", "r") == AppliedSecret("ref", "v1-0")
    assert await store.holds.current("test") is None
    for write in (
        store.trail.append(LINE),
        store.managed.wrote("test", "r", "ada"),
    ):
        with pytest.raises(StoreUnavailable, match="readonly"):
            await write
    await store.aclose()


async def test_without_any_folder_keys_and_spool_are_makeshift_and_said_so(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file in its place")
    async with opened(Places(tmp_path / "data")) as found:
        said = " ".join(found.notices)
        for each in ("The store cannot be opened", "The spool in", "server key", "audit key"):
            assert each in said
        assert "no service will honour" in said
        found.store.spool.add(LINE)
        folder = found.store.spool._folder
        assert str(folder) in said
        line = json.loads((folder / "test.jsonl").read_text())
        assert line["entry"]["kind"] == "hold"
        (folder / "test.jsonl").unlink()
    folder.rmdir()


def test_a_folder_that_can_be_written_is_taken(tmp_path: Path) -> None:
    assert spool_folder(tmp_path / "a" / "b") == (tmp_path / "a" / "b", ())
    assert list((tmp_path / "a" / "b").iterdir()) == []


def test_where_no_folder_can_be_written_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "f").write_text("")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "f"))
    folder, (said,) = spool_folder(tmp_path / "f" / "spool")
    assert folder == tmp_path / "f" / "spool"
    assert "no other folder" in said
