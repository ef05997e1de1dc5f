"""Hundreds of operations with one browser (500 in a long run): its processes and their memory stay bounded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from long_runs import rounds

from imis_sso.connectors.cloud_sso_dashboard import CloudSsoDashboard
from imis_sso.domain.observed import Change
from imis_sso.domain.resources import IMIS_SSO_SETTINGS
from imis_sso.simulators import CloudSsoModel

pytestmark = [pytest.mark.anyio, pytest.mark.browser]

OPERATIONS, EARLY, EVERY = rounds(500, 250), 100, 25
LATE = range(OPERATIONS - 40, OPERATIONS, 5)
# Rendering leaves pages of memory behind that the browser gives back when it likes.
MORE_MEMORY = 1.35


@dataclass
class Weight:
    """What a browser takes: its processes, and the memory that they have in hand, in KiB."""

    processes: int
    memory: int


def weigh(pid: int) -> Weight:
    """Weigh a process and everything it started."""
    parents: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            after_name = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents.setdefault(int(after_name[1]), []).append(int(stat.parent.name))
    found, todo = [], [pid]
    while todo:
        each = todo.pop()
        found.append(each)
        todo += parents.get(each, [])
    return Weight(len(found), sum(resident(each) for each in found))


def resident(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(each.split()[1]) for each in lines if each.startswith("VmRSS:")), 0)


async def test_500_operations_leave_the_browser_as_it_was_after_100(
    dashboard_maker: Callable[..., CloudSsoDashboard], dashboard_model: CloudSsoModel
) -> None:
    """Architecture, connectors: one page in one browser, whatever was done with it."""
    connector = dashboard_maker()
    weights: dict[int, Weight] = {}
    try:
        shown = await connector.read(IMIS_SSO_SETTINGS)
        for number in range(1, OPERATIONS):
            if number % EVERY:
                shown = await connector.read(IMIS_SSO_SETTINGS)
            else:
                address = f"https://members-{number}.example.org/"
                await connector.write(IMIS_SSO_SETTINGS, Change({"redirect_url": address}), shown)
            if number == EARLY or number in LATE:
                pid = (await connector._session._engine._launched()).pid
                weights[number] = weigh(pid or 0)
    finally:
        await connector.aclose()
    early = weights.pop(EARLY)
    assert early.processes >= 3
    assert max(each.processes for each in weights.values()) <= early.processes + 1
    # The least of several: what the browser has not collected yet is none of its needs.
    assert min(each.memory for each in weights.values()) <= early.memory * MORE_MEMORY
    assert dashboard_model.counters.logins == 1
    assert dashboard_model.counters.stored == (OPERATIONS - 1) // EVERY
