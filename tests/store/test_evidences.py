"""What is remembered of verifications and attested sign-ins (contract section 6, 1.2)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from imis_sso.domain.checks import Check, Proof, Status, Verification
from imis_sso.domain.crossing import Sighting
from imis_sso.domain.verified import Attestation, Verified
from imis_sso.store.engine import SqlStore
from imis_sso.store.evidences import SqlEvidences

pytestmark = pytest.mark.anyio

NOW = datetime(2027, 1, 31, 12, tzinfo=UTC)
PASSED = Check("jwks.usable", Status.PASSED, "ü", ("imis/openid-connect#client_id", "x"), "")
FAILED = replace(PASSED, status=Status.FAILED, remedy="r")
ATTESTED = Attestation("test", "d" * 64, "jane", NOW, "3f1c", "https://m.example/", "staff")


@pytest.fixture
def evidences(store: SqlStore) -> SqlEvidences:
    return store.evidences


def verdict(check: Check, proof: Proof) -> Verification:
    return Verification((check,), proof)


async def test_verdicts_by_digest(evidences: SqlEvidences, clock: Any) -> None:
    """The newest of each environment and digest; passive agreement keeps the stronger proof."""
    kept: list[Verified | None] = []
    for check, proof in (
        (PASSED, "passive"), (PASSED, "active"), (PASSED, "passive"), (FAILED, "passive"),
        (PASSED, "passive"), (FAILED, "active"),
    ):  # fmt: skip
        clock.forward()
        await evidences.remember_verification("test", "d1", verdict(check, proof))  # type: ignore[arg-type]
        kept.append(await evidences.verification("test", "d1"))
    assert [(each.passed, each.proof) for each in kept if each] == [
        (True, "passive"), (True, "active"), (True, "active"), (False, "passive"),
        (True, "passive"), (False, "active"),
    ]  # fmt: skip
    assert kept[1] == kept[2]
    last = kept[-1]
    assert last is not None
    assert last.at == clock.moment
    assert await evidences.verification("test", "d2") is None
    assert await evidences.verification("prod", "d1") is None


async def test_results_of_probes(evidences: SqlEvidences) -> None:
    assert await evidences.proof("test", "d1") == ()
    await evidences.remember_proof("test", "d1", [PASSED])
    await evidences.remember_proof("test", "d1", [FAILED, PASSED])
    await evidences.remember_proof("prod", "d1", [])
    assert await evidences.proof("test", "d1") == (FAILED, PASSED)
    assert await evidences.proof("prod", "d1") == ()


async def test_attested_sign_ins(evidences: SqlEvidences) -> None:
    """The newest for exactly these settings; who attests, and no token."""
    assert await evidences.attestation("test", ATTESTED.digest) is None
    await evidences.attest(ATTESTED)
    later = replace(ATTESTED, who="joe", at=NOW + timedelta(days=1), outcome="refused")
    await evidences.attest(later)
    await evidences.attest(replace(ATTESTED, digest="e" * 64, who="jim"))
    assert await evidences.attestation("test", ATTESTED.digest) == later
    assert await evidences.attestation("prod", ATTESTED.digest) is None


async def test_what_is_each_environments_own(evidences: SqlEvidences) -> None:
    seen = Sighting("test", "3f1c", "https://sso.example.org", secret="f" * 64)
    await evidences.see(seen)
    await evidences.see(Sighting("prod", "9a"))
    moved = replace(seen, client="3f1d")
    await evidences.see(moved)
    assert await evidences.sightings() == [Sighting("prod", "9a"), moved]
