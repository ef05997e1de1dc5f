"""Letting go of a document, and what is known of it (contract C5, section 1)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from pair_bench import AGREEING, BUILT_IN, PINS, REF, VERSION, PairBench, raising

from imis_sso.domain.documents.oidc_authentication import RANK
from imis_sso.domain.problems import (
    ActivationGuard,
    InvalidSettings,
    NotLastWriter,
    ObserveOnly,
    PreconditionFailed,
    UntrustedHost,
    UpstreamUnavailable,
)
from imis_sso.domain.resources import (
    IMIS_CLIENT,
    IMIS_SSO_SETTINGS,
    OIDC_AUTHENTICATION,
    OPENID_CONNECT,
    RESOURCES,
    Destroy,
    Resource,
)
from imis_sso.services.order import Outcome
from imis_sso.services.release import destroy_mode, release
from imis_sso.services.status import status

pytestmark = pytest.mark.anyio
WRITABLE = [each for each in RESOURCES if not each.read_only]
RETAIN, DISABLE, RESTORE = Destroy.RETAIN, Destroy.DISABLE, Destroy.RESTORE


async def let_go(
    bench: PairBench, resource: Resource, mode: Destroy = RETAIN, **more: Any
) -> Outcome | None:
    return await release(bench.pair, bench.order(resource, {}, **more), mode)


@pytest.mark.parametrize(
    ("resource", "setting", "asked", "mode"),
    [
        (OPENID_CONNECT, "retain", None, RETAIN),
        (OPENID_CONNECT, "disable", None, RETAIN),
        (OPENID_CONNECT, "disable", "retain", RETAIN),
        (OIDC_AUTHENTICATION, "retain", None, RETAIN),
        (OIDC_AUTHENTICATION, "retain", "disable", DISABLE),
        (OIDC_AUTHENTICATION, "disable", None, DISABLE),
        (OIDC_AUTHENTICATION, "disable", "retain", RETAIN),
        (IMIS_SSO_SETTINGS, "disable", None, RETAIN),
        (OPENID_CONNECT, "restore", None, RESTORE),
        (OIDC_AUTHENTICATION, "retain", "restore", RESTORE),
        (IMIS_SSO_SETTINGS, "restore", "retain", RETAIN),
    ],
)
async def test_what_delete_does(
    bench: PairBench, resource: Resource, setting: str, asked: str | None, mode: Destroy
) -> None:
    """contract C5: the setting, `retain` where a resource lacks it; the caller overrides it."""
    assert destroy_mode(bench.with_policy(on_destroy=setting), resource, asked) is mode


@pytest.mark.parametrize(
    ("resource", "asked"),
    [
        (OPENID_CONNECT, "disable"),
        (OPENID_CONNECT, "Restore"),
        (IMIS_CLIENT, "restore"),
        (OIDC_AUTHENTICATION, "DISABLE"),
        (OIDC_AUTHENTICATION, ""),
        (OIDC_AUTHENTICATION, "x" * 500),
    ],
)
async def test_an_unknown_way_to_destroy_is_refused(
    bench: PairBench, resource: Resource, asked: str
) -> None:
    """contract C5: an explicit unknown mode → 422."""
    with pytest.raises(InvalidSettings, match="it has: retain") as caught:
        destroy_mode(bench.pair, resource, asked)
    assert [each.field for each in caught.value.errors] == ["on_destroy"]
    assert len(caught.value.detail) < 200


@pytest.mark.parametrize("resource", WRITABLE, ids=lambda each: each.path)
async def test_retain_ends_the_period_and_touches_nothing(
    bench: PairBench, resource: Resource
) -> None:
    """contract C5: idempotent, and no product is even asked."""
    await bench.put(resource, {})
    assert await bench.managed(resource)
    bench.imis.calls.clear()
    bench.cloud.calls.clear()
    for _ in range(2):
        assert await let_go(bench, resource) is None
        assert not await bench.managed(resource)
    assert bench.imis.calls + bench.cloud.calls == []


async def test_retain_works_with_dead_products(bench: PairBench) -> None:
    await bench.put(OPENID_CONNECT, {})
    bench.imis.product.show = raising(UpstreamUnavailable("dead"))  # type: ignore[method-assign]
    assert await let_go(bench, OPENID_CONNECT) is None
    assert not await bench.managed(OPENID_CONNECT)


async def test_the_next_write_starts_a_new_period(bench: PairBench) -> None:
    """contract C5."""
    await bench.put(OPENID_CONNECT, {"name": "n"}, who="first")
    await let_go(bench, OPENID_CONNECT)
    await bench.put(OPENID_CONNECT, {}, who="second")
    period = await bench.store.managed.current(bench.environment, OPENID_CONNECT.path)
    assert period is not None
    assert period.last_writer == "second"


@pytest.mark.parametrize("mode", ["disabled", "test_mode", "enabled"])
async def test_disable_lowers_the_mode_of_a_managed_resource(bench: PairBench, mode: str) -> None:
    """contract C5."""
    bench.imis.product.values["mode"] = mode
    await bench.put(OIDC_AUTHENTICATION, {})
    outcome = await let_go(bench, OIDC_AUTHENTICATION, DISABLE)
    assert outcome is not None
    assert outcome.writes == (mode != "disabled")
    assert bench.imis.product.values["mode"] == "disabled"
    assert not await bench.managed(OIDC_AUTHENTICATION)


async def test_without_a_managed_write_nothing_is_written(bench: PairBench) -> None:
    """contract C5: a destroy without an apply before it; twice disables nothing the second time."""
    bench.imis.product.values["mode"] = "enabled"
    assert await let_go(bench, OIDC_AUTHENTICATION, DISABLE) is None
    assert (bench.imis.calls, bench.imis.product.values["mode"]) == ([], "enabled")


async def test_disable_meets_the_gates_and_then_the_period_goes_on(bench: PairBench) -> None:
    """contract C44."""
    bench.imis.product.values["mode"] = "test_mode"
    await bench.put(OIDC_AUTHENTICATION, {})
    bench.with_policy(writes_allowed=False)
    with pytest.raises(ObserveOnly):
        await let_go(bench, OIDC_AUTHENTICATION, DISABLE)
    assert await bench.managed(OIDC_AUTHENTICATION)
    assert await let_go(bench, OIDC_AUTHENTICATION, RETAIN) is None


@pytest.mark.parametrize("mode", [RETAIN, DISABLE])
async def test_a_dry_run_shows_what_would_be_and_ends_nothing(
    bench: PairBench, mode: Destroy
) -> None:
    """contract C15."""
    bench.imis.product.values["mode"] = "test_mode"
    await bench.put(OIDC_AUTHENTICATION, {})
    outcome = await let_go(bench, OIDC_AUTHENTICATION, mode, dry_run=True)
    assert outcome is not None
    expected = "disabled" if mode is DISABLE else "test_mode"
    assert outcome.reading.document.values() == {"mode": expected}
    assert bench.imis.product.values["mode"] == "test_mode"
    assert await bench.managed(OIDC_AUTHENTICATION)


@pytest.mark.parametrize("mode", [RETAIN, DISABLE])
@pytest.mark.parametrize("managed", [True, False])
async def test_if_match_is_honoured(bench: PairBench, mode: Destroy, managed: bool) -> None:
    """contract C34: also where nothing would be written."""
    bench.imis.product.values["mode"] = "test_mode"
    if managed:
        await bench.put(OIDC_AUTHENTICATION, {})
    with pytest.raises(PreconditionFailed):
        await let_go(bench, OIDC_AUTHENTICATION, mode, if_match=('"stale"',))
    assert await bench.managed(OIDC_AUTHENTICATION) is managed
    tag = (await bench.get(OIDC_AUTHENTICATION)).etag
    await let_go(bench, OIDC_AUTHENTICATION, mode, if_match=(tag,))
    assert not await bench.managed(OIDC_AUTHENTICATION)


# --- restore ------------------------------------------------------------------------------------

OURS = AGREEING["redirect_login_url"]
OTHER = "https://other.example.org/"
TWO_HOSTS = replace(PINS, imis=frozenset({"members.example.org", "other.example.org"}))


async def test_restore_gives_back_what_was_found(bench: PairBench) -> None:
    """contract C5: before the first managed write of the period, whatever was written since."""
    bench.imis.product.values |= {"name": " by hand ", "redirect_login_url": ""}
    found = dict(bench.imis.product.values)
    for name in ("one", "two"):
        await bench.put(OPENID_CONNECT, {"name": name, "redirect_login_url": OURS})
    outcome = await let_go(bench, OPENID_CONNECT, RESTORE)
    assert outcome is not None
    assert (outcome.writes, outcome.notices) == (1, ())
    assert bench.imis.product.values == found
    assert not await bench.managed(OPENID_CONNECT)
    entry = (await bench.store.history.moments(bench.environment, limit=1))[0]
    assert entry.cause == "restored"
    assert await let_go(bench, OPENID_CONNECT, RESTORE) is None, "the period is over"
    assert bench.imis.product.values == found


async def test_restore_goes_back_to_this_periods_beginning(bench: PairBench) -> None:
    """contract C5."""
    await bench.put(OPENID_CONNECT, {"name": "one"})
    await let_go(bench, OPENID_CONNECT)
    bench.imis.product.values["name"] = "in between"
    await bench.put(OPENID_CONNECT, {"name": "two"})
    await let_go(bench, OPENID_CONNECT, RESTORE)
    assert bench.imis.product.values["name"] == "in between"


async def test_what_was_adopted_as_it_was_is_given_back_too(bench: PairBench) -> None:
    """contract C5: an identical write begins the period."""
    await bench.put(IMIS_SSO_SETTINGS, {})
    await bench.put(IMIS_SSO_SETTINGS, {"redirect_url": ""})
    await let_go(bench, IMIS_SSO_SETTINGS, RESTORE)
    assert bench.cloud.product.values["redirect_url"] == OURS


async def test_another_callers_last_write_is_not_undone(bench: PairBench) -> None:
    """contract C5."""
    await bench.put(OPENID_CONNECT, {"name": "one"})
    await bench.put(OPENID_CONNECT, {"name": "two"}, who="person")
    for dry_run in (True, False):
        with pytest.raises(NotLastWriter, match="person"):
            await let_go(bench, OPENID_CONNECT, RESTORE, dry_run=dry_run)
    assert bench.imis.product.values["name"] == "two"
    assert await bench.managed(OPENID_CONNECT)
    await let_go(bench, OPENID_CONNECT, RETAIN)


@pytest.mark.parametrize(
    ("found", "now", "after"),
    [
        ("disabled", "test_mode", "disabled"),
        ("test_mode", "enabled", "test_mode"),
        ("enabled", "test_mode", "test_mode"),
        ("test_mode", "disabled", "disabled"),
        ("enabled", "enabled", "enabled"),
    ],
)
async def test_the_mode_is_never_raised(bench: PairBench, found: str, now: str, after: str) -> None:
    """contract C5."""
    bench.imis.product.values["mode"] = found
    await bench.put(OIDC_AUTHENTICATION, {})
    bench.imis.product.values["mode"] = now
    outcome = await let_go(bench, OIDC_AUTHENTICATION, RESTORE)
    assert outcome is not None
    assert bench.imis.product.values["mode"] == after
    assert bool(outcome.notices) is (RANK[found] > RANK[now])
    assert not await bench.managed(OIDC_AUTHENTICATION)


async def test_lowering_by_restore_needs_nothing_of_cloud_sso(bench: PairBench) -> None:
    """contract 1.2."""
    await bench.put(OIDC_AUTHENTICATION, {})
    bench.imis.product.values["mode"] = "enabled"
    bench.cloud.product.show = raising(UpstreamUnavailable("dead"))  # type: ignore[method-assign]
    await let_go(bench, OIDC_AUTHENTICATION, RESTORE)
    assert bench.imis.product.values["mode"] == "disabled"


async def test_a_named_secret_comes_back_and_another_does_not(bench: PairBench) -> None:
    """contract C5."""
    bench.source("a", "secret-a")
    bench.with_policy()
    for held, back in (("secret-a", "secret-a"), ("nobody's", "cloud")):
        bench.imis.product.secret = held
        await bench.put(OPENID_CONNECT, {REF: BUILT_IN, VERSION: bench.version("cloud")})
        outcome = await let_go(bench, OPENID_CONNECT, RESTORE)
        assert outcome is not None
        assert bench.imis.product.secret == back
        assert len(outcome.notices) == (held != back)


async def test_a_live_pair_is_guarded_against_letting_go(bench: PairBench) -> None:
    """contract 1.2: lower the mode first, as Terraform does by the order of its documents."""
    bench.with_policy(pins=TWO_HOSTS)
    bench.imis.product.values["redirect_login_url"] = OTHER
    await bench.put(OPENID_CONNECT, {"redirect_login_url": OURS})
    bench.imis.product.values["mode"] = "enabled"
    with pytest.raises(ActivationGuard):
        await let_go(bench, OPENID_CONNECT, RESTORE)
    assert await bench.managed(OPENID_CONNECT)


async def test_pins_win_over_what_was_found(bench: PairBench) -> None:
    """contract C45."""
    bench.imis.product.values["redirect_login_url"] = OTHER
    await bench.put(OPENID_CONNECT, {"redirect_login_url": OURS})
    with pytest.raises(UntrustedHost):
        await let_go(bench, OPENID_CONNECT, RESTORE)
    assert bench.imis.product.values["redirect_login_url"] == OURS


async def test_a_period_without_a_beginning_on_record_is_an_error(bench: PairBench) -> None:
    """It began with an older version: letting go as if it were restored would be a lie."""
    await bench.store.managed.wrote(bench.environment, OPENID_CONNECT.path, "ci")
    with pytest.raises(InvalidSettings, match="release with retain"):
        await let_go(bench, OPENID_CONNECT, RESTORE)
    assert await bench.managed(OPENID_CONNECT)
    assert bench.imis.count("write") == 0


async def test_a_dry_run_of_restore_writes_nothing(bench: PairBench) -> None:
    """contract C15."""
    await bench.put(OPENID_CONNECT, {"name": "ours"})
    outcome = await let_go(bench, OPENID_CONNECT, RESTORE, dry_run=True)
    assert outcome is not None
    assert [each.as_dict() for each in outcome.changes] == [
        {"field": "name", "before": "ours", "after": "Cloud SSO"}
    ]
    assert bench.imis.product.values["name"] == "ours"
    assert await bench.managed(OPENID_CONNECT)


# --- status -------------------------------------------------------------------------------------


async def test_status_says_who_wrote_last_and_asks_no_product(bench: PairBench) -> None:
    """contract section 1, C3."""
    await bench.put(OPENID_CONNECT, {"name": "n"}, who="pipeline")
    await bench.put(IMIS_SSO_SETTINGS, {}, who="person")
    await let_go(bench, IMIS_SSO_SETTINGS)
    bench.imis.calls.clear()
    bench.cloud.calls.clear()
    shown = await status(bench.pair)
    assert bench.imis.calls + bench.cloud.calls == []
    assert (shown["environment"], shown["writes"], shown["production"]) == (
        bench.environment,
        "allowed",
        False,
    )
    found = {each["resource"]: each for each in shown["resources"]}
    assert list(found) == [each.path for each in RESOURCES]
    settings = found[OPENID_CONNECT.path]
    assert settings["managed"] is True
    assert settings["last_managed_write"]["who"] == "pipeline"
    assert datetime.fromisoformat(settings["last_managed_write"]["when"]).tzinfo is not None
    released = found[IMIS_SSO_SETTINGS.path]
    assert (released["managed"], released["last_managed_write"]["who"]) == (False, "person")
    never = found[OIDC_AUTHENTICATION.path]
    assert (never["managed"], never["last_managed_write"]) == (False, None)
    assert found[IMIS_CLIENT.path]["capability"] == "read"


async def test_status_tells_connector_reach_and_policy(bench: PairBench) -> None:
    bench.with_policy(writes_allowed=False, production=True)
    record = OPENID_CONNECT.record.name
    bench.imis.reach = type(bench.imis.reach)(
        {record: bench.imis.reach.fields[record] - {"email_body"}}
    )
    shown = await status(bench.pair)
    assert (shown["writes"], shown["production"]) == ("refused", True)
    settings = shown["resources"][0]
    assert (settings["connector"], settings["unreachable"]) == ("memory", ["email_body"])
