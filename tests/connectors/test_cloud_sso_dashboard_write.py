"""Writing the Redirect URL, and every way in which that can go wrong (contract section 7)."""

from __future__ import annotations

import itertools

import pytest

from imis_sso.connectors.base import WriteUncertain
from imis_sso.connectors.cloud_sso_dashboard import CloudSsoDashboard
from imis_sso.domain.observed import Change, Observed
from imis_sso.domain.problems import (
    Problem,
    UnsupportedByConnector,
    UpstreamChanged,
    UpstreamError,
    UpstreamPageChanged,
    UpstreamRefused,
    UpstreamUnavailable,
)
from imis_sso.domain.resources import IMIS_CLIENT, IMIS_SSO_SETTINGS
from imis_sso.domain.secret import Secret
from imis_sso.simulators import CloudSsoModel, Fault

pytestmark = [pytest.mark.anyio, pytest.mark.browser]

OLD, NEW = "https://old.example.org/", "https://members.example.org/"
TO_NEW = Change({"redirect_url": NEW})


async def write(dashboard: CloudSsoDashboard, change: Change = TO_NEW) -> Observed:
    """Read, write, and read back, as the service does."""
    base = await dashboard.read(IMIS_SSO_SETTINGS)
    await dashboard.write(IMIS_SSO_SETTINGS, change, base)
    return await dashboard.read(IMIS_SSO_SETTINGS)


async def refusal_of(dashboard: CloudSsoDashboard, base: Observed) -> Problem | WriteUncertain:
    with pytest.raises((Problem, WriteUncertain)) as caught:
        await dashboard.write(IMIS_SSO_SETTINGS, TO_NEW, base)
    failure = caught.value
    assert isinstance(failure, Problem | WriteUncertain)
    return failure


@pytest.mark.parametrize(
    ("markup", "render", "confirm"),
    list(
        itertools.product(
            ("label_for", "wrapped", "aria_label"), ("server", "script"), (False, True)
        )
    ),
)
async def test_a_write_is_stored_in_every_form_of_the_page(
    dashboard: CloudSsoDashboard,
    dashboard_model: CloudSsoModel,
    markup: str,
    render: str,
    confirm: bool,
) -> None:
    """Product facts 4.5: markup, rendering and a question before saving are unknown."""
    dashboard_model.change_variant(
        {
            "cloud_sso_markup": markup,
            "cloud_sso_render": render,
            "cloud_sso_render_delay": 0.05,
            "cloud_sso_confirm": confirm,
        }
    )
    back = await write(dashboard)
    assert back.values["redirect_url"] == dashboard_model.redirect_url == NEW
    assert dashboard_model.counters.stored == 1


async def test_a_write_is_one_load_and_one_save(
    dashboard: CloudSsoDashboard, dashboard_model: CloudSsoModel
) -> None:
    """Targets R4: exactly one write; the page has to be loaded to be saved."""
    base = await dashboard.read(IMIS_SSO_SETTINGS)
    dashboard_model.reset()
    await dashboard.write(IMIS_SSO_SETTINGS, TO_NEW, base)
    routes = dashboard_model.counters.by_route
    # The second load is the product's own redirect after the save.
    assert routes == {"GET /directories/imis": 2, "POST /directories/imis": 1}


@pytest.mark.parametrize("render", ["server", "script"])
async def test_a_slow_save_is_waited_for(
    dashboard: CloudSsoDashboard, dashboard_model: CloudSsoModel, render: str
) -> None:
    dashboard_model.change_variant({"cloud_sso_render": render, "cloud_sso_save_delay": 1.2})
    assert (await write(dashboard)).values["redirect_url"] == NEW


async def test_values_arrive_verbatim(
    dashboard: CloudSsoDashboard, dashboard_model: CloudSsoModel
) -> None:
    """Contract C10: what was declared is what is stored."""
    odd = "https://members.example.org/?q=\"<&>'\u00e4 %2f"
    assert (await write(dashboard, Change({"redirect_url": odd}))).values["redirect_url"] == odd
    assert dashboard_model.redirect_url == odd


async def test_an_emptied_field_is_saved_empty(
    dashboard: CloudSsoDashboard, dashboard_model: CloudSsoModel
) -> None:
    assert (await write(dashboard, Change({"redirect_url": ""}))).values["redirect_url"] == ""
    assert dashboard_model.counters.stored == 1


@pytest.mark.parametrize("render", ["server", "script"])
async def test_a_refusal_is_quoted(
    dashboard: CloudSsoDashboard, dashboard_model: CloudSsoModel, render: str
) -> None:
    """Product facts 4.5: whether an empty Redirect URL can be saved is unknown."""
    dashboard_model.change_variant(
        {"cloud_sso_empty_redirect": "refused", "cloud_sso_render": render}
    )
    base = await dashboard.read(IMIS_SSO_SETTINGS)
    with pytest.raises(WriteUncertain) as caught:
        await dashboard.write(IMIS_SSO_SETTINGS, Change({"redirect_url": ""}), base)
    assert isinstance(caught.value.cause, UpstreamRefused)
    assert '"Redirect URL is required."' in caught.value.cause.detail
    assert dashboard_model.redirect_url == OLD


