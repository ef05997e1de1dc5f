"""Log-ins of several steps: user name first, a choice, a second factor (product facts 4.1, 4.5)."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable

import pytest
from dashboard_account import Account

from imis_sso.connectors.browser.log_in import LogIn
from imis_sso.connectors.browser.tab import Tab
from imis_sso.connectors.cloud_sso_dashboard import CloudSsoDashboard
from imis_sso.connectors.cloud_sso_dashboard.connector import page_files
from imis_sso.domain.problems import (
    Busy,
    SecretUnavailable,
    UpstreamCredentialsRefused,
    UpstreamLoginRequired,
)
from imis_sso.domain.resources import IMIS_CLIENT
from imis_sso.simulators import CloudSsoModel

pytestmark = [pytest.mark.anyio, pytest.mark.browser]

Maker = Callable[..., CloudSsoDashboard]
PERIOD = 1


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


def period_that_just_began() -> int:
    """Give seconds of a period of codes whose end is too far away to wait for."""
    now = time.time()
    return next(each for each in range(200, 400) if now % each < each / 4)


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


async def test_a_code_is_never_used_twice(
    own: CloudSsoDashboard,
    ended: CloudSsoModel,
    account: Account,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """RFC 6238 section 5.2: the next log-in waits for the next period."""
    caplog.set_level(logging.DEBUG)
    ended.change_variant({"cloud_sso_second_factor": "totp"})
    account.use_codes(ended)
    for _ in range(2):
        await own.read(IMIS_CLIENT)
        ended.expire_sessions()
    assert (ended.counters.logins, ended.counters.refused_logins) == (2, 0)
    codes = {each.reveal() for each in account.codes_now(PERIOD)}
    assert not any(code in caplog.text for code in codes)
    assert ended.totp_secret not in caplog.text


async def test_where_the_next_code_is_far_away_the_caller_is_told_when_to_come_again(
    own: CloudSsoDashboard, ended: CloudSsoModel, account: Account
) -> None:
    ended.patch({"totp_period": period_that_just_began()})
    ended.change_variant({"cloud_sso_second_factor": "totp"})
    account.use_codes(ended)
    await own.read(IMIS_CLIENT)
    ended.expire_sessions()
    with pytest.raises(Busy, match="no code is used twice") as caught:
        await own.read(IMIS_CLIENT)
    assert 0 < (caught.value.retry_after or 0) <= ended.totp_period
    assert ended.counters.refused_logins == 0


async def test_a_proof_ends_where_the_code_is_asked_for_if_that_was_used(
    own: CloudSsoDashboard, ended: CloudSsoModel, account: Account
) -> None:
    """Two fresh log-ins within a period: the second proves that the password is still taken."""
    ended.patch({"totp_period": period_that_just_began()})
    ended.change_variant({"cloud_sso_second_factor": "totp"})
    account.use_codes(ended)
    address = f"{ended.base_url}/"

    async def prove(tab: Tab) -> bool:
        await tab.load(address)
        return await LogIn(
            page_files().log_in,
            account.credential,
            account.guard,
            address=address,
            others={"cloud_id": ended.cloud_id},
        ).prove(tab)

    assert [await own._session.run_apart(prove, 20) for _ in range(2)] == [True, False]
    assert (ended.counters.logins, ended.counters.refused_logins) == (1, 0)
    account.password = "Wr0ng+pass%word"
    with pytest.raises(UpstreamCredentialsRefused):
        await own._session.run_apart(prove, 20)


async def test_a_refused_code_is_a_refused_log_in(
    own: CloudSsoDashboard, ended: CloudSsoModel, account: Account, dashboard_maker: Maker
) -> None:
    """Contract C47: never again by anybody, until the secret of the codes changes."""
    ended.change_variant({"cloud_sso_second_factor": "totp"})
    account.use_codes(ended, secret="JBSWY3DPEHPK3PXP")
    with pytest.raises(UpstreamCredentialsRefused, match=r"code of .* is incorrect") as first:
        await own.read(IMIS_CLIENT)
    assert "JBSWY3DPEHPK3PXP" not in first.value.detail
    assert account.password not in first.value.detail
    other = dashboard_maker(credential=account.credential, guard=account.guard)
    try:
        for each in (own, other):
            with pytest.raises(UpstreamCredentialsRefused):
                await each.read(IMIS_CLIENT)
    finally:
        await other.aclose()
    assert ended.counters.refused_logins == 1
    account.use_codes(ended)
    assert (await own.read(IMIS_CLIENT)).values["client_id"] == ended.client_id


@pytest.mark.parametrize("factor", ["totp", "push"])
async def test_a_factor_that_only_a_person_has_is_asked_for_once(
    own: CloudSsoDashboard, ended: CloudSsoModel, account: Account, factor: str
) -> None:
    """Nobody's telephone rings at every read."""
    ended.change_variant({"cloud_sso_second_factor": factor})
    with pytest.raises(UpstreamLoginRequired, match="--interactive"):
        await own.read(IMIS_CLIENT)
    loads = ended.counters.requests
    with pytest.raises(UpstreamLoginRequired, match="--interactive"):
        await own.read(IMIS_CLIENT)
    assert ended.counters.requests == loads
    assert ended.counters.refused_logins == 0


async def test_what_is_no_secret_of_codes_is_said_so(
    own: CloudSsoDashboard, ended: CloudSsoModel, account: Account
) -> None:
    ended.change_variant({"cloud_sso_second_factor": "totp"})
    account.use_codes(ended, secret="!!! not base32")
    with pytest.raises(SecretUnavailable) as caught:
        await own.read(IMIS_CLIENT)
    assert "not base32" not in caught.value.detail
    assert ended.counters.refused_logins == 0


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
