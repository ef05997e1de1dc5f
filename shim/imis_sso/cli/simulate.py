"""`imis-sso simulate`: the simulated products alone, for trying things against them."""

from __future__ import annotations

import signal
import tempfile
import threading
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from imis_sso.cli.console import say
from imis_sso.cli.hosting import write_ready_file
from imis_sso.cli.simulation import started

if TYPE_CHECKING:
    from imis_sso.simulators import Simulation


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("simulate")(simulate)


def simulate(
    ready_file: Annotated[
        Path | None, typer.Option(help="Write addresses and log-ins here (0600) when ready.")
    ] = None,
    profile: Annotated[
        Path | None,
        typer.Option(help="Behave like the tenant whose capture is in this folder."),
    ] = None,
) -> None:
    """Run simulated iMIS and Cloud SSO, two environments, until told to stop (Ctrl-C, SIGTERM)."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: stop.set())
    with (
        tempfile.TemporaryDirectory(prefix="imis-sso-") as directory,
        started(Path(directory), profile) as simulation,
    ):
        _announce(simulation, ready_file)
        stop.wait()


def _announce(simulation: Simulation, ready_file: Path | None) -> None:
    environments = {name: asdict(each) for name, each in simulation.environments.items()}
    if ready_file is not None:
        content = {"ca_file": str(simulation.ca_file), "environments": environments}
        write_ready_file(ready_file, content)
    say(f"Certificate authority: {simulation.ca_file}")
    for name, each in environments.items():
        say(f"{name}:")
        for key, value in each.items():
            say(f"  {key}: {value}")