async def test_an_edit_by_a_person_in_between_is_never_overwritten(
    dashboard: CloudSsoDashboard, dashboard_model: CloudSsoModel
) -> None:
    """Contract section 7: the page that is saved must still show what the write is based on."""
    base = await dashboard.read(IMIS_SSO_SETTINGS)
    dashboard_model.patch({"redirect_url": "https://somebody-elses.example.org/"})
    refusal = await refusal_of(dashboard, base)
    assert isinstance(refusal, UpstreamChanged)
    assert "Redirect URL" in refusal.detail
    assert dashboard_model.counters.writes == 0


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"change": "renamed", "to": "Return URL"}, 'nearest: "Return URL"'),
        ({"change": "missing"}, '"Redirect URL" is missing'),
        ({"change": "doubled"}, '"Redirect URL" is there 2 times'),
        ({"change": "retyped"}, '"Redirect URL" is a drop-down list, expected: a text field'),
        ({"label": "Save Settings", "to": "Apply"}, '"Save Settings" is missing'),
    ],
)
async def test_a_changed_page_is_not_written_to(
    dashboard: CloudSsoDashboard, dashboard_model: CloudSsoModel, params: dict[str, str], said: str
) -> None:
    """Product facts 4.5 and targets R6: a changed page is named, and nothing is written."""
    base = await dashboard.read(IMIS_SSO_SETTINGS)
    dashboard_model.faults.add(Fault("changed_page", params=dict(params)))
    refusal = await refusal_of(dashboard, base)
    assert isinstance(refusal, UpstreamPageChanged)
    assert said in refusal.detail
    assert "Nothing was written" in refusal.detail
    assert dashboard_model.counters.writes == 0


