"""Every gate that a write meets, and the same in a dry run (contract 1.2, C15, C44-C46)."""

from __future__ import annotations

import itertools
import logging
from typing import Any

import pytest
from pair_bench import AGREEING, BUILT_IN, PairBench, mode_is, raising

from imis_sso.domain.problems import (
    ActivationGuard,
    ObserveOnly,
    Problem,
    TransitionRefused,
    UntrustedHost,
    UpstreamUnavailable,
    VerificationFailed,
    WrongTenant,
)
from imis_sso.domain.resources import (
    IMIS_SSO_SETTINGS,
    OIDC_AUTHENTICATION,
    OPENID_CONNECT,
    Resource,
)
from imis_sso.domain.verdicts import Check, Status, Verification
from imis_sso.services.activating import require_proof
from imis_sso.services.order import Outcome

pytestmark = pytest.mark.anyio
REF, VERSION = "client_secret_ref", "client_secret_version"
MODES = ("disabled", "test_mode", "enabled")


async def refusal(
    bench: PairBench, resource: Resource, declared: dict[str, Any], **more: Any
) -> Problem:
    """Give the refusal of a write; its dry run is refused alike, and nothing is written (C15)."""
    with pytest.raises(Problem) as dry:
        await bench.put(resource, declared, dry_run=True, **more)
    with pytest.raises(Problem) as real:
        await bench.put(resource, declared, **more)
    assert (type(dry.value), dry.value.detail) == (type(real.value), real.value.detail)
    assert bench.imis.count("write") + bench.cloud.count("write") == 0
    assert not await bench.managed(resource)
    return real.value


async def written(
    bench: PairBench, resource: Resource, declared: dict[str, Any], **more: Any
) -> Outcome:
    """Give the outcome of a write; its dry run is accepted alike (C15)."""
    dry = await bench.put(resource, declared, dry_run=True, **more)
    outcome = await bench.put(resource, declared, **more)
    assert dry.writes == 0
    assert dry.reading.document == outcome.reading.document
    assert (dry.gates, dry.changes) == ((), outcome.changes)
    return outcome


# --- observe-only (C44) ---------------------------------------------------------------------


async def test_an_environment_is_observe_only_until_its_operator_allows_writes(
    bench: PairBench,
) -> None:
    bench.with_policy(writes_allowed=False)
    with pytest.raises(ObserveOnly, match="writes: allowed in the registry"):
        await bench.put(OPENID_CONNECT, {"name": "n"})
    assert bench.imis.calls == ["read"]


async def test_a_dry_run_reports_observe_only_and_goes_on_to_the_other_gates(
    bench: PairBench,
) -> None:
    """contract C15: listed in `meta.gates`, not refused."""
    bench.with_policy(writes_allowed=False)
    outcome = await bench.put(OPENID_CONNECT, {"name": "n"}, dry_run=True)
    assert [each.partition(":")[0] for each in outcome.gates] == ["observe-only"]
    assert outcome.reading.document.values()["name"] == "n"
    with pytest.raises(TransitionRefused):
        await bench.put(OIDC_AUTHENTICATION, {"mode": "enabled"}, dry_run=True)


async def test_an_identical_put_is_no_write_to_refuse(bench: PairBench) -> None:
    """contract C2, R3."""
    bench.with_policy(writes_allowed=False)
    outcome = await bench.put(OPENID_CONNECT, {})
    assert (outcome.writes, outcome.gates) == (0, ())


async def test_force_does_not_make_an_environment_writable(bench: PairBench) -> None:
    bench.with_policy(writes_allowed=False)
    with pytest.raises(ObserveOnly):
        await bench.put(OPENID_CONNECT, {"name": "n"}, force=True)


# --- the right tenant (C46) ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pinned", "told", "key"),
    [
        ({"organisation": "Ours"}, {"organisation": "Theirs"}, "organisation"),
        ({"organisation": "Ours"}, {"organisation": "ours"}, "organisation"),
        ({"provider_id": "1"}, {"organisation": "Ours", "provider_id": "2"}, "provider_id"),
        ({"organisation": "Ours", "cloud_id": "a"}, {"organisation": ""}, "organisation"),
    ],
)
async def test_another_tenant_is_never_written(
    bench: PairBench, pinned: dict[str, str], told: dict[str, str], key: str
) -> None:
    bench.with_policy(tenant=pinned)
    bench.imis.tells = told
    for force in (False, True):
        problem = await refusal(bench, OPENID_CONNECT, {"name": "n"}, force=force)
        assert type(problem) is WrongTenant
        assert f"tenant.{key}" in problem.detail
        assert "iMIS reports" in problem.detail


