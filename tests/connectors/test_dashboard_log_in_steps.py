"""Log-ins of several steps: user name first, a choice, a code at last (product facts 4.1, 4.5).

What a second factor demands of any log-in is in test_second_factors.py.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
from dashboard_account import PERIOD, Account

from imis_sso.connectors.cloud_sso_dashboard import CloudSsoDashboard
from imis_sso.domain.problems import UpstreamCredentialsRefused
from imis_sso.domain.resources import IMIS_CLIENT
from imis_sso.simulators import CloudSsoModel

pytestmark = [pytest.mark.anyio, pytest.mark.browser]

Maker = Callable[..., CloudSsoDashboard]


@pytest.fixture(scope="module")
def account() -> Account:
    return Account()


@pytest.fixture(scope="module")
async def own(
    anyio_backend: str, dashboard_maker: Maker, account: Account
) -> AsyncIterator[CloudSsoDashboard]:
    assert anyio_backend == "asyncio"
    connector = dashboard_maker(credential=account.credential, guard=account.guard)
    yield connector
    await connector.aclose()


@pytest.fixture
def ended(dashboard_model: CloudSsoModel, account: Account) -> CloudSsoModel:
    """The simulated Cloud SSO without any session, codes of one second, the right credential."""
    dashboard_model.patch({"lockout_seconds": 0, "totp_period": PERIOD})
    dashboard_model.expire_sessions()
    account.become(dashboard_model)
    return dashboard_model


@pytest.mark.parametrize("factor", ["none", "totp"])
@pytest.mark.parametrize("steps", ["one", "two", "choice"])
async def test_a_log_in_goes_through_all_its_steps(
    own: CloudSsoDashboard, ended: CloudSsoModel, account: Account, steps: str, factor: str
) -> None:
    ended.change_variant({"cloud_sso_login_steps": steps, "cloud_sso_second_factor": factor})
    account.use_codes(ended)
    assert (await own.read(IMIS_CLIENT)).values["client_id"] == ended.client_id
    assert (ended.counters.logins, ended.counters.refused_logins) == (1, 0)


@pytest.mark.parametrize("steps", ["one", "two", "choice"])
async def test_a_wrong_password_is_refused_once_whatever_the_steps(
    own: CloudSsoDashboard, ended: CloudSsoModel, account: Account, steps: str
) -> None:
    """Contract C47."""
    ended.change_variant({"cloud_sso_login_steps": steps})
    account.password = "Wr0ng+pass%word"
    for _ in range(2):
        with pytest.raises(UpstreamCredentialsRefused) as caught:
            await own.read(IMIS_CLIENT)
        assert account.password not in caught.value.detail
    assert ended.counters.refused_logins == 1


async def test_who_was_logged_out_by_another_log_in_logs_in_again(
    own: CloudSsoDashboard, ended: CloudSsoModel, account: Account, dashboard_maker: Maker
) -> None:
    """A product may let a user in once only: two processes then take turns, and both are served."""
    ended.change_variant({"cloud_sso_session_limit": "one_per_user"})
    other = dashboard_maker(credential=account.credential, guard=account.guard)
    try:
        for each in (own, other, own):
            assert (await each.read(IMIS_CLIENT)).values["client_id"] == ended.client_id
        await asyncio.gather(*(each.read(IMIS_CLIENT) for each in (own, other)))
    finally:
        await other.aclose()
    assert ended.counters.refused_logins == 0
