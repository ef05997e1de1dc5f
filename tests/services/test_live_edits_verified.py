"""Editing a pair that people sign in with: candidate, verification, put-back (contract 1.2, C33)."""

from __future__ import annotations

from typing import Any

import pytest
from memory_provider import MemoryProvider, provided
from pair_bench import BUILT_IN, REF, VERSION, PairBench, mode_is, raising

from imis_sso.domain.attestation import ATTESTED
from imis_sso.domain.checks import Status
from imis_sso.domain.observed import Change, Observed
from imis_sso.domain.problems import (
    ActivationGuard,
    Busy,
    Problem,
    UpstreamChanged,
    UpstreamUnavailable,
)
from imis_sso.domain.resources import IMIS_SSO_SETTINGS, OPENID_CONNECT, Resource
from imis_sso.services.deadline import Deadline
from imis_sso.services.live_edits import AGAIN_UNDECIDED, PUT_BACK

pytestmark = pytest.mark.anyio
ACCEPTED = "client.secret-accepted"
CLAIM = {"user_authentication": {"claim_value": "1"}}


@pytest.fixture
def provider(bench: PairBench) -> MemoryProvider:
    return provided(bench)


@pytest.fixture(autouse=True)
def live(bench: PairBench, provider: MemoryProvider) -> None:
    mode_is(bench, "enabled")


async def refusal(bench: PairBench, resource: Resource, declared: Any, **more: Any) -> Problem:
    with pytest.raises(Problem) as dry:
        await bench.put(resource, declared, dry_run=True, **more)
    with pytest.raises(Problem) as real:
        await bench.put(resource, declared, **more)
    assert (type(dry.value), dry.value.detail) == (type(real.value), real.value.detail)
    assert bench.imis.count("write") + bench.cloud.count("write") == 0
    return real.value


async def test_an_outage_is_repaired_without_lowering_the_mode(
    bench: PairBench, provider: MemoryProvider
) -> None:
    """contract 1.2: the candidate passes, so the edit is let through; afterwards all is well."""
    bench.imis.product.values["user_authentication.claim_value"] = "true"
    dry = await bench.put(OPENID_CONNECT, CLAIM, dry_run=True)
    outcome = await bench.put(OPENID_CONNECT, CLAIM)
    assert (outcome.writes, outcome.notices) == (1, ())
    assert dry.reading.document == outcome.reading.document
    assert bench.imis.product.values["user_authentication.claim_value"] == "1"
    assert {each.secret for each in provider.asked} == {"cloud"}


async def test_the_redirect_at_cloud_sso_is_repaired_too(
    bench: PairBench, provider: MemoryProvider
) -> None:
    """contract 1.2: that it is registered shows only when it is written."""
    provider.registered = Status.FAILED
    bench.cloud.before["write", 1] = lambda: setattr(provider, "registered", Status.PASSED)
    bench.cloud.product.values["redirect_url"] = ""
    url = "https://members.example.org/"
    assert (await bench.put(IMIS_SSO_SETTINGS, {"redirect_url": url})).writes == 1
    assert bench.cloud.product.values["redirect_url"] == url


WRONG: list[tuple[Resource, dict[str, Any], str]] = [
    (OPENID_CONNECT, {"client_id": "x"}, "client.id-matches"),
    (OPENID_CONNECT, {"authority_url": "https://sso.example.org/"}, "discovery.issuer-matches"),
    (OPENID_CONNECT, {"well_known_url": ""}, "discovery.url-matches"),
    (OPENID_CONNECT, {"redirect_login_url": ""}, "redirect.matches"),
    (OPENID_CONNECT, {"external_id_claim_type": "sub"}, "claims.recipe"),
    (OPENID_CONNECT, {"user_authentication": {"claim_value": "2"}}, "claims.recipe"),
    (IMIS_SSO_SETTINGS, {"redirect_url": ""}, "redirect.matches"),
]


@pytest.mark.parametrize(("resource", "declared", "check"), WRONG)
async def test_what_would_not_verify_is_not_written(
    bench: PairBench, resource: Resource, declared: dict[str, Any], check: str
) -> None:
    """contract 1.2: 409 activation-guard that names the field and the check."""
    problem = await refusal(bench, resource, declared)
    assert type(problem) is ActivationGuard
    assert [each.field for each in problem.errors][1:] == [check]
    assert "do not verify" in problem.detail
    assert "Lower the mode to test_mode" in problem.detail
    assert bench.imis.product.values["mode"] == "enabled"


