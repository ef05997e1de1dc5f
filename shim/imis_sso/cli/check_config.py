"""`imis-sso check-config`: what is wrong with a registry file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from imis_sso.cli.console import Failure, say, say_json
from imis_sso.cli.target import (
    DEFAULT_CONFIG,
    ConfigOption,
    JsonOption,
    check_sources,
    load_registry,
)
from imis_sso.cli.tls import check as check_tls


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("check-config")(check_config)


def check_config(
    config: ConfigOption = DEFAULT_CONFIG,
    sources: Annotated[
        bool,
        typer.Option(
            help="Also see whether every password and secret can be had, and TLS files used."
        ),
    ] = True,
    json: JsonOption = False,
) -> None:
    """Check a registry file: every fault with file, line and key. Exit code 1 if there is one."""
    try:
        registry, settings = load_registry(config)
        _check_pages(registry.server.pages_dir)
        if sources:
            check_sources(registry)
            check_tls(settings.tls)
    except Failure as failure:
        if json:
            say_json({"valid": False, "faults": list(failure.lines)})
            raise typer.Exit(1) from None
        raise
    names = list(registry.environments)
    if json:
        say_json({"valid": True, "environments": names, "faults": []})
    else:
        say(f"{config}: valid; environments: {', '.join(names)}.")


def _check_pages(pages_dir: Path | None) -> None:
    from imis_sso.connecting import check_pages
    from imis_sso.environments import ConfigurationError

    try:
        check_pages(pages_dir)
    except ConfigurationError as error:
        raise Failure(*str(error).splitlines()) from None