async def test_the_pinned_tenant_is_written(bench: PairBench) -> None:
    """Each product is compared with the pins that it can tell."""
    bench.with_policy(tenant={"organisation": "Ours", "cloud_id": "ours"})
    bench.imis.tells = {"organisation": "Ours", "provider_id": "1"}
    bench.cloud.tells = {"cloud_id": "ours"}
    assert (await written(bench, OPENID_CONNECT, {"name": "n"})).writes == 1
    assert (await written(bench, IMIS_SSO_SETTINGS, {"redirect_url": ""})).writes == 1
    bench.cloud.tells = {"cloud_id": "theirs"}
    with pytest.raises(WrongTenant, match="Cloud SSO reports cloud_id"):
        await bench.put(IMIS_SSO_SETTINGS, {"redirect_url": "https://members.example.org/"})


async def test_without_pins_nobody_asks_for_the_tenant(bench: PairBench) -> None:
    await bench.put(OPENID_CONNECT, {"name": "n"})
    assert bench.imis.count("tenant") == 0


# --- raising and lowering the mode (1.2) -----------------------------------------------------


@pytest.mark.parametrize(("before", "after"), list(itertools.product(MODES, MODES)))
@pytest.mark.parametrize("agreeing", [True, False])
async def test_every_transition(bench: PairBench, before: str, after: str, agreeing: bool) -> None:
    """contract 1.2."""
    mode_is(bench, before)
    if not agreeing:
        bench.cloud.product.values["issuer"] = "https://other.example.org"
    steps = (before, after)
    if steps == ("disabled", "enabled"):
        problem = await refusal(bench, OIDC_AUTHENTICATION, {"mode": after})
        assert type(problem) is TransitionRefused
        assert "test_mode first" in problem.detail
    elif steps == ("test_mode", "enabled") and not agreeing:
        problem = await refusal(bench, OIDC_AUTHENTICATION, {"mode": after})
        assert type(problem) is VerificationFailed
        assert [each.field for each in problem.errors] == ["discovery.issuer-matches"]
        assert "Set authority_url" in problem.detail
        assert ".." not in problem.detail
    else:
        outcome = await written(bench, OIDC_AUTHENTICATION, {"mode": after})
        assert outcome.writes == (before != after)
        assert bench.imis.product.values["mode"] == after


async def test_activation_reads_both_products_live_and_imis_once_more(bench: PairBench) -> None:
    """contract section 7: where a gate asks, the product is read again before the write."""
    mode_is(bench, "test_mode")
    await bench.put(OIDC_AUTHENTICATION, {"mode": "enabled"})
    assert bench.cloud.calls == ["read"]
    assert bench.imis.calls == ["read", "read", "login", "read", "write", "read", "login"]


async def test_every_failed_check_is_listed(bench: PairBench) -> None:
    """contract 1.2: listing each failed check."""
    mode_is(bench, "test_mode")
    bench.cloud.product.values |= {"client_id": "other", "redirect_url": ""}
    bench.cloud.product.secret = "other"
    problem = await refusal(bench, OIDC_AUTHENTICATION, {"mode": "enabled"})
    assert [each.field for each in problem.errors] == [
        "client.id-matches",
        "client.secret-matches",
        "redirect.matches",
    ]
    assert all(each.field in problem.detail for each in problem.errors)


async def test_two_empty_halves_do_not_agree(bench: PairBench) -> None:
    """contract section 6: what Cloud SSO does not show proves nothing."""
    mode_is(bench, "test_mode")
    bench.cloud.product.values = dict.fromkeys(bench.cloud.product.values, "")
    bench.imis.product.values |= dict.fromkeys(AGREEING, "")
    problem = await refusal(bench, OIDC_AUTHENTICATION, {"mode": "enabled"})
    assert [each.field for each in problem.errors] == ["redirect.matches"]


@pytest.mark.parametrize("statuses", [(), (Status.SKIPPED,), (Status.WARNING, Status.SKIPPED)])
async def test_where_nothing_is_proved_nothing_is_activated(
    bench: PairBench, statuses: tuple[Status, ...]
) -> None:
    """contract section 6: at least one check passed."""
    checks = tuple(Check(each.value, each, "", ()) for each in statuses)
    with pytest.raises(VerificationFailed, match="nothing is proved"):
        await require_proof(bench.pair, Verification(checks))


