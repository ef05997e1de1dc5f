"""`imis-sso check`: a site's sign-in seen from outside, with no account and no service."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

import typer

from imis_sso.cli.checks import print_checks, worst_first
from imis_sso.cli.console import DIFFERENT, Failure, progress, say, say_json
from imis_sso.cli.markdown import cell
from imis_sso.cli.target import JsonOption

if TYPE_CHECKING:
    from collections.abc import Mapping

    from imis_sso.services.public_check import Report

AddressArgument = Annotated[
    str,
    typer.Argument(metavar="address", help="The site, for example https://members.example.org."),
]
MarkdownOption = Annotated[
    bool, typer.Option("--markdown", help="Print a report in Markdown, to be shared.")
]
CaFileOption = Annotated[
    Path | None,
    typer.Option("--ca-file", help="Authorities to trust besides the system's, PEM."),
]
AllowOption = Annotated[
    list[str] | None,
    typer.Option(
        "--allow", help="A host[:port] in a private network that may be asked; may be repeated."
    ),
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("check")(check)


def check(
    address: AddressArgument,
    json: JsonOption = False,
    markdown: MarkdownOption = False,
    ca_file: CaFileOption = None,
    allow: AllowOption = None,
) -> None:
    """Check a site's sign-in from outside: no account, no secret, nothing is changed.

    Follows the sign-in as a browser would, up to the provider's page, and judges what both sides
    publish. Exit code 0 passed, 2 failed, 1 could not run.
    """
    address = _address(address)
    with progress(f"Following the sign-in of {address} …"):
        report = asyncio.run(_report(address, allow or [], ca_file))
    if json:
        say_json(report.as_dict())
    elif markdown:
        say(_markdown(report))
    else:
        _print(report)
    if report.asked is None and not any(each.status == "failed" for each in report.checks):
        raise Failure(*([] if json else [f"No sign-in at a provider was found at {address}."]))
    if not report.passed:
        raise Failure(code=DIFFERENT)


def _address(given: str) -> str:
    address = given if "://" in given else f"https://{given}"
    parts = urlsplit(address)
    if parts.scheme != "https" or not parts.hostname:
        msg = f'"{given}" is no address of a site: give https://HOST, or https://HOST/PAGE.'
        raise Failure(msg)
    return address if parts.path else f"{address}/"


async def _report(address: str, allow: list[str], ca_file: Path | None) -> Report:
    from imis_sso.outside import public_doors
    from imis_sso.services.public_check import check_public

    async with public_doors(allow, ca_file) as doors:
        return await check_public(doors, address)


def _print(report: Report) -> None:
    print_checks(report.as_dict()["checks"])
    if report.asked is not None:
        say(f"client {report.asked.client_id}, issuer {report.issuer or 'not found'}")
        say(f"{report.address}: check {'passed' if report.passed else 'failed'}.")


def _markdown(report: Report) -> str:
    told = report.as_dict()
    facts = [
        ("sign-in page", report.asked.page if report.asked else ""),
        ("client id", told["client_id"]),
        ("redirect URL", told["redirect_url"]),
        ("authorization endpoint", told["authorization_endpoint"]),
        ("issuer", told["issuer"]),
    ]
    return "\n".join(
        [
            f"# Sign-in of {cell(report.address)}: {'passed' if report.passed else 'failed'}",
            "",
            *(f"- {name}: `{_code(value)}`" for name, value in facts if value),
            "",
            "| status | check | found | remedy |",
            "|---|---|---|---|",
            *(_row(each) for each in worst_first(told["checks"])),
        ]
    )


def _row(check: Mapping[str, Any]) -> str:
    found, remedy = cell(check["detail"]), cell(check["remedy"])
    return f"| {check['status']} | `{check['id']}` | {found} | {remedy} |"


def _code(text: str) -> str:
    return " ".join(text.replace("`", "'").split())
