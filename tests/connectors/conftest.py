"""A simulated Cloud SSO and a connector to it with one browser for all tests (`dashboard_*`);
pages that tests write themselves (`browser_*`)."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import at_rest
import pytest
from browser_walk import HOME, LOG_IN_FORM, SECTION, SETTINGS, Walker
from lone_guard import LoneGuard
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from imis_sso.connectors.base import Credential
from imis_sso.connectors.browser.session import BrowserSession
from imis_sso.connectors.cloud_sso_dashboard import CloudSsoDashboard
from imis_sso.connectors.imis_staff_site import ImisStaffSite
from imis_sso.domain.secret import Secret
from imis_sso.simulators import CloudSsoModel, ImisModel, Simulation, Variant
from imis_sso.simulators.server import Listener, ServerThread, bind
from imis_sso.simulators.tls import Authority

# Not run where there is no OpenBao, and said so at the end of the run: neither failed nor passed.
collect_ignore = [] if shutil.which("bao") else ["test_real_vault.py"]

SETTLE_SECONDS = 0.8


class NothingRefused(LoneGuard):
    """The guard of tests in which no log-in is refused."""

    async def check(self, address: str, username: str, password: Secret) -> None:
        """Let every log-in pass."""

    async def remember(self, address: str, username: str, password: Secret) -> None:
        """Fail: there is nothing to remember."""
        del password
        msg = f"{username} was refused at {address}"
        raise AssertionError(msg)


Maker = Callable[..., CloudSsoDashboard]


@pytest.fixture(scope="session")
def dashboard_simulation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulation]:
    """Two simulated environments, `test` and `prod`."""
    with Simulation(tmp_path_factory.mktemp("dashboard")) as simulation:
        yield simulation


@pytest.fixture(scope="session")
def dashboard_captures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory that captures of changed pages go to."""
    return tmp_path_factory.mktemp("captures")


@pytest.fixture(scope="session")
def dashboard_maker(dashboard_simulation: Simulation, dashboard_captures: Path) -> Maker:
    """Make connectors to the simulated Cloud SSO of `test`, keywords replacing the usual."""

    environment = dashboard_simulation.environments["test"]

    async def credential() -> Credential:
        return Credential(environment.cloud_sso_username, Secret(environment.cloud_sso_password))

    def make(**other: object) -> CloudSsoDashboard:
        usual: dict[str, object] = {
            "base_url": environment.cloud_sso_url,
            "cloud_id": environment.cloud_id,
            "credential": credential,
            "guard": NothingRefused(),
            "ca_file": dashboard_simulation.ca_file,
            "captures_dir": dashboard_captures,
            "settle_seconds": SETTLE_SECONDS,
            "uses_per_second": 1000,
        }
        return CloudSsoDashboard(**(usual | other))  # type: ignore[arg-type]

    return make


@pytest.fixture(scope="session")
async def dashboard_warm(
    anyio_backend: str, dashboard_maker: Maker
) -> AsyncIterator[CloudSsoDashboard]:
    """One connector, and so one browser, for every test of the run."""
    assert anyio_backend == "asyncio"
    connector = dashboard_maker()
    yield connector
    await connector.aclose()


@pytest.fixture
def dashboard_model(dashboard_simulation: Simulation) -> CloudSsoModel:
    """The simulated Cloud SSO in its first state, nobody's session ended."""
    model = dashboard_simulation.cloud_sso("test")
    at_rest.wait_for(model)
    model.change_variant(Variant().as_dict())
    model.faults.clear()
    model.patch({"redirect_url": "https://old.example.org/"})
    model.reset()
    return model


@pytest.fixture(scope="module")
async def quick(
    dashboard_maker: Callable[..., CloudSsoDashboard], anyio_backend: str
) -> AsyncIterator[CloudSsoDashboard]:
    """One warm connector that soon gives up waiting: the simulated pages are quick."""
    assert anyio_backend == "asyncio"
    connector = dashboard_maker(settle_seconds=0.3, captures_dir=None)
    yield connector
    await connector.aclose()


@pytest.fixture
def dashboard(
    dashboard_warm: CloudSsoDashboard, dashboard_model: CloudSsoModel
) -> CloudSsoDashboard:
    """The connector with the warm session, the simulated Cloud SSO in its first state."""
    assert dashboard_model.counters.requests == 0
    return dashboard_warm


