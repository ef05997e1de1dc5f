"""A page that changed is never written to: for every field a write touches, in every way."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest
from staff_values import LABELS, OTHER

from imis_sso.connectors.imis_staff_site import ImisStaffSite
from imis_sso.domain.observed import Change, Observed
from imis_sso.domain.problems import UpstreamPageChanged
from imis_sso.domain.resources import OPENID_CONNECT
from imis_sso.domain.secret import Secret
from imis_sso.simulators import Fault, ImisModel

pytestmark = [pytest.mark.anyio, pytest.mark.browser]

SAID = {
    "renamed": '(new)"',
    "missing": "is missing",
    "doubled": "is there 2 times",
    "retyped": "expected: ",
}


@pytest.fixture(scope="module")
async def hasty(
    anyio_backend: str, staff_maker: Callable[..., ImisStaffSite]
) -> AsyncIterator[ImisStaffSite]:
    """A connector that waits hardly at all for fields that will not come."""
    assert anyio_backend == "asyncio"
    connector = staff_maker(settle_seconds=0.05)
    yield connector
    await connector.aclose()


@pytest.fixture
async def base(hasty: ImisStaffSite, staff_model: ImisModel) -> Observed:
    seen = await hasty.read(OPENID_CONNECT)
    staff_model.reset()
    return seen


def touching(field: str) -> Change:
    if field == "client_secret":
        return Change({}, Secret("another"))
    return Change({field: OTHER[field]})


@pytest.mark.parametrize("field", LABELS)
async def test_no_write_touches_a_field_that_changed(
    hasty: ImisStaffSite, staff_model: ImisModel, base: Observed, field: str
) -> None:
    """Product facts 4.5 and the must-show of every field: renamed, missing, doubled, retyped."""
    for change, said in SAID.items():
        fault = Fault("changed_page", params={"change": change, "label": LABELS[field]})
        staff_model.faults.add(fault)
        with pytest.raises(UpstreamPageChanged) as caught:
            await hasty.write(OPENID_CONNECT, touching(field), base)
        assert f'"{LABELS[field]}"' in caught.value.detail
        assert said in caught.value.detail
        assert "Nothing was written" in caught.value.detail
    assert staff_model.counters.writes == 0


async def test_no_write_without_its_save_button(
    hasty: ImisStaffSite, staff_model: ImisModel, base: Observed
) -> None:
    staff_model.faults.add(Fault("changed_page", params={"label": "Save"}))
    with pytest.raises(UpstreamPageChanged, match='"Save" is missing'):
        await hasty.write(OPENID_CONNECT, touching("name"), base)
    assert staff_model.counters.writes == 0


@pytest.mark.parametrize("change", ["renamed", "doubled"])
async def test_a_change_elsewhere_on_the_page_does_not_stop_a_write(
    hasty: ImisStaffSite,
    staff_model: ImisModel,
    base: Observed,
    change: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Architecture, connectors: elsewhere than where the write goes, a change is a warning."""
    fault = Fault("changed_page", params={"change": change, "label": "External ID claim type"})
    staff_model.faults.add(fault)
    await hasty.write(OPENID_CONNECT, touching("name"), base)
    assert staff_model.record["ProviderName"] == OTHER["name"]
    assert '"External ID claim type"' in caplog.text
