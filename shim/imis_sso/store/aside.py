"""Opening the store whatever its state: lowering the mode must not wait for it (contract 1.2).

Where the store cannot be opened, one stands aside for it that has what can still be read, and
that cannot be written: so every line goes into the signed spool.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from sqlalchemy import URL, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import StaticPool

from imis_sso.domain.configuration import ConfigurationError
from imis_sso.domain.fingerprint import FingerprintKey
from imis_sso.domain.ledger import StoreUnavailable
from imis_sso.store.database import Database
from imis_sso.store.engine import SPOOL, SqlStore
from imis_sso.store.history import SqlHistory
from imis_sso.store.holds import SqlHolds
from imis_sso.store.key import KEY_FILE, load_key, read_private
from imis_sso.store.migrate import DATABASE
from imis_sso.store.signing import AUDIT_KEY_FILE, Signer, load_signer, loaded, new_signer
from imis_sso.store.spool import FileSpool
from imis_sso.store.tables import HOLDS, METADATA
from imis_sso.store.trail import SqlTrail

OPEN_SECONDS: Final = 5.0
_READ_ONLY: Final[tuple[dict[str, str], ...]] = (
    {"uri": "true", "mode": "ro"},
    # Where not even SQLite's own side files can be made; safe while nobody writes.
    {"uri": "true", "mode": "ro", "immutable": "1"},
)


class Places(Protocol):
    """The settings that say where things are."""

    @property
    def data_dir(self) -> Path:
        """The data directory."""

    @property
    def fingerprint_key_file(self) -> Path | None:
        """The file with the server key, None for the one in the data directory."""

    @property
    def fingerprint_key_previous(self) -> tuple[Path, ...]:
        """Files with server keys before it, or folders of such files."""

    @property
    def audit_key_file(self) -> Path | None:
        """The file with the audit key, None for the one in the data directory."""


@dataclass(frozen=True)
class Opened:
    """A store that works as far as it can, the server key, and what a person must know of both.

    `stands_aside` tells that it is not the real one.
    """

    store: SqlStore
    key: FingerprintKey
    notices: tuple[str, ...] = ()
    stands_aside: bool = False


async def open_whatever_works(
    places: Places,
    opening: Callable[[], Awaitable[SqlStore]],
    spool: Path | None = None,
    *,
    shared: bool = False,
) -> Opened:
    """Open the store, or one that stands aside for it. Raises nothing.

    `opening` opens the real one; `spool` is where the operator wants the spool to be. A `shared`
    store is on a server, so that no file here is looked into in its place.
    """
    key, lost_key = _server_key(places)
    folder, moved = spool_folder(spool or places.data_dir / SPOOL)
    try:
        async with asyncio.timeout(OPEN_SECONDS):
            store = await opening()
    except (ConfigurationError, StoreUnavailable, OSError, TimeoutError) as error:
        signer, lost_signer = _audit_key(places)
        file = None if shared else places.data_dir / DATABASE
        store = await _aside(file, signer, folder, _said(error))
        gone = f"The store cannot be opened ({_said(error)}): what happens is kept in {folder}."
        return Opened(store, key, (gone, *moved, *lost_key, *lost_signer), stands_aside=True)
    if moved or spool is not None:
        store.spool = FileSpool(folder, store.signer)
    return Opened(store, key, (*moved, *lost_key))


def spool_folder(wanted: Path) -> tuple[Path, tuple[str, ...]]:
    """Give a folder that can be written: the one that is wanted, else a temporary one."""
    try:
        wanted.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=wanted) as probe:
            probe.write(b"x")
            probe.flush()
            os.fsync(probe.fileno())
    except OSError as error:
        why = error.strerror or "it cannot be used"
    else:
        return wanted, ()
    try:
        found = Path(tempfile.mkdtemp(prefix="imis-sso-spool-"))
    except OSError:
        return wanted, (f"The spool in {wanted} cannot be written ({why}), and no other folder.",)
    moved = (
        f"The spool in {wanted} cannot be written ({why}), so it is in {found}. The service does "
        f"not look there: append {found}/ENV.jsonl to the file of this name in {wanted} as soon as "
        "that can be written. Until then a hold that lies there counts for nobody else."
    )
    return found, (moved,)


def _server_key(places: Places) -> tuple[FingerprintKey, tuple[str, ...]]:
    try:
        return load_key(places), ()
    except ConfigurationError as error:
        why = _said(error)
    try:
        return FingerprintKey(
            read_private(places.fingerprint_key_file or places.data_dir / KEY_FILE)
        ), ()
    except ConfigurationError:
        lost = f"The server key cannot be read ({why}): refused log-ins and names are forgotten."
        return FingerprintKey(secrets.token_bytes(32)), (lost,)


def _audit_key(places: Places) -> tuple[Signer, tuple[str, ...]]:
    try:
        return load_signer(places), ()
    except ConfigurationError as error:
        why = _said(error)
    try:
        return loaded(places.audit_key_file or places.data_dir / AUDIT_KEY_FILE), ()
    except ConfigurationError:
        lost = (
            f"The audit key cannot be read ({why}): the spool is signed with a key that dies with "
            "this command, so no service will honour what lies there. Set the hold again later."
        )
        return new_signer(), (lost,)


def _said(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "it does not answer"
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__


async def _aside(file: Path | None, signer: Signer, spool: Path, why: str) -> SqlStore:
    if file is None:
        return await _in_memory(signer, spool, why)
    for access in _READ_ONLY:
        database = Database(_read_only(file, access))
        try:
            async with database.connect() as connection:
                await connection.execute(select(HOLDS.c.environment).limit(1))
        except StoreUnavailable:
            await database.aclose()
        else:
            return SqlStore(database, signer, spool)
    return await _in_memory(signer, spool, why)


async def _in_memory(signer: Signer, spool: Path, why: str) -> SqlStore:
    engine = create_async_engine("sqlite+aiosqlite://", poolclass=StaticPool, hide_parameters=True)
    async with engine.begin() as connection:
        await connection.run_sync(METADATA.create_all)
    store = SqlStore(Database(engine), signer, spool)
    closed = _Closed(engine, why)
    store.trail = SqlTrail(closed, signer)
    store.holds = SqlHolds(closed, store.trail)
    store.history = SqlHistory(closed)
    return store


def _read_only(file: Path, access: Mapping[str, str]) -> AsyncEngine:
    url = URL.create("sqlite+aiosqlite", database=file.absolute().as_uri(), query=access)
    return create_async_engine(url, hide_parameters=True)


class _Closed(Database):
    """A database that cannot be used, and says why."""

    def __init__(self, engine: AsyncEngine, why: str) -> None:
        super().__init__(engine)
        self._why = why

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[AsyncConnection]:
        """Raise StoreUnavailable."""
        raise StoreUnavailable(self._why)
        yield

    @asynccontextmanager
    async def begin(
        self, alone: str = "", *, durable: bool = True
    ) -> AsyncIterator[AsyncConnection]:
        """Raise StoreUnavailable."""
        del alone, durable
        raise StoreUnavailable(self._why)
        yield
