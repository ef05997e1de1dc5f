"""The settings that make shells and tests use what was found."""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING

from provision import record

if TYPE_CHECKING:
    from collections.abc import Mapping

    from provision.outcome import Found
    from provision.site import Site


def write(site: Site, found: Mapping[str, Found]) -> None:
    """Write ``.tools/env`` for shells and ``.tools/env.json`` for programs.

    What an earlier run found stays, so that a single step can be run again.
    """
    path = site.tools / "env.json"
    settings = {**record.read(path), **variables(site, found)}
    record.write(path, settings)
    (site.tools / "env").write_text(_shell(settings), "utf-8")


def variables(site: Site, found: Mapping[str, Found]) -> dict[str, str]:
    """Give the settings; ``PATH_PREPEND`` is what goes in front of PATH."""
    settings = {
        "PATH_PREPEND": os.pathsep.join([str(site.bin), str(site.venv / "bin")]),
        "TF_CLI_CONFIG_FILE": str(site.terraform_config),
        "CHECKPOINT_DISABLE": "1",
    }
    for thing in found.values():
        settings |= thing.settings
    return settings


def _shell(settings: Mapping[str, str]) -> str:
    lines = ["# Written by script/bootstrap; read it with:  . .tools/env"]
    for name, value in sorted(settings.items()):
        if name == "PATH_PREPEND":
            lines.append(f'export PATH={shlex.quote(value)}:"$PATH"')
        else:
            lines.append(f"export {name}={shlex.quote(value)}")
    return "\n".join(lines) + "\n"
