"""Whether a client secret may be handed to a token endpoint at all (contract C45). Pure."""

from __future__ import annotations

from imis_sso.domain.documents import ImisClient
from imis_sso.domain.evidence import Metadata, ProviderFound
from imis_sso.domain.trust import Pins


def refusal(shown: ImisClient, found: ProviderFound, pins: Pins) -> str | None:
    """Say why the secret must not be sent; None where it may.

    It goes only to a token endpoint that is named by the discovery document at the address that
    Cloud SSO's own page shows, whose issuer is byte for byte the page's, on pinned hosts. Nothing
    that a caller of the API can write has a say in it.
    """
    if not shown.discovery_url:
        return (
            "Cloud SSO's page shows no Discovery URL, so no token endpoint is known to be its own"
        )
    if found.address != shown.discovery_url:
        return "the discovery document is not the one at the address that Cloud SSO's page shows"
    metadata = found.metadata
    if metadata is None:
        return f"there is no discovery document: {found.discovery.code}"
    if not _is_issuer(metadata, shown):
        return "the discovery document does not name the issuer that Cloud SSO's page shows"
    endpoint = metadata.text("token_endpoint")
    if not endpoint:
        return "the discovery document names no token endpoint"
    return _unpinned(shown.discovery_url, pins) or _unpinned(endpoint, pins)


def _is_issuer(metadata: Metadata, shown: ImisClient) -> bool:
    return bool(shown.issuer) and metadata.issuer == shown.issuer


def _unpinned(address: str, pins: Pins) -> str | None:
    try:
        refused = pins.refusal("sso", address)
    except ValueError as error:
        return f"an address of the provider {error}"
    return refused and f"an address of the provider {refused}"