@pytest.mark.parametrize("mode", ["test_mode", "enabled"])
@pytest.mark.parametrize("force", [True, False])
async def test_without_a_record_the_mode_stays_disabled(
    bench: PairBench, mode: str, force: bool
) -> None:
    """contract 1.2: 409 transition-refused."""
    bench.imis.product.exists = False
    problem = await refusal(bench, OIDC_AUTHENTICATION, {"mode": mode}, force=force)
    assert type(problem) is TransitionRefused
    assert "imis/openid-connect first" in problem.detail


@pytest.mark.parametrize("before", ["disabled", "test_mode"])
async def test_force_overrides_the_gate_and_is_logged(
    bench: PairBench, before: str, caplog: pytest.LogCaptureFixture
) -> None:
    """contract 1.2: audited as forced."""
    mode_is(bench, before)
    bench.cloud.product.values["issuer"] = "https://other.example.org"
    with caplog.at_level(logging.WARNING, "imis_sso"):
        outcome = await written(bench, OIDC_AUTHENTICATION, {"mode": "enabled"}, force=True)
    assert outcome.writes == 1
    gate = "transition-refused" if before == "disabled" else "verification-failed"
    assert f"by=ci forced={gate}" in caplog.text
    assert await bench.facts("intent", "forced") == [[gate]]


@pytest.mark.parametrize(
    ("before", "after"),
    [("enabled", "test_mode"), ("enabled", "disabled"), ("test_mode", "disabled")],
)
@pytest.mark.parametrize("ref", ["", "a", BUILT_IN])
async def test_lowering_reads_nothing_of_cloud_sso(
    bench: PairBench, before: str, after: str, ref: str
) -> None:
    """contract 1.2: a dead Cloud SSO cannot stop it."""
    mode_is(bench, before)
    bench.source("a", "cloud")
    await bench.record(ref, "cloud")
    bench.cloud.product.show = raising(UpstreamUnavailable("dead"))  # type: ignore[method-assign]
    outcome = await written(bench, OIDC_AUTHENTICATION, {"mode": after})
    assert (outcome.writes, bench.cloud.calls) == (1, [])
    assert bench.imis.product.secret == "cloud"


@pytest.mark.parametrize("shows", ["masked", "absent"])
@pytest.mark.parametrize("recorded", [None, "", BUILT_IN, "broken", "moved"])
async def test_lowering_is_possible_even_where_the_secret_is_lost_by_it(
    bench: PairBench, shows: Any, recorded: str | None
) -> None:
    """contract 1.2: written without it, the version then reads `""`, and the answer says so."""
    mode_is(bench, "enabled")
    bench.imis.product.shows = shows
    bench.broken("broken")
    bench.source("moved", "another")
    if recorded is not None:
        await bench.record(recorded, "cloud")
    outcome = await bench.put(OIDC_AUTHENTICATION, {"mode": "test_mode"})
    assert "push the secret again" in " ".join(outcome.notices)
    assert (outcome.writes, bench.imis.product.values["mode"]) == (1, "test_mode")
    assert bench.imis.product.secret == ""
    assert await bench.shown() == ("", "")
    assert bench.cloud.calls == []


async def test_lowering_sends_the_named_secret_back_where_it_can(bench: PairBench) -> None:
    mode_is(bench, "enabled")
    bench.imis.product.shows = "masked"
    bench.source("a", "cloud")
    await bench.record("a", "cloud")
    outcome = await bench.put(OIDC_AUTHENTICATION, {"mode": "disabled"})
    assert outcome.notices == ()
    assert bench.imis.product.secret == "cloud"
    assert await bench.shown() == ("a", bench.version("cloud"))


async def test_raising_is_no_lowering(bench: PairBench) -> None:
    """product facts 3.5: refused with secret-unavailable, lowering excepted."""
    bench.imis.product.shows = "masked"
    problem = await refusal(bench, OIDC_AUTHENTICATION, {"mode": "test_mode"})
    assert problem.slug == "secret-unavailable"


# --- editing a live pair (1.2) ---------------------------------------------------------------

CRITICAL: list[tuple[Resource, dict[str, Any], list[str]]] = [
    (OPENID_CONNECT, {"client_id": "x"}, ["client_id"]),
    (OPENID_CONNECT, {"authority_url": ""}, ["authority_url"]),
    (OPENID_CONNECT, {"name": "n", "type": "other"}, ["type"]),
    (
        OPENID_CONNECT,
        {"user_authentication": {"claim_type": "a", "claim_value": "b"}},
        ["user_authentication.claim_type", "user_authentication.claim_value"],
    ),
    (IMIS_SSO_SETTINGS, {"redirect_url": ""}, ["redirect_url"]),
]


