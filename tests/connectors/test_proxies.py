"""A real forward proxy on the way to both products, and what we call ourselves there."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from urllib.parse import urlsplit

import pytest
from forward_proxy import ForwardProxy
from lone_guard import LoneGuard

from imis_sso.connectors.base import Credential
from imis_sso.connectors.cloud_sso_dashboard import CloudSsoDashboard
from imis_sso.connectors.imis_rest.connector import ImisRest
from imis_sso.connectors.proxy import FindProxy, Proxy, parse_proxy
from imis_sso.domain.problems import UpstreamUnavailable
from imis_sso.domain.resources import IMIS_CLIENT, OPENID_CONNECT
from imis_sso.domain.secret import Secret
from imis_sso.simulators import CloudSsoModel, Simulation

pytestmark = pytest.mark.anyio

PAIR = "proxy user:pa55+word%"  # pragma: allowlist secret


class NoGuard(LoneGuard):
    async def check(self, address: str, username: str, password: Secret) -> None:
        """Let every log-in pass."""


@pytest.fixture
async def proxy() -> AsyncIterator[ForwardProxy]:
    async with ForwardProxy(PAIR).running() as running:
        yield running


def way(proxy: ForwardProxy, pair: str = PAIR) -> FindProxy:
    user, _, password = pair.partition(":")

    async def found() -> Proxy:
        return Proxy("127.0.0.1", proxy.port, user, Secret(password))

    return found


def imis_rest(simulation: Simulation, found: FindProxy, **more: str) -> ImisRest:
    environment = simulation.environments["test"]

    async def credential() -> Credential:
        return Credential(environment.imis_username, Secret(environment.imis_password))

    return ImisRest(
        environment.imis_url,
        credential,
        NoGuard(),
        ca_file=simulation.ca_file,
        proxy=found,
        request_seconds=5.0,
        **more,  # type: ignore[arg-type]
    )


async def test_rest_goes_through_the_proxy_and_names_itself(
    dashboard_simulation: Simulation, proxy: ForwardProxy
) -> None:
    model, address = (
        dashboard_simulation.imis("test"),
        dashboard_simulation.environments["test"].imis_url,
    )
    imis = imis_rest(dashboard_simulation, way(proxy), user_agent="example.org")
    try:
        await imis.read(OPENID_CONNECT)
        assert imis._session is not None
    finally:
        await imis.aclose()
    assert set(proxy.targets) == {urlsplit(address).netloc}
    assert model.counters.logins >= 1


async def test_a_proxy_that_refuses_is_said_so_without_its_password(
    dashboard_simulation: Simulation, proxy: ForwardProxy
) -> None:
    imis = imis_rest(dashboard_simulation, way(proxy, "proxy user:wrong-w0rd"))
    try:
        with pytest.raises(UpstreamUnavailable, match="through the proxy") as caught:
            await imis.read(OPENID_CONNECT)
    finally:
        await imis.aclose()
    assert proxy.targets == []
    assert "wrong-w0rd" not in caught.value.detail


@pytest.mark.browser
async def test_a_browser_goes_through_the_proxy_with_a_private_authority(
    dashboard_maker: Callable[..., CloudSsoDashboard],
    dashboard_model: CloudSsoModel,
    dashboard_simulation: Simulation,
    proxy: ForwardProxy,
) -> None:
    """The look at the server's key goes the same way; loopback is no exception."""
    dashboard_model.change_variant({"cloud_sso_session_limit": "same_browser"})
    dashboard_model.expire_sessions()
    connector = dashboard_maker(proxy=way(proxy), user_agent="example.org")
    try:
        assert (await connector.read(IMIS_CLIENT)).values["client_id"] == dashboard_model.client_id
    finally:
        await connector.aclose()
    address = dashboard_simulation.environments["test"].cloud_sso_url
    assert set(proxy.targets) == {urlsplit(address).netloc}
    assert len(proxy.targets) >= 2
    (session,) = dashboard_model._sessions.values()
    assert session.agent.endswith(" example.org")
    assert session.agent.startswith("Mozilla/5.0")

    lost = dashboard_maker(proxy=way(proxy, "proxy user:wrong-w0rd"))
    try:
        with pytest.raises(UpstreamUnavailable, match="the proxy refuses"):
            await lost.read(IMIS_CLIENT)
    finally:
        await lost.aclose()


def test_the_address_of_a_proxy() -> None:
    found = parse_proxy("http://me:p%2Bw@proxy.example.org:3128/")
    assert (found.server, found.username) == ("http://proxy.example.org:3128", "me")
    assert found.password == Secret("p+w")
    assert parse_proxy("http://[::1]:80").server == "http://[::1]:80"
    assert "p+w" not in repr(found)


@pytest.mark.parametrize(
    "text",
    ["https://proxy:1", "http://proxy", "proxy:3128", "http://proxy:x", "http://proxy:1/path", ""],
)
def test_what_is_no_proxy(text: str) -> None:
    with pytest.raises(ValueError, match=r"http://host:port"):
        parse_proxy(text)