async def test_a_secret_is_tried_before_it_is_written(
    bench: PairBench, provider: MemoryProvider
) -> None:
    """contract 1.2: the probes have the candidate's own values."""
    bench.cloud.product.shows = "masked"
    provider.accepted = lambda secret: Status.PASSED if secret == "right" else Status.FAILED
    problem = await refusal(bench, OPENID_CONNECT, {}, inline="wrong")
    assert [each.field for each in problem.errors] == ["client_secret", ACCEPTED]
    assert "wrong" not in problem.detail
    assert (await bench.put(OPENID_CONNECT, {}, inline="right")).writes == 1
    assert bench.imis.product.secret == "right"


async def test_what_a_probe_cannot_prove_of_the_candidate_refuses_it(
    bench: PairBench, provider: MemoryProvider
) -> None:
    """contract 1.2: what is not proved needs a sign-in, and nobody could have signed in with it."""
    bench.imis.product.values["user_authentication.claim_value"] = "true"
    provider.accepted = Status.SKIPPED
    problem = await refusal(bench, OPENID_CONNECT, CLAIM)
    assert [each.field for each in problem.errors][1:] == [ACCEPTED, ATTESTED]


async def test_where_a_sign_in_is_required_new_values_have_none(bench: PairBench) -> None:
    bench.with_policy(require_attestation=True)
    bench.imis.product.values["user_authentication.claim_value"] = "true"
    problem = await refusal(bench, OPENID_CONNECT, CLAIM)
    assert [each.field for each in problem.errors][1:] == [ATTESTED]


async def test_test_mode_only_asks_for_no_verification(
    bench: PairBench, provider: MemoryProvider
) -> None:
    """contract 1.2: `edits_while_enabled`; the secret that Cloud SSO shows is let through."""
    bench.with_policy(verifies_edits=False)
    bench.imis.product.values["user_authentication.claim_value"] = "true"
    problem = await refusal(bench, OPENID_CONNECT, CLAIM)
    assert [each.field for each in problem.errors] == ["user_authentication.claim_value"]
    assert "in test_mode only" in problem.detail
    assert len(provider.asked) == 0
    bench.cloud.product.secret = "rotated"
    declared = {REF: BUILT_IN, VERSION: bench.version("rotated")}
    assert (await bench.put(OPENID_CONNECT, declared)).writes == 1


async def test_a_reader_is_told_what_is_left_open(
    bench: PairBench, provider: MemoryProvider
) -> None:
    """contract C15."""
    bench.imis.product.values["user_authentication.claim_value"] = "true"
    outcome = await bench.put(OPENID_CONNECT, CLAIM, dry_run=True, active=False)
    assert {ACCEPTED, AGAIN_UNDECIDED} <= set(outcome.undecided)
    assert len(provider.asked) == 0
    with pytest.raises(ActivationGuard):
        await bench.put(OPENID_CONNECT, {"client_id": "x"}, dry_run=True, active=False)


async def test_what_a_person_changes_meanwhile_stops_the_write(
    bench: PairBench, provider: MemoryProvider
) -> None:
    """contract section 7: a critical field that moved while the candidate was verified."""
    bench.imis.product.values["user_authentication.claim_value"] = "true"

    def person(_secret: str) -> Status:
        bench.imis.product.values["client_id"] = "y"
        return Status.PASSED

    provider.accepted = person
    with pytest.raises(UpstreamChanged, match="client_id"):
        await bench.put(OPENID_CONNECT, CLAIM)
    assert bench.imis.count("write") == 0


# --- put-back --------------------------------------------------------------------------------

EDIT = {"type": "other", "require_public_users": True, "name": "Members"}


def then_fails(bench: PairBench, provider: MemoryProvider) -> None:
    """Have the provider refuse as soon as iMIS has been written, and for good."""
    provider.accepted = lambda _: Status.FAILED if bench.imis.count("write") else Status.PASSED