class Site:
    """An HTTPS server whose pages a test writes; beside it one on another port, with its key.

    `pages` maps a path to HTML, to a redirect (`"307 https://…"`), or to nothing: 404. `received`
    holds the method, path and body of whatever is sent to it, `elsewhere` what the other got.
    """

    def __init__(self, directory: Path) -> None:
        authority = Authority(directory)
        self.ca_file, self._certificate = authority.ca_file, authority.issue("site")
        self.pages: dict[str, str] = {}
        self.received: list[tuple[str, str, str]] = []
        self.elsewhere: list[tuple[str, str, str]] = []
        self._sockets = [bind(), bind()]
        self.origin, self.other = (
            f"https://127.0.0.1:{each.getsockname()[1]}" for each in self._sockets
        )
        self._authority = authority
        self._thread = self._served()

    def _served(self) -> ServerThread:
        apps = (self._app(self.received), self._app(self.elsewhere))
        return ServerThread(
            [
                Listener(app, each, self._certificate)
                for app, each in zip(apps, self._sockets, strict=True)
            ]
        )

    def _app(self, received: list[tuple[str, str, str]]) -> ASGIApp:
        async def answer(request: Request) -> Response:
            body = (await request.body()).decode()
            received.append((request.method, request.url.path, body))
            page = self.pages.get(request.url.path)
            if page is None:
                return Response(status_code=404)
            if page[:1].isdigit():
                status, _, location = page.partition(" ")
                return Response(status_code=int(status), headers={"Location": location})
            return HTMLResponse(f'<!doctype html><link rel="icon" href="data:,">{page}')

        routes = [Route("/{path:path}", answer, methods=["GET", "POST"])]
        return Starlette(routes=routes)

    def start(self) -> None:
        """Serve."""
        self._thread.start()

    def restart_with_another_key(self) -> None:
        """Stop, and serve the same addresses with a new certificate of the same authority."""
        self.stop()
        ports = [int(each.rsplit(":", 1)[1]) for each in (self.origin, self.other)]
        self._sockets = [bind(port) for port in ports]
        self._certificate = self._authority.issue("again")
        self._thread = self._served()
        self.start()

    def stop(self) -> None:
        """Stop serving and free the ports."""
        self._thread.stop()
        for each in self._sockets:
            each.close()


@pytest.fixture(scope="session")
def browser_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The server of pages that tests write."""
    site = Site(tmp_path_factory.mktemp("site"))
    site.start()
    yield site
    site.stop()


@pytest.fixture
def browser_site(browser_server: Site) -> Site:
    """The server, without pages and with nothing received."""
    browser_server.pages.clear()
    browser_server.received.clear()
    browser_server.elsewhere.clear()
    return browser_server


@pytest.fixture(scope="session")
async def browser_session(
    anyio_backend: str, browser_server: Site
) -> AsyncIterator[BrowserSession]:
    """One browser for the pages that tests write."""
    assert anyio_backend == "asyncio"
    session = BrowserSession(
        browser_server.origin,
        "The product",
        ca_file=browser_server.ca_file,
        settle_seconds=SETTLE_SECONDS,
    )
    yield session
    await session.aclose()


@pytest.fixture
def walker(browser_session: BrowserSession, browser_site: Site) -> Walker:
    browser_site.pages |= {"/": LOG_IN_FORM, "/section": SECTION, "/page": SETTINGS}
    browser_site.pages["/in"] = "303 /home"
    browser_site.pages["/home"] = HOME
    return Walker(browser_session, browser_site.origin)


StaffMaker = Callable[..., ImisStaffSite]


@pytest.fixture(scope="session")
def staff_maker(dashboard_simulation: Simulation) -> StaffMaker:
    """Make connectors to the simulated Staff site of `test`, keywords replacing the usual."""
    environment = dashboard_simulation.environments["test"]

    async def credential() -> Credential:
        return Credential(environment.imis_username, Secret(environment.imis_password))

    def make(**other: object) -> ImisStaffSite:
        usual: dict[str, object] = {
            "base_url": environment.imis_url,
            "credential": credential,
            "guard": NothingRefused(),
            "ca_file": dashboard_simulation.ca_file,
            "settle_seconds": SETTLE_SECONDS,
            "uses_per_second": 1000,
        }
        return ImisStaffSite(**(usual | other))  # type: ignore[arg-type]

    return make


@pytest.fixture(scope="session")
async def staff_warm(anyio_backend: str, staff_maker: StaffMaker) -> AsyncIterator[ImisStaffSite]:
    """One connector, and so one browser, for every test of the run."""
    assert anyio_backend == "asyncio"
    connector = staff_maker()
    yield connector
    await connector.aclose()


@pytest.fixture
def staff_model(dashboard_simulation: Simulation) -> ImisModel:
    """The simulated iMIS in its first state, nobody's session ended."""
    model = dashboard_simulation.imis("test")
    at_rest.wait_for(model)
    sessions = dict(model.staff._sessions)
    if model.variant != Variant():
        model.change_variant(Variant().as_dict())
    model.reset(state=True)
    model.staff._sessions = sessions
    return model


@pytest.fixture
def staff(staff_warm: ImisStaffSite, staff_model: ImisModel) -> ImisStaffSite:
    """The connector with the warm session, the simulated iMIS in its first state."""
    assert staff_model.counters.requests == 0
    return staff_warm
