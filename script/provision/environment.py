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

_NODE_WARNINGS = (
    "JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION",
    "JSII_SILENCE_WARNING_DEPRECATED_NODE_VERSION",
)


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
    if "chromium" in found:
        settings["IMIS_SSO_CHROMIUM"] = found["chromium"].path
    if "node" in found:
        settings["JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION"] = _major(found["node"])
        settings |= dict.fromkeys(_NODE_WARNINGS, "1")
    return settings


def _major(node: Found) -> str:
    return node.version.split(".", maxsplit=1)[0]


def _shell(settings: Mapping[str, str]) -> str:
    lines = ["# Written by script/bootstrap; read it with:  . .tools/env"]
    for name, value in sorted(settings.items()):
        if name == "PATH_PREPEND":
            lines.append(f'export PATH={shlex.quote(value)}:"$PATH"')
        else:
            lines.append(f"export {name}={shlex.quote(value)}")
    return "\n".join(lines) + "\n"
