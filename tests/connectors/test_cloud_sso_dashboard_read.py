"""Reading iMIS SSO Settings in every form the page may have (product facts 4.2, 4.5)."""

from __future__ import annotations

import itertools

import pytest

from imis_sso.connectors.cloud_sso_dashboard import CloudSsoDashboard
from imis_sso.domain.problems import NotFound
from imis_sso.domain.resources import IMIS_CLIENT, IMIS_SSO_SETTINGS, OPENID_CONNECT
from imis_sso.domain.secret import Secret, Unreadable
from imis_sso.simulators import CloudSsoModel, Fault

pytestmark = [pytest.mark.anyio, pytest.mark.browser]

MARKUPS = ("label_for", "wrapped", "aria_label")
SECRETS = ("shown", "reveal", "copy", "absent")


def shown_by(model: CloudSsoModel) -> dict[str, str]:
    return {
        "client_id": model.client_id,
        "discovery_url": model.discovery_url,
        "issuer": model.issuer,
        "redirect_url": model.redirect_url,
    }


async def test_a_read_gives_every_value_verbatim(
    dashboard: CloudSsoDashboard, dashboard_model: CloudSsoModel
) -> None:
    """Contract C10: nothing is trimmed, folded or cleaned up on its way out."""
    odd = "HTTPS://Members.Example.org:443/a b?x=<&>\u00e4\u2028"
    dashboard_model.patch({"redirect_url": odd, "issuer": dashboard_model.issuer + "/"})
    try:
        seen = await dashboard.read(IMIS_SSO_SETTINGS)
    finally:
        dashboard_model.patch({"issuer": dashboard_model.base_url})
    assert seen.values["redirect_url"] == odd
    assert seen.values["issuer"] == f"{dashboard_model.base_url}/"
    assert seen.exists


# Every markup with every rendering and every display of the secret; values in boxes or as text.
FORMS = [
    (*form, shown)
    for form, shown in zip(
        itertools.product(MARKUPS, ("server", "script"), SECRETS),
        itertools.cycle(("input", "output", "output", "input", "input")),
        strict=False,
    )
]


@pytest.mark.parametrize("form", FORMS, ids="-".join)
async def test_every_form_of_the_page_is_read(
    dashboard: CloudSsoDashboard,
    dashboard_model: CloudSsoModel,
    form: tuple[str, str, str, str],
) -> None:
    """Product facts 4.5: markup, rendering and the secret's display are unknown."""
    markup, render, secret, shown = form
    dashboard_model.change_variant(
        {
            "cloud_sso_markup": markup,
            "cloud_sso_render": render,
            "cloud_sso_render_delay": 0.05,
            "cloud_sso_secret": secret,
            "cloud_sso_shown": shown,
        }
    )
    seen = await dashboard.read(IMIS_CLIENT)
    assert dict(seen.values) == shown_by(dashboard_model)
    expected: dict[str, object] = {"copy": Unreadable.MASKED, "absent": Unreadable.ABSENT}
    assert seen.secret == expected.get(secret, Secret(dashboard_model.client_secret))


async def test_a_warm_read_is_one_page_load(
    dashboard: CloudSsoDashboard, dashboard_model: CloudSsoModel
) -> None:
    """Targets R4 and P7: one upstream read for a GET, and no log-in once there is one."""
    await dashboard.read(IMIS_CLIENT)
    dashboard_model.reset()
    await dashboard.read(IMIS_SSO_SETTINGS)
    counters = dashboard_model.counters
    assert (counters.requests, counters.page_loads, counters.reads) == (1, 1, 1)
    assert counters.logins == 0


async def test_both_resources_come_from_one_record(dashboard: CloudSsoDashboard) -> None:
    """Contract C3: documents on one page share its fetch."""
    client, settings = await dashboard.read(IMIS_CLIENT), await dashboard.read(IMIS_SSO_SETTINGS)
    assert client.values == settings.values
    assert IMIS_CLIENT.record == IMIS_SSO_SETTINGS.record
    assert not dashboard.reach.unreachable(IMIS_CLIENT.record.name, IMIS_CLIENT.document)


