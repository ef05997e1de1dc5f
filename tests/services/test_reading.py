"""Reading a document and a pair (contract C3, C4, C8)."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pair_bench import PairBench, raising

from imis_sso.domain.canonical import canonical_bytes
from imis_sso.domain.problems import UpstreamUnavailable
from imis_sso.domain.resources import (
    IMIS_CLIENT,
    LICENCE,
    OIDC_AUTHENTICATION,
    OPENID_CONNECT,
    RESOURCES,
    Resource,
)
from imis_sso.domain.verdicts import Status
from imis_sso.services.read import read
from imis_sso.services.verify import verify

pytestmark = pytest.mark.anyio

SERVED = [each for each in RESOURCES if each is not LICENCE]


@pytest.mark.parametrize("resource", SERVED, ids=lambda each: each.path)
async def test_an_untouched_product_yields_its_effective_values(
    bench: PairBench, resource: Resource
) -> None:
    """contract C4: never 404."""
    for connector in (bench.imis, bench.cloud):
        connector.product.exists = False
    reading = await bench.get(resource)
    assert reading.document == resource.document()
    assert not reading.observed.exists


@pytest.mark.parametrize("resource", SERVED, ids=lambda each: each.path)
async def test_a_dead_product_yields_no_defaults(bench: PairBench, resource: Resource) -> None:
    """contract C4: 503, never 404, never defaults."""
    for connector in (bench.imis, bench.cloud):
        connector.product.show = raising(UpstreamUnavailable("dead"))  # type: ignore[method-assign]
    with pytest.raises(UpstreamUnavailable):
        await bench.get(resource)


async def test_ten_readers_of_a_record_are_one_upstream_read(bench: PairBench) -> None:
    """contract C3, targets R4: also for its two documents."""
    await bench.record("", "cloud")
    resources = [OPENID_CONNECT, OIDC_AUTHENTICATION] * 5
    readings = await asyncio.gather(*(bench.get(each) for each in resources))
    assert bench.imis.calls == ["read"]
    assert len({each.etag for each in readings}) == 2


async def test_a_fresh_read_is_one_of_its_own(bench: PairBench) -> None:
    await asyncio.gather(
        read(bench.pair, OIDC_AUTHENTICATION), read(bench.pair, OIDC_AUTHENTICATION, afresh=True)
    )
    assert bench.imis.count("read") == 2


async def test_verification_reads_each_product_once(bench: PairBench) -> None:
    """contract section 6: both products live; nothing is written."""
    verification = await verify(bench.pair)
    assert verification.passed
    others = {each.id for each in verification.checks if each.status is not Status.PASSED}
    # Nothing here has a date, no list of what is licensed, perhaps no neighbour.
    told = {"licence.openid-connect", "expiry", "mode.age"}
    assert others - {"environment.not-crossed"} == told
    assert (bench.imis.calls, bench.cloud.calls) == (["read"], ["read"])


@pytest.mark.parametrize("dead", ["imis", "cloud"])
async def test_a_pair_with_a_dead_half_is_not_judged(bench: PairBench, dead: str) -> None:
    connector = getattr(bench, dead)
    connector.product.show = raising(UpstreamUnavailable("dead"))
    with pytest.raises(UpstreamUnavailable):
        await verify(bench.pair)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    held=st.fixed_dictionaries(
        {
            path: st.booleans() if isinstance(default, bool) else st.text(max_size=8)
            for path, default in OPENID_CONNECT.document.defaults().items()
            if path != "type"
        }
    )
)
async def test_whatever_a_product_holds_can_be_read_and_sent_back(
    bench: PairBench, held: dict[str, str | bool]
) -> None:
    """contract C2, C10, C13: verbatim, and the identical PUT writes nothing."""
    bench.imis.product.values |= held
    reading = await bench.get()
    assert held.items() <= reading.document.values().items()
    outcome = await bench.put(OPENID_CONNECT, reading.document.model_dump())
    assert outcome.writes == 0
    assert canonical_bytes(outcome.reading.document) == canonical_bytes(reading.document)
    assert (await bench.get(IMIS_CLIENT)).document.values()["client_id"] == "3f1c"
