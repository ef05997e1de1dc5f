"""The spool: what is forged or cut in it, and merging it once (contract 1.2 and section 7)."""

from __future__ import annotations

import asyncio
import json
import math
import multiprocessing
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from imis_sso.domain.access import Origin
from imis_sso.domain.audit import Entry, Kind, faults
from imis_sso.domain.ledger import StoreUnavailable
from imis_sso.services.journal import Journal
from imis_sso.store.engine import SqlStore, open_store
from imis_sso.store.postgresql import Server
from imis_sso.store.signing import load_signer
from imis_sso.store.spool import FileSpool


@dataclass(frozen=True)
class Places:
    """The two settings that say where the audit key is."""

    data_dir: Path
    audit_key_file: Path | None = None


def entry(write: str, environment: str = "test") -> Entry:
    """Make an entry as lowering the mode does."""
    origin = Origin("192.0.2.1", "why\u2028so", {"repository": "o/r"})
    return Entry(
        environment, Kind.INTENT, "ci", "imis/oidc-authentication", write, origin, {"n": 1}
    )


@pytest.fixture
async def file(store: SqlStore, tmp_path: Path) -> Path:
    """The file that the environment `test` is spooled in, with two lines."""
    for each in ("w1", "w2"):
        store.spool.add(entry(each))
    return tmp_path / "data" / "spool" / "test.jsonl"


def content(file: Path) -> bytes:
    """Give what a file holds."""
    return file.read_bytes()


def replace(file: Path, content: bytes) -> None:
    """Put other content into a file."""
    file.write_bytes(content)


def permissions(path: Path) -> int:
    """Give who may do what with a file or folder."""
    return stat.S_IMODE(path.stat().st_mode)


def writes(store: SqlStore) -> list[str]:
    """Give which writes wait in the spool."""
    return [each.entry.write for each in store.spool.pending("test")]


def journal(store: SqlStore) -> Journal:
    """Give the journal of the environment `test`, which merges."""
    return Journal("test", store.trail, store.spool, store.holds)


async def merged(store: SqlStore) -> list[str]:
    """Give which spooled writes are on the trail."""
    lines = [each.as_dict() for each in await store.trail.lines("test")]
    return [each["facts"]["entry"]["write"] for each in lines if each["kind"] == "spooled"]


async def test_what_was_added_is_read_back_in_order(store: SqlStore, file: Path) -> None:
    assert writes(store) == ["w1", "w2"]
    assert store.spool.pending("test")[0].entry == entry("w1")
    assert store.spool.pending("other") == []
    assert (permissions(file), permissions(file.parent)) == (0o600, 0o700)


def _changed(line: dict[str, Any]) -> str:
    line["entry"]["who"] = "mallory"
    return json.dumps(line)


def _of_another_time(line: dict[str, Any]) -> str:
    return json.dumps(line | {"at": "2031-01-01T00:00:00.000000Z"})


def _unsigned(line: dict[str, Any]) -> str:
    return json.dumps(line | {"signature": "00" * 64})


def _no_signature(line: dict[str, Any]) -> str:
    return json.dumps(line | {"signature": "none"})


def _number_for_a_signature(line: dict[str, Any]) -> str:
    return json.dumps(line | {"signature": 7})


def _of_another_environment(line: dict[str, Any]) -> str:
    line["entry"]["environment"] = "prod"
    return json.dumps(line)


def _cut(line: dict[str, Any]) -> str:
    return json.dumps(line)[:-40]


def _with_a_key_less(line: dict[str, Any]) -> str:
    del line["entry"]["claims"]
    return json.dumps(line)


Forge = Callable[[dict[str, Any]], str]
FORGERIES: list[Forge] = [
    _changed,
    _of_another_time,
    _unsigned,
    _no_signature,
    _number_for_a_signature,
    _of_another_environment,
    _cut,
    _with_a_key_less,
    lambda _: "",
    lambda _: "[]",
    lambda _: "[" * 100_000,
    lambda line: json.dumps(line | {"entry": line["entry"] | {"facts": {"n": math.nan}}}),
    lambda _: "null",
    lambda _: "\x0b\x1c\x85\u2028",
]


@pytest.mark.parametrize("forge", FORGERIES)
def test_a_forged_line_is_left_out(tmp_path: Path, forge: Forge) -> None:
    spool = FileSpool(tmp_path / "spool", load_signer(Places(tmp_path)))
    file = tmp_path / "spool" / "test.jsonl"
    for each in ("w1", "w2"):
        spool.add(entry(each))
    first, second = file.read_text("utf-8").splitlines()
    file.write_text(f"{forge(json.loads(first))}\n{second}\n", "utf-8")
    spool.add(entry("w3"))
    found = spool.pending("test")
    assert [each.entry.write for each in found] == ["w2", "w3"]
    spool.clear("test", found)
    assert spool.pending("test") == []


