"""What must be proved before the mode is raised to enabled (contract 1.2, C15, section 6)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from memory_provider import MemoryProvider, provided
from pair_bench import BUILT_IN, PairBench, mode_is

from imis_sso.domain.access import Origin
from imis_sso.domain.attestation import ATTESTED, SignIn, as_dict
from imis_sso.domain.checks import Status
from imis_sso.domain.ledger import StoreUnavailable
from imis_sso.domain.problems import (
    Problem,
    TransitionRefused,
    UpstreamChanged,
    VerificationFailed,
)
from imis_sso.domain.resources import IMIS_SSO_SETTINGS, OIDC_AUTHENTICATION, OPENID_CONNECT
from imis_sso.services.attested import Seen, attest, current
from imis_sso.services.raising import UNDECIDED
from imis_sso.services.verify import verify
from imis_sso.store.base import Evidences

pytestmark = pytest.mark.anyio
REGISTERED, ACCEPTED = "redirect.registered", "client.secret-accepted"
PAGE = "imis.sign-in-page"
OTHER = {"redirect_url": "https://members.example.org/"}


@pytest.fixture
def provider(bench: PairBench) -> MemoryProvider:
    return provided(bench)


def says(provider: MemoryProvider, **found: Status) -> None:
    """Have probes find this of `registered`, `accepted` and the sign-in `page`; else all passes."""
    for name in ("registered", "accepted", "page"):
        setattr(provider, name, found.get(name, Status.PASSED))


async def up(bench: PairBench, **more: Any) -> Any:
    return await bench.put(OIDC_AUTHENTICATION, {"mode": "enabled"}, **more)


async def refusal(bench: PairBench, **more: Any) -> Problem:
    """Give the refusal of going live; nothing is written, and a dry run is refused alike (C15)."""
    with pytest.raises(Problem) as dry:
        await up(bench, dry_run=True, **more)
    with pytest.raises(Problem) as real:
        await up(bench, **more)
    assert (type(dry.value), dry.value.detail) == (type(real.value), real.value.detail)
    assert bench.imis.count("write") == 0
    assert bench.imis.product.values["mode"] == "test_mode"
    return real.value


async def signed_in(bench: PairBench, outcome: SignIn = SignIn.SIGNED_IN) -> None:
    """Attest a sign-in for the settings as they are."""
    seen = Seen("3f1c", "https://members.example.org/", outcome)
    await attest(bench.pair, seen, "jane", Origin())


@pytest.fixture(autouse=True)
def in_test_mode(bench: PairBench, provider: MemoryProvider) -> None:
    mode_is(bench, "test_mode")


@pytest.mark.parametrize("check", ["registered", "accepted"])
async def test_what_an_active_probe_finds_wrong_keeps_the_mode_down(
    bench: PairBench, provider: MemoryProvider, check: str
) -> None:
    """contract 1.2: both halves agree, and yet the provider refuses."""
    says(provider, **{check: Status.FAILED})
    problem = await refusal(bench)
    wrong = {"registered": REGISTERED, "accepted": ACCEPTED}[check]
    assert type(problem) is VerificationFailed
    assert [each.field for each in problem.errors] == [wrong]
    assert problem.errors[0].detail.startswith("failed: ")
    says(provider)
    assert (await up(bench)).writes == 1


@pytest.mark.parametrize("check", ["registered", "accepted", "page"])
async def test_what_a_probe_cannot_prove_a_sign_in_has_to(
    bench: PairBench, provider: MemoryProvider, check: str
) -> None:
    """contract 1.2: `skipped` does not refuse by itself; it then needs an attested sign-in."""
    says(provider, **{check: Status.SKIPPED})
    problem = await refusal(bench)
    wrong = {"registered": REGISTERED, "accepted": ACCEPTED, "page": PAGE}[check]
    assert [each.field for each in problem.errors] == [wrong, ATTESTED]
    assert f"imis-sso attest-sign-in {bench.environment}" in problem.detail
    await signed_in(bench)
    assert (await up(bench)).writes == 1
    assert bench.imis.product.values["mode"] == "enabled"


async def test_a_sign_in_proves_nothing_of_other_settings(
    bench: PairBench, provider: MemoryProvider
) -> None:
    """contract 1.2: for exactly these settings."""
    says(provider, accepted=Status.SKIPPED)
    await signed_in(bench)
    await bench.put(OPENID_CONNECT, {"require_public_users": True})
    bench.imis.calls.clear()
    assert (await refusal(bench)).errors[-1].field == ATTESTED
    await bench.put(OPENID_CONNECT, {"require_public_users": False})
    assert (await up(bench)).writes == 1, "they are the attested ones again"


async def test_a_rotated_secret_is_another_setting(
    bench: PairBench, provider: MemoryProvider
) -> None:
    says(provider, accepted=Status.SKIPPED)
    await signed_in(bench)
    bench.imis.product.secret = bench.cloud.product.secret = "rotated"
    assert (await refusal(bench)).errors[-1].field == ATTESTED


async def test_a_sign_in_that_failed_proves_nothing_and_takes_back_what_was_proved(
    bench: PairBench,
    provider: MemoryProvider,
) -> None:
    """The newest word on these settings counts."""
    says(provider, accepted=Status.SKIPPED)
    await signed_in(bench)
    await signed_in(bench, SignIn.NOT_SIGNED_IN)
    problem = await refusal(bench)
    assert "jane was not signed in" in problem.errors[-1].detail
    await signed_in(bench)
    assert (await up(bench)).writes == 1


async def test_a_sign_in_makes_no_failed_check_good(
    bench: PairBench, provider: MemoryProvider
) -> None:
    says(provider, accepted=Status.FAILED, registered=Status.SKIPPED)
    await signed_in(bench)
    assert [each.field for each in (await refusal(bench)).errors] == [ACCEPTED]


async def test_where_it_is_required_everything_else_is_not_enough(bench: PairBench) -> None:
    """contract 1.2, section 6: the check is there, and passes for exactly these settings."""
    assert ATTESTED not in [each.id for each in (await verify(bench.pair, active=True)).checks]
    bench.with_policy(require_attestation=True)
    problem = await refusal(bench)
    assert [each.field for each in problem.errors] == [ATTESTED]
    with pytest.raises(VerificationFailed):
        await up(bench, dry_run=True, active=False)
    await signed_in(bench)
    found = {each.id: each for each in (await verify(bench.pair)).checks}[ATTESTED]
    assert (found.status, found.remedy) == (Status.PASSED, "")
    assert (await up(bench)).writes == 1


class Unreadable:
    """What a store answers whose attestations cannot be read."""

    def __init__(self, evidences: Evidences) -> None:
        self._evidences = evidences

    def __getattr__(self, name: str) -> Any:
        return getattr(self._evidences, name)

    async def attestation(self, environment: str, digest: str) -> None:
        msg = f"no row of {environment} {digest[:4]} can be read"
        raise StoreUnavailable(msg)


async def test_what_cannot_be_looked_up_is_not_taken_for_attested(bench: PairBench) -> None:
    """contract section 6: skipped, hence never passed; and where it is required that refuses."""
    bench.with_policy(require_attestation=True)
    await signed_in(bench)
    bench.pair = replace(bench.pair, evidences=Unreadable(bench.pair.evidences))
    found = {each.id: each.status for each in (await verify(bench.pair)).checks}
    assert found[ATTESTED] is Status.SKIPPED
    problem = await refusal(bench)
    assert [each.field for each in problem.errors] == [ATTESTED]
    assert "proves nothing: the store cannot be read" in problem.errors[0].detail


async def test_force_overrides_the_probes_and_is_audited(
    bench: PairBench, provider: MemoryProvider
) -> None:
    """contract 1.2: and nothing is asked of the provider for it."""
    bench.with_policy(require_attestation=True)
    says(provider, accepted=Status.FAILED)
    assert (await up(bench, force=True)).writes == 1
    assert await bench.facts("intent", "forced") == [["verification-failed"]]
    assert len(provider.asked) == 0


async def test_a_reader_is_told_what_only_probes_decide(
    bench: PairBench, provider: MemoryProvider
) -> None:
    """contract C15: under `read` the proof is passive, and nobody is asked."""
    says(provider, accepted=Status.FAILED)
    outcome = await up(bench, dry_run=True, active=False)
    assert {REGISTERED, ACCEPTED, PAGE, UNDECIDED} <= set(outcome.undecided)
    assert len(provider.asked) == 0


async def test_with_apply_a_dry_run_probes_and_leaves_nothing_open(
    bench: PairBench, provider: MemoryProvider
) -> None:
    """contract C15: what it says is what the write will say."""
    outcome = await up(bench, dry_run=True)
    assert (outcome.undecided, len(provider.asked)) == ((UNDECIDED,), 1)
    assert (await up(bench)).reading.document == outcome.reading.document


@pytest.mark.parametrize(
    ("field", "value"), [("client_id", "x"), ("user_authentication.claim_value", "2")]
)
async def test_settings_that_move_after_they_were_verified_stop_the_activation(
    bench: PairBench, field: str, value: str
) -> None:
    """contract section 7: a critical field that moved → 409, on the page beside the mode too."""

    def person() -> None:
        bench.imis.product.values[field] = value

    bench.imis.before["login", 1] = person  # the pair has verified; the last look is to come
    with pytest.raises(UpstreamChanged, match=field):
        await up(bench)
    assert bench.imis.count("write") == 0


async def test_a_secret_that_moves_stops_it_too(bench: PairBench) -> None:
    def person() -> None:
        bench.imis.product.secret = "another"

    bench.imis.before["login", 1] = person
    with pytest.raises(UpstreamChanged, match="client_secret"):
        await up(bench)
    assert bench.imis.count("write") == 0


async def test_what_nobody_depends_on_may_move(bench: PairBench) -> None:
    def person() -> None:
        bench.imis.product.values["name"] = "Members"

    bench.imis.before["login", 1] = person
    assert (await up(bench)).writes == 1
    assert bench.imis.product.values["name"] == "Members"


async def test_from_disabled_there_is_no_way_up_past_test_mode(bench: PairBench) -> None:
    """contract 1.2: whatever was proved."""
    await signed_in(bench)
    mode_is(bench, "disabled")
    with pytest.raises(TransitionRefused, match="test_mode first"):
        await up(bench)


# --- putting a sign-in on record -------------------------------------------------------------


async def test_an_attestation_says_who_when_and_of_what(bench: PairBench) -> None:
    """contract 1.2: audited, and no more of it than this."""
    before = datetime.now(UTC)
    digest = (await current(bench.pair)).digest
    await signed_in(bench)
    now = await current(bench.pair)
    assert now.attestation is not None
    assert now.attestation.at >= before
    (line,) = await bench.trail()
    assert (line["kind"], line["who"]) == ("attested", "jane")
    assert line["facts"] == as_dict(now.attestation)
    assert {key: value for key, value in line["facts"].items() if key != "at"} == {
        "client_id": "3f1c",
        "digest": digest,
        "outcome": "signed-in",
        "redirect_url": "https://members.example.org/",
        "who": "jane",
    }


@pytest.mark.parametrize(
    ("seen", "fields"),
    [
        (Seen("other", OTHER["redirect_url"], SignIn.SIGNED_IN), ["client_id"]),
        (
            Seen("3f1c", "https://members.example.org", SignIn.SIGNED_IN),
            ["redirect_url", "redirect_url"],
        ),
    ],
)
async def test_a_sign_in_of_another_client_or_redirect_is_not_of_this_pair(
    bench: PairBench, seen: Seen, fields: list[str]
) -> None:
    with pytest.raises(VerificationFailed) as caught:
        await attest(bench.pair, seen, "jane", Origin())
    assert [each.field for each in caught.value.errors] == fields
    assert (await current(bench.pair)).attestation is None
    assert await bench.trail() == []


async def test_both_halves_have_to_have_the_redirect(bench: PairBench) -> None:
    await bench.put(IMIS_SSO_SETTINGS, {"redirect_url": ""})
    with pytest.raises(VerificationFailed, match="redirect_url"):
        await signed_in(bench)


async def test_settings_that_moved_during_the_sign_in_are_not_attested(bench: PairBench) -> None:
    digest = (await current(bench.pair)).digest
    await bench.put(OPENID_CONNECT, {"require_public_users": True})
    seen = Seen("3f1c", OTHER["redirect_url"], SignIn.SIGNED_IN, digest)
    with pytest.raises(UpstreamChanged, match="sign in again"):
        await attest(bench.pair, seen, "jane", Origin())
    assert (await current(bench.pair)).attestation is None


async def test_nobody_signs_in_while_the_mode_is_disabled(bench: PairBench) -> None:
    mode_is(bench, "disabled")
    with pytest.raises(TransitionRefused, match="test_mode, then sign in"):
        await signed_in(bench)


async def test_a_live_pair_may_be_attested_after_a_rotation(bench: PairBench) -> None:
    """contract 1.2: the secret that Cloud SSO shows is let through, and can then be proved."""
    bench.with_policy(require_attestation=True)
    await signed_in(bench)
    await up(bench)
    bench.cloud.product.secret = "rotated"
    names = {"client_secret_ref": BUILT_IN, "client_secret_version": bench.version("rotated")}
    await bench.put(OPENID_CONNECT, names)
    assert not (await verify(bench.pair)).passed
    await signed_in(bench)
    assert (await verify(bench.pair)).passed
