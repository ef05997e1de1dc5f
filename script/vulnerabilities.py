"""Ask a vulnerability service about everything that is locked, with pip-audit.

Usage: python -m vulnerabilities [--strict] [--osv-url URL] [LOCK ...]. A known vulnerability is
exit status 1. What could not be asked is named as not run, and never counts as passed: exit status
0, with --strict 1.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).resolve().parents[1]
LOCKS = ("requirements.lock", "requirements-tools.lock")
OSV_URL = "https://api.osv.dev/v1/query"
_SECONDS = 300


@dataclass(frozen=True)
class Answer:
    """What is known of one lock file: vulnerabilities, and what could not be asked."""

    asked: int
    known: tuple[str, ...]
    not_run: str | None = None

    def lines(self) -> Iterator[str]:
        """Tell it: every vulnerability, then what was not run, then what is well."""
        yield from self.known
        if self.not_run is not None:
            yield f"not run: {self.not_run}"
        elif not self.known:
            yield f"{self.asked} packages, no known vulnerability"


def ask(lock: Path, url: str) -> Answer:
    """Ask about one lock file; whatever goes wrong on the way is what was not run."""
    command = [sys.executable, "-m", "pip_audit", "--requirement", str(lock), "--format", "json"]
    command += ["--require-hashes", "--disable-pip", "--progress-spinner", "off"]
    command += ["--vulnerability-service", "osv", "--osv-url", url]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=_SECONDS
        )
        return judged(json.loads(done.stdout)["dependencies"])
    except subprocess.TimeoutExpired:
        return Answer(0, (), f"no answer from {url} within {_SECONDS} seconds")
    except (ValueError, KeyError):
        said = done.stderr.strip().splitlines() or ["pip-audit said nothing"]
        return Answer(0, (), f"no answer from {url} ({said[-1].partition(':')[0][:100]})")


def judged(dependencies: Sequence[dict[str, Any]]) -> Answer:
    """Sort pip-audit's answer; a package that it skipped was not asked about."""
    skipped = sorted(each["name"] for each in dependencies if "skip_reason" in each)
    known = [
        f"{each['name']} {each['version']}: {found['id']}, "
        f"mended in {', '.join(found['fix_versions']) or 'no version yet'}"
        for each in dependencies
        for found in each.get("vulns", ())
    ]
    reason = f"nothing is known of {', '.join(skipped)}" if skipped else None
    if not dependencies:
        reason = "the lock file names no package"
    return Answer(len(dependencies) - len(skipped), tuple(known), reason)


def main(arguments: Sequence[str] | None = None) -> int:
    """Ask about each lock file; gives the exit status."""
    parser = argparse.ArgumentParser(prog="vulnerabilities", description=__doc__)
    parser.add_argument("lock", nargs="*", type=Path, default=[ROOT / each for each in LOCKS])
    parser.add_argument("--strict", action="store_true", help="what was not run fails")
    parser.add_argument("--osv-url", default=OSV_URL, help="another service that speaks OSV")
    options = parser.parse_args(arguments)
    answers = {lock: ask(lock, options.osv_url) for lock in options.lock}
    for lock, answer in answers.items():
        for line in answer.lines():
            print(f"audit: {lock.name}: {line}")
    bad = any(each.known or (options.strict and each.not_run) for each in answers.values())
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
