"""One setting wrong: the sign-in fails, and verification or an attested sign-in says so.

A fault that a sign-in meets and no proof catches would be a defect. `docs/sabotage.md` is this table.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from proofs import PROOFS, WARNED
from service_bench import Bench
from sign_in_faults import FAULTS, HARMLESS, UNRECOGNISED

from imis_sso.domain.checks import Status, Verification
from imis_sso.services.verify import verify
from imis_sso.simulators import sign_in

pytestmark = [pytest.mark.anyio, pytest.mark.browser]

PAGE = Path(__file__).resolve().parents[2] / "docs/sabotage.md"
#: What no simulated pair of these shows: how long it is in test mode, and the licence over REST.
UNTOLD = {"mode.age", "licence.openid-connect"}
SABOTAGE = {name: each[0] for name, each in FAULTS.items()} | UNRECOGNISED


async def judged(bench: Bench) -> Verification:
    return await verify(bench.service.pairs["test"], active=True)


def failed(verification: Verification) -> set[str]:
    return {each.id for each in verification.failures()}


async def test_with_no_fault_both_succeed(bench: Bench) -> None:
    """No false alarm; and what follows fails for its fault alone."""
    outcome = await sign_in(bench.simulation, "test")
    verification = await judged(bench)
    assert (outcome.signed_in, outcome.staff) == (True, True)
    assert verification.passed
    assert {each.status for each in verification.checks} == {Status.PASSED, Status.SKIPPED}


@pytest.mark.parametrize("named", SABOTAGE)
async def test_every_fault_is_caught(bench: Bench, named: str) -> None:
    """By verification, before a member meets it; or by the sign-in that activation asks for."""
    SABOTAGE[named](bench.simulation)
    outcome = await sign_in(bench.simulation, "test")
    verification = await judged(bench)
    # What an attestation asks for: a member of staff, signed in and recognised.
    assert not (outcome.signed_in and outcome.staff), "the sign-in does not meet it"
    assert failed(verification) == set(PROOFS[named])
    assert all(each.remedy for each in verification.failures())
    assert verification.passed == (not PROOFS[named])


@pytest.mark.parametrize("named", HARMLESS)
async def test_what_leaves_the_sign_in_as_it_is(bench: Bench, named: str) -> None:
    """Where it leaves the recipe or a guard is missing, there is a warning."""
    HARMLESS[named](bench.simulation)
    outcome = await sign_in(bench.simulation, "test")
    verification = await judged(bench)
    assert (outcome.signed_in, outcome.staff) == (True, True)
    odd = {each.id for each in verification.checks if each.status is not Status.PASSED}
    assert odd - UNTOLD == set(WARNED[named])


def test_the_page_shows_the_table() -> None:
    """`docs/sabotage.md` says for each fault which proof catches it."""
    rows = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| ")]
    assert rows == ["| what is wrong | verification | sign-in |", *_faults(), _HEAD, *_harmless()]
    assert len(SABOTAGE) >= 30


_HEAD = "| what leaves the sign-in as it is | verification |"


def _faults() -> list[str]:
    return [f"| {name} | {_ids(PROOFS[name])} | {_end(name)} |" for name in SABOTAGE]


def _harmless() -> list[str]:
    return [f"| {name} | {_ids(WARNED[name], 'nothing to say')} |" for name in HARMLESS]


def _ids(ids: tuple[str, ...], none: str = "nothing") -> str:
    return ", ".join(f"`{each}`" for each in ids) or none


def _end(name: str) -> str:
    if name in UNRECOGNISED:
        return "signed in, staff not recognised"
    _, reason, where = FAULTS[name]
    return f"ends at {_PLACES[where]}: {reason.replace('-', ' ')}"


_PLACES = {
    "imis": "iMIS",
    "cloud_sso": "Cloud SSO",
    "directory": "the directory",
    "": "an unknown site",
}
