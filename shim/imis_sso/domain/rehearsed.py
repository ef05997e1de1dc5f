"""What a rehearsal proved of one connector on one version of a product. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from imis_sso.domain.resources import Product


@dataclass(frozen=True)
class Proof:
    """One thing that had to survive: a sentence, whether it did, and the claim that it speaks of.

    `held` is None where it could not be told; one that is not `needed` may stay so.
    """

    what: str
    detail: str
    held: bool | None
    claim: str = ""
    needed: bool = True

    def as_dict(self) -> dict[str, Any]:
        """Give it as JSON."""
        return {"what": self.what, "detail": self.detail, "held": self.held, "claim": self.claim}


@dataclass(frozen=True)
class Rehearsal:
    """A harmless write and its undoing by one connector.

    `version` is the product's, as the connector tells it. `stuck` says what to do by hand where
    putting back failed; it is empty otherwise.
    """

    product: Product
    connector: str
    version: str
    proofs: tuple[Proof, ...] = ()
    stuck: str = ""

    @property
    def passed(self) -> bool:
        """Whether everything needed was proved, and nothing was lost."""
        lost = any(each.held is False for each in self.proofs)
        open_still = any(each.held is None and each.needed for each in self.proofs)
        return bool(self.proofs) and not (self.stuck or lost or open_still)

    def as_dict(self) -> dict[str, Any]:
        """Give it as JSON, as it is kept and shown. It holds no value of the product."""
        return {
            "product": self.product,
            "connector": self.connector,
            "version": self.version,
            "passed": self.passed,
            "proofs": [each.as_dict() for each in self.proofs],
        }


def key_of(connector: str, version: str) -> str:
    """Give the key under which a rehearsal is kept."""
    return f"{connector} {version}".strip()


def is_proof(content: Mapping[str, Any], connector: str, version: str) -> bool:
    """Tell whether what is kept under a key proves this connector on this version."""
    told = content.get("connector"), content.get("version"), content.get("passed")
    return told == (connector, version, True)