async def edited(bench: PairBench, declared: Any, **more: Any) -> Problem:
    """Edit a live pair that passes before and fails after; gives the refusal."""
    with pytest.raises(ActivationGuard) as caught:
        await bench.put(OPENID_CONNECT, declared, **more)
    return caught.value


async def test_an_edit_after_which_the_pair_fails_is_undone(
    bench: PairBench, provider: MemoryProvider
) -> None:
    """contract 1.2: the old values, all of them, and both verdicts in the answer."""
    before, secret = dict(bench.imis.product.values), bench.imis.product.secret
    then_fails(bench, provider)
    problem = await edited(bench, EDIT)
    assert (bench.imis.product.values, bench.imis.product.secret) == (before, secret)
    assert problem.upstream_writes == 2
    assert "The old values were put back." in problem.detail
    said = {each.field: each.detail for each in problem.errors}
    assert said["verification.before"] == "passed (active proof)"
    assert said["verification.after"] == f"failed: {ACCEPTED} (active proof)"
    assert said[ACCEPTED].startswith("failed: ")
    assert [each["kind"] for each in await bench.trail()] == ["intent", "outcome"] * 2
    assert await bench.facts("intent", "why") == [None, PUT_BACK]
    assert await bench.facts("outcome", "result") == ["applied", "applied"]
    assert await bench.store.trail.intents(bench.environment) == []


async def test_a_disagreement_that_comes_with_the_write_is_met_alike(bench: PairBench) -> None:
    """The secret is rotated at Cloud SSO in the very moment of the write."""
    before = dict(bench.imis.product.values)

    def person() -> None:
        bench.cloud.product.secret = "rotated"

    bench.imis.before["write", 1] = person
    problem = await edited(bench, EDIT)
    assert "client.secret-matches" in problem.detail
    assert bench.imis.product.values == before


@pytest.mark.parametrize("shows", ["masked", "absent"])
async def test_the_put_back_keeps_a_secret_that_cannot_be_read(
    bench: PairBench, provider: MemoryProvider, shows: Any
) -> None:
    """product facts 3.5: the record would be wiped else."""
    bench.imis.product.shows = shows
    await bench.record(BUILT_IN, "cloud")
    then_fails(bench, provider)
    await edited(bench, EDIT)
    assert bench.imis.product.secret == "cloud"
    assert await bench.shown() == (BUILT_IN, bench.version("cloud"))


async def test_a_secret_that_could_be_read_comes_back(
    bench: PairBench, provider: MemoryProvider
) -> None:
    """contract 1.2: with its name."""
    bench.cloud.product.shows = "masked"
    bench.source("a", "secret-a")
    await bench.record("", "cloud")
    then_fails(bench, provider)
    declared = {REF: "a", VERSION: bench.version("secret-a")}
    problem = await edited(bench, EDIT | declared)
    assert bench.imis.product.secret == "cloud"
    assert await bench.shown() == ("", bench.version("cloud"))
    assert "could not come back" not in problem.detail


async def test_a_hidden_secret_comes_back_from_its_source(
    bench: PairBench, provider: MemoryProvider
) -> None:
    bench.cloud.product.shows = bench.imis.product.shows = "masked"
    bench.source("a", "secret-a")
    bench.source("old", "cloud")
    await bench.record("old", "cloud")
    then_fails(bench, provider)
    await edited(bench, {REF: "a", VERSION: bench.version("secret-a")})
    assert bench.imis.product.secret == "cloud"
    assert await bench.shown() == ("old", bench.version("cloud"))


@pytest.mark.parametrize("more", [{}, EDIT])
async def test_a_secret_that_is_lost_stays_away_and_the_answer_says_so(
    bench: PairBench, provider: MemoryProvider, more: dict[str, Any]
) -> None:
    """contract 1.2: the other values come back, and the new secret is not wiped either."""
    before = dict(bench.imis.product.values)
    bench.cloud.product.shows = bench.imis.product.shows = "masked"
    bench.source("a", "secret-a")
    await bench.record("", "cloud")
    then_fails(bench, provider)
    problem = await edited(bench, more | {REF: "a", VERSION: bench.version("secret-a")})
    assert "could not come back" in problem.detail
    assert bench.version("cloud") in problem.detail
    assert bench.imis.product.values == before
    assert bench.imis.product.secret == "secret-a"
    assert await bench.shown() == ("a", bench.version("secret-a"))
    assert problem.upstream_writes == (2 if more else 1)
    assert ("The old values were put back." in problem.detail) == bool(more)


