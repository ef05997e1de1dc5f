"""When a save goes wrong: each time the right typed error, and the page read afresh tells."""

from __future__ import annotations

import logging
import traceback

import pytest
from staff_values import SINGLE, changed, held

from imis_sso.connectors.base import WriteUncertain
from imis_sso.connectors.imis_staff_site import ImisStaffSite
from imis_sso.domain.observed import Change
from imis_sso.domain.problems import (
    Problem,
    UpstreamError,
    UpstreamRefused,
    UpstreamTimeout,
    UpstreamUnavailable,
)
from imis_sso.domain.resources import OPENID_CONNECT
from imis_sso.domain.secret import Secret
from imis_sso.simulators import Fault, ImisModel

pytestmark = [pytest.mark.anyio, pytest.mark.browser]

TO_NEW = Change({"name": "New"})


async def uncertainty(staff: ImisStaffSite, change: Change = TO_NEW) -> Problem:
    base = await staff.read(OPENID_CONNECT)
    with pytest.raises(WriteUncertain) as caught:
        await staff.write(OPENID_CONNECT, change, base)
    return caught.value.cause


@pytest.mark.parametrize(
    "form",
    [{"staff_expiry": "in_place"}, {"staff_expiry": "redirect"}, SINGLE],
    ids=["in-place", "redirect", "single-page"],
)
async def test_a_session_that_ended_between_load_and_save(
    staff: ImisStaffSite, staff_model: ImisModel, form: dict[str, object]
) -> None:
    """Answered with the log-in page, nothing was saved: the page read afresh proves it."""
    staff_model.change_variant(form)
    staff_model.faults.add(Fault("expire_session", {"role": "write"}))
    back = await changed(staff, TO_NEW)
    assert back.values == held(staff_model)
    assert staff_model.record["ProviderName"] == "New"
    assert (staff_model.counters.writes, staff_model.counters.stored) == (2, 1)


async def test_a_session_that_ended_with_the_save_of_a_secret_is_uncertain(
    staff: ImisStaffSite, staff_model: ImisModel
) -> None:
    """No page tells whether it has the new secret, so it is never sent again."""
    staff_model.faults.add(Fault("expire_session", {"role": "write"}))
    assert isinstance(await uncertainty(staff, Change({}, Secret("s+ecret"))), UpstreamError)
    assert (staff_model.counters.writes, staff_model.counters.stored) == (1, 0)


async def test_a_session_that_ended_before_is_renewed_and_the_write_goes_on(
    staff: ImisStaffSite, staff_model: ImisModel
) -> None:
    base = await staff.read(OPENID_CONNECT)
    staff_model.expire_sessions()
    await staff.write(OPENID_CONNECT, TO_NEW, base)
    assert (staff_model.record["ProviderName"], staff_model.counters.writes) == ("New", 1)


@pytest.mark.parametrize("role", ["read", "page"])
async def test_the_log_in_page_in_place_of_a_page_is_answered(
    staff: ImisStaffSite, staff_model: ImisModel, role: str
) -> None:
    await staff.read(OPENID_CONNECT)
    staff._way._addresses.clear()
    staff_model.reset()
    staff_model.faults.add(Fault("login_page", {"role": role, "path": "/Staff/*"}))
    assert (await staff.read(OPENID_CONNECT)).values == held(staff_model)
    assert staff_model.counters.logins == 1


@pytest.mark.parametrize(
    "form",
    [{"staff_save": "postback"}, {"staff_save": "partial"}, SINGLE],
    ids=["postback", "partial", "single-page"],
)
async def test_an_error_banner_is_quoted(
    staff: ImisStaffSite, staff_model: ImisModel, form: dict[str, object]
) -> None:
    staff_model.change_variant(form)
    words = {"message": "The provider is in use."}
    staff_model.faults.add(Fault("error_banner", params=dict(words)))
    problem = await uncertainty(staff)
    assert isinstance(problem, UpstreamRefused)
    assert words["message"] in problem.detail
    assert (await staff.read(OPENID_CONNECT)).values == held(staff_model)
    assert staff_model.counters.stored == 0