@pytest.mark.parametrize(("resource", "declared", "fields"), CRITICAL)
async def test_a_critical_field_of_a_live_pair_is_guarded(
    bench: PairBench, resource: Resource, declared: dict[str, Any], fields: list[str]
) -> None:
    """contract 1.2: 409 activation-guard, on either half."""
    bench.with_policy(verifies_edits=False)
    mode_is(bench, "enabled")
    problem = await refusal(bench, resource, declared)
    assert type(problem) is ActivationGuard
    assert [each.field for each in problem.errors] == fields
    assert "Lower the mode" in problem.detail


@pytest.mark.parametrize(("resource", "declared", "fields"), CRITICAL)
@pytest.mark.parametrize("mode", ["disabled", "test_mode"])
async def test_a_pair_that_is_not_live_may_be_edited(
    bench: PairBench, mode: str, resource: Resource, declared: dict[str, Any], fields: list[str]
) -> None:
    mode_is(bench, mode)
    outcome = await written(bench, resource, declared)
    assert {each.field for each in outcome.changes} >= set(fields)


@pytest.mark.parametrize(
    "declared", [{"name": "n"}, {"email_body": "b"}, {"set_login_hint": False}, {}]
)
async def test_other_fields_of_a_live_pair_may_be_edited(
    bench: PairBench, declared: dict[str, Any]
) -> None:
    mode_is(bench, "enabled")
    assert (await written(bench, OPENID_CONNECT, declared)).writes == bool(declared)


async def test_the_secret_that_cloud_sso_shows_is_always_let_through(bench: PairBench) -> None:
    """contract 1.2: by name or inline, also together with fields that are not critical."""
    mode_is(bench, "enabled")
    bench.cloud.product.secret = "rotated"
    declared = {REF: BUILT_IN, VERSION: bench.version("rotated"), "name": "n"}
    await bench.put(OPENID_CONNECT, declared)
    assert bench.imis.product.secret == "rotated"
    bench.cloud.product.secret = "again"
    await bench.put(OPENID_CONNECT, {}, inline="again")
    assert bench.imis.product.secret == "again"


@pytest.mark.parametrize("dead", [True, False])
async def test_another_secret_is_not_pushed_into_a_live_pair(bench: PairBench, dead: bool) -> None:
    bench.with_policy(verifies_edits=False)
    mode_is(bench, "enabled")
    bench.source("a", "secret-a")
    await bench.record("a", "cloud")
    if dead:
        bench.cloud.product.show = raising(UpstreamUnavailable("dead"))  # type: ignore[method-assign]
    declared = {REF: "a", VERSION: bench.version("secret-a")}
    problem = await refusal(bench, OPENID_CONNECT, declared)
    assert [each.field for each in problem.errors] == ["client_secret"]
    problem = await refusal(bench, OPENID_CONNECT, {}, inline="typed")
    assert type(problem) is ActivationGuard
    assert "typed" not in problem.detail


async def test_the_shown_secret_together_with_a_critical_field_is_guarded(
    bench: PairBench,
) -> None:
    bench.with_policy(verifies_edits=False)
    mode_is(bench, "enabled")
    bench.cloud.product.secret = "rotated"
    declared = {REF: BUILT_IN, VERSION: bench.version("rotated"), "client_id": "x"}
    problem = await refusal(bench, OPENID_CONNECT, declared)
    assert [each.field for each in problem.errors] == ["client_id", "client_secret"]


async def test_forgetting_a_name_is_no_edit_of_a_live_pair(bench: PairBench) -> None:
    """contract C23: nothing is written."""
    mode_is(bench, "enabled")
    await bench.record(BUILT_IN, "cloud")
    assert (await written(bench, OPENID_CONNECT, {REF: ""})).writes == 0
    assert await bench.shown() == ("", bench.version("cloud"))


async def test_force_overrides_the_guard_but_never_a_pin(
    bench: PairBench, caplog: pytest.LogCaptureFixture
) -> None:
    """contract 1.2, C45: never trust pins."""
    mode_is(bench, "enabled")
    with caplog.at_level(logging.WARNING, "imis_sso"):
        await written(bench, OPENID_CONNECT, {"client_id": "x"}, force=True)
    assert "by=ci forced=activation-guard" in caplog.text
    assert await bench.facts("intent", "forced") == [["activation-guard"]]
    with pytest.raises(UntrustedHost):
        await bench.put(OPENID_CONNECT, {"authority_url": "https://evil.example"}, force=True)
