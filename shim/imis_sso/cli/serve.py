"""`imis-sso serve`: run the service."""

from __future__ import annotations

import asyncio
import socket
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from imis_sso.cli.console import Failure, say
from imis_sso.cli.hosting import address_of, hosted, listen, log_to_stderr, write_ready_file
from imis_sso.cli.simulation import Simulated, simulated
from imis_sso.cli.target import DEFAULT_CONFIG, ConfigOption, check_sources, load_registry

if TYPE_CHECKING:
    from imis_sso.app import Service
    from imis_sso.environments import Registry
    from imis_sso.settings import ServerSettings

SimulateOption = Annotated[
    bool,
    typer.Option(
        "--simulate",
        help="Simulated products in a temporary directory, instead of a registry file.",
    ),
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("serve")(serve)


def serve(
    config: ConfigOption = DEFAULT_CONFIG,
    simulate: SimulateOption = False,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port; 0 picks a free one.")] = None,
    ready_file: Annotated[
        Path | None, typer.Option(help="Write addresses and token here (0600) when ready.")
    ] = None,
    log_level: Annotated[str | None, typer.Option(help="debug, info, warning or error.")] = None,
) -> None:
    """Run the service until it is told to stop (Ctrl-C, SIGTERM)."""
    flags = {"host": host, "port": port, "log_level": log_level}
    with ExitStack() as stack:
        simulation = stack.enter_context(simulated()) if simulate else None
        registry, settings = load_registry(simulation.config if simulation else config, flags)
        check_sources(registry)
        log_to_stderr(settings.log_level)
        bound = listen(settings.host, settings.port)
        stack.callback(bound.close)
        run(_Serving(registry, settings, bound, simulation, ready_file).serve())


def run(work: Any) -> None:
    """Run a coroutine; what is wrong with the configuration ends the command in clear lines."""
    from imis_sso.environments import ConfigurationError

    try:
        asyncio.run(work)
    except ConfigurationError as error:
        raise Failure(*str(error).splitlines()) from None


class _Serving:
    """One run of `serve`."""

    def __init__(
        self,
        registry: Registry,
        settings: ServerSettings,
        bound: socket.socket,
        simulation: Simulated | None,
        ready_file: Path | None,
    ) -> None:
        self._registry = registry
        self._settings = settings
        self._bound = bound
        self._simulation = simulation
        self._ready_file = ready_file
        self._lacks_token = False

    async def serve(self) -> None:
        """Open the service, serve it, close it."""
        from imis_sso.app import create_app, opened
        from imis_sso.cli.tls import Certificates

        certificates = Certificates(self._settings.tls) if self._settings.tls else None
        async with opened(self._registry, self._settings) as service:
            token = await self._token(service)
            async with hosted(create_app(service), self._bound, certificates) as running:
                await self._announce(service, token)
                await running

    async def _token(self, service: Service) -> str | None:
        from imis_sso.domain.access import Scope, TokenState

        if self._simulation is not None:
            return await service.store.tokens.create("simulate", Scope.ADMIN)
        now, stored = datetime.now(UTC), await service.store.tokens.list()
        tokens = any(each.state(now) is TokenState.ACTIVE for each in stored)
        callers = bool(self._registry.server.callers)
        if not tokens and not callers and not self._settings.on_loopback:
            msg = (
                f"refusing to listen on {self._settings.host} without any token (contract C42): "
                "make one with imis-sso token create"
            )
            raise Failure(msg)
        self._lacks_token = not tokens and not callers
        return None

    async def _announce(self, service: Service, token: str | None) -> None:
        address = address_of(self._bound, tls=self._settings.tls is not None)
        if self._ready_file is not None:
            ready: dict[str, Any] = {"base_url": address, "token": token, "ca_file": None}
            ready["environments"] = {name: {} for name in service.pairs}
            more = self._simulation.ready() if self._simulation else {}
            write_ready_file(self._ready_file, ready | more)
        say(f"imis-sso serves {', '.join(service.pairs)} at {address} (API: {address}/docs)")
        if self._lacks_token:
            say("There is no token yet: make one with imis-sso token create NAME.", error=True)
        if token is not None and self._ready_file is None:
            say(f"Token with all scopes: {token}")
