"""Secrets come back by their fingerprint, or it is said that they do not (target R9)."""

from __future__ import annotations

from typing import Any

import pytest
from pair_bench import (
    BUILT_IN,
    HIDING,
    REF,
    VERSION,
    PairBench,
    held,
    mode_is,
)
from restore_bench import MODE, back, known, known_as, latest, products

from imis_sso.domain.fingerprint import FingerprintKey
from imis_sso.domain.problems import (
    SecretUnavailable,
)
from imis_sso.domain.resources import (
    OPENID_CONNECT,
)
from imis_sso.domain.snapshots import Snapshot
from imis_sso.services.restore_parts import NOTHING
from imis_sso.services.restored_secret import Fate

pytestmark = pytest.mark.anyio


async def with_two_secrets(bench: PairBench) -> tuple[Snapshot, Snapshot]:
    """Push one named secret, then another; gives the snapshots of both."""
    bench.source("a", "secret-a")
    bench.source("b", "secret-b")
    bench.with_policy()
    found = []
    for name in ("a", "b"):
        await bench.put(OPENID_CONNECT, {REF: name, VERSION: bench.version(f"secret-{name}")})
        found.append(await latest(bench))
    return found[0], found[1]


@pytest.mark.parametrize("shows", ["clear", *HIDING])
async def test_a_secret_comes_back_by_its_fingerprint(bench: PairBench, shows: Any) -> None:
    """target R9."""
    first, _ = await with_two_secrets(bench)
    bench.imis.product.shows = shows
    done = await back(bench, first)
    assert bench.imis.product.secret == "secret-a"
    assert await bench.shown() == ("a", bench.version("secret-a"))
    assert [each.secret.fate for each in done.plan.pieces] == [Fate.RESTORED, Fate.NONE]
    assert done.notices == ()
    assert "secret-a" not in str(await bench.trail())


@pytest.mark.parametrize("shows", ["clear", *HIDING])
async def test_a_snapshot_older_than_the_server_key(bench: PairBench, shows: Any) -> None:
    """contract C25: its fingerprints are by the key before, which is still known."""
    first, second = await with_two_secrets(bench)
    bench.imis.product.shows = shows
    bench.rotate(FingerprintKey(b"n" * 32, [b"k" * 32]))
    same = await back(bench, second)
    assert [each.secret.fate for each in same.plan.pieces] == [Fate.SAME, Fate.NONE]
    assert (same.writes, same.notices) == (0, ())
    done = await back(bench, first)
    assert [each.secret.fate for each in done.plan.pieces] == [Fate.RESTORED, Fate.NONE]
    assert (bench.imis.product.secret, done.notices) == ("secret-a", ())
    assert await bench.shown() == ("a", bench.version("secret-a"))


async def test_a_secret_that_was_typed_comes_back_without_a_name(bench: PairBench) -> None:
    await bench.put(OPENID_CONNECT, {}, inline="typed")
    old = await latest(bench)
    await bench.put(OPENID_CONNECT, {}, inline="other")
    bench.source("kept", "typed")
    bench.with_policy()
    await back(bench, old)
    assert bench.imis.product.secret == "typed"
    assert await bench.shown() == ("", bench.version("typed"))
    assert (await back(bench, old)).writes == 0


@pytest.mark.parametrize("shows", ["clear", *HIDING])
async def test_a_secret_that_cannot_come_back_is_said_and_the_rest_is_restored(
    bench: PairBench, shows: Any
) -> None:
    """target R9."""
    first, _ = await with_two_secrets(bench)
    await bench.put(OPENID_CONNECT, {"name": "second"})
    bench.sources["a"] = "rotated"
    bench.imis.product.shows = shows
    for dry_run in (True, False):
        done = await back(bench, first, dry_run=dry_run)
        assert [each.secret.fate for each in done.plan.pieces] == [Fate.KEPT, Fate.NONE]
        assert len(done.notices) == 1
        assert "cannot come back" in done.notices[0]
    assert bench.imis.product.secret == "secret-b"
    assert products(bench)[0]["name"] == "Cloud SSO"
    assert await bench.shown() == ("b", bench.version("secret-b"))


