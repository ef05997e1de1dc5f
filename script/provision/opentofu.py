"""OpenTofu, on demand only: the tests that run under Terraform run under it as well."""

from __future__ import annotations

from typing import TYPE_CHECKING

from provision import go, record, tool
from provision.outcome import Found, MissingError
from provision.process import CommandError
from provision.tool import Tool
from provision.versions import show

if TYPE_CHECKING:
    from pathlib import Path

    from provision.site import Say, Site
    from provision.tool import Program

OPENTOFU = Tool("OpenTofu", ("tofu",), (1, 11), ("version",), "OpenTofu v")
VERSION = "1.11.0"
MODULE = "script/opentofu-module"
PACKAGE = "github.com/opentofu/opentofu/cmd/tofu"
# Without this OpenTofu calls itself a development version, which `required_version` refuses.
_SETTINGS = "-s -w -X github.com/opentofu/opentofu/version.dev=no"
_BUILD_LIMIT = 1800.0


def provide(site: Site, say: Say) -> Found:
    """Find OpenTofu on the search path, else build it; raises MissingError."""
    program = tool.find(OPENTOFU, site, say)
    if program:
        site.link("tofu", program.path)
        return Found(show(program.version), "found on PATH", str(program.path))
    program = _built(site, say)
    return Found(show(program.version), "built as a Go module", str(program.path))


def _built(site: Site, say: Say) -> Program:
    output = site.bin / "tofu"
    proof = site.tools / "opentofu.json"
    folder = site.root / MODULE
    wanted = {"key": record.digest(sorted(folder.glob("go.*")))}
    if record.read(proof) != wanted or not output.is_file() or site.force:
        _build(site, output, say)
        record.write(proof, wanted)
    program = tool.check(OPENTOFU, output, say)
    if program is None:
        raise MissingError(f"{output} does not run", "remove it and run script/opentofu again")
    return program


def _build(site: Site, output: Path, say: Say) -> None:
    compiler = go.provide(site, say)
    say(
        f"building OpenTofu {VERSION} with {go.describe(compiler)}: some minutes "
        f"(at most {_BUILD_LIMIT:g} s)"
    )
    site.tools.mkdir(exist_ok=True)
    job = go.Build(site.root / MODULE, PACKAGE, output, site.tools, _BUILD_LIMIT, _SETTINGS)
    output.unlink(missing_ok=True)
    try:
        go.build(compiler, job)
    except CommandError as error:
        raise MissingError(
            f"OpenTofu >= 1.11: not on PATH, and {error}",
            "install OpenTofu 1.11 or later (opentofu.org) on PATH",
        ) from error