async def test_a_validation_summary_is_quoted_without_the_secret(
    staff: ImisStaffSite, staff_model: ImisModel
) -> None:
    secret = "s3cret+of+this+test"
    staff_model.change(Authority="http://plain.example.org")
    staff_model.faults.add(Fault("error_banner", params={"message": f"Cannot use {secret}."}))
    problem = await uncertainty(staff, Change({"name": "New"}, Secret(secret)))
    assert isinstance(problem, UpstreamRefused)
    assert secret not in problem.detail
    problem = await uncertainty(staff)
    assert "Authority URL must begin with https://." in problem.detail


@pytest.mark.parametrize("kind", ["write_dropped", "write_altered"])
@pytest.mark.parametrize("save", ["postback", "partial"])
async def test_a_save_that_only_says_so_is_found_out_by_reading(
    staff: ImisStaffSite, staff_model: ImisModel, kind: str, save: str
) -> None:
    """Product facts 3.5: a toast is a hint, the page loaded afresh counts."""
    staff_model.change_variant({"staff_save": save})
    staff_model.faults.add(Fault(kind, {"role": "write"}))
    back = await changed(staff, TO_NEW)
    assert back.values["name"] == staff_model.record["ProviderName"] != "New"


@pytest.mark.parametrize(
    ("kind", "params", "cause", "stored"),
    [
        ("reset", {}, UpstreamUnavailable, False),
        ("answer_lost", {}, UpstreamUnavailable, True),
        ("status", {"status": 500, "body": "<b>oops</b>"}, UpstreamError, False),
        ("status", {"status": 503, "stored": True}, UpstreamUnavailable, True),
    ],
)
async def test_a_save_that_breaks_off_is_uncertain(
    staff: ImisStaffSite,
    staff_model: ImisModel,
    kind: str,
    params: dict[str, object],
    cause: type[Problem],
    stored: bool,
) -> None:
    # Always, because Chromium repeats a request whose connection broke before any answer.
    staff_model.faults.add(Fault(kind, {"role": "write"}, times=None, params=dict(params)))
    problem = await uncertainty(staff)
    assert isinstance(problem, cause)
    assert "oops" not in problem.detail
    staff_model.faults.clear()
    assert (await staff.read(OPENID_CONNECT)).values == held(staff_model)
    assert (staff_model.record["ProviderName"] == "New") == stored


async def test_hidden_state_that_is_not_taken_is_a_failure_of_the_product(
    staff: ImisStaffSite, staff_model: ImisModel
) -> None:
    """WebForms' own error for a form whose state it does not know any more."""
    base = await staff.read(OPENID_CONNECT)
    sessions = staff_model.staff
    fits = sessions.fits
    try:
        sessions.fits = lambda *_: False  # type: ignore[method-assign]
        with pytest.raises(WriteUncertain) as caught:
            await staff.write(OPENID_CONNECT, TO_NEW, base)
    finally:
        sessions.fits = fits  # type: ignore[method-assign]
    assert isinstance(caught.value.cause, UpstreamError)
    assert staff_model.counters.stored == 0


async def test_a_save_without_an_answer_in_time_is_uncertain(
    staff: ImisStaffSite, staff_model: ImisModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staff, "_save_seconds", 1.5)
    staff_model.change_variant({"staff_save_delay": 4.0})
    assert isinstance(await uncertainty(staff), UpstreamTimeout)


async def test_no_secret_comes_out_of_anything(
    staff: ImisStaffSite,
    staff_model: ImisModel,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Contract C20, targets S1."""
    caplog.set_level(logging.DEBUG)
    staff_model.change_variant({"staff_secret": "shown"})
    staff_model.expire_sessions()
    pushed, said = "push3d+canary", []
    secrets = [pushed, staff_model.record["ClientSecret"], staff_model.password]
    for fault in (
        Fault("changed_page", times=None, params={"label": "Client Secret", "change": "doubled"}),
        Fault("status", {"role": "write"}, params={"status": 500, "echo": True}),
        Fault("error_banner", params={"message": " ".join(secrets)}),
    ):
        staff_model.faults.replace([fault])
        try:
            base = await staff.read(OPENID_CONNECT)
            await staff.write(OPENID_CONNECT, Change({"name": "x"}, Secret(pushed)), base)
        except Exception as error:  # noqa: BLE001  # whatever it is must not tell
            said.append("".join(traceback.format_exception(error)) + repr(error))
    assert len(said) == 3
    everything = "\n".join([*said, caplog.text, *capfd.readouterr()])
    assert not [each for each in secrets if each in everything]
