"""`imis-sso exec`: run one command with a shim of its own that ends with it."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated

import typer

from imis_sso.cli.console import Failure
from imis_sso.cli.hosting import address_of, hosted, listen, log_to_stderr, write_ready_file
from imis_sso.cli.serve import SimulateOption, run
from imis_sso.cli.simulation import Simulated, simulated
from imis_sso.cli.target import DEFAULT_CONFIG, ConfigOption, check_sources, load_registry
from imis_sso.domain.access import Scope

if TYPE_CHECKING:
    from imis_sso.environments import Registry
    from imis_sso.settings import ServerSettings


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("exec")(execute)


def execute(
    command: Annotated[
        list[str], typer.Argument(metavar="-- COMMAND…", help="For example: -- terraform plan")
    ],
    config: ConfigOption = DEFAULT_CONFIG,
    simulate: SimulateOption = False,
    scope: Annotated[Scope, typer.Option(help="What the command may do.")] = Scope.APPLY,
) -> None:
    """Run a command with a shim of its own, and leave with its exit code.

    The command finds the shim's address and a token that dies with it in TF_VAR_imis_sso_url and
    TF_VAR_imis_sso_token (with --simulate also a ready file's path in IMIS_SSO_READY_FILE).
    """
    with ExitStack() as stack:
        simulation = stack.enter_context(simulated()) if simulate else None
        registry, settings = load_registry(simulation.config if simulation else config)
        if simulation is None and settings.fingerprint_key_file is None:
            msg = (
                "exec needs fingerprint_key_file under server: in the registry (or "
                "IMIS_SSO_FINGERPRINT_KEY_FILE): a fresh key would change every secret's version"
            )
            raise Failure(msg)
        check_sources(registry)
        log_to_stderr("warning")
        codes: list[int] = []
        run(_serve_and_run(registry, settings, simulation, scope, command, codes))
    if codes[0]:
        raise Failure(code=codes[0])


async def _serve_and_run(
    registry: Registry,
    settings: ServerSettings,
    simulation: Simulated | None,
    scope: Scope,
    command: list[str],
    codes: list[int],
) -> None:
    from imis_sso.app import create_app, opened

    bound = listen("127.0.0.1", 0)
    async with opened(registry, settings) as service:
        token = service.store.tokens.ephemeral("exec", scope)
        surroundings = {"TF_VAR_imis_sso_url": address_of(bound), "TF_VAR_imis_sso_token": token}
        if simulation is not None:
            ready_file = simulation.config.with_name("ready.json")
            ready = {"base_url": address_of(bound), "token": token}
            write_ready_file(ready_file, ready | simulation.ready())
            surroundings["IMIS_SSO_READY_FILE"] = str(ready_file)
        async with hosted(create_app(service), bound) as serving:
            codes.append(await _run(command, surroundings, serving))


async def _run(
    command: list[str], surroundings: dict[str, str], service: asyncio.Task[None]
) -> int:
    """Run the command in the foreground; signals go to it, and its exit code is ours."""
    child, is_stopping = None, False

    def stop() -> None:
        nonlocal is_stopping
        is_stopping = True
        if child is not None and child.returncode is None:
            child.terminate()

    loop = asyncio.get_running_loop()
    # A terminal sends Ctrl-C to the child as well; only SIGTERM has to be handed on. Before the
    # child starts: it may be quicker than we are to learn that it has.
    loop.add_signal_handler(signal.SIGINT, lambda: None)
    loop.add_signal_handler(signal.SIGTERM, stop)
    service.add_done_callback(lambda _ended: stop())
    try:
        child = await asyncio.create_subprocess_exec(*command, env=os.environ | surroundings)
    except OSError as error:
        raise Failure(f"cannot run {command[0]}: {error.strerror}", code=127) from None
    if is_stopping:
        child.terminate()
    code = await child.wait()
    return code if code >= 0 else 128 - code
