"""Logging in to the dashboard: once, and never again with what was refused (contract C47)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
from dashboard_account import Account

from imis_sso.connectors.cloud_sso_dashboard import CloudSsoDashboard
from imis_sso.domain.problems import (
    UpstreamCredentialsRefused,
    UpstreamError,
    UpstreamPageChanged,
    UpstreamUnavailable,
)
from imis_sso.domain.resources import IMIS_CLIENT
from imis_sso.domain.secret import Secret
from imis_sso.simulators import CloudSsoModel, Fault

pytestmark = [pytest.mark.anyio, pytest.mark.browser]


Maker = Callable[..., CloudSsoDashboard]


@pytest.fixture(scope="module")
def account() -> Account:
    return Account()


@pytest.fixture(scope="module")
async def own(
    anyio_backend: str, dashboard_maker: Maker, account: Account
) -> AsyncIterator[CloudSsoDashboard]:
    """A connector of this module, whose credential can be spoilt."""
    assert anyio_backend == "asyncio"
    connector = dashboard_maker(credential=account.credential, guard=account.guard)
    yield connector
    await connector.aclose()


@pytest.fixture
def ended(dashboard_model: CloudSsoModel, account: Account) -> CloudSsoModel:
    """The simulated Cloud SSO without any session, and the right credential."""
    dashboard_model.patch({"lockout_seconds": 0})
    dashboard_model.expire_sessions()
    account.become(dashboard_model)
    return dashboard_model


async def test_a_wrong_password_is_tried_exactly_once(
    own: CloudSsoDashboard, ended: CloudSsoModel, account: Account, dashboard_maker: Maker
) -> None:
    """Contract C47: not by the same connector, and not by another one that shares the memory."""
    account.password = "Wr0ng+pass%word"
    with pytest.raises(UpstreamCredentialsRefused) as first:
        await own.read(IMIS_CLIENT)
    assert "incorrect" in first.value.detail
    assert ended.username in first.value.detail
    assert account.password not in first.value.detail
    loads = ended.counters.requests
    for _ in range(2):
        with pytest.raises(UpstreamCredentialsRefused):
            await own.read(IMIS_CLIENT)
    assert ended.counters.requests == loads
    other = dashboard_maker(credential=account.credential, guard=account.guard)
    try:
        with pytest.raises(UpstreamCredentialsRefused):
            await other.read(IMIS_CLIENT)
    finally:
        await other.aclose()
    assert ended.counters.refused_logins == 1


async def test_a_changed_password_is_seen_without_a_restart(
    own: CloudSsoDashboard, ended: CloudSsoModel, account: Account
) -> None:
    account.password = "not the password"
    with pytest.raises(UpstreamCredentialsRefused):
        await own.read(IMIS_CLIENT)
    account.password = ended.password
    assert (await own.read(IMIS_CLIENT)).values["client_id"] == ended.client_id


async def test_another_cloud_id_is_another_log_in(
    ended: CloudSsoModel, account: Account, dashboard_maker: Maker
) -> None:
    """Product facts 4.1: the Cloud ID is part of the log-in; changing it is a changed credential."""
    wrong = dashboard_maker(
        cloud_id="elsewhere", credential=account.credential, guard=account.guard
    )
    try:
        with pytest.raises(UpstreamCredentialsRefused):
            await wrong.read(IMIS_CLIENT)
    finally:
        await wrong.aclose()
    assert ended.counters.refused_logins == 1
    ((address, _, _),) = account.guard.refused
    await account.guard.check(address.replace("elsewhere", ended.cloud_id), "x", Secret("y"))
    assert address.endswith(" elsewhere")


async def test_callers_at_an_ended_session_share_one_log_in(
    own: CloudSsoDashboard, ended: CloudSsoModel
) -> None:
    """Targets R4: at most one log-in per session life, however many call at once."""
    seen = await asyncio.gather(*(own.read(IMIS_CLIENT) for _ in range(50)))
    assert {each.values["client_id"] for each in seen} == {ended.client_id}
    assert ended.counters.logins == 1
    assert ended.counters.max_simultaneous == 1


@pytest.mark.parametrize("navigation", ["external_directories", "cloud_sso"])
@pytest.mark.parametrize("button", ["Log In", "Sign in", "LOGIN"])
async def test_wording_is_data(
    own: CloudSsoDashboard, ended: CloudSsoModel, navigation: str, button: str
) -> None:
    """Product facts 4.5: the button's text and the navigation's wording are unknown."""
    await own.read(IMIS_CLIENT)
    ended.expire_sessions()
    ended.change_variant({"cloud_sso_navigation": navigation, "cloud_sso_login_button": button})
    # The remembered address leads nowhere once, so that the labels have to.
    gone = Fault("status", {"role": "read"}, skip=1, params={"status": 404, "body": "gone"})
    ended.faults.add(gone)
    assert (await own.read(IMIS_CLIENT)).values["client_id"] == ended.client_id
    assert gone.hits == 1


@pytest.mark.parametrize(
    ("params", "problem"),
    [
        ({"status": 500, "body": "<b>oops</b>"}, UpstreamError),
        ({"status": 503}, UpstreamUnavailable),
    ],
)
async def test_a_failing_log_in_is_no_refusal(
    own: CloudSsoDashboard,
    ended: CloudSsoModel,
    account: Account,
    params: dict[str, object],
    problem: type[Exception],
) -> None:
    """Only the product's own refusal is remembered; a failure of its server may pass."""
    fault = Fault("status", {"role": "login", "method": "POST"}, params=dict(params))
    ended.faults.add(fault)
    with pytest.raises(problem):
        await own.read(IMIS_CLIENT)
    assert account.guard.refused == []
    assert (await own.read(IMIS_CLIENT)).values["client_id"] == ended.client_id