async def test_a_put_back_that_fails_is_shouted(bench: PairBench, provider: MemoryProvider) -> None:
    then_fails(bench, provider)

    def refuse_the_second(change: Change, base: Observed) -> None:
        if bench.imis.count("write") == 2:
            raise UpstreamUnavailable("iMIS is gone.")
        bench.imis.take(change, base)

    bench.imis.writing = refuse_the_second
    problem = await edited(bench, EDIT)
    assert "could NOT be put back: iMIS is gone. Put them back at once." in problem.detail
    assert problem.upstream_writes == 1
    assert await bench.facts("outcome", "result") == ["applied", "not-applied"]


async def test_a_pair_that_failed_before_is_not_put_back(
    bench: PairBench, provider: MemoryProvider
) -> None:
    """contract 1.2: only if it passed before; a repair in two steps would never end else."""
    bench.imis.product.values["user_authentication.claim_value"] = "true"
    then_fails(bench, provider)
    outcome = await bench.put(OPENID_CONNECT, CLAIM)
    assert outcome.writes == 1
    assert "does not now: failed: client.secret-accepted" in " ".join(outcome.notices)
    assert bench.imis.product.values["user_authentication.claim_value"] == "1"


async def test_where_nobody_can_tell_afterwards_it_is_said(bench: PairBench) -> None:
    """What cannot be verified has not failed: nothing is put back on suspicion."""

    def person() -> None:
        bench.cloud.product.show = raising(UpstreamUnavailable("Cloud SSO is gone."))  # type: ignore[method-assign]

    bench.imis.before["write", 1] = person
    outcome = await bench.put(OPENID_CONNECT, EDIT)
    assert "could not be verified after the write: Cloud SSO is gone." in outcome.notices[0]
    assert bench.imis.product.values["type"] == "other"


async def test_a_forced_edit_is_neither_verified_nor_undone(
    bench: PairBench, provider: MemoryProvider
) -> None:
    """contract 1.2: audited as forced."""
    then_fails(bench, provider)
    outcome = await bench.put(OPENID_CONNECT, {"client_id": "x"}, force=True)
    assert (outcome.writes, len(provider.asked)) == (1, 0)
    assert await bench.facts("intent", "forced") == [["activation-guard"]]


async def test_the_secret_that_cloud_sso_shows_is_neither_verified_nor_undone(
    bench: PairBench,
    provider: MemoryProvider,
) -> None:
    """contract 1.2: always let through."""
    provider.accepted = Status.FAILED
    bench.cloud.product.secret = "rotated"
    await bench.put(OPENID_CONNECT, {REF: BUILT_IN, VERSION: bench.version("rotated")})
    assert (bench.imis.product.secret, len(provider.asked)) == ("rotated", 0)


async def test_a_live_edit_begins_only_where_it_can_be_undone_in_time(bench: PairBench) -> None:
    """contract C33: room for write, read-back, verification and put-back; else nothing written."""
    with pytest.raises(Busy, match="nothing was written"):
        await bench.put(OPENID_CONNECT, EDIT, deadline=Deadline(10.0))
    assert bench.imis.count("write") == 0
    mode_is(bench, "test_mode")
    assert (await bench.put(OPENID_CONNECT, EDIT, deadline=Deadline(10.0))).writes == 1


async def test_nobody_waits_for_room_that_no_edit_needs(bench: PairBench) -> None:
    """A pair that fails is not put back, and other fields are not verified."""
    bench.imis.product.values["user_authentication.claim_value"] = "true"
    assert (await bench.put(OPENID_CONNECT, CLAIM, deadline=Deadline(12.0))).writes == 1
    assert (await bench.put(OPENID_CONNECT, {"name": "n"}, deadline=Deadline(5.0))).writes == 1


async def test_a_pin_is_met_before_any_verification(
    bench: PairBench, provider: MemoryProvider
) -> None:
    """contract C45."""
    with pytest.raises(Problem) as caught:
        await bench.put(OPENID_CONNECT, {"authority_url": "https://evil.example"})
    assert (caught.value.slug, len(provider.asked)) == ("untrusted-host", 0)
