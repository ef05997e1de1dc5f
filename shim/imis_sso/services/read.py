"""Reading a settings document, live (contract C3, C4)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from imis_sso.domain.canonical import etag
from imis_sso.domain.documents import (
    Directory,
    Document,
    ImisClient,
    ImisSsoSettings,
    OpenIDConnect,
)
from imis_sso.domain.ledger import StoreUnavailable
from imis_sso.domain.observed import Observed
from imis_sso.domain.problems import FieldError, ReachChanged
from imis_sso.domain.resources import (
    DIRECTORIES,
    IMIS_CLIENT,
    IMIS_SSO_SETTINGS,
    OPENID_CONNECT,
    Resource,
    SecretRole,
)
from imis_sso.domain.secret import Secret
from imis_sso.domain.verdicts import Halves
from imis_sso.services.push import Shown

if TYPE_CHECKING:
    from imis_sso.services.pair import Pair

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Reading:
    """A document with what it was made from."""

    resource: Resource
    observed: Observed
    document: Document
    unreachable: tuple[str, ...] = ()

    @property
    def etag(self) -> str:
        """The strong entity tag over the whole document (contract C34)."""
        return etag(self.document)

    @property
    def shown(self) -> Shown:
        """What the document says of its secret."""
        keys = self.resource.document.secret
        if keys is None:
            return Shown()
        values = self.document.model_dump()
        return Shown(values.get(keys.ref, ""), values.get(keys.version, ""))


async def read(pair: Pair, resource: Resource, *, afresh: bool = False) -> Reading:
    """Read a document of a pair; `afresh` never joins a fetch that is already under way.

    Raises the connector's problems, and `ReachChanged` where it cannot reach what was accepted.
    """
    half = pair.half(resource)
    observed = await (half.observe_afresh if afresh else half.observe)(resource)
    _require_reach(pair, resource, observed, resource.document.defaults())
    return await compose(pair, resource, observed)


def _require_reach(
    pair: Pair, resource: Resource, observed: Observed, fields: Collection[str]
) -> None:
    """Raise `ReachChanged` where one of these fields was accepted and is out of reach now."""
    lost = sorted(observed.lost.intersection(fields))
    if lost:
        msg = (
            f"{observed.by} serves {resource.path} now and cannot reach {', '.join(lost)}, which "
            "was reached before; nothing is shown or written until the connector that can is back, "
            f"or `imis-sso connectors accept {pair.name}` takes the smaller reach."
        )
        raise ReachChanged(msg, [FieldError(each, "is out of reach now") for each in lost])


async def compose(pair: Pair, resource: Resource, observed: Observed) -> Reading:
    """Make the document of a resource from what was seen of its record."""
    keys = await _secret_keys(pair, resource, observed)
    document = resource.document.of(observed.document_values(resource.document) | keys)
    unreachable = pair.half(resource).unreachable(resource, observed)
    return Reading(resource, observed, document, unreachable)


async def _secret_keys(pair: Pair, resource: Resource, observed: Observed) -> dict[str, str]:
    keys = resource.document.secret
    if keys is None:
        return {}
    if resource.record.secret is SecretRole.SHOWN:
        clear = isinstance(observed.secret, Secret)
        return {keys.version: pair.secrets.version(observed.secret) if clear else ""}  # type: ignore[arg-type]
    shown = await pair.secrets.shown(resource, observed)
    return {keys.ref: shown.ref, keys.version: shown.version}


async def read_both(pair: Pair) -> tuple[Observed, Observed]:
    """Read the records of both products at the same time: iMIS's and Cloud SSO's.

    Raises what reading raises, and `ReachChanged` where sign-in depends on what is out of reach
    now: a default in its place could be judged to be right.
    """
    seen = await asyncio.gather(
        pair.half(OPENID_CONNECT).observe(OPENID_CONNECT),
        pair.half(IMIS_CLIENT).observe(IMIS_CLIENT),
    )
    for resource, observed in zip((OPENID_CONNECT, IMIS_CLIENT), seen, strict=True):
        critical = [each.path for each in resource.document.settings() if each.critical]
        _require_reach(pair, resource, observed, critical)
    return seen


async def read_directories(pair: Pair) -> Mapping[str, Reading]:
    """Read every directory that goes by a key. Raises what reading Cloud SSO raises.

    A store that cannot be read leaves them out: verification goes on without it.
    """
    bindings = pair.half(DIRECTORIES.listing).bindings
    try:
        keys = () if bindings is None else tuple(await bindings.all())
        readings = await asyncio.gather(*(read(pair, DIRECTORIES.item(key)) for key in keys))
    except StoreUnavailable as error:
        logger.warning("directories of %s cannot be looked up: %s", pair.name, error)
        return {}
    return dict(zip(keys, readings, strict=True))


def documents(readings: Mapping[str, Reading]) -> dict[str, Directory]:
    """Give the documents of the directories that are there."""
    return {
        key: each.document
        for key, each in readings.items()
        if each.observed.exists and isinstance(each.document, Directory)
    }


async def read_halves(pair: Pair) -> Halves:
    """Read both products at the same time, for their comparison. No name of iMIS's is inferred."""
    both, readings = await asyncio.gather(read_both(pair), read_directories(pair))
    return replace(await halves_of(pair, *both), directories=documents(readings))


async def halves_of(pair: Pair, imis: Observed, cloud_sso: Observed) -> Halves:
    """Make both halves of what was seen of the products."""
    # Of a hidden secret the version is as recorded, hence perhaps by an older key (C25).
    version = pair.secrets.renewed(await pair.secrets.held(imis), cloud_sso.secret)
    client = await compose(pair, IMIS_CLIENT, cloud_sso)
    return Halves(
        OpenIDConnect.of(_with(imis, OpenIDConnect, {"client_secret_version": version})),
        ImisClient.model_validate(client.document.model_dump()),
        ImisSsoSettings.of(_with(cloud_sso, IMIS_SSO_SETTINGS.document, {})),
        mode=str(imis.values.get("mode", "disabled")),
    )


def _with(
    observed: Observed, document: type[Document], more: Mapping[str, str]
) -> dict[str, str | bool]:
    return observed.document_values(document) | dict(more)
