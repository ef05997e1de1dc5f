"""The recipe of product facts 2, as a person follows it in the two consoles."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from imis_sso.simulators.simulation import Simulation


def follow_recipe(simulation: Simulation, name: str, *, mode: str = "TestMode") -> None:
    """Set up both halves of an environment so that people can sign in; raises KeyError."""
    imis, cloud_sso = simulation.imis(name), simulation.cloud_sso(name)
    imis.change(
        Mode=mode,
        ProviderType="Okta",
        ProviderName="Cloud SSO",
        ProviderClientId=cloud_sso.client_id,
        ClientSecret=cloud_sso.client_secret,
        WellKnownUrl=cloud_sso.discovery_url,
        Authority=cloud_sso.issuer,
        RedirectLoginUri=f"{imis.base_url}/",
        ExternalIdClaimType="external_id",
        SetLoginHint=True,
        StaffClaimType="staff",
        StaffClaimValue="1",
    )
    cloud_sso.patch({"redirect_url": f"{imis.base_url}/"})
