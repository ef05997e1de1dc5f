"""One-time codes at the log-in of every site that a browser is driven at (product facts 3.5, 4.5)."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass

import pytest
from dashboard_account import PERIOD, Account, period_that_just_began

from imis_sso.connectors.browser.log_in import LogIn
from imis_sso.connectors.browser.page_files import PageFiles
from imis_sso.connectors.browser.tab import Tab
from imis_sso.connectors.cloud_sso_dashboard import CloudSsoDashboard
from imis_sso.connectors.cloud_sso_dashboard.connector import page_files as dashboard_files
from imis_sso.connectors.imis_staff_site import ImisStaffSite
from imis_sso.connectors.imis_staff_site.pages import page_files as staff_files
from imis_sso.domain.problems import (
    Busy,
    SecretUnavailable,
    UpstreamCredentialsRefused,
    UpstreamLoginRequired,
)
from imis_sso.domain.resources import IMIS_CLIENT, OPENID_CONNECT, Resource
from imis_sso.simulators import CloudSsoModel, ImisModel, Simulation, Variant

pytestmark = [pytest.mark.anyio, pytest.mark.browser]

Connector = CloudSsoDashboard | ImisStaffSite
Make = Callable[..., Connector]
DASHBOARD, STAFF_SITE = CloudSsoDashboard.name, ImisStaffSite.name


@dataclass
class Site:
    """A simulated site, and the connector to it; `factor` is its variant of the second factor."""

    model: CloudSsoModel | ImisModel
    make: Make
    files: PageFiles
    resource: Resource
    home: str
    factor: str
    others: Mapping[str, str]
    account: Account
    own: Connector

    async def reads(self, connector: Connector | None = None) -> None:
        assert (await (connector or self.own).read(self.resource)).exists

    def asks_for(self, factor: str) -> None:
        self.model.change_variant({self.factor: factor})


@pytest.fixture(scope="module")
async def sites(
    anyio_backend: str,
    dashboard_simulation: Simulation,
    dashboard_maker: Callable[..., CloudSsoDashboard],
    staff_maker: Callable[..., ImisStaffSite],
) -> AsyncIterator[Mapping[str, Site]]:
    """Both sites, each with a connector of this module, whose credential can be spoilt."""
    assert anyio_backend == "asyncio"
    cloud_sso, imis = dashboard_simulation.cloud_sso("test"), dashboard_simulation.imis("test")

    def site(model: CloudSsoModel | ImisModel, make: Make, files: PageFiles, *more: object) -> Site:
        account = Account()
        own = make(credential=account.credential, guard=account.guard)
        return Site(model, make, files, *more, account=account, own=own)  # type: ignore[arg-type]

    found = {
        DASHBOARD: site(
            cloud_sso,
            dashboard_maker,
            dashboard_files(),
            IMIS_CLIENT,
            f"{cloud_sso.base_url}/",
            "cloud_sso_second_factor",
            {"cloud_id": cloud_sso.cloud_id},
        ),
        STAFF_SITE: site(
            imis,
            staff_maker,
            staff_files(),
            OPENID_CONNECT,
            f"{imis.base_url}/Staff",
            "staff_second_factor",
            {},
        ),
    }
    yield found
    for each in found.values():
        await each.own.aclose()


@pytest.fixture(params=[DASHBOARD, STAFF_SITE])
def site(request: pytest.FixtureRequest, sites: Mapping[str, Site]) -> Site:
    """A site without any session, codes of one second, the right password and no codes."""
    found = sites[request.param]
    model = found.model
    model.change_variant(Variant().as_dict())
    model.reset(state=True)
    model.patch({"totp_period": PERIOD})
    if isinstance(model, CloudSsoModel):
        model.patch({"lockout_seconds": 0})
    model.expire_sessions()
    found.account.become(model)
    return found


async def test_a_code_is_never_used_twice(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    """RFC 6238 section 5.2: the next log-in waits for the next period."""
    caplog.set_level(logging.DEBUG)
    site.asks_for("totp")
    site.account.use_codes(site.model)
    for _ in range(2):
        await site.reads()
        site.model.expire_sessions()
    assert (site.model.counters.logins, site.model.counters.refused_logins) == (2, 0)
    codes = {each.reveal() for each in site.account.codes_now(PERIOD)}
    assert not any(code in caplog.text for code in codes)
    assert site.model.totp_secret not in caplog.text


async def test_where_the_next_code_is_far_away_the_caller_is_told_when_to_come_again(
    site: Site,
) -> None:
    site.model.patch({"totp_period": period_that_just_began()})
    site.asks_for("totp")
    site.account.use_codes(site.model)
    await site.reads()
    site.model.expire_sessions()
    with pytest.raises(Busy, match="no code is used twice") as caught:
        await site.reads()
    assert 0 < (caught.value.retry_after or 0) <= site.model.totp_period
    assert site.model.counters.refused_logins == 0


async def test_a_proof_ends_where_the_code_is_asked_for_if_that_was_used(site: Site) -> None:
    """Two fresh log-ins within a period: the second proves that the password is still taken."""
    site.model.patch({"totp_period": period_that_just_began()})
    site.asks_for("totp")
    site.account.use_codes(site.model)

    async def prove(tab: Tab) -> bool:
        await tab.load(site.home)
        return await LogIn(
            site.files.log_in,
            site.account.credential,
            site.account.guard,
            address=site.home,
            others=site.others,
        ).prove(tab)

    assert [await site.own._session.run_apart(prove, 20) for _ in range(2)] == [True, False]
    assert (site.model.counters.logins, site.model.counters.refused_logins) == (1, 0)
    site.account.password = "Wr0ng+pass%word"
    with pytest.raises(UpstreamCredentialsRefused):
        await site.own._session.run_apart(prove, 20)


async def test_a_refused_code_is_a_refused_log_in(site: Site) -> None:
    """Contract C47: never again by anybody, until the secret of the codes changes."""
    site.asks_for("totp")
    site.account.use_codes(site.model, secret="JBSWY3DPEHPK3PXP")
    with pytest.raises(UpstreamCredentialsRefused, match=r"code of .* is incorrect") as first:
        await site.reads()
    assert "JBSWY3DPEHPK3PXP" not in first.value.detail
    assert site.account.password not in first.value.detail
    other = site.make(credential=site.account.credential, guard=site.account.guard)
    try:
        for each in (site.own, other):
            with pytest.raises(UpstreamCredentialsRefused):
                await site.reads(each)
    finally:
        await other.aclose()
    assert site.model.counters.refused_logins == 1
    site.account.use_codes(site.model)
    await site.reads()


@pytest.mark.parametrize(
    ("site", "factor"),
    [(DASHBOARD, "totp"), (DASHBOARD, "push"), (STAFF_SITE, "totp")],
    indirect=["site"],
)
async def test_a_factor_that_only_a_person_has_is_asked_for_once(site: Site, factor: str) -> None:
    """Nobody's telephone rings at every read."""
    site.asks_for(factor)
    with pytest.raises(UpstreamLoginRequired, match=r"codes \(totp\).*--interactive"):
        await site.reads()
    loads = site.model.counters.requests
    with pytest.raises(UpstreamLoginRequired, match="--interactive"):
        await site.reads()
    assert site.model.counters.requests == loads
    assert site.model.counters.refused_logins == 0


async def test_what_is_no_secret_of_codes_is_said_so(site: Site) -> None:
    site.asks_for("totp")
    site.account.use_codes(site.model, secret="!!! not base32")
    with pytest.raises(SecretUnavailable) as caught:
        await site.reads()
    assert "not base32" not in caught.value.detail
    assert site.model.counters.refused_logins == 0
