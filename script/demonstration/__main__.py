"""Run the demonstration, told in steps with a summary; exit code 1 if one is not as promised."""

from __future__ import annotations

import argparse
import sys
import time

from script.demonstration.stage import Stage
from script.demonstration.story import STEPS
from script.demonstration.telling import Teller


def main() -> int:
    """Play every step; give 0 if all are as promised."""
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument(
        "--keep", action="store_true", help="leave the service running (make demo KEEP=1)"
    )
    keep = parser.parse_args().keep
    teller, begun = Teller(len(STEPS)), time.monotonic()
    with Stage(keep=keep) as stage:
        as_promised = all(teller.play(step, stage) for step in STEPS)
    teller.summary()
    left = [] if keep else stage.left_running()
    teller.say(f"Took {time.monotonic() - begun:.0f} seconds; log: {stage.log}")
    if keep:
        teller.kept(stage)
    elif left:
        teller.say(f"Still running: {', '.join(left)}")
    else:
        teller.say("Nothing is left running.")
    return 0 if as_promised and not left else 1


if __name__ == "__main__":
    sys.exit(main())
