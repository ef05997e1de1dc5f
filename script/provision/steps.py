"""The steps of bootstrap, in their order, and the running of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from provision import (
    chromium,
    environment,
    node,
    opentofu,
    postgresql,
    providers,
    python_packages,
    terraform,
)
from provision.outcome import Found, MissingError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from provision.report import Report
    from provision.site import Say, Site


@dataclass(frozen=True)
class Step:
    """One thing to provide: its name on the command line, its title, what it builds on."""

    name: str
    title: str
    provide: Callable[[Site, Say], Found]
    needs: tuple[str, ...] = ()


STEPS = (
    Step("python", "Python packages", python_packages.provide),
    Step("node", "Node", node.provide, ("python",)),
    Step("terraform", "Terraform", terraform.provide, ("python",)),
    Step("providers", "Terraform providers", providers.provide, ("python", "terraform")),
    Step("chromium", "Chromium", chromium.provide, ("python", "node")),
    Step("postgresql", "PostgreSQL", postgresql.provide),
)
ON_DEMAND = (Step("opentofu", "OpenTofu", opentofu.provide),)
NAMES = tuple(step.name for step in (*STEPS, *ON_DEMAND))


def choose(names: Sequence[str]) -> tuple[Step, ...]:
    """Give the steps of these names, or, without names, all but those on demand."""
    if not names:
        return STEPS
    return tuple(step for step in (*STEPS, *ON_DEMAND) if step.name in names)


def run_all(steps: Sequence[Step], site: Site, report: Report) -> None:
    """Run steps in order; one whose foundation is missing is not tried."""
    for number, step in enumerate(steps, 1):
        report.line(f"[{number}/{len(steps)}] {step.title}")
        _run(step, site, report)
    environment.write(site, report.found)


def _run(step: Step, site: Site, report: Report) -> None:
    absent = [name for name in step.needs if name in report.missing]
    if absent:
        report.bad(
            step.name,
            MissingError(
                f"not tried without {', '.join(absent)}", f"get {', '.join(absent)} first"
            ),
        )
        return
    try:
        with report.timed(step.name):
            found = step.provide(site, report.say)
    except MissingError as error:
        report.bad(step.name, error)
    else:
        report.good(step.name, found)
