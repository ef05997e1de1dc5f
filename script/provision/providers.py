"""Step 4: the provider binaries, from the provider registry or built as Go modules."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from provision import go, mirror, process, record
from provision.mirror import PROVIDERS, Provider
from provision.outcome import Found, MissingError
from provision.process import Command, CommandError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from provision.process import Word
    from provision.site import Say, Site
    from provision.tool import Program

MODULE = "script/providers"
_REGISTRY_LIMIT = 120.0
_BUILD_LIMIT = 900.0
_SMOKE_LIMIT = 90.0
_BUILT = "built"
_FETCHED = "provider registry"


def provide(site: Site, say: Say) -> Found:
    """Fill the mirror with the provider versions, and prove that Terraform can start them.

    Versions that only the registry has are named as not available where it is out of reach;
    raises MissingError where a version that can be built is missing, too.
    """
    made = _still_good(site)
    mirror.write_config(site)
    if any(provider.required and provider.title not in made for provider in PROVIDERS):
        made = _fetch(site, made, say)
        made = _build(site, made, say)
        record.write(_record_file(site), made)
    _verify(site, say)
    return _found(site, made)


def _record_file(site: Site) -> Path:
    return site.tools / "providers.json"


def _still_good(site: Site) -> dict[str, str]:
    """Read what earlier runs got, without what is gone or was built from other sources."""
    if site.force:
        return {}
    known = record.read(_record_file(site))
    good = {_FETCHED, f"{_BUILT} {_sources(site)}"}
    return {
        provider.title: known[provider.title]
        for provider in PROVIDERS
        if known.get(provider.title) in good and mirror.present(site, provider)
    }


def _sources(site: Site) -> str:
    folder = site.root / MODULE
    return record.digest(sorted(folder.rglob("go.*")) + sorted(folder.rglob("*.go")))[:16]


def _fetch(site: Site, made: dict[str, str], say: Say) -> dict[str, str]:
    """Ask the provider registry for what is missing; the first refusal ends the asking."""
    say(f"asking the provider registry (at most {_REGISTRY_LIMIT:g} s each)")
    for provider in PROVIDERS:
        if provider.title in made:
            continue
        try:
            _fetch_one(site, provider)
        except CommandError:
            say("the provider registry is out of reach")
            break
        made = {**made, provider.title: _FETCHED}
        say(f"fetched {provider.title}")
    return made


def _fetch_one(site: Site, provider: Provider) -> None:
    env = {
        "TF_CLI_CONFIG_FILE": str(site.terraform_config),
        "TF_REGISTRY_CLIENT_TIMEOUT": "5",
        "TF_REGISTRY_DISCOVERY_RETRY": "0",
        "CHECKPOINT_DISABLE": "1",
    }
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "main.tf.json").write_text(mirror.requirement([provider]), "utf-8")
        words: list[Word] = [
            site.bin / "terraform",
            "providers",
            "mirror",
            f"-platform={mirror.platform_name()}",
            site.mirror,
        ]
        process.run(Command(words, _REGISTRY_LIMIT, cwd=Path(folder), env=env))


def _build(site: Site, made: dict[str, str], say: Say) -> dict[str, str]:
    jobs = [provider for provider in PROVIDERS if provider.title not in made and provider.module]
    if not jobs:
        return made
    program = go.provide(site, say)
    for provider in jobs:
        say(f"building {provider.title} with {go.describe(program)} (at most {_BUILD_LIMIT:g} s)")
        _build_one(site, provider, program)
        made = {**made, provider.title: f"{_BUILT} {_sources(site)}"}
        # Recorded one by one: an interrupted run goes on where it stopped.
        record.write(_record_file(site), made)
    return made


def _build_one(site: Site, provider: Provider, program: Program) -> None:
    output = mirror.binary(site, provider)
    job = go.Build(site.root / MODULE, str(provider.module), output, site.tools, _BUILD_LIMIT)
    try:
        go.build(program, job)
    except CommandError as error:
        raise MissingError(
            f"provider {provider.title}: the registry is out of reach, and {error}",
            f"make {mirror.HOST} or a Go module proxy (GOPROXY) reachable, or put the binary "
            f"at {output}",
        ) from error


def _verify(site: Site, say: Say) -> None:
    """Let Terraform install and start the providers, unless it did so with the same files."""
    providers = [provider for provider in PROVIDERS if provider.required]
    proof = site.tools / "providers-verified.json"
    wanted = {"key": _verification_key(site, providers)}
    if record.read(proof) == wanted:
        return
    say("letting Terraform install and start the providers from the mirror")
    mirror.link_opentofu(site)
    try:
        _start_providers(site, providers)
    except CommandError as error:
        raise MissingError(
            f"the providers in {site.mirror} do not start: {error}",
            "remove .tools and run script/bootstrap again",
        ) from error
    record.write(proof, wanted)


def _verification_key(site: Site, providers: Sequence[Provider]) -> str:
    files = [mirror.present(site, provider) for provider in providers]
    stats = [f"{file} {file.stat().st_size} {file.stat().st_mtime_ns}" for file in files if file]
    return record.digest([site.terraform_config], str((site.bin / "terraform").resolve()), *stats)


def _start_providers(site: Site, providers: Sequence[Provider]) -> None:
    env = {"TF_CLI_CONFIG_FILE": str(site.terraform_config), "TF_IN_AUTOMATION": "1"}
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "main.tf.json").write_text(mirror.requirement(providers), "utf-8")
        for words in (["init", "-input=false", "-no-color"], ["providers", "schema", "-json"]):
            command = Command([site.bin / "terraform", *words], _SMOKE_LIMIT, Path(folder), env)
            process.run(command)


def _found(site: Site, made: dict[str, str]) -> Found:
    there = [f"{title} ({origin.split()[0]})" for title, origin in made.items()]
    absent = [provider.title for provider in PROVIDERS if provider.title not in made]
    notes = tuple(
        f"not available here: {title} (only from the provider registry; its tests are not run)"
        for title in absent
    )
    return Found(", ".join(there), "in the mirror", str(site.mirror), notes)