@pytest.mark.parametrize("change", ["renamed", "missing", "doubled", "retyped"])
async def test_a_change_elsewhere_on_the_page_does_not_stop_a_write(
    dashboard: CloudSsoDashboard,
    dashboard_model: CloudSsoModel,
    change: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Architecture, connectors: elsewhere than where the write goes, a change is a warning."""
    base = await dashboard.read(IMIS_SSO_SETTINGS)
    fault = Fault("changed_page", params={"change": change, "label": "Client ID"})
    dashboard_model.faults.add(fault)
    await dashboard.write(IMIS_SSO_SETTINGS, TO_NEW, base)
    assert dashboard_model.redirect_url == NEW
    assert '"Client ID"' in caplog.text
    assert dashboard_model.client_id not in caplog.text


@pytest.mark.parametrize("expiry", ["in_place", "redirect"])
async def test_a_session_that_ended_before_the_save_is_renewed(
    dashboard: CloudSsoDashboard, dashboard_model: CloudSsoModel, expiry: str
) -> None:
    """Until Save is pressed a log-in page is answered, and the write goes on."""
    base = await dashboard.read(IMIS_SSO_SETTINGS)
    dashboard_model.reset()
    dashboard_model.change_variant({"cloud_sso_expiry": expiry})
    dashboard_model.expire_sessions()
    await dashboard.write(IMIS_SSO_SETTINGS, TO_NEW, base)
    assert dashboard_model.redirect_url == NEW
    assert (dashboard_model.counters.logins, dashboard_model.counters.writes) == (1, 1)


@pytest.mark.parametrize("render", ["server", "script"])
@pytest.mark.parametrize("expiry", ["in_place", "redirect"])
async def test_a_session_that_ended_with_the_save_is_renewed_and_the_save_done(
    dashboard: CloudSsoDashboard, dashboard_model: CloudSsoModel, expiry: str, render: str
) -> None:
    """Product facts 3.5: sent again only because the page, loaded afresh, shows the old value."""
    dashboard_model.change_variant({"cloud_sso_expiry": expiry, "cloud_sso_render": render})
    base = await dashboard.read(IMIS_SSO_SETTINGS)
    dashboard_model.reset()
    dashboard_model.faults.add(Fault("expire_session", {"role": "write"}))
    await dashboard.write(IMIS_SSO_SETTINGS, TO_NEW, base)
    counters = dashboard_model.counters
    assert (counters.writes, counters.stored, counters.logins) == (2, 1, 1)
    assert dashboard_model.redirect_url == NEW


async def test_a_session_that_ends_with_every_save_is_not_fought(
    dashboard: CloudSsoDashboard, dashboard_model: CloudSsoModel
) -> None:
    base = await dashboard.read(IMIS_SSO_SETTINGS)
    dashboard_model.faults.add(Fault("expire_session", {"role": "write"}, times=None))
    refusal = await refusal_of(dashboard, base)
    assert isinstance(refusal, WriteUncertain)
    assert isinstance(refusal.cause, UpstreamError)
    assert (dashboard_model.counters.writes, dashboard_model.counters.stored) == (2, 0)
    dashboard_model.faults.clear()
    assert (await dashboard.read(IMIS_SSO_SETTINGS)).values["redirect_url"] == OLD


LOG_IN_FORM = (
    "<form><label>User Name <input></label><label>Password <input type=password></label>"
    "<label>Cloud ID <input></label><button>Log In</button></form>"
)


async def test_a_save_that_was_taken_before_the_session_ended_is_not_repeated(
    dashboard: CloudSsoDashboard, dashboard_model: CloudSsoModel
) -> None:
    """The log-in page came in place of the answer, and the page afresh shows the new value."""
    base = await dashboard.read(IMIS_SSO_SETTINGS)
    shown = {"stored": True, "status": 200, "body": LOG_IN_FORM, "media_type": "text/html"}
    dashboard_model.faults.add(Fault("status", {"role": "write"}, params=shown))
    await dashboard.write(IMIS_SSO_SETTINGS, TO_NEW, base)
    assert (dashboard_model.counters.writes, dashboard_model.counters.stored) == (1, 1)
    assert dashboard_model.redirect_url == NEW


async def test_another_value_after_an_ended_session_is_left_alone(
    dashboard: CloudSsoDashboard, dashboard_model: CloudSsoModel
) -> None:
    """Neither the old value nor ours: who wrote it is not known, so nothing is written over it."""
    base = await dashboard.read(IMIS_SSO_SETTINGS)
    dashboard_model.faults.add(Fault("write_altered", {"role": "write"}))
    shown = {"stored": True, "status": 200, "body": LOG_IN_FORM, "media_type": "text/html"}
    dashboard_model.faults.add(Fault("status", {"role": "write"}, params=shown))
    assert isinstance(await refusal_of(dashboard, base), WriteUncertain)
    assert dashboard_model.counters.writes == 1
    assert dashboard_model.redirect_url not in {OLD, NEW}


BREAKS: list[tuple[str, dict[str, object], type[Problem]]] = [
    ("reset", {}, UpstreamUnavailable),
    ("answer_lost", {}, UpstreamUnavailable),
    ("status", {"status": 500, "body": "<b>oops</b>"}, UpstreamError),
    ("status", {"status": 503, "retry_after": 7}, UpstreamUnavailable),
    ("status", {"status": 429, "retry_after": 7}, UpstreamUnavailable),
]


@pytest.mark.parametrize("render", ["server", "script"])
@pytest.mark.parametrize("broken", BREAKS)
async def test_a_save_that_breaks_off_leaves_it_uncertain(
    dashboard: CloudSsoDashboard,
    dashboard_model: CloudSsoModel,
    broken: tuple[str, dict[str, object], type[Problem]],
    render: str,
) -> None:
    """Targets R6: no wrong success; the fresh page tells what the product holds."""
    kind, params, cause = broken
    dashboard_model.change_variant({"cloud_sso_render": render})
    base = await dashboard.read(IMIS_SSO_SETTINGS)
    # Always, because Chromium repeats a request whose connection broke before any answer.
    dashboard_model.faults.add(Fault(kind, {"role": "write"}, times=None, params=dict(params)))
    refusal = await refusal_of(dashboard, base)
    assert isinstance(refusal, WriteUncertain)
    assert isinstance(refusal.cause, cause)
    assert "oops" not in refusal.cause.detail
    assert refusal.cause.retry_after == params.get("retry_after", refusal.cause.retry_after)
    dashboard_model.faults.clear()
    held = (await dashboard.read(IMIS_SSO_SETTINGS)).values["redirect_url"]
    assert held == dashboard_model.redirect_url == (NEW if kind == "answer_lost" else OLD)


@pytest.mark.parametrize(
    ("kind", "held"), [("write_dropped", OLD), ("write_altered", NEW.removesuffix("/"))]
)
async def test_a_toast_is_only_a_hint(
    dashboard: CloudSsoDashboard, dashboard_model: CloudSsoModel, kind: str, held: str
) -> None:
    """Product facts 3.5: what Save shows proves nothing; the page loaded afresh does."""
    dashboard_model.faults.add(Fault(kind, {"role": "write"}))
    assert (await write(dashboard)).values["redirect_url"] == held


async def test_a_save_without_an_answer_in_time_is_uncertain(
    dashboard: CloudSsoDashboard,
    dashboard_model: CloudSsoModel,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Contract C33: a write ends in time, and what it did is read afterwards."""
    base = await dashboard.read(IMIS_SSO_SETTINGS)
    monkeypatch.setattr(dashboard, "_save_seconds", 1.0)
    dashboard_model.change_variant({"cloud_sso_save_delay": 3.0})
    refusal = await refusal_of(dashboard, base)
    assert isinstance(refusal, WriteUncertain)
    assert refusal.cause.slug == "upstream-timeout"
    assert (await dashboard.read(IMIS_SSO_SETTINGS)).values["redirect_url"] in {OLD, NEW}


async def test_only_the_input_can_be_written(
    dashboard: CloudSsoDashboard, dashboard_model: CloudSsoModel
) -> None:
    """Product facts 4.2: the Redirect URL is the only input."""
    base = await dashboard.read(IMIS_CLIENT)
    for change in (Change({"client_id": "x"}), Change({}, Secret("x"))):
        with pytest.raises(UnsupportedByConnector, match="client_"):
            await dashboard.write(IMIS_CLIENT, change, base)
    assert dashboard_model.counters.writes == 0
