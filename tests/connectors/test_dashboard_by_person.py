"""A dashboard that a person logged in to: used while it lasts, never begun (architecture 4)."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
from lone_guard import LoneGuard
from playwright.async_api import Page

from imis_sso.connectors.base import Credential, WriteUncertain
from imis_sso.connectors.browser.person_log_in import LogInPlace, log_in_by_person
from imis_sso.connectors.browser.watched import Trust
from imis_sso.connectors.cloud_sso_dashboard import CloudSsoDashboard
from imis_sso.connectors.cloud_sso_dashboard.connector import page_files
from imis_sso.domain.kept_login import BrowserState, KeptLogin, LoginFacts
from imis_sso.domain.observed import Change
from imis_sso.domain.problems import UpstreamLoginRequired, WrongTenant
from imis_sso.domain.resources import IMIS_CLIENT, IMIS_SSO_SETTINGS
from imis_sso.domain.secret import Secret
from imis_sso.simulators import CloudSsoModel, Fault, Simulation

pytestmark = [pytest.mark.anyio, pytest.mark.browser]

Maker = Callable[..., CloudSsoDashboard]


class Kept(LoneGuard):
    """A guard that keeps a person's log-in, as the store does."""

    def __init__(self) -> None:
        self.login: KeptLogin | None = None
        self.ended: list[str] = []
        self.renewals = 0

    def put(self, state: BrowserState, mark: str) -> None:
        self.login = KeptLogin(LoginFacts(mark, "cli.jane", datetime.now(UTC), state.ends), state)

    async def kept(self) -> KeptLogin:
        if self.login is None:
            msg = "nobody has logged in"
            raise UpstreamLoginRequired(msg)
        return self.login

    async def renew(self, kept: KeptLogin, state: BrowserState) -> None:
        self.renewals += 1
        self.login = KeptLogin(kept.facts, state)

    async def note_ended(self, kept: KeptLogin) -> None:
        self.ended.append(kept.facts.mark)


class Visitor:
    """A person with a password, a telephone, and eyes for what the pages say."""

    def __init__(self, model: CloudSsoModel, *, leaves: bool = False) -> None:
        self._model, self._leaves = model, leaves

    async def sign_in(self, page: Page) -> None:
        if self._leaves:
            await page.close()
            return
        await page.get_by_label("User Name").fill(self._model.username)
        await page.get_by_label("Password").fill(self._model.password)
        await page.get_by_label("Cloud ID").fill(self._model.cloud_id)
        await page.get_by_role("button", name="Log In").click()
        await page.get_by_text("Approve the request").wait_for()
        self._model.second_factor.approve()


def logged_in(model: CloudSsoModel) -> BrowserState:
    """Give what a browser holds that was logged in elsewhere."""
    cookie = {
        "name": f"sso_session_{model.cloud_id}",
        "value": model.open_session(),
        "domain": "127.0.0.1",
        "path": "/",
        "expires": -1,
        "httpOnly": True,
        "secure": True,
        "sameSite": "Lax",
    }
    return BrowserState(Secret(json.dumps({"cookies": [cookie], "origins": []})), "Browser/1.0")


async def never() -> Credential:
    msg = "a password was asked for"
    raise AssertionError(msg)


@pytest.fixture(scope="module")
def guard() -> Kept:
    return Kept()


@pytest.fixture(scope="module")
async def own(
    anyio_backend: str, dashboard_maker: Maker, guard: Kept
) -> AsyncIterator[CloudSsoDashboard]:
    assert anyio_backend == "asyncio"
    connector = dashboard_maker(credential=never, guard=guard, by_person=True)
    yield connector
    await connector.aclose()


@pytest.fixture
def model(dashboard_model: CloudSsoModel) -> CloudSsoModel:
    dashboard_model.expire_sessions()
    dashboard_model.patch({"cookie_seconds": 0})
    dashboard_model.change_variant({"cloud_sso_second_factor": "push"})
    return dashboard_model


@pytest.fixture
def place(dashboard_simulation: Simulation) -> LogInPlace:
    files = page_files()
    address = dashboard_simulation.environments["test"].cloud_sso_url
    inside = files.page(files.names[0]).open[0]
    return LogInPlace(f"{address}/", "Cloud SSO", files.log_in, inside)


@pytest.fixture
def trust(dashboard_simulation: Simulation, place: LogInPlace) -> Trust:
    return Trust(dashboard_simulation.ca_file, (urlsplit(place.address).netloc,), headless=True)


