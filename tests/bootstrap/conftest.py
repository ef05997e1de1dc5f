"""The set-up's own modules are importable, and every test gets a work tree of its own."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "script"))

from workbench import Workbench  # noqa: E402 - the path has to be there first


@pytest.fixture
def bench(tmp_path: Path) -> Workbench:
    """Give an empty work tree with the repository's own lock files in it."""
    bench = Workbench(tmp_path / "tree", tmp_path / "programs")
    bench.root.mkdir()
    bench.programs.mkdir()
    for name in ("requirements.lock", "requirements-tools.lock", "pyproject.toml"):
        (bench.root / name).write_bytes((ROOT / name).read_bytes())
    return bench
