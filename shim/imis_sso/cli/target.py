"""Which service a command speaks to: one of its own, made from a registry file, or a running one.

Both ways the command is a client of the same API, so it can do nothing that the API refuses.
"""

from __future__ import annotations

import asyncio
import getpass
import logging
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from imis_sso.cli.console import Failure, progress, say

if TYPE_CHECKING:
    import httpx

    from imis_sso.environments import Registry
    from imis_sso.settings import ServerSettings

T = TypeVar("T")

DEFAULT_CONFIG = Path("imis-sso.yaml")
ConfigOption = Annotated[
    Path,
    typer.Option(
        "--config", "-c", envvar="IMIS_SSO_CONFIG", help="Registry file.", show_default=True
    ),
]
UrlOption = Annotated[
    str | None,
    typer.Option("--url", envvar="IMIS_SSO_URL", help="Ask a running service instead."),
]
TokenOption = Annotated[
    str | None,
    typer.Option(
        "--token", envvar="IMIS_SSO_TOKEN", help="Its token; best set in the environment."
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
SpoolOption = Annotated[
    Path | None,
    typer.Option("--spool", help="Folder for signed lines while the store cannot be written."),
]
EnvironmentArgument = Annotated[str, typer.Argument(metavar="ENV", help="Environment.")]


@dataclass(frozen=True)
class Target:
    """Where a command's requests go; `scope` is what it may do in a service of its own.

    In an `emergency` such a service starts also without its store; `spool` is then where the spool
    shall be.
    """

    config: Path
    url: str | None
    token: str | None
    scope: str = "read"
    emergency: bool = False
    spool: Path | None = None


def load_registry(
    config: Path, flags: dict[str, Any] | None = None
) -> tuple[Registry, ServerSettings]:
    """Load the registry file and the server's settings; a fault ends the command, a line each."""
    from imis_sso.environments import ConfigurationError, load
    from imis_sso.settings import ServerSettings

    try:
        registry = load(config)
        return registry, ServerSettings.resolve(registry.server, flags)
    except ConfigurationError as error:
        raise Failure(*str(error).splitlines()) from None


def check_sources(registry: Registry) -> None:
    """End the command if a password or secret of the registry cannot be had."""
    from imis_sso.connectors.secrets.resolve import resolve
    from imis_sso.environments import check_sources as faults_of

    faults = faults_of(registry, resolve)
    if faults:
        raise Failure(*(str(each) for each in faults))


def run(work: Callable[[httpx.AsyncClient], Awaitable[T]], target: Target, what: str) -> T:
    """Run a command's requests against its target, with progress, and give what they give."""
    from imis_sso.environments import ConfigurationError

    async def session() -> T:
        async with _client(target) as client:
            return await work(client)

    try:
        with progress(what):
            return asyncio.run(session())
    except ConfigurationError as error:
        raise Failure(*str(error).splitlines()) from None


@asynccontextmanager
async def _client(target: Target) -> AsyncIterator[httpx.AsyncClient]:
    if target.url is None:
        async with _own(target) as client:
            yield client
        return
    async with _remote(target.url, target.token or "") as client:
        yield client


def _remote(url: str, token: str) -> httpx.AsyncClient:
    import httpx

    if not (token.isascii() and token.isprintable()):
        raise Failure("--token is no token of this service: it has characters that none has")
    try:
        headers = {"Authorization": f"Bearer {token}"}
        return httpx.AsyncClient(base_url=url, headers=headers, timeout=60)
    except httpx.InvalidURL:
        raise Failure(f"--url {url!r} is no address; the form is http://host:port") from None


@asynccontextmanager
async def _own(target: Target) -> AsyncIterator[httpx.AsyncClient]:
    import httpx

    from imis_sso.app import create_app, opened
    from imis_sso.domain.access import Scope

    logging.getLogger("imis_sso").setLevel(logging.ERROR)
    registry, settings = load_registry(target.config)
    opening = opened(registry, settings, emergency=target.emergency, spool=target.spool)
    async with opening as service:
        for notice in service.notices:
            say(notice, error=True)
        token = service.store.tokens.ephemeral(f"cli.{user_name()}", Scope(target.scope))
        transport = httpx.ASGITransport(create_app(service))
        headers = {"Authorization": f"Bearer {token}"}
        async with httpx.AsyncClient(
            transport=transport, base_url="http://imis-sso", headers=headers, timeout=60
        ) as client:
            yield client


def user_name() -> str:
    """Give the name of the person at the terminal, for the record of writes."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
    return re.sub(r"[^A-Za-z0-9._-]", "_", name)[:40]


async def call(client: httpx.AsyncClient, method: str, path: str, **more: Any) -> Any:
    """Send one request and give the answer's JSON; a problem ends the command with its detail."""
    import httpx

    try:
        answer = await client.request(method, path, **more)
    except httpx.HTTPError as error:
        msg = f"the service at {client.base_url} does not answer: {type(error).__name__}"
        raise Failure(msg) from None
    if not answer.is_success:
        raise Failure(*problem_lines(answer))
    try:
        return answer.json() if answer.content else None
    except ValueError:
        msg = f"what answers at {client.base_url} is not imis-sso"
        raise Failure(msg) from None


def problem_lines(answer: httpx.Response) -> list[str]:
    """Put a problem answer into lines for a person."""
    try:
        problem = answer.json()
        return [f"{problem['title']}: {problem['detail']}"]
    except (ValueError, KeyError, TypeError):
        return [f"the service answered with status {answer.status_code}"]