async def test_a_persons_log_in_serves_until_it_ends(
    own: CloudSsoDashboard, guard: Kept, model: CloudSsoModel, place: LogInPlace, trust: Trust
) -> None:
    """With a factor that no service has, and in the browser that the product bound it to."""
    model.patch({"cookie_seconds": 3600})
    model.change_variant({"cloud_sso_session_limit": "same_browser"})
    with pytest.raises(UpstreamLoginRequired, match="nobody"):
        await own.read(IMIS_CLIENT)
    assert model.counters.requests == 0

    state = await log_in_by_person(place, Visitor(model), 60, trust)
    assert state.ends is not None
    assert timedelta(minutes=59) < state.ends - datetime.now(UTC) <= timedelta(hours=1)
    guard.put(state, "first")
    base = await own.read(IMIS_SSO_SETTINGS)
    await own.write(IMIS_SSO_SETTINGS, Change({"redirect_url": "https://new.example.org/"}), base)
    assert model.redirect_url == "https://new.example.org/"
    assert model.counters.logins == 1

    model.expire_sessions()
    for _ in range(2):
        with pytest.raises(UpstreamLoginRequired, match=r"of cli.jane, .* has ended") as caught:
            await own.read(IMIS_CLIENT)
        assert "--interactive" in caught.value.detail
    assert guard.ended == ["first", "first"]
    assert model.counters.refused_logins == 0

    guard.put(await log_in_by_person(place, Visitor(model), 60, trust), "second")
    assert (await own.read(IMIS_CLIENT)).values["client_id"] == model.client_id
    guard.login = None  # forgotten: at the next request, by every process
    with pytest.raises(UpstreamLoginRequired):
        await own.read(IMIS_CLIENT)


async def test_only_what_is_the_products_own_is_kept(
    model: CloudSsoModel, place: LogInPlace, trust: Trust
) -> None:
    class Wanderer(Visitor):
        async def sign_in(self, page: Page) -> None:
            cookie = {"name": "idp", "value": "x" * 20, "domain": "login.example.org", "path": "/"}
            await page.context.add_cookies([cookie])  # type: ignore[list-item]
            await super().sign_in(page)

    state = await log_in_by_person(place, Wanderer(model), 60, trust)
    found = json.loads(state.storage.reveal())
    assert {each["domain"] for each in found["cookies"]} == {"127.0.0.1"}
    assert state.ends is None
    assert "Headless" in state.user_agent or "Chrome" in state.user_agent
    assert found["cookies"][0]["value"] not in f"{state}{state!r}"


async def test_a_session_that_ends_with_the_save_leaves_the_truth(
    own: CloudSsoDashboard, guard: Kept, model: CloudSsoModel
) -> None:
    """The save is not repeated where nobody can log in; what became of it is read later."""
    guard.put(logged_in(model), "third")
    base = await own.read(IMIS_SSO_SETTINGS)
    model.faults.add(Fault("expire_session", {"role": "write"}))
    with pytest.raises(WriteUncertain) as caught:
        await own.write(IMIS_SSO_SETTINGS, Change({"redirect_url": "https://n.example.org/"}), base)
    assert isinstance(caught.value.cause, UpstreamLoginRequired)
    assert (model.counters.writes, model.counters.stored) == (1, 0)


async def test_another_tenant_than_the_environments_is_refused(
    guard: Kept, model: CloudSsoModel, dashboard_maker: Maker
) -> None:
    """Contract C46: nobody checks where a person logs in, so the page's own word counts, or none."""
    guard.put(logged_in(model), "fourth")
    other = dashboard_maker(credential=never, guard=guard, by_person=True)
    try:
        assert "cloud_id" not in await other.tenant()
        named = {"change": "renamed", "label": "Client Secret", "to": "Cloud ID"}
        model.change_variant({"cloud_sso_secret": "copy"})
        model.faults.add(Fault("changed_page", params=named))
        with pytest.raises(WrongTenant, match=model.cloud_id):
            await other.read(IMIS_CLIENT)
    finally:
        await other.aclose()


async def test_a_window_that_is_closed_or_left_alone_gives_nothing(
    model: CloudSsoModel, place: LogInPlace, trust: Trust
) -> None:
    with pytest.raises(UpstreamLoginRequired, match="window was closed"):
        await log_in_by_person(place, Visitor(model, leaves=True), 60, trust)
    lost = replace(place, inside=("Nowhere",))
    with pytest.raises(UpstreamLoginRequired, match="time was over"):
        await log_in_by_person(lost, Visitor(model), 6, trust)
