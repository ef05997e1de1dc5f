"""A writer that dies by SIGKILL at the n-th await of the write path; run as a program.

It reads one order a line (JSON: case, environment, number, folder), does each in a process of its
own, forked, and answers with a line: how many awaits there were, and whether it was killed. What
the product holds is written to a file by every write that reaches it.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import types
from collections.abc import Callable, Coroutine, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pair_bench import AGREEING, BUILT_IN, REF, VERSION, PairBench, mode_is

from imis_sso.domain.resources import OIDC_AUTHENTICATION, OPENID_CONNECT, Resource
from imis_sso.services.write import write
from imis_sso.store.engine import open_store

Declare = Callable[[PairBench], dict[str, Any]]
Prepare = Callable[[PairBench], None]


@dataclass(frozen=True)
class Case:
    """A write: what it declares, and what there is before it."""

    resource: Resource
    declared: Declare
    before: Prepare


def _as_it_is(bench: PairBench) -> None:
    del bench


def _no_record(bench: PairBench) -> None:
    bench.imis.product.exists = False


def _rotated(bench: PairBench) -> None:
    bench.cloud.product.secret = "rotated"


def _rotated_and_hidden(bench: PairBench) -> None:
    bench.imis.product.shows = "masked"
    _rotated(bench)


def _pushing(bench: PairBench) -> dict[str, Any]:
    return {REF: BUILT_IN, VERSION: bench.version("rotated")}


def _in_test_mode(bench: PairBench) -> None:
    mode_is(bench, "test_mode")


CASES = {
    "field": Case(OPENID_CONNECT, lambda _: {"name": "Members"}, _as_it_is),
    "record": Case(OPENID_CONNECT, lambda _: dict(AGREEING), _no_record),
    "secret": Case(OPENID_CONNECT, _pushing, _rotated),
    "hidden": Case(OPENID_CONNECT, _pushing, _rotated_and_hidden),
    "mode": Case(OIDC_AUTHENTICATION, lambda _: {"mode": "enabled"}, _in_test_mode),
}


def keep(bench: PairBench, file: Path) -> None:
    """Write down what the simulated iMIS holds."""
    product = bench.imis.product
    held = {"values": product.values, "secret": product.secret, "exists": product.exists}
    file.write_text(json.dumps(held), "utf-8")


def take_up(bench: PairBench, file: Path) -> None:
    """Have the product hold what was written down."""
    held = json.loads(file.read_text("utf-8"))
    product = bench.imis.product
    product.values, product.secret = held["values"], held["secret"]
    product.exists = held["exists"]


@types.coroutine
def _dying(work: Coroutine[Any, Any, Any], last: int) -> Generator[Any, Any, int]:
    sent: Any = None
    number = 0
    while True:
        try:
            waited = work.send(sent)
        except StopIteration:
            return number
        number += 1
        if number == last:
            os.kill(os.getpid(), signal.SIGKILL)
        sent = yield waited


async def _write(folder: Path, name: str, environment: str, last: int) -> int:
    case, file = CASES[name], folder / f"{environment}.json"
    bench = PairBench(await open_store(folder / "data"), environment)
    case.before(bench)
    keep(bench, file)
    take = bench.imis.take

    def taking(change: Any, base: Any) -> None:
        take(change, base)
        keep(bench, file)

    bench.imis.writing = taking
    return await _dying(write(bench.pair, bench.order(case.resource, case.declared(bench))), last)


def main() -> None:
    """Do each order in a process of its own."""
    for line in sys.stdin:
        order = json.loads(line)
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            done = _write(
                Path(order["folder"]), order["case"], order["environment"], order["number"]
            )
            os.write(writer, str(asyncio.run(done)).encode())
            os._exit(0)
        os.close(writer)
        with os.fdopen(reader) as said:
            steps = said.read()
        _, status = os.waitpid(child, 0)
        killed = os.WIFSIGNALED(status)
        sys.stdout.write(json.dumps({"steps": steps, "killed": killed}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