async def test_another_record_is_refused(dashboard: CloudSsoDashboard) -> None:
    with pytest.raises(NotFound, match="imis/openid-connect"):
        await dashboard.read(OPENID_CONNECT)


async def test_an_ended_session_costs_one_log_in(
    dashboard: CloudSsoDashboard, dashboard_model: CloudSsoModel
) -> None:
    """Product facts 4.1: the log-in page in place of the page is answered, and the read done."""
    await dashboard.read(IMIS_CLIENT)
    for expiry in ("in_place", "redirect"):
        dashboard_model.change_variant({"cloud_sso_expiry": expiry})
        dashboard_model.reset()
        dashboard_model.expire_sessions()
        seen = await dashboard.read(IMIS_CLIENT)
        assert dict(seen.values) == shown_by(dashboard_model)
        assert dashboard_model.counters.logins == 1


async def test_a_moved_page_is_found_again_by_its_labels(
    dashboard: CloudSsoDashboard, dashboard_model: CloudSsoModel
) -> None:
    """The remembered address is only a short cut."""
    await dashboard.read(IMIS_CLIENT)
    gone = Fault("status", {"path": "/directories/imis"}, params={"status": 404, "body": "gone"})
    dashboard_model.faults.add(gone)
    seen = await dashboard.read(IMIS_CLIENT)
    assert gone.hits == 1
    assert dict(seen.values) == shown_by(dashboard_model)


async def test_the_tenant_is_the_cloud_id(
    dashboard: CloudSsoDashboard, dashboard_model: CloudSsoModel
) -> None:
    """Contract C46: read once a session, so it costs nothing here."""
    await dashboard.read(IMIS_CLIENT)
    dashboard_model.reset()
    told = dict(await dashboard.tenant())
    assert told["cloud_id"] == dashboard_model.cloud_id
    assert len(told.pop("version")) == 16
    assert dashboard_model.counters.requests == 0


async def test_findings_say_what_the_page_shows(
    dashboard: CloudSsoDashboard, dashboard_model: CloudSsoModel
) -> None:
    """Product facts 4.1, 4.2 and 4.5, claim by claim; nothing is saved."""
    held = {each.claim: each.held for each in await dashboard.findings()}
    expected = {"cloud-sso.log-in", "cloud-sso.navigation", "cloud-sso.page", "cloud-sso.save"}
    assert {each for each in expected if held[each]} == expected
    assert held["cloud-sso.one-input"]
    assert held["cloud-sso.secret-shown"]
    assert held["cloud-sso.shows-cloud-id"] is False
    dashboard_model.change_variant({"cloud_sso_secret": "copy"})
    masked = {each.claim: each for each in await dashboard.findings()}
    assert masked["cloud-sso.secret-shown"].held is False
    assert "mask" in masked["cloud-sso.secret-shown"].answer
    assert dashboard_model.counters.writes == 0


async def test_findings_name_what_changed_on_the_page(
    dashboard: CloudSsoDashboard, dashboard_model: CloudSsoModel
) -> None:
    spoilt = Fault("changed_page", times=None, params={"change": "missing", "label": "Issuer"})
    dashboard_model.faults.add(spoilt)
    changed = {each.claim: each for each in await dashboard.findings()}
    assert changed["cloud-sso.page"].held is False
    assert '"Issuer" is missing' in changed["cloud-sso.page"].answer
    assert '"Issuer" is missing' in changed["cloud-sso.page"].ask
    assert "cloud-sso.secret-shown" not in changed


def test_a_write_and_its_read_back_fit_the_deadline(dashboard_warm: CloudSsoDashboard) -> None:
    """Contract C33: what is left when a write begins must be enough for all of it."""
    assert dashboard_warm.write_seconds == 30
    assert dashboard_warm.name == "cloud_sso_dashboard"
