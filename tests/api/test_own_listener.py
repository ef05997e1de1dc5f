"""A caller with `apply` cannot make the service talk to a listener of theirs: contract C21, C45.

The listener is a real socket. It must never see a connection, whatever is asked of the service.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from api_answers import PARTNER_SECRET, bring_into_agreement, settle
from service_bench import BASE, CLIENT, MODE, OPENID_CONNECT, REDIRECT, Bench
from test_named_secrets import BUILT_IN, version_of

from imis_sso.domain.access import Scope

pytestmark = [pytest.mark.anyio, pytest.mark.browser]


@dataclass
class Listener:
    """A socket that counts who connects and keeps what they say."""

    port: int = 0
    connections: int = 0
    heard: list[bytes] = field(default_factory=list)

    async def hear(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with contextlib.suppress(TimeoutError):
            self.heard.append(await asyncio.wait_for(reader.read(4096), 0.2))
        writer.close()


@pytest.fixture
async def listener() -> AsyncIterator[Listener]:
    listening = Listener()
    server = await asyncio.start_server(listening.hear, "127.0.0.1", 0)
    listening.port = server.sockets[0].getsockname()[1]
    async with server:
        yield listening


def _addresses(bench: Bench, port: int) -> list[str]:
    """Give every way we know of to write an address that leads to the listener, or seems not to."""
    pinned = bench.cloud_sso.base_url.removeprefix("https://")
    return [
        f"https://127.0.0.1:{port}",
        f"https://127.0.0.1:{port}/",
        f"https://localhost:{port}/.well-known/openid-configuration",
        f"http://127.0.0.1:{port}/",
        f"HTTPS://127.0.0.1:{port}/",
        f"https://{pinned}@127.0.0.1:{port}/",
        f"https://127.0.0.1:{port}\\@{pinned}/",  # pragma: allowlist secret
        f"https://127.0.0.1:{port}#@{pinned}/",
        f"https://127.0.0.1:{port}?@{pinned}/",
        f"https://127.1:{port}/",
        f"https://2130706433:{port}/",
        f"https://0x7f000001:{port}/",
        f"https://[::ffff:127.0.0.1]:{port}/",
        f"//127.0.0.1:{port}/",
        f"https:/127.0.0.1:{port}/",
        f"file://127.0.0.1:{port}/x",
    ]


async def test_the_listener_hears_who_connects(listener: Listener) -> None:
    """Without this the rest would prove nothing."""
    _, writer = await asyncio.open_connection("127.0.0.1", listener.port)
    writer.write(b"hello")
    await writer.drain()
    await asyncio.sleep(0.05)
    writer.close()
    assert (listener.connections, listener.heard) == (1, [b"hello"])


async def test_no_write_reaches_a_listener_of_the_callers(bench: Bench, listener: Listener) -> None:
    """contract C45, C15: well-known, authority, redirect; really and as a dry run."""
    bring_into_agreement(bench)
    await settle(bench)
    apply = bench.caller(Scope.APPLY)
    known = await bench.agreeing()
    secret = {key: known[key] for key in ("client_secret_ref", "client_secret_version")}
    dry = {"dry_run": "true"}
    for address in _addresses(bench, listener.port):
        for key in ("well_known_url", "authority_url", "redirect_login_url"):
            answer = await apply.put(OPENID_CONNECT, json={key: address})
            assert answer.status_code == 422, f"{key} {address}: {answer.text}"
        for more in ({"client_secret": "inline"}, secret, {"client_secret_ref": "partner"}):
            answer = await apply.put(
                OPENID_CONNECT, params=dry, json=more | {"well_known_url": address}
            )
            assert answer.status_code == 422, f"{more} {address}: {answer.text}"
    for params in ({}, dry):
        body = {"redirect_url": f"https://127.0.0.1:{listener.port}/"}
        assert (await apply.put(REDIRECT, params=params, json=body)).status_code == 422
    bench.imis.change(Mode=2)
    answer = await apply.put(
        OPENID_CONNECT, json={"well_known_url": f"https://127.0.0.1:{listener.port}/"}
    )
    assert answer.status_code == 422
    assert bench.imis.counters.writes == 0
    assert bench.cloud_sso.counters.writes == 0
    assert listener.connections == 0


async def test_no_secret_goes_where_it_is_not_for(bench: Bench, listener: Listener) -> None:
    """contract C21: named secrets elsewhere, sources instead of names."""
    await settle(bench)
    apply = bench.caller(Scope.APPLY)
    version = version_of(bench, PARTNER_SECRET)
    address = f"https://127.0.0.1:{listener.port}/"
    for ref in (address, f"vault:{address}", "env:HOME", "file:/etc/hostname"):
        body = {"client_secret_ref": ref, "client_secret_version": version}
        assert (await apply.put(OPENID_CONNECT, json=body)).status_code == 422
        assert (await apply.get(f"{BASE}/secrets/{ref}")).status_code == 404
    for body in (
        {"client_secret_ref": "partner", "client_secret_version": version},
        {"client_secret_ref": BUILT_IN, "client_secret_version": version},
        {"client_secret": "inline"},
    ):
        for path in (MODE, REDIRECT):
            assert (await apply.put(path, json=body)).status_code == 422
        assert (await apply.put(CLIENT, json=body)).status_code == 405
    assert bench.imis.counters.writes == 0
    assert listener.connections == 0


async def test_no_parameter_or_header_leads_there(bench: Bench, listener: Listener) -> None:
    """contract C14, C16: nothing of a request is taken for an address."""
    await settle(bench)
    apply = bench.caller(Scope.APPLY)
    address = f"https://127.0.0.1:{listener.port}/"
    headers = {
        "Host": f"127.0.0.1:{listener.port}",
        "X-Forwarded-Host": f"127.0.0.1:{listener.port}",
        "Forwarded": f"host=127.0.0.1:{listener.port}",
        "Referer": address,
        "Origin": address,
    }
    await apply.get(f"{BASE}/verification", params={"issuer": address}, headers=headers)
    for name in ("url", "issuer", "target", "callback"):
        await apply.get(OPENID_CONNECT, params={name: address}, headers=headers)
    assert listener.connections == 0


async def test_a_record_that_points_there_is_only_compared(
    bench: Bench, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    """contract C45, section 6: an address typed into iMIS by hand is never fetched."""
    bring_into_agreement(bench, mode=1)
    await settle(bench)
    address = f"https://127.0.0.1:{listener.port}"
    bench.imis.change(
        WellKnownUrl=f"{address}/.well-known/openid-configuration",
        Authority=address,
        RedirectLoginUri=f"{address}/",
    )
    apply = bench.caller(Scope.APPLY)
    # Asked for its sign-in page, iMIS itself fetches what its record names: that is not us.
    monkeypatch.setattr(bench.service.pairs["test"].probes, "_page", "")
    for probe in ("passive", "active"):
        verification = (await apply.get(f"{BASE}/verification?probe={probe}")).json()
        assert verification["passed"] is False
        assert verification["proof"] == probe
    assert (await apply.put(MODE, json={"mode": "enabled"})).status_code == 409
    kept = await apply.put(OPENID_CONNECT, json={"client_secret": "inline", "name": "Members"})
    assert kept.status_code == 200, "the secret goes to iMIS, which it is for"
    assert bench.imis.record["ClientSecret"] == "inline"
    assert listener.connections == 0
