"""Everything that can go wrong while reading, and what must never come out (targets R6, S1)."""

from __future__ import annotations

import json
import logging
import stat
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

from imis_sso.connectors.base import WriteUncertain
from imis_sso.connectors.cloud_sso_dashboard import CloudSsoDashboard
from imis_sso.domain.observed import Change
from imis_sso.domain.problems import (
    Problem,
    UpstreamError,
    UpstreamPageChanged,
    UpstreamTimeout,
    UpstreamUnavailable,
)
from imis_sso.domain.resources import IMIS_CLIENT, IMIS_SSO_SETTINGS
from imis_sso.simulators import CloudSsoModel, Fault
from imis_sso.simulators.tls import Authority

pytestmark = [pytest.mark.anyio, pytest.mark.browser]

Maker = Callable[..., CloudSsoDashboard]


def captures(directory: Path) -> dict[Path, str]:
    return {each: each.read_text(encoding="utf-8") for each in directory.iterdir()}


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


async def problem_of(dashboard: CloudSsoDashboard) -> Problem:
    with pytest.raises(Problem) as caught:
        await dashboard.read(IMIS_CLIENT)
    return caught.value


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"label": "Issuer", "change": "renamed", "to": "Issuer URL"}, 'nearest: "Issuer URL"'),
        ({"label": "Client ID", "change": "missing"}, '"Client ID" is missing'),
        ({"label": "Client Secret", "change": "doubled"}, '"Client Secret" is there 2 times'),
        ({"label": "Redirect URL", "change": "retyped"}, '"Redirect URL" is a drop-down list'),
    ],
)
async def test_a_changed_page_is_named_and_captured_without_a_value(
    dashboard: CloudSsoDashboard,
    dashboard_model: CloudSsoModel,
    dashboard_captures: Path,
    params: dict[str, str],
    said: str,
) -> None:
    """Architecture, connectors: a redacted capture is kept; no value made up in a field's place."""
    known = captures(dashboard_captures)
    dashboard_model.faults.add(Fault("changed_page", params=dict(params)))
    problem = await problem_of(dashboard)
    assert isinstance(problem, UpstreamPageChanged)
    assert said in problem.detail
    ((capture, text),) = captures(dashboard_captures).items() - known.items()
    assert mode_of(capture) == 0o600
    assert {"problem", "path", "fields", "buttons_and_links"} == json.loads(text).keys()
    for value in (
        dashboard_model.client_secret,
        dashboard_model.client_id,
        dashboard_model.redirect_url,
        dashboard_model.password,
    ):
        assert value not in text


