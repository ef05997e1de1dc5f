"""The server key is rotated: what older keys made is understood (contract C22, C23, C25)."""

from __future__ import annotations

from typing import Any

import pytest
from pair_bench import (
    BUILT_IN,
    EVERY_KIND,
    HIDING,
    KEY,
    REF,
    VERSION,
    PairBench,
    Shows,
    held,
    raising,
    with_names,
)

from imis_sso.connectors.base import WriteUncertain
from imis_sso.domain.fingerprint import FingerprintKey
from imis_sso.domain.ledger import StoreUnavailable
from imis_sso.domain.observed import Change, Observed
from imis_sso.domain.problems import (
    InvalidSettings,
    Problem,
    SecretVersionChanged,
    UpstreamTimeout,
    UpstreamUnavailable,
)
from imis_sso.domain.resources import OPENID_CONNECT
from imis_sso.domain.secret import Secret
from imis_sso.domain.verdicts import Status
from imis_sso.services.recovery import recover
from imis_sso.services.verify import verify

pytestmark = pytest.mark.anyio

NEWEST = FingerprintKey(b"n" * 32)
ROTATED = FingerprintKey(b"n" * 32, [b"k" * 32])


@pytest.fixture
async def bench(bench: PairBench) -> PairBench:
    """iMIS holds the secret named `a`, recorded with the key that is about to be rotated."""
    held(with_names(bench), "secret-a", "clear")
    await bench.record("a", "secret-a")
    return bench


def old(bench: PairBench, secret: str = "secret-a") -> str:
    return KEY.version(bench.environment, Secret(secret))


def new(bench: PairBench, secret: str = "secret-a") -> str:
    return NEWEST.version(bench.environment, Secret(secret))


def names(ref: str, version: str) -> dict[str, Any]:
    return {REF: ref, VERSION: version}


async def recorded(bench: PairBench) -> tuple[str, str]:
    found = await bench.recorded()
    assert found is not None
    return found.ref, found.version


async def test_a_read_shows_the_new_version_under_the_recorded_name_and_renews_it(
    bench: PairBench,
) -> None:
    """C25: after one read of each document the older key may be dropped."""
    bench.rotate(ROTATED)
    assert await bench.shown() == ("a", new(bench))
    assert bench.resolved == []
    assert await recorded(bench) == ("a", new(bench))
    bench.rotate(NEWEST)
    assert await bench.shown() == ("a", new(bench))
    assert bench.resolved == []


async def test_a_name_that_was_emptied_stays_empty(bench: PairBench) -> None:
    """C22: `""` counts as recorded."""
    await bench.record("", "secret-a")
    bench.rotate(ROTATED)
    assert await bench.shown() == ("", new(bench))


async def test_a_dropped_key_is_one_plan_of_version_changes(bench: PairBench) -> None:
    """C25: without the older key the name is inferred anew, the version is another."""
    bench.rotate(NEWEST)
    assert await bench.shown() == ("a", new(bench))
    assert "a" in bench.resolved


@pytest.mark.parametrize("dry_run", [True, False])
async def test_a_plan_from_before_the_rotation_pushes_nothing(
    bench: PairBench, dry_run: bool
) -> None:
    """C23, C25: the reviewed version is still that of the secret; no 409."""
    bench.rotate(ROTATED)
    outcome = await bench.put(OPENID_CONNECT, names("a", old(bench)), dry_run=dry_run)
    assert (outcome.writes, outcome.changes) == (0, ())
    assert outcome.reading.shown.version == new(bench)
    assert (bench.imis.count("write"), bench.resolved) == (0, [])


async def test_the_held_secrets_old_version_without_a_name_changes_nothing(
    bench: PairBench,
) -> None:
    """C23: reference and version as shown, for they name the same secret."""
    await bench.record("", "secret-a")
    bench.rotate(ROTATED)
    outcome = await bench.put(OPENID_CONNECT, names("", old(bench)))
    assert (outcome.writes, await bench.shown()) == (0, ("", new(bench)))


async def test_a_plan_from_before_the_rotation_pushes_what_was_reviewed(bench: PairBench) -> None:
    """C23: a changed reference, with the version that the older key made."""
    bench.rotate(ROTATED)
    outcome = await bench.put(OPENID_CONNECT, names("b", old(bench, "secret-b")))
    assert (outcome.writes, bench.imis.product.secret) == (1, "secret-b")
    assert await bench.shown() == ("b", new(bench, "secret-b"))
    assert await recorded(bench) == ("b", new(bench, "secret-b"))


async def test_another_name_for_the_held_secret_with_its_old_version(bench: PairBench) -> None:
    bench.rotate(ROTATED)
    outcome = await bench.put(OPENID_CONNECT, names("a-again", old(bench)))
    assert (outcome.writes, await bench.shown()) == (0, ("a-again", new(bench)))


