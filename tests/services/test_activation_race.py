"""Two halves, two queues: nothing of ours may move Cloud SSO while iMIS is being activated."""

from __future__ import annotations

import asyncio

import pytest
from pair_bench import PairBench, raising

from imis_sso.domain.problems import ActivationGuard, UpstreamUnavailable, VerificationFailed
from imis_sso.domain.resources import IMIS_SSO_SETTINGS, OIDC_AUTHENTICATION

pytestmark = pytest.mark.anyio


async def test_an_edit_of_cloud_sso_waits_for_an_activation_and_is_then_refused(
    bench: PairBench,
) -> None:
    """contract 1.2: its guard must not look at the mode before the activation has written it."""
    bench.imis.product.values["mode"] = "test_mode"
    edits: list[asyncio.Task[object]] = []

    async def edit() -> None:
        put = bench.put(IMIS_SSO_SETTINGS, {"redirect_url": ""})
        edits.append(asyncio.create_task(put))
        await asyncio.sleep(0.05)  # time enough to pass a guard that does not wait

    bench.imis.before["read", 3] = edit  # the last look before the write; the pair has verified
    await bench.put(OIDC_AUTHENTICATION, {"mode": "enabled"})
    with pytest.raises(ActivationGuard):
        await edits[0]
    assert bench.imis.product.values["mode"] == "enabled"
    assert bench.cloud.product.values["redirect_url"] == "https://members.example.org/"


async def test_an_activation_waits_for_an_edit_of_cloud_sso_and_judges_what_it_left(
    bench: PairBench,
) -> None:
    bench.imis.product.values["mode"] = "test_mode"
    bench.cloud.before["write", 1] = lambda: asyncio.sleep(0.05)
    edit = asyncio.create_task(bench.put(IMIS_SSO_SETTINGS, {"redirect_url": ""}))
    await asyncio.sleep(0.01)
    with pytest.raises(VerificationFailed):
        await bench.put(OIDC_AUTHENTICATION, {"mode": "enabled"})
    await edit
    assert bench.imis.product.values["mode"] == "test_mode"


@pytest.mark.parametrize("mode", ["disabled", "test_mode"])
async def test_lowering_never_waits_for_cloud_sso(bench: PairBench, mode: str) -> None:
    bench.imis.product.values["mode"] = "enabled"
    cloud_sso = bench.pair.half(IMIS_SSO_SETTINGS)
    async with cloud_sso.turn(bench.order(IMIS_SSO_SETTINGS, {}).deadline):
        await bench.put(OIDC_AUTHENTICATION, {"mode": mode})
    assert bench.imis.product.values["mode"] == mode


async def test_the_other_half_asks_imis_for_the_mode(bench: PairBench) -> None:
    """contract 1.2: it cannot be told from Cloud SSO; where iMIS is dead, nothing is written."""
    bench.imis.product.show = raising(UpstreamUnavailable("dead"))  # type: ignore[method-assign]
    with pytest.raises(UpstreamUnavailable):
        await bench.put(IMIS_SSO_SETTINGS, {"redirect_url": ""})
    assert bench.cloud.count("write") == 0


async def test_where_there_is_no_record_no_pair_is_live(bench: PairBench) -> None:
    bench.imis.product.exists = False
    assert await bench.pair.live_mode() == "disabled"
    assert (await bench.put(IMIS_SSO_SETTINGS, {"redirect_url": ""})).writes == 1
