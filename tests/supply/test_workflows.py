"""S6: actions of every workflow that this repository holds are pinned by digest."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
PLACES = ("examples/github-actions/*.yml", ".github/workflows/*.y*ml")
WORKFLOWS = sorted(found for place in PLACES for found in ROOT.glob(place))
PINNED = re.compile(r"[\w.-]+(/[\w.-]+)+@[0-9a-f]{40} +# v\d+(\.\d+)*")


def used(text: str) -> list[str]:
    """Give what stands behind each `uses:`."""
    return re.findall(r"^[ -]*uses: *(.*)$", text, re.MULTILINE)


def jobs(workflow: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(workflow.read_text("utf-8"))["jobs"]
    return found


def test_there_are_workflows_to_look_at() -> None:
    assert [each.name for each in WORKFLOWS] == ["verify.yml"]


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda each: each.name)
def test_actions_are_pinned_by_digest(workflow: Path) -> None:
    """Target S6: a tag can be moved to other code, a digest cannot; the comment says which it is."""
    actions = used(workflow.read_text("utf-8"))
    assert actions
    assert [each for each in actions if not PINNED.fullmatch(each)] == []


@pytest.mark.parametrize(
    "text", ["actions/checkout@v4", "actions/checkout@main", "a/b@0123456789abcdef # v1"]
)
def test_what_is_not_pinned_is_seen(text: str) -> None:
    assert not PINNED.fullmatch(text)


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda each: each.name)
def test_no_value_of_others_is_put_into_a_script(workflow: Path) -> None:
    """What stands in `${{ }}` within a script would be run as part of it."""
    scripts = [step.get("run", "") for job in jobs(workflow).values() for step in job["steps"]]
    assert not any("${{" in each for each in scripts)
    assert yaml.safe_load(workflow.read_text("utf-8"))["permissions"]["contents"] == "read"