async def test_an_old_version_of_another_secret_is_still_refused(bench: PairBench) -> None:
    """C23: the reviewed plan was for another secret."""
    bench.rotate(ROTATED)
    with pytest.raises(SecretVersionChanged, match=new(bench, "secret-b")):
        await bench.put(OPENID_CONNECT, names("b", old(bench)))
    bench.source("a", "changed since")
    with pytest.raises(SecretVersionChanged):
        await bench.put(OPENID_CONNECT, names("a", old(bench, "reviewed")))
    with pytest.raises(InvalidSettings):
        await bench.put(OPENID_CONNECT, names("", old(bench, "secret-b")))


async def test_a_dropped_keys_version_is_refused(bench: PairBench) -> None:
    """C25: its loss."""
    bench.rotate(NEWEST)
    with pytest.raises(SecretVersionChanged, match=new(bench)):
        await bench.put(OPENID_CONNECT, names("a", old(bench)))


@pytest.mark.parametrize("shows", HIDING)
async def test_of_a_hidden_secret_the_recorded_version_is_shown_until_a_source_tells(
    bench: PairBench, shows: Shows
) -> None:
    """C22: no source is resolved for a read; the next write that resolves it records the new one."""
    held(bench, "secret-a", shows)
    bench.rotate(ROTATED)
    assert await bench.shown() == ("a", old(bench))
    assert bench.resolved == []
    outcome = await bench.put(OPENID_CONNECT, names("a", new(bench)))
    assert (outcome.writes, await bench.shown()) == (0, ("a", new(bench)))
    late = await bench.put(OPENID_CONNECT, names("a", old(bench)))
    assert (late.writes, late.changes) == (0, ())


@pytest.mark.parametrize("shows", HIDING)
async def test_a_hidden_secret_that_goes_back_into_the_record_is_recorded_anew(
    bench: PairBench, shows: Shows
) -> None:
    """product facts 3.5: the source is recognised by the older key's version."""
    held(bench, "secret-a", shows)
    bench.rotate(ROTATED)
    outcome = await bench.put(OPENID_CONNECT, {"name": "n"})
    assert (outcome.writes, bench.imis.product.secret) == (1, "secret-a")
    assert await recorded(bench) == ("a", new(bench))


@pytest.mark.parametrize("shows", EVERY_KIND)
@pytest.mark.parametrize("ref", ["a", ""])
async def test_an_equal_inline_secret_is_a_no_op(bench: PairBench, shows: Shows, ref: str) -> None:
    """C24, C25, also together with the version of a plan from before."""
    held(bench, "secret-a", shows)
    await bench.record(ref, "secret-a")
    bench.rotate(ROTATED)
    for declared in ({}, {VERSION: old(bench)}, {VERSION: new(bench)}):
        outcome = await bench.put(OPENID_CONNECT, declared, inline="secret-a")
        assert outcome.writes == 0
        assert await recorded(bench) == (ref, new(bench))


@pytest.mark.parametrize("shows", EVERY_KIND)
async def test_verification_takes_both_versions_for_the_same_secret(
    bench: PairBench, shows: Shows
) -> None:
    """contract section 6: a rotated key makes no pair disagree."""
    held(bench, "cloud", shows)
    await bench.record(BUILT_IN, "cloud")
    bench.rotate(ROTATED)
    found = {each.id: each.status for each in (await verify(bench.pair)).checks}
    assert found["client.secret-matches"] is Status.PASSED
    held(bench, "another", shows)
    await bench.record("", "another")
    found = {each.id: each.status for each in (await verify(bench.pair)).checks}
    assert found["client.secret-matches"] is Status.FAILED


async def test_reads_go_on_where_nothing_can_be_recorded(
    bench: PairBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """targets R10: a full disk stops no read."""

    async def full(*_: object) -> None:
        msg = "disk full"
        raise StoreUnavailable(msg)

    monkeypatch.setattr(bench.store.applied_secrets, "replace", full)
    bench.rotate(ROTATED)
    assert await bench.shown() == ("a", new(bench))
    assert await recorded(bench) == ("a", old(bench))


@pytest.mark.parametrize("taken", [True, False])
async def test_a_write_cut_short_before_the_rotation_is_settled_after_it(
    bench: PairBench, taken: bool
) -> None:
    """targets R7: its intent has the versions of the older key."""

    def lost(change: Change, base: Observed) -> None:
        if taken:
            bench.imis.take(change, base)
        raise WriteUncertain(UpstreamTimeout("No answer."))

    bench.imis.writing = lost
    bench.imis.before["read", bench.imis.count("read") + 3] = raising(UpstreamUnavailable("Gone."))
    with pytest.raises(Problem) as caught:
        await bench.put(OPENID_CONNECT, names("b", old(bench, "secret-b")))
    assert caught.value.upstream_writes == 1
    bench.imis.writing = bench.imis.take
    bench.rotate(ROTATED)
    await recover(bench.pair)
    assert await bench.facts("outcome", "result") == ["applied" if taken else "not-applied"]
    if taken:
        assert await recorded(bench) == ("b", new(bench, "secret-b"))
