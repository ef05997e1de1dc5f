"""All commands together, and what happens to errors that reach the top."""

from __future__ import annotations

import sys
from typing import Annotated, Final

import typer

import imis_sso
from imis_sso.cli import (
    attest,
    audit,
    check,
    check_config,
    confirm,
    connectors,
    diff,
    directories,
    doctor,
    emergency,
    execute,
    history,
    login,
    mode,
    offboard,
    pages,
    rehearse,
    restore,
    secret,
    serve,
    show,
    simulate,
    store,
    token,
    verify,
)
from imis_sso.cli.console import Failure, say

USAGE_ERROR: Final = 2

app = typer.Typer(
    name="imis-sso",
    help="Settings of iMIS OpenID Connect and Cloud SSO as a REST API for Terraform.",
    epilog="Exit codes: 0 done, 1 error, 2 there is a difference or a failed check.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for _module in (
    serve,
    execute,
    simulate,
    check_config,
    check,
    show,
    doctor,
    rehearse,
    verify,
    attest,
    confirm,
    diff,
    mode,
    emergency,
    login,
    offboard,
    history,
    restore,
):
    _module.register(app)
app.add_typer(audit.app, name="audit")
app.add_typer(connectors.app, name="connectors")
app.add_typer(token.app, name="token")
app.add_typer(secret.app, name="secret")
app.add_typer(directories.app, name="directories")
app.add_typer(store.app, name="store")
app.add_typer(pages.app, name="pages")


def _version(asked: bool) -> None:  # Typer calls it with the flag's value
    if asked:
        typer.echo(f"imis-sso {imis_sso.__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Hold the options that stand before any command."""


def run() -> None:
    """Run the command line; an error is one clear line each and exit code 1, no traceback."""
    try:
        app(prog_name="imis-sso")
    except Failure as failure:
        for line in failure.lines:
            say(f"imis-sso: {line}", error=True)
        sys.exit(failure.code)
    except SystemExit as end:
        # Typer leaves with 2 where it was called wrongly; here that means a difference.
        sys.exit(1 if end.code == USAGE_ERROR else end.code)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        sys.exit(1)
