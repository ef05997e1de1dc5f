"""Restoring in front of the two products in memory: shorthands for what tests do."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pair_bench import (
    AGREEING,
    PINS,
    PairBench,
    mode_is,
)

from imis_sso.domain.access import Origin
from imis_sso.domain.resources import (
    IMIS_SSO_SETTINGS,
    OIDC_AUTHENTICATION,
    OPENID_CONNECT,
)
from imis_sso.domain.snapshots import Snapshot
from imis_sso.services import past
from imis_sso.services.restore import Restored, restore
from imis_sso.services.restore_parts import Wish

MODE = OIDC_AUTHENTICATION
OTHER = "https://other.example.org/"
TWO_HOSTS = replace(PINS, imis=frozenset({"members.example.org", "other.example.org"}))


async def latest(bench: PairBench) -> Snapshot:
    return await past.snapshot(bench.pair, past.LATEST)


async def back(bench: PairBench, snapshot: Snapshot | str, **more: Any) -> Restored:
    """Restore a snapshot as the administrator `admin`."""
    if isinstance(snapshot, str):
        snapshot = await past.snapshot(bench.pair, snapshot)
    plain = {"who": "admin", "origin": Origin("", "it was better")} | more
    return await restore(bench.pair, Wish(snapshot, **plain))  # type: ignore[arg-type]


async def known(bench: PairBench) -> Snapshot:
    """Write every document once, so that a snapshot has all of them; gives it."""
    await bench.put(OPENID_CONNECT, {"name": "first"})
    await bench.put(IMIS_SSO_SETTINGS, {"redirect_url": ""})
    await bench.put(IMIS_SSO_SETTINGS, {"redirect_url": AGREEING["redirect_login_url"]})
    return await latest(bench)


def products(bench: PairBench) -> tuple[dict[str, Any], dict[str, Any]]:
    return dict(bench.imis.product.values), dict(bench.cloud.product.values)


async def known_as(bench: PairBench, mode: str) -> Snapshot:
    mode_is(bench, "disabled")
    snapshot = await known(bench)
    return Snapshot(bench.environment, {**snapshot.documents, MODE.path: {"mode": mode}})
