"""The soak in short: no errors, descriptors flat (targets R11)."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from long_runs import rounds

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.browser


def test_steady_load_leaves_no_error_and_no_descriptor_behind(tmp_path: Path) -> None:
    """Targets R11 in two minutes, gently, for other tests run beside; memory needs the long run."""
    command = [
        sys.executable,
        "-m",
        "script.soaking",
        "--minutes",
        str(rounds(2, 1)),
        "--rate",
        "6",
        "--report",
        str(tmp_path),
    ]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300
    )
    found = json.loads((tmp_path / "soak.json").read_text("utf-8"))
    assert found["errors"] == {}, done.stdout + done.stderr
    assert found["requests"] > rounds(240, 120)
    assert found["kept"]["no_errors"]
    assert found["kept"]["descriptors"], found["descriptors"]
    assert {"200", "304"} >= set(found["statuses"])
    assert "| descriptors |" in (tmp_path / "soak.md").read_text("utf-8")
