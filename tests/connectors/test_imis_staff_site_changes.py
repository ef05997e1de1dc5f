"""A page that changed is never written to: for every field a write touches, in every way."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest
from staff_values import LABELS, OTHER, QUESTION, SCRIPT, SINGLE

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
# Pages that scripts make show their fields late; each kind of field has its turn on one of them.
SCRIPTED: dict[str, dict[str, object]] = {
    "script": {**SCRIPT, "staff_secret": "reveal"},
    "single-page": {**SINGLE, **QUESTION},
}
TURNS = [
    *(("script", field) for field in ("mode", "name", "client_secret")),
    *(("single-page", field) for field in ("name", "set_login_hint", "email_body")),
]


@pytest.fixture(scope="module")
async def hasty(
    anyio_backend: str, staff_maker: Callable[..., ImisStaffSite]
) -> AsyncIterator[ImisStaffSite]:
    """A connector that waits hardly at all for fields that will not come."""
    assert anyio_backend == "asyncio"
    connector = staff_maker(settle_seconds=0.05)
    yield connector
    await connector.aclose()


@pytest.fixture(scope="module")
async def patient(
    anyio_backend: str, staff_maker: Callable[..., ImisStaffSite]
) -> AsyncIterator[ImisStaffSite]:
    """A connector that waits for what scripts show."""
    assert anyio_backend == "asyncio"
    connector = staff_maker(settle_seconds=0.3)
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


async def refused_in_every_way(
    connector: ImisStaffSite, model: ImisModel, base: Observed, field: str
) -> None:
    for change, said in SAID.items():
        fault = Fault("changed_page", params={"change": change, "label": LABELS[field]})
        model.faults.add(fault)
        with pytest.raises(UpstreamPageChanged) as caught:
            await connector.write(OPENID_CONNECT, touching(field), base)
        assert f'"{LABELS[field]}"' in caught.value.detail
        assert said in caught.value.detail
        assert "Nothing was written" in caught.value.detail
    assert model.counters.writes == 0


@pytest.mark.parametrize("field", LABELS)
async def test_no_write_touches_a_field_that_changed(
    hasty: ImisStaffSite, staff_model: ImisModel, base: Observed, field: str
) -> None:
    """Product facts 4.5 and the must-show of every field: renamed, missing, doubled, retyped."""
    await refused_in_every_way(hasty, staff_model, base, field)


@pytest.mark.parametrize(("form", "field"), TURNS)
async def test_no_write_touches_a_field_that_changed_on_a_page_that_scripts_make(
    patient: ImisStaffSite, staff_model: ImisModel, base: Observed, form: str, field: str
) -> None:
    staff_model.change_variant(SCRIPTED[form])
    await refused_in_every_way(patient, staff_model, base, field)


@pytest.mark.parametrize("form", [{}, *SCRIPTED.values()], ids=["server", *SCRIPTED])
async def test_no_write_without_its_save_button(
    patient: ImisStaffSite, staff_model: ImisModel, base: Observed, form: dict[str, object]
) -> None:
    staff_model.change_variant(form)
    staff_model.faults.add(Fault("changed_page", params={"label": "Save"}))
    with pytest.raises(UpstreamPageChanged, match='"Save" is missing'):
        await patient.write(OPENID_CONNECT, touching("name"), base)
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