async def test_another_name_for_the_same_secret_will_do(bench: PairBench) -> None:
    first, second = await with_two_secrets(bench)
    bench.source("c", "secret-a")
    bench.sources["a"] = "rotated"
    bench.with_policy()
    done = await back(bench, first)
    assert await bench.shown() == ("c", bench.version("secret-a"))
    assert "a does not stand for" in done.notices[0]
    await back(bench, second)
    assert await bench.shown() == ("b", bench.version("secret-b"))


async def test_a_name_comes_back_where_it_still_stands_for_the_secret(bench: PairBench) -> None:
    bench.source("a", "secret-a")
    bench.with_policy()
    named = {REF: "a", VERSION: bench.version("secret-a")}
    await bench.put(OPENID_CONNECT, named)
    old = await latest(bench)
    await bench.put(OPENID_CONNECT, {REF: ""})
    assert (await back(bench, old)).writes == 0
    assert await bench.shown() == ("a", bench.version("secret-a"))
    await bench.put(OPENID_CONNECT, {REF: ""})
    bench.sources["a"] = "rotated"
    done = await back(bench, old)
    assert (done.writes, await bench.shown()) == (0, ("", bench.version("secret-a")))
    assert "the secret itself is the same" in done.notices[0]


async def test_a_snapshot_that_does_not_know_the_secret_leaves_it(bench: PairBench) -> None:
    held(bench, "hidden", "masked")
    with pytest.raises(SecretUnavailable):
        await bench.put(OPENID_CONNECT, {"name": "x"})
    bench.with_policy(unread_secret_keeps=True)
    bench.imis.product.keeps_unsent_secret = True
    await bench.put(OPENID_CONNECT, {"name": "first"})
    old = await latest(bench)
    await bench.put(OPENID_CONNECT, {REF: BUILT_IN, VERSION: bench.version("cloud")})
    done = await back(bench, old)
    assert bench.imis.product.secret == "cloud"
    assert done.plan.pieces[0].secret.fate is Fate.KEPT
    assert "does not know the secret" in done.notices[0]


async def test_lowering_on_the_way_never_loses_the_secret(bench: PairBench) -> None:
    """A person lowers at any price; a restore does not: it is refused with nothing written."""
    await known(bench)
    mode_is(bench, "enabled")
    old = await latest(bench)
    bench.imis.product.values["client_id"] = "by hand"
    held(bench, "nobody knows it", "masked")
    enabled = {**old.documents, MODE.path: {"mode": "enabled"}}
    with pytest.raises(SecretUnavailable, match=NOTHING):
        await back(bench, Snapshot(bench.environment, enabled))
    assert bench.imis.product.secret == "nobody knows it"
    assert bench.imis.product.values["mode"] == "enabled"


@pytest.mark.parametrize("shows", HIDING)
async def test_a_hidden_secret_survives_lowering_on_the_way(bench: PairBench, shows: Any) -> None:
    """The built-in one is read for it, although Cloud SSO is left alone when a person lowers."""
    old = await known_as(bench, "enabled")
    await bench.record(BUILT_IN, "cloud")
    held(bench, "cloud", shows)
    mode_is(bench, "enabled")
    bench.imis.product.values["well_known_url"] = ""
    await back(bench, old)
    assert bench.imis.product.secret == "cloud"
    assert bench.imis.product.values["mode"] == "enabled"


async def test_no_secret_is_in_a_snapshot(bench: PairBench) -> None:
    """contract C20, target S1: whatever is pushed, by whichever way."""
    canaries = ["canary-named", "canary-typed", "canary-cloud"]
    bench.source("named", canaries[0])
    bench.cloud.product.secret = canaries[2]
    bench.with_policy()
    await bench.put(OPENID_CONNECT, {REF: "named", VERSION: bench.version(canaries[0])})
    old = await latest(bench)
    await bench.put(OPENID_CONNECT, {}, inline=canaries[1])
    await bench.put(OPENID_CONNECT, {REF: BUILT_IN, VERSION: bench.version(canaries[2])})
    await back(bench, old)
    moments = await bench.store.history.moments(bench.environment)
    kept = [await bench.store.history.snapshot(bench.environment, e.snapshot) for e in moments]
    told = " ".join(each.text for each in kept if each) + str(await bench.trail())
    assert bench.version(canaries[0]) in told
    assert not [each for each in canaries if each in told]
