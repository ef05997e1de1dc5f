"""What a soak came to, as JSON for machines and Markdown for people."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from script.soaking.load import Tally
from script.soaking.watch import Watch, growth, more_descriptors

MOST_GROWTH = 0.05
LEAST_RATE = 0.95
#: Connections come and go; a leak of one for each hundred requests is far above this.
MOST_DESCRIPTORS = 8
PAGE = Path(__file__).resolve().parents[2] / "docs" / "soak.md"
MARK = "<!-- kept report: script/soak --keep writes what follows -->\n"


def report(
    tally: Tally, watch: Watch, *, rate: float, seconds: float, warm_up: float
) -> dict[str, Any]:
    """Judge a soak by targets R11."""
    first, last = watch.after(warm_up)
    grew, more = growth(first, last), more_descriptors(first, last)
    kept = {
        "no_errors": not tally.errors and tally.sent > 0,
        "rate": tally.sent >= LEAST_RATE * rate * seconds,
        "memory": grew < MOST_GROWTH,
        "descriptors": more <= MOST_DESCRIPTORS,
    }
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "minutes": round(seconds / 60, 2),
        "requests": tally.sent,
        "requests_per_second": round(tally.sent / seconds, 1),
        "statuses": {str(key): value for key, value in sorted(tally.statuses.items())},
        "errors": dict(tally.errors.most_common(20)),
        "milliseconds": {
            name: round(tally.percentile(share), 1)
            for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))
        },
        "memory_kib": [round(each[len(each) // 2].memory) for each in (first, last)],
        "memory_growth": round(grew, 4),
        "descriptors": [each[len(each) // 2].descriptors for each in (first, last)],
        "kept": kept,
    }


def markdown(found: dict[str, Any]) -> str:
    """Give the report as a table."""
    memory, descriptors = found["memory_kib"], found["descriptors"]
    rows = [
        ("when", found["at"]),
        ("how long", f"{found['minutes']} minutes"),
        ("requests", f"{found['requests']}, {found['requests_per_second']} a second"),
        ("answers by status", ", ".join(f"{k}: {v}" for k, v in found["statuses"].items())),
        ("errors", sum(found["errors"].values())),
        ("milliseconds", ", ".join(f"{k} {v}" for k, v in found["milliseconds"].items())),
        ("memory", f"{memory[0]} → {memory[1]} KiB ({found['memory_growth']:+.1%})"),
        ("descriptors", f"{descriptors[0]} → {descriptors[1]}"),
        ("as promised", "yes" if all(found["kept"].values()) else "NO"),
    ]
    lines = ["| what | found |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows)]
    lines += [f"\n- {what}: {count}" for what, count in found["errors"].items()]
    return "\n".join(lines) + "\n"


def write(found: dict[str, Any], folder: Path) -> None:
    """Write `soak.json` and `soak.md` into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "soak.json").write_text(json.dumps(found, indent=2) + "\n", "utf-8")
    (folder / "soak.md").write_text(markdown(found), "utf-8")


def keep(found: dict[str, Any]) -> None:
    """Put the table into docs/soak.md, in place of the one kept before."""
    head, mark, _ = PAGE.read_text("utf-8").partition(MARK)
    PAGE.write_text(f"{head}{mark}\n{markdown(found)}", "utf-8")
