"""What a restore does with a document's secret: snapshots hold none (contract C20, C22, target R9).

A secret comes back where a source has it, told by its fingerprint; else the one that the product
holds stays.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field

from imis_sso.domain.resources import Resource
from imis_sso.domain.restoration import Restorable
from imis_sso.domain.secret import Secret
from imis_sso.services.read import Reading
from imis_sso.services.secrets import Secrets


class Fate(enum.StrEnum):
    """What becomes of a secret in a restore."""

    NONE = ""
    """The document has none."""
    SAME = "unchanged"
    """The product holds the one of the snapshot, or neither is known."""
    RESTORED = "restored"
    """A source has it."""
    KEPT = "kept, not restored"
    """No source has it: the product's own stays."""


@dataclass(frozen=True, repr=False)
class Decision:
    """What is declared of the secret, and what to tell about it.

    `secret` is the one that is pushed; `inline` where it goes without a name.
    """

    fate: Fate
    declared: Mapping[str, str] = field(default_factory=dict)
    secret: Secret | None = None
    inline: bool = False
    notice: str = ""


async def decide(secrets: Secrets, live: Reading, kept: Restorable) -> Decision:
    """Decide what a restore does with the secret of a document. Raises StoreUnavailable."""
    if live.resource.document.secret is None:
        return Decision(Fate.NONE)
    # The snapshot may be older than the server key (contract C25).
    if secrets.renewed(kept.version, live.observed.secret) == live.shown.version:
        return await _same(secrets, live, kept)
    if not kept.version:
        return Decision(Fate.KEPT, notice="The snapshot does not know the secret: it was hidden.")
    found = await secrets.find(live.resource, kept.version, kept.ref)
    if found is None:
        notice = (
            f"The secret of the snapshot ({kept.version}) cannot come back: no named secret is it. "
            "The one that the product holds stays."
        )
        return Decision(Fate.KEPT, notice=notice)
    name, secret = found
    if not kept.ref:
        return Decision(Fate.RESTORED, secret=secret, inline=True)
    notice = "" if name == kept.ref else _renamed(kept.ref, f"it is pushed as {name}")
    return Decision(Fate.RESTORED, _keys(live.resource, name, kept.version), secret, notice=notice)


async def _same(secrets: Secrets, live: Reading, kept: Restorable) -> Decision:
    """Keep the secret; put its name back where it still stands for it."""
    if kept.ref == live.shown.ref:
        return Decision(Fate.SAME)
    found = await secrets.find(live.resource, kept.version, kept.ref) if kept.ref else None
    if kept.ref and (found is None or found[0] != kept.ref):
        return Decision(Fate.SAME, notice=_renamed(kept.ref, "the secret itself is the same"))
    return Decision(Fate.SAME, _keys(live.resource, kept.ref, kept.version))


def _renamed(name: str, rest: str) -> str:
    return f"The name {name} does not stand for the secret of the snapshot any more; {rest}."


def _keys(resource: Resource, ref: str, version: str) -> dict[str, str]:
    keys = resource.document.secret
    return {keys.ref: ref, keys.version: version} if keys else {}
