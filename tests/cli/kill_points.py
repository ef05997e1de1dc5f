"""Kills a process exactly where a test wants it, without a word of that in the product.

A folder with a `sitecustomize.py` on the child's PYTHONPATH calls `arm()`, which wraps the function
that `KILL_AT` names: `module:function:before|after:n`. At its n-th call the process dies by SIGKILL.
"""

from __future__ import annotations

import functools
import importlib
import os
import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

KILL_AT = "KILL_AT"


def surroundings(folder: Path, point: str) -> Mapping[str, str]:
    """Give the environment variables with which a child dies at a point."""
    (folder / "sitecustomize.py").write_text("import kill_points\nkill_points.arm()\n", "utf-8")
    places = [str(folder), str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")]
    return {"PYTHONPATH": os.pathsep.join(places), KILL_AT: point}


def arm() -> None:
    """Wrap the function of `KILL_AT`."""
    module, function, when, number = os.environ.pop(KILL_AT).split(":")
    *owners, name = function.split(".")
    owner: Any = importlib.import_module(module)
    for each in owners:
        owner = getattr(owner, each)
    setattr(owner, name, _deadly(getattr(owner, name), when, int(number)))


def _deadly(work: Callable[..., Any], when: str, number: int) -> Callable[..., Any]:
    calls = 0

    @functools.wraps(work)
    async def deadly(*positional: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        mine = calls == number
        if mine and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        result = await work(*positional, **named)
        if mine:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    return deadly
