"""Tries every way into the two products, one after the other, without writing (product facts 3.2).

A connector is asked for its findings and closed again. Where a product refused a log-in, no other
connector tries the same user name and password there: the account would be locked out (C47).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from imis_sso.connectors.base import Connector
from imis_sso.domain.examination import Door
from imis_sso.domain.ledger import StoreUnavailable
from imis_sso.domain.observed import Finding
from imis_sso.domain.problems import Problem
from imis_sso.domain.resources import Product

logger = logging.getLogger(__name__)

SECONDS: Final = 120.0
"""How long one door may take, the start of a browser included."""
_LOG_INS: Final = frozenset({"imis.token", "staff.log-in", "cloud-sso.log-in"})
_REFUSED: Final = (
    "not tried: the same user name and password were refused by another way into this product"
)


@dataclass(frozen=True)
class Candidate:
    """A connector to try; `excuse` says why it is not tried, `make` makes it."""

    product: Product
    connector: str
    configured: bool
    make: Callable[[], Connector]
    excuse: str = ""


async def examine(
    candidates: Sequence[Candidate], say: Callable[[str], None] = lambda _: None
) -> tuple[Door, ...]:
    """Try the candidates in their order; `say` is told which one is being tried."""
    doors: list[Door] = []
    refused: set[Product] = set()
    for each in candidates:
        excuse = each.excuse or (_REFUSED if each.product in refused else "")
        if excuse:
            doors.append(Door(each.product, each.connector, each.configured, untried=excuse))
            continue
        say(f"Trying {each.connector} …")
        door = await _tried(each)
        doors.append(door)
        if any(found.claim in _LOG_INS and found.held is False for found in door.findings):
            refused.add(each.product)
    return tuple(doors)


async def _tried(candidate: Candidate) -> Door:
    connector, version = candidate.make(), ""
    try:
        async with asyncio.timeout(SECONDS):
            found = tuple(await connector.findings())
            if any(each.held and each.need == "read" for each in found):
                version = await _version(connector)
    except TimeoutError:
        found = (_failed(f"it did not end within {SECONDS:.0f} seconds"),)
    except Problem as problem:
        found = (_failed(problem.detail),)
    except StoreUnavailable as error:
        found = (_failed(f"the service's own store cannot be used: {error}"),)
    finally:
        with suppress(Problem, TimeoutError):
            await connector.aclose()
    return Door(
        candidate.product,
        candidate.connector,
        candidate.configured,
        connector.reach,
        found,
        version=version,
    )


async def _version(connector: Connector) -> str:
    try:
        return (await connector.tenant()).get("version", "")
    except Problem as problem:
        logger.warning("the version is not told: %s", problem.detail)
        return ""


def _failed(why: str) -> Finding:
    return Finding("Can this way into the product be tried?", why, need="read")
