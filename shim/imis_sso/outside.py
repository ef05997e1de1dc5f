"""Wiring of what is seen from outside: no registry, no store, no secret."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from imis_sso.connectors.certificates import HostCertificates
from imis_sso.connectors.egress import Egress
from imis_sso.connectors.oidc.probes import ProviderProbes
from imis_sso.connectors.oidc.visit import Visit
from imis_sso.services.public_check import Doors


@asynccontextmanager
async def public_doors(allow: Sequence[str], ca_file: Path | None) -> AsyncIterator[Doors]:
    """Open the ways outward of a public check; each address meets the egress rule (section 6).

    `allow` are entries `host[:port]` in private networks, `ca_file` is trusted besides the
    system's authorities.
    """
    egress = Egress(allow, ca_file)
    probes = ProviderProbes(allow, ca_file)
    try:
        yield Doors(Visit(egress), probes, lambda hosts: HostCertificates(hosts, allow, ca_file))
    finally:
        await probes.aclose()
        await egress.aclose()
