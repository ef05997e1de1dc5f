"""Small JSON files that say what an earlier run has done, so that the next one is quick."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path


def read(path: Path) -> dict[str, str]:
    """Read a record; a missing or damaged one is empty, so that the work is done again."""
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def write(path: Path, entries: Mapping[str, str]) -> None:
    """Write a record in one move: an interrupted run never leaves half a record."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(path.name + ".new")
    draft.write_text(json.dumps(entries, indent=2, sort_keys=True) + "\n", "utf-8")
    draft.replace(path)


def digest(paths: Iterable[Path], *words: str) -> str:
    """Hash files (name and content, a missing one too) and words: a key that tells a change."""
    total = hashlib.sha256("\0".join(words).encode())
    for path in paths:
        content = path.read_bytes() if path.is_file() else b"absent"
        total.update(path.name.encode() + hashlib.sha256(content).digest())
    return total.hexdigest()
