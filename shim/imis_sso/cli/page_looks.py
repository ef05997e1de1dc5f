"""Looking at pages for `imis-sso pages`: one environment after the other, and what was seen."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeVar

from imis_sso.cli.console import Failure, progress, say

if TYPE_CHECKING:
    from imis_sso.connectors.browser.live_pages import LivePages, Look
    from imis_sso.described_pages import PageDoors
    from imis_sso.environments import Registry
    from imis_sso.settings import ServerSettings

T = TypeVar("T")

LOG_IN: Final = "log-in"


@dataclass
class Seen:
    """What was seen in one environment: looks with their connector, and what kept one from it."""

    environment: str
    looks: list[tuple[str, Look]] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Give it as JSON: structure and sentences, no value of a page."""
        from imis_sso.connectors.browser.live_pages import as_json

        pages = [{"connector": connector, **as_json(look)} for connector, look in self.looks]
        return {"environment": self.environment, "pages": pages, "failures": self.failures}


def on_doors(
    work: Callable[[PageDoors], Awaitable[T]],
    registry: Registry,
    settings: ServerSettings,
    names: Sequence[str],
) -> T:
    """Run a command's work on the pages of a registry; what goes wrong ends it in clear lines."""
    from imis_sso.described_pages import page_doors
    from imis_sso.domain.problems import Problem
    from imis_sso.environments import ConfigurationError

    logging.getLogger("imis_sso").setLevel(logging.ERROR)
    unknown = [each for each in names if each not in registry.environments]
    if unknown:
        known = ", ".join(registry.environments)
        raise Failure(f"there is no environment {unknown[0]!r} in {registry.file}; it has: {known}")

    async def session() -> T:
        async with page_doors(registry, settings) as doors:
            return await work(doors)

    try:
        with progress(f"Looking at the pages of {', '.join(names)} …"):
            return asyncio.run(session())
    except ConfigurationError as error:
        raise Failure(*str(error).splitlines()) from None
    except Problem as problem:
        raise Failure(f"{problem.title}: {problem.detail}") from None


async def look_at(
    doors: PageDoors, names: Sequence[str], *, page: str | None = None, log_in: bool = False
) -> list[Seen]:
    """Look at the pages of environments, one after the other; a failure is kept, and it goes on."""
    found = []
    for at, name in enumerate(names, start=1):
        if len(names) > 1:
            say(f"{at}/{len(names)} {name} …", error=True)
        async with doors.of(name) as connectors:
            found.append(await _environment(name, connectors, page, log_in=log_in))
    return found


async def _environment(
    environment: str, connectors: Sequence[LivePages], page: str | None, *, log_in: bool
) -> Seen:
    from imis_sso.domain.problems import Problem

    seen = Seen(environment)
    if not connectors:
        seen.failures.append(
            "no connector of it may work on pages (connector, automation_permitted_by)"
        )
    wanted = [named(connectors, page)] if page is not None else _all(connectors)
    for pages in dict.fromkeys(pages for pages, _ in wanted) if log_in else ():
        try:
            look = await pages.look_at_log_in()
        except Problem:
            continue  # the pages behind it say so, too
        if look is not None:
            seen.looks.append((pages.connector, look))
    for pages, name in wanted:
        try:
            seen.looks.append((pages.connector, await pages.look(name)))
        except Problem as problem:
            place = f"{pages.connector}/{name}"
            seen.failures.append(f"{place}: {problem.title}: {problem.detail}")
    return seen


def _all(connectors: Sequence[LivePages]) -> list[tuple[LivePages, str]]:
    return [(pages, name) for pages in connectors for name in pages.files.names]


def named(connectors: Sequence[LivePages], page: str) -> tuple[LivePages, str]:
    """Find the page of a name, with or without its connector's before a slash.

    Ends the command where there is none, or where several connectors have one.
    """
    hits = [
        (pages, name)
        for pages, name in _all(connectors)
        if page in {name, f"{pages.connector}/{name}"}
    ]
    if len(hits) != 1:
        known = ", ".join(f"{pages.connector}/{name}" for pages, name in _all(connectors))
        msg = f"{page!r} is not one page; there is: {known or 'none'}"
        raise Failure(msg)
    return hits[0]


def parts_of(look: Look) -> Iterator[str]:
    """Give the lines that say what changed: what was expected, what is there, what is nearest."""
    for fault in look.faults:
        yield f"{fault.part}: {fault.text}"
        if len(fault.expected) > 1:
            yield f"  also known as: {', '.join(fault.expected[1:])}"
    for each in look.changed:
        yield f"since it was accepted: {each.text}"
