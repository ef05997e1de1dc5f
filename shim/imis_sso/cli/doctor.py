"""`imis-sso doctor`: which ways into the products are open, found out without writing anything."""

from __future__ import annotations

import asyncio
import json as jsonlib
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from imis_sso.cli.captures import write_capture
from imis_sso.cli.console import DIFFERENT, Failure, say, say_json, table
from imis_sso.cli.doctor_report import HELD, markdown
from imis_sso.cli.target import (
    DEFAULT_CONFIG,
    ConfigOption,
    EnvironmentArgument,
    JsonOption,
    load_registry,
)

if TYPE_CHECKING:
    from imis_sso.domain.examination import Door, Examination

ReportOption = Annotated[
    Path | None,
    typer.Option("--report", help="Write a report in Markdown, redacted, fit for a vendor."),
]
CaptureOption = Annotated[
    Path | None,
    typer.Option("--capture", help="Folder for the shapes that were seen, without any value."),
]
EvidenceOption = Annotated[
    Path | None,
    typer.Option("--evidence", help="Write which claims held, without naming anybody, as JSON."),
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("doctor")(doctor)


def doctor(
    environment: EnvironmentArgument,
    config: ConfigOption = DEFAULT_CONFIG,
    json: JsonOption = False,
    report: ReportOption = None,
    capture: CaptureOption = None,
    evidence: EvidenceOption = None,
) -> None:
    """Try every way into the products without writing, and say what works and what to ask.

    Exit code 0 every configured way works, 2 one does not, 1 could not run.
    """
    found = _examined(environment, config)
    if report is not None:
        _write(report, markdown(found))
    if evidence is not None:
        _write(evidence, _evidence(found))
    if capture is not None:
        say(f"Captured: {write_capture(capture, found)}", error=True)
    if json:
        say_json(found.as_dict())
    else:
        _print(found)
    if not found.passed:
        raise Failure(code=DIFFERENT)


def _examined(environment: str, config: Path) -> Examination:
    from imis_sso.consulting import consult
    from imis_sso.environments import ConfigurationError

    registry, settings = load_registry(config)
    if environment not in registry.environments:
        known = ", ".join(registry.environments)
        raise Failure(f"there is no environment {environment!r} in {config}; it has: {known}")
    try:
        return asyncio.run(consult(registry.environments[environment], settings, _progress))
    except ConfigurationError as error:
        raise Failure(*str(error).splitlines()) from None


def _evidence(found: Examination) -> str:
    from imis_sso.domain.tenant_report import report

    return jsonlib.dumps(report(found, datetime.now(UTC).date()), indent=2, sort_keys=True) + "\n"


def _progress(line: str) -> None:
    if sys.stderr.isatty():
        say(line, error=True)


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise Failure(f"{file} cannot be written: {error.strerror}") from None


def _print(found: Examination) -> None:
    for door in found.doors:
        _print_door(door)
    questions = list(found.questions())
    if questions:
        say("To ask the vendors:")
        for product, text in questions:
            say(f"  {product}: {text}")
    verdict = (
        "every configured way in works" if found.passed else "a configured way in does not work"
    )
    say(f"{found.environment}: {verdict}.")


def _print_door(door: Door) -> None:
    from imis_sso.domain.claims import claim

    configured = "configured" if door.configured else "not configured"
    version = f", version {door.version}" if door.version else ""
    say(f"{door.connector} ({configured}{version})")
    if door.untried:
        say(f"  {door.untried}.")
        return
    for path, capability in door.capabilities().items():
        beyond = door.unreachable(path)
        never = f"; never reached: {', '.join(beyond)}" if beyond else ""
        say(f"  {path}: {capability}{never}")
    rows = []
    for each in door.findings:
        said = claim(each.claim) if each.claim else None
        rows.append(
            [
                each.question,
                each.answer,
                HELD[each.held],
                f"{said.mark} {said.section} {said.id}" if said else "",
            ]
        )
    table(["question", "found", "", "claim"], rows)