async def test_forged_lines_do_not_keep_the_others_from_the_trail(
    store: SqlStore, file: Path
) -> None:
    first, second = content(file).decode().splitlines()
    forged = "\n".join(forge(json.loads(first)) for forge in FORGERIES)
    replace(file, f"{forged}\n{second}\n".encode())
    await journal(store).merge()
    assert await merged(store) == ["w2"]
    assert store.spool.pending("test") == []


async def test_bytes_that_are_no_text_spoil_their_own_line_only(
    store: SqlStore, file: Path
) -> None:
    first, second = content(file).splitlines(keepends=True)
    replace(file, first.replace(b'"ci"', b'"\xff\xfe"') + second)
    assert writes(store) == ["w2"]


async def test_a_line_signed_by_another_key_is_left_out(
    store: SqlStore, file: Path, tmp_path: Path
) -> None:
    stranger = FileSpool(file.parent, load_signer(Places(tmp_path / "stranger")))
    stranger.add(entry("forged"))
    assert writes(store) == ["w1", "w2"]


async def test_a_line_cut_short_does_not_take_the_next_one_with_it(
    store: SqlStore, file: Path
) -> None:
    """As a process leaves it that dies while it spools, or a disk that is full."""
    replace(file, content(file)[:-100])
    store.spool.add(entry("w3"))
    assert writes(store) == ["w1", "w3"]


async def test_what_cannot_be_written_is_said_in_one_line(store: SqlStore, tmp_path: Path) -> None:
    replace(tmp_path / "data" / "spool", b"in the way")
    with pytest.raises(StoreUnavailable) as caught:
        store.spool.add(entry("w1"))
    assert str(caught.value) == "the spool cannot be written: File exists"


async def test_merging_once_although_it_was_interrupted(store: SqlStore, file: Path) -> None:
    """A process may die between a line's commit and clearing the file; the next one goes on."""
    before = content(file)
    await journal(store).merge()
    assert not store.spool.holds_any("test")
    replace(file, before)
    await journal(store).merge()
    assert await merged(store) == ["w1", "w2"]
    assert not store.spool.holds_any("test")


async def test_a_line_brought_back_is_not_merged_again(store: SqlStore, file: Path) -> None:
    """A signed line that somebody kept a copy of is no new one."""
    first, second = content(file).splitlines(keepends=True)
    await journal(store).merge()
    store.spool.add(entry("w3"))
    replace(file, first + content(file) + second)
    await journal(store).merge()
    assert await merged(store) == ["w1", "w2", "w3"]


async def test_what_is_added_while_merging_stays(store: SqlStore, file: Path) -> None:
    pending = store.spool.pending("test")
    store.spool.add(entry("w3"))
    store.spool.clear("test", pending)
    assert writes(store) == ["w3"]
    store.spool.clear("test", pending)  # as by a second process that merged the same
    assert writes(store) == ["w3"]


async def test_the_trail_keeps_what_was_spooled_with_its_signature(
    store: SqlStore, file: Path
) -> None:
    (first, _) = store.spool.pending("test")
    await journal(store).merge()
    line = (await store.trail.lines("test"))[0].as_dict()
    assert line["facts"]["spool"] == {
        "signature": first.signature,
        "key": store.signer.name,
        "at": first.at,
    }
    assert store.signer.signed(first.statement(), line["facts"]["spool"]["signature"])


def _spool_and_merge(place: str, name: str, server: Server | None) -> None:
    async def work() -> None:
        opened = await open_store(Path(place), server=server)
        for number in range(10):
            opened.spool.add(entry(f"{name}-{number}"))
            await journal(opened).merge()
        await opened.aclose()

    asyncio.run(work())


async def test_processes_that_spool_and_merge_at_once_lose_and_double_nothing(
    store: SqlStore, server: Server | None, tmp_path: Path
) -> None:
    names = ["a", "b", "c"]
    context = multiprocessing.get_context("spawn")
    folder = str(tmp_path / "data")
    working = [
        context.Process(target=_spool_and_merge, args=(folder, name, server)) for name in names
    ]
    for each in working:
        each.start()
    for each in working:
        await asyncio.to_thread(each.join, 120)
    assert [each.exitcode for each in working] == [0, 0, 0]
    await journal(store).merge()
    found = await merged(store)
    assert sorted(found) == sorted(f"{name}-{number}" for name in names for number in range(10))
    lines = await store.trail.lines("test")
    assert list(faults(lines, await store.trail.checkpoints("test"))) == []
