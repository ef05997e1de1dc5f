"""Which Chromium is started, with what, and whom it trusts."""

from __future__ import annotations

import asyncio
import socket
import ssl
import sys
from pathlib import Path
from typing import Any

import pytest
import trustme

from imis_sso.connectors.browser import failures, launch, trust
from imis_sso.domain.problems import (
    UpstreamError,
    UpstreamTimeout,
    UpstreamUnavailable,
)
from imis_sso.simulators import Simulation

pytestmark = pytest.mark.anyio


def program(directory: Path, name: str) -> str:
    directory.mkdir(exist_ok=True)
    path = directory / name
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return str(path)


def test_the_configured_browser_comes_first_then_the_systems_then_playwrights(
    tmp_path: Path,
) -> None:
    assert launch.find_chromium({"PATH": str(tmp_path)}) is None
    chrome = program(tmp_path, "google-chrome")
    assert launch.find_chromium({"PATH": str(tmp_path)}) == chrome
    chromium = program(tmp_path, "chromium")
    assert launch.find_chromium({"PATH": str(tmp_path)}) == chromium
    own = program(tmp_path / "own", "browser")
    environ = {"PATH": str(tmp_path), launch.EXECUTABLE_VARIABLE: own}
    assert launch.find_chromium(environ) == own


def test_a_browser_without_windows_serves_where_nobody_looks_on(tmp_path: Path) -> None:
    light = program(tmp_path, "chromium-headless-shell")
    environ = {"PATH": str(tmp_path)}
    assert launch.find_chromium(environ) == light
    assert launch.find_chromium(environ, headless=False) is None
    whole = program(tmp_path, "chromium")
    for each in (environ, environ | {launch.EXECUTABLE_VARIABLE: light}):
        assert launch.find_chromium(each) == light
        assert launch.find_chromium(each, headless=False) == whole


def test_a_configured_browser_that_is_none_is_named(tmp_path: Path) -> None:
    environ = {"PATH": str(tmp_path), launch.EXECUTABLE_VARIABLE: "/nowhere/chromium"}
    with pytest.raises(UpstreamUnavailable, match="/nowhere/chromium"):
        launch.find_chromium(environ)


def test_errors_of_certificates_are_never_ignored_as_a_whole() -> None:
    """Contract C45: only the pinned keys of servers that were verified are trusted."""
    pinned = launch.flags(["pin1", "pin2"], as_root=False)
    assert "--ignore-certificate-errors-spki-list=pin1,pin2" in pinned
    for flags in (pinned, launch.flags([], as_root=True)):
        assert "--ignore-certificate-errors" not in flags
        assert "--disable-quic" in flags
    assert not any("certificate" in each for each in launch.flags([], as_root=False))


def test_the_sandbox_is_off_only_as_root() -> None:
    assert "--no-sandbox" in launch.flags([], as_root=True)
    assert "--no-sandbox" not in launch.flags([], as_root=False)


def test_the_browser_gets_no_credential_of_the_environment() -> None:
    environ = {"PATH": "p", "LC_ALL": "C", "IMIS_PASSWORD": "x", "IMIS_SSO_TOKEN": "y"}
    assert launch.passed_environment(environ) == {"PATH": "p", "LC_ALL": "C"}


async def test_without_playwright_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "playwright.async_api", None)
    with pytest.raises(UpstreamUnavailable, match=r"imis-sso\[browser\]"):
        await launch.start([])


@pytest.fixture(scope="module")
def simulation(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with Simulation(tmp_path_factory.mktemp("pins"), ("test",)) as running:
        yield running


def port_of(url: str) -> int:
    return int(url.rsplit(":", 1)[1])


async def test_the_pin_is_the_servers_own_key(simulation: Simulation) -> None:
    port = port_of(simulation.environments["test"].cloud_sso_url)
    pin = await trust.server_pin("127.0.0.1", port, simulation.ca_file, "The product")
    assert pin in simulation.spki_pins


async def test_another_authority_gives_no_pin(simulation: Simulation, tmp_path: Path) -> None:
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(other)
    port = port_of(simulation.environments["test"].cloud_sso_url)
    with pytest.raises(UpstreamUnavailable, match="certificate"):
        await trust.server_pin("127.0.0.1", port, other, "The product")


async def test_a_certificate_for_another_name_gives_no_pin(tmp_path: Path) -> None:
    """Contract C45: the name is verified, not only the authority."""
    authority = trustme.CA()
    ca_file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(ca_file)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("elsewhere.example.org").configure_cert(context)

    async def nothing(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_server(nothing, "127.0.0.1", 0, ssl=context)
    async with server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(UpstreamUnavailable, match="not for this address"):
            await trust.server_pin("127.0.0.1", port, ca_file, "The product")


async def test_a_server_that_says_nothing_is_a_timeout(simulation: Simulation) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        port = silent.getsockname()[1]
        with pytest.raises(UpstreamTimeout):
            await trust.server_pin(
                "127.0.0.1", port, simulation.ca_file, "The product", seconds=0.2
            )


@pytest.mark.parametrize("content", [None, "no certificates"])
async def test_a_ca_file_that_is_none_is_named(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_text(content)
    with pytest.raises(UpstreamUnavailable, match=r"ca\.pem"):
        await trust.server_pin("127.0.0.1", 1, file, "The product")


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ("ERR_CERT_AUTHORITY_INVALID", failures.CertificateRefused),
        ("ERR_SSL_PROTOCOL_ERROR", failures.CertificateRefused),
        ("ERR_CONNECTION_TIMED_OUT", UpstreamTimeout),
        ("ERR_CONTENT_LENGTH_MISMATCH", UpstreamError),
        ("ERR_INCOMPLETE_CHUNKED_ENCODING", UpstreamError),
        ("ERR_NAME_NOT_RESOLVED", UpstreamUnavailable),
    ],
)
def test_network_errors_are_told_apart(code: str, problem: type[Exception]) -> None:
    assert type(failures.network_problem(code, "The product")) is problem


@pytest.mark.parametrize(
    ("message", "problem"),
    [
        ("Page.goto: net::ERR_CONNECTION_REFUSED at https://x/", UpstreamUnavailable),
        ("Page.evaluate: Execution context was destroyed", failures.PageReplaced),
        ("Page.goto: Target page, context or browser has been closed", failures.BrowserGone),
        ("Page.evaluate: Target crashed", failures.BrowserGone),
        ("Locator.fill: Error\nCall log:\n - fill('pa55word') closed", UpstreamError),
    ],
)
def test_the_librarys_words_are_never_passed_on(message: str, problem: type[Exception]) -> None:
    """Contract C20: the library logs what was typed in its messages."""
    from playwright.async_api import Error

    with pytest.raises(problem) as caught, failures.translated("The product"):
        raise Error(message)
    assert "pa55word" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


@pytest.mark.parametrize(
    ("status", "retry_after", "problem", "seconds"),
    [
        (200, None, None, None),
        (403, None, None, None),
        (429, "7", UpstreamUnavailable, 7),
        (503, "99999", UpstreamUnavailable, 300),
        (503, "Wed, 21 Oct 2026 07:28:00 GMT", UpstreamUnavailable, 10),
        (504, None, UpstreamTimeout, 10),
        (500, "7", UpstreamError, 10),
    ],
)
def test_statuses_are_told_apart(
    status: int, retry_after: str | None, problem: type[Exception] | None, seconds: int | None
) -> None:
    """Contract C31: an integer Retry-After where a retry can help, bounded."""
    found = failures.refused_status(status, retry_after, "The product")
    assert (None if found is None else type(found)) is problem
    assert (None if found is None else found.retry_after) == seconds
