"""The file system mirror of provider binaries, and the configuration that points to it."""

from __future__ import annotations

import json
import os
import platform
import shutil
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from provision.site import Site

HOST = "registry.terraform.io"
OPENTOFU_HOST = "registry.opentofu.org"


@dataclass(frozen=True)
class Provider:
    """A version of a provider: its address, and the Go module that has it.

    ``module`` is None where the version cannot be built: a Go module of major version 2 or
    later whose path lacks that number is no module that can be required.
    """

    source: str
    version: str
    module: str | None

    @property
    def required(self) -> bool:
        """Whether it has to be there: what can be built can be had everywhere."""
        return self.module is not None

    @property
    def title(self) -> str:
        """Source and version, as people write them."""
        return f"{self.source} {self.version}"

    @property
    def folder(self) -> str:
        """The provider's place below a registry's folder; namespaces are in lower case."""
        return self.source.lower()


RESTFUL = Provider("magodo/restful", "0.25.2", "github.com/magodo/terraform-provider-restful")
RESTAPI_1 = Provider(
    "Mastercard/restapi", "1.20.0", "github.com/Mastercard/terraform-provider-restapi"
)
RESTAPI_2 = Provider("Mastercard/restapi", "2.0.1", None)
RESTAPI_3 = Provider("Mastercard/restapi", "3.0.0", None)
PROVIDERS = (RESTFUL, RESTAPI_1, RESTAPI_2, RESTAPI_3)


def platform_name() -> str:
    """Name this machine as Terraform and Go do: ``linux_amd64``."""
    machine = platform.machine().lower()
    return f"{sys.platform}_{ {'x86_64': 'amd64', 'aarch64': 'arm64'}.get(machine, machine) }"


def binary(site: Site, provider: Provider) -> Path:
    """Give the path of a provider's binary in the unpacked layout."""
    name = provider.source.partition("/")[2]
    folder = site.mirror / HOST / provider.folder / provider.version / platform_name()
    return folder / f"terraform-provider-{name}_v{provider.version}"


def archive(site: Site, provider: Provider) -> Path:
    """Give the path of a provider's archive in the packed layout, which Terraform writes."""
    name = provider.source.partition("/")[2]
    file = f"terraform-provider-{name}_{provider.version}_{platform_name()}.zip"
    return site.mirror / HOST / provider.folder / file


def present(site: Site, provider: Provider) -> Path | None:
    """Give the file that serves a provider, or None where there is none."""
    files = (binary(site, provider), archive(site, provider))
    return next((file for file in files if file.is_file()), None)


def available(site: Site) -> list[Provider]:
    """Give the provider versions that the mirror has."""
    return [provider for provider in PROVIDERS if present(site, provider)]


def link_opentofu(site: Site) -> None:
    """Offer the same binaries to OpenTofu, which looks below its own registry's name.

    The files are hard links: OpenTofu does not follow a linked registry folder.
    """
    copy = site.mirror / OPENTOFU_HOST
    if copy.is_symlink():
        copy.unlink()
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(site.mirror / HOST, copy, copy_function=_link)


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def write_config(site: Site) -> None:
    """Write ``.tools/terraform.rc``: the providers from the mirror, all else as usual."""
    addresses = json.dumps(
        [
            f"{host}/{folder}"
            for host in (HOST, OPENTOFU_HOST)
            for folder in dict.fromkeys(provider.folder for provider in PROVIDERS)
        ]
    )
    site.mirror.mkdir(parents=True, exist_ok=True)
    site.terraform_config.write_text(
        "# Written by script/bootstrap; the path has to be absolute.\n"
        "disable_checkpoint = true\n\n"
        "provider_installation {\n"
        "  filesystem_mirror {\n"
        f"    path    = {json.dumps(str(site.mirror))}\n"
        f"    include = {addresses}\n"
        "  }\n"
        "  direct {\n"
        f"    exclude = {addresses}\n"
        "  }\n"
        "}\n",
        "utf-8",
    )


def requirement(providers: Sequence[Provider]) -> str:
    """Write a Terraform configuration (JSON syntax) that requires exactly these versions."""
    wanted = {
        provider.source.partition("/")[2]: {
            "source": provider.source,
            "version": provider.version,
        }
        for provider in providers
    }
    return json.dumps({"terraform": {"required_providers": wanted}}, indent=2)
