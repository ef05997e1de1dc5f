"""The command line of ``script/bootstrap`` and ``script/opentofu``."""

from __future__ import annotations

import argparse
import fcntl
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from provision import steps
from provision.report import Report
from provision.site import Site

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_ROOT = Path(__file__).resolve().parents[2]
_INTERRUPTED = 130


def main(arguments: Sequence[str]) -> int:
    """Find or get what is missing; gives 0 when all is there, 1 when something is missing."""
    options = _parser().parse_args(arguments)
    site = Site(_ROOT, force=options.force)
    report = Report(sys.stderr if options.json else sys.stdout)
    try:
        with _alone(site, report):
            steps.run_all(steps.choose(options.only), site, report)
    except KeyboardInterrupt:
        report.line("bootstrap: interrupted; run it again to go on")
        return _INTERRUPTED
    if options.json:
        sys.stdout.write(report.as_json() + "\n")
    return report.close()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="script/bootstrap",
        description="Find or get everything the project needs; a second run takes seconds.",
        epilog="Everything goes to .venv and .tools; as root, the distribution's packages may "
        "be installed where nothing else is there. Afterwards: . .tools/env",
    )
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="STEP",
        choices=steps.NAMES,
        help=f"only this step: {', '.join(steps.NAMES)}",
    )
    parser.add_argument("--force", action="store_true", help="do again what is already recorded")
    parser.add_argument("--json", action="store_true", help="a JSON summary on standard output")
    return parser


@contextmanager
def _alone(site: Site, report: Report) -> Iterator[None]:
    """Let one bootstrap at a time work on a tree; another one waits."""
    site.tools.mkdir(exist_ok=True)
    with (site.tools / "bootstrap.lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            report.line("bootstrap: waiting for another one on this tree")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