async def test_a_shown_value_that_can_be_edited_is_read_with_a_warning(
    dashboard: CloudSsoDashboard,
    dashboard_model: CloudSsoModel,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Product facts 4.2: whether shown values are read-only fields is not known."""
    fault = Fault("changed_page", params={"change": "retyped", "label": "Client ID"})
    dashboard_model.faults.add(fault)
    seen = await dashboard.read(IMIS_CLIENT)
    assert seen.values["client_id"] == dashboard_model.client_id
    assert '"Client ID" can be edited' in caplog.text


@pytest.mark.parametrize(
    ("params", "problem"),
    [
        ({"status": 500, "body": "<b>oops</b>"}, UpstreamError),
        ({"status": 502}, UpstreamError),
        ({"status": 503, "retry_after": 9, "body": "later"}, UpstreamUnavailable),
        ({"status": 429, "retry_after": 9}, UpstreamUnavailable),
        ({"status": 504}, UpstreamTimeout),
    ],
)
async def test_a_status_of_failure_is_a_failure(
    dashboard: CloudSsoDashboard,
    dashboard_model: CloudSsoModel,
    params: dict[str, object],
    problem: type[Problem],
) -> None:
    """Contract C4: unreachable is never "not found", and no defaults are shown in its place."""
    await dashboard.read(IMIS_CLIENT)
    dashboard_model.faults.add(Fault("status", {"role": "read"}, params=dict(params)))
    found = await problem_of(dashboard)
    assert type(found) is problem
    assert "oops" not in found.detail
    assert found.retry_after == params.get("retry_after", found.retry_after)
    assert (await dashboard.read(IMIS_CLIENT)).values["issuer"] == dashboard_model.issuer


@pytest.mark.parametrize("keep", [None, 0, 700, 3000])
async def test_a_page_that_breaks_off_is_not_read(
    dashboard: CloudSsoDashboard, dashboard_model: CloudSsoModel, keep: int | None
) -> None:
    """A value that was cut short is no value."""
    await dashboard.read(IMIS_CLIENT)
    fault = Fault("truncate", {"role": "read"}, times=None, params={"keep": keep})
    dashboard_model.faults.add(fault)
    found = await problem_of(dashboard)
    assert isinstance(found, UpstreamError | UpstreamUnavailable)
    dashboard_model.faults.clear()
    assert (await dashboard.read(IMIS_CLIENT)).values["issuer"] == dashboard_model.issuer


async def test_a_reset_connection_is_unavailable(
    dashboard: CloudSsoDashboard, dashboard_model: CloudSsoModel
) -> None:
    dashboard_model.faults.add(Fault("reset", times=None))
    found = await problem_of(dashboard)
    assert isinstance(found, UpstreamUnavailable)
    assert "ERR_" in found.detail
    dashboard_model.faults.clear()
    assert (await dashboard.read(IMIS_CLIENT)).values["issuer"] == dashboard_model.issuer


async def test_a_slow_end_of_a_page_is_waited_for(
    dashboard: CloudSsoDashboard, dashboard_model: CloudSsoModel
) -> None:
    dashboard_model.faults.add(Fault("slow_close", {"role": "read"}, params={"seconds": 0.4}))
    assert (await dashboard.read(IMIS_CLIENT)).values["issuer"] == dashboard_model.issuer


async def test_a_burst_of_failures_passes(
    dashboard: CloudSsoDashboard, dashboard_model: CloudSsoModel
) -> None:
    """Targets R6: each read fails for itself, and the session is kept."""
    await dashboard.read(IMIS_CLIENT)
    dashboard_model.faults.add(Fault("status", {"role": "read"}, 3, params={"status": 500}))
    dashboard_model.reset()
    for _ in range(3):
        assert isinstance(await problem_of(dashboard), UpstreamError)
    assert (await dashboard.read(IMIS_CLIENT)).values["issuer"] == dashboard_model.issuer
    assert dashboard_model.counters.logins == 0


async def test_a_log_in_page_in_place_of_the_form_is_met_with_one_log_in(
    dashboard: CloudSsoDashboard, dashboard_model: CloudSsoModel
) -> None:
    """Targets R6: no value is made up of a page that shows none."""
    await dashboard.read(IMIS_CLIENT)
    dashboard_model.reset()
    dashboard_model.faults.add(Fault("login_page", {"role": "read"}))
    assert (await dashboard.read(IMIS_CLIENT)).values["issuer"] == dashboard_model.issuer
    assert dashboard_model.counters.logins == 1


@pytest.mark.parametrize(
    ("kind", "params", "held"),
    [
        ("slow_close", {"seconds": 0.3}, "https://new.example.org/"),
        ("latency", {"seconds": 0.3}, "https://new.example.org/"),
    ],
)
async def test_a_save_under_a_fault_is_what_a_fresh_page_shows(
    dashboard: CloudSsoDashboard,
    dashboard_model: CloudSsoModel,
    kind: str,
    params: dict[str, float],
    held: str,
) -> None:
    """Targets R6: what is only slow is waited for."""
    base = await dashboard.read(IMIS_SSO_SETTINGS)
    dashboard_model.faults.add(Fault(kind, {"role": "write"}, params=dict(params)))
    change = Change({"redirect_url": "https://new.example.org/"})
    await dashboard.write(IMIS_SSO_SETTINGS, change, base)
    assert dashboard_model.counters.writes == 1
    assert (await dashboard.read(IMIS_SSO_SETTINGS)).values["redirect_url"] == held


async def test_a_save_that_is_never_answered_is_uncertain(
    dashboard: CloudSsoDashboard,
    dashboard_model: CloudSsoModel,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Targets R6: the time-out of a write; whether it was taken, only the fresh page tells."""
    base = await dashboard.read(IMIS_SSO_SETTINGS)
    fault = Fault("timeout", {"role": "write"}, times=None, params={"stored": True})
    dashboard_model.faults.add(fault)
    with monkeypatch.context() as patch:
        patch.setattr(dashboard, "_save_seconds", 2.0)
        change = Change({"redirect_url": "https://new.example.org/"})
        with pytest.raises(WriteUncertain) as caught:
            await dashboard.write(IMIS_SSO_SETTINGS, change, base)
    assert isinstance(caught.value.cause, UpstreamTimeout)
    dashboard_model.faults.clear()
    shown = (await dashboard.read(IMIS_SSO_SETTINGS)).values["redirect_url"]
    assert shown == "https://new.example.org/"


async def test_a_page_that_does_not_come_is_a_timeout_and_the_next_one_is_read(
    dashboard: CloudSsoDashboard,
    dashboard_model: CloudSsoModel,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Everything has its time, and what was given up does not disturb what follows."""
    await dashboard.read(IMIS_CLIENT)
    with monkeypatch.context() as patch:
        patch.setattr(dashboard, "_read_seconds", 0.6)
        fault = Fault("latency", {"role": "read"}, params={"seconds": 2.0})
        dashboard_model.faults.add(fault)
        assert isinstance(await problem_of(dashboard), UpstreamTimeout)
    dashboard_model.reset()
    assert (await dashboard.read(IMIS_CLIENT)).values["issuer"] == dashboard_model.issuer
    assert dashboard_model.counters.logins == 0


async def test_a_certificate_that_nobody_vouches_for_is_refused(
    dashboard_maker: Maker, dashboard_model: CloudSsoModel, tmp_path: Path
) -> None:
    """Contract C45: trust is the ca_file's or the system's, and never switched off."""
    other = Authority(tmp_path).ca_file
    for ca_file in (other, None, tmp_path / "none.pem"):
        connector = dashboard_maker(ca_file=ca_file)
        try:
            found = await problem_of(connector)
        finally:
            await connector.aclose()
        assert isinstance(found, UpstreamUnavailable)
        assert "certificate" in found.detail
    assert dashboard_model.counters.requests == 0


async def test_no_server_is_unavailable(dashboard_maker: Maker) -> None:
    connector = dashboard_maker(base_url="https://127.0.0.1:1")
    try:
        assert isinstance(await problem_of(connector), UpstreamUnavailable)
    finally:
        await connector.aclose()


async def test_no_secret_comes_out_of_anything(
    dashboard: CloudSsoDashboard,
    dashboard_model: CloudSsoModel,
    dashboard_captures: Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Contract C20, targets S1: not in logs at any level, errors, tracebacks or captures."""
    caplog.set_level(logging.DEBUG)
    dashboard_model.expire_sessions()
    base = await dashboard.read(IMIS_CLIENT)
    said = [repr(base), str(base), repr(dashboard)]
    faults = [
        Fault("changed_page", params={"change": "missing"}),
        Fault("changed_page", params={"label": "Client Secret", "change": "doubled"}),
        Fault("status", params={"status": 500, "echo": True}),
        Fault("status", {"role": "write"}, params={"status": 500, "echo": True}),
        Fault("expire_session", {"role": "write"}),
    ]
    for fault in faults:
        dashboard_model.faults.replace([fault])
        change = Change({"redirect_url": f"https://{len(said)}.example.org/"})
        try:
            current = await dashboard.read(IMIS_SSO_SETTINGS)
            await dashboard.write(IMIS_SSO_SETTINGS, change, current)
        except Exception as error:  # noqa: BLE001  # whatever it is must not tell
            said.append("".join(traceback.format_exception(error)) + repr(error))
    # The session that ended with the save was renewed, and the save done.
    assert len(said) == 3 + len(faults) - 1
    captured = captures(dashboard_captures).values()
    everything = "\n".join([*said, *captured, caplog.text, *capfd.readouterr()])
    assert dashboard_model.client_secret not in everything
    assert dashboard_model.password not in everything