async def test_a_log_in_that_breaks_off_is_no_refusal(
    own: CloudSsoDashboard, ended: CloudSsoModel, account: Account
) -> None:
    ended.faults.add(Fault("reset", {"role": "login", "method": "POST"}, times=None))
    with pytest.raises(UpstreamUnavailable):
        await own.read(IMIS_CLIENT)
    ended.faults.clear()
    assert account.guard.refused == []
    assert (await own.read(IMIS_CLIENT)).values["client_id"] == ended.client_id


async def test_a_log_in_page_that_comes_back_in_silence_is_no_refusal_of_a_proven_password(
    own: CloudSsoDashboard, ended: CloudSsoModel, account: Account
) -> None:
    """The session is fine, and the log-in page comes all the same: an error, not a lock-out."""
    await own.read(IMIS_CLIENT)
    ended.faults.add(Fault("login_page", times=None))
    with pytest.raises(UpstreamError, match="log-in page again"):
        await own.read(IMIS_CLIENT)
    ended.faults.clear()
    assert account.guard.refused == []
    assert (await own.read(IMIS_CLIENT)).values["client_id"] == ended.client_id


async def test_a_changed_button_is_named_and_nothing_is_sent(
    own: CloudSsoDashboard, ended: CloudSsoModel, account: Account
) -> None:
    ended.change_variant({"cloud_sso_login_button": "Enter the console"})
    with pytest.raises(UpstreamPageChanged, match='"Log In" is missing'):
        await own.read(IMIS_CLIENT)
    assert ended.counters.refused_logins == 0
    assert account.guard.refused == []


async def test_the_tenant_of_a_new_session_costs_the_log_in(
    ended: CloudSsoModel, dashboard_maker: Maker
) -> None:
    """Contract C46: the tenant is the one of a log-in that was accepted, never of a hope."""
    fresh = dashboard_maker()
    try:
        assert (await fresh.tenant())["cloud_id"] == ended.cloud_id
        assert ended.counters.logins == 1
        ended.reset()
        assert (await fresh.tenant())["cloud_id"] == ended.cloud_id
        assert ended.counters.requests == 0
    finally:
        await fresh.aclose()
