"""Put steady load on `imis-sso serve --simulate`; exit code 1 if anything is not as promised."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from script.demonstration.stage import ROOT
from script.soaking import report
from script.soaking.load import Load
from script.soaking.service import started
from script.soaking.watch import Watch


async def soak(ready: dict[str, Any], pid: int, minutes: float, rate: float) -> dict[str, Any]:
    """Load a running service and watch it; a tenth of the time, at least ten seconds, warms up."""
    seconds = 60 * minutes
    load, watch = Load(ready, rate), Watch(pid)
    watching = asyncio.create_task(watch.run(max(0.5, seconds / 360)))
    await load.run(seconds)
    watching.cancel()
    with suppress(asyncio.CancelledError):
        await watching
    warm_up = max(10.0, seconds / 10)
    return report.report(load.tally, watch, rate=rate, seconds=seconds, warm_up=warm_up)


def main() -> int:
    """Run a soak and write its report."""
    parser = argparse.ArgumentParser(prog="script/soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0, help="how long (30)")
    parser.add_argument("--rate", type=float, default=20.0, help="requests a second (20)")
    parser.add_argument("--report", type=Path, default=ROOT / ".soak", help="where to (.soak)")
    parser.add_argument("--keep", action="store_true", help="put the table into docs/soak.md")
    asked = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="imis-sso-soak-") as place,
        started(Path(place), asked.report) as (process, ready),
    ):
        found = asyncio.run(soak(ready, process.pid, asked.minutes, asked.rate))
    report.write(found, asked.report)
    if asked.keep:
        report.keep(found)
    print(report.markdown(found))
    return 0 if all(found["kept"].values()) else 1


if __name__ == "__main__":
    sys.exit(main())
