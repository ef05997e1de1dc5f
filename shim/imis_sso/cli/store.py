"""`imis-sso store`: look at the service's own store, bring it up to date, copy it."""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Coroutine
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from imis_sso.cli.console import Failure, say, say_json, table
from imis_sso.cli.target import DEFAULT_CONFIG, ConfigOption, JsonOption, load_registry

if TYPE_CHECKING:
    from imis_sso.store.inspection import Inspection

app = typer.Typer(help="Check, migrate and back up the service's store.", no_args_is_help=True)
T = TypeVar("T")


@app.command("check")
def check(config: ConfigOption = DEFAULT_CONFIG, json: JsonOption = False) -> None:
    """Tell whether the store is sound, writable and at this version; nothing is changed."""
    from imis_sso.storage import database_server
    from imis_sso.store.inspection import inspect_store

    _, settings = load_registry(config)
    found = _run(inspect_store(settings.data_dir, database_server(settings)))
    if json:
        say_json(asdict(found) | {"sound": not found.faults})
    else:
        _show(found)
    if found.faults:
        raise Failure() if json else Failure(*found.faults)


@app.command("migrate")
def migrate(config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Bring the store to this version's tables, as a start of the service does."""
    from imis_sso.storage import database_server, opened_store
    from imis_sso.store.inspection import inspect_store
    from imis_sso.store.migrations import HEAD

    _, settings = load_registry(config)

    async def work() -> str | None:
        before = await inspect_store(settings.data_dir, database_server(settings))
        await (await opened_store(settings)).aclose()
        return before.version

    before = _run(work())
    if before == HEAD:
        say(f"The store is at version {HEAD} already.")
    else:
        say(f"Migrated the store from {before or 'nothing'} to version {HEAD}.")


@app.command("backup")
def backup(
    file: Annotated[Path, typer.Argument(help="File to write; it must not be there yet.")],
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Copy the store to a file while the service runs."""
    from imis_sso.environments import ConfigurationError
    from imis_sso.storage import database_server
    from imis_sso.store.backup import back_up

    _, settings = load_registry(config)
    server = database_server(settings)
    if server is not None:
        words = ["pg_dump", "--format=custom", f"--file={file}", server.url]
        msg = "the store is on a PostgreSQL server, which has a tool of its own for this:"
        raise Failure(msg, shlex.join(words))
    try:
        size = back_up(settings.data_dir, file)
    except ConfigurationError as error:
        raise Failure(*str(error).splitlines()) from None
    say(f"{file}: {size} bytes. The keys in {settings.data_dir} are not in it: keep them apart.")


def _show(found: Inspection) -> None:
    say(f"{found.place}: version {found.version or 'none'} (this imis-sso: {found.head})")
    say(f"Writable: {'yes' if found.writable else 'no'}")
    for title, size in (("Size", found.size), ("Free", found.free)):
        if size is not None:
            say(f"{title}: {size / 1024 / 1024:.1f} MiB")
    if found.rows:
        table(("Table", "Rows"), [(name, str(count)) for name, count in found.rows.items()])


def _run(work: Coroutine[Any, Any, T]) -> T:
    from imis_sso.environments import ConfigurationError

    try:
        return asyncio.run(work)
    except ConfigurationError as error:
        raise Failure(*str(error).splitlines()) from None
