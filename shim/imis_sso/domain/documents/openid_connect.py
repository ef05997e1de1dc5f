"""iMIS > Settings > Contacts > OpenID Connect, without the mode (contract 1.1)."""

from __future__ import annotations

from typing import ClassVar, Literal

from imis_sso.domain.documents.base import Document, Rule, SecretKeys, Values, setting
from imis_sso.domain.forms import BaseUrl, BodyText, HttpsUrl, Text


def _tenant_only_with_entra(values: Values) -> str | None:
    if values["tenant_id"] and values["type"] != "entra_id":
        return 'may only be set where type is "entra_id"; the right form here is ""'
    return None


class UserAuthentication(Document):
    """The claim by which iMIS recognises staff (product facts 2: `staff` / `1`)."""

    claim_type: Text = setting(
        "Claim type",
        default="staff",
        critical=True,
        portable=True,
        text="Name of the claim that marks staff; the recipe's value is `staff`.",
    )
    claim_value: Text = setting(
        "Claim value",
        default="1",
        critical=True,
        portable=True,
        text="Value of that claim for staff; the recipe's value is the text `1`.",
    )


class OpenIDConnect(Document):
    """The OpenID Connect page of iMIS. Names follow the page's labels."""

    secret: ClassVar[SecretKeys | None] = SecretKeys("client_secret", "Client Secret")
    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(("tenant_id", "type"), "tenant_id", _tenant_only_with_entra),
    )

    authority_url: HttpsUrl = setting(
        "Authority URL",
        default="",
        critical=True,
        trust="sso",
        text="Issuer of the provider, byte for byte as Cloud SSO shows it.",
    )
    client_id: Text = setting(
        "Client ID",
        default="",
        critical=True,
        text="Client identifier, as Cloud SSO shows it.",
    )
    client_secret_ref: str = setting(
        "Client Secret",
        default="",
        critical=True,
        text="Name of the secret that iMIS holds; `cloud-sso-imis-client` is the one that Cloud "
        'SSO shows, `""` means no named secret.',
    )
    client_secret_version: str = setting(
        "Client Secret",
        default="",
        critical=True,
        text="Keyed fingerprint of the secret that iMIS holds; it changes when the secret does.",
    )
    email_body: BodyText = setting(
        "Email body",
        default="",
        portable=True,
        text="Text of the e-mail that iMIS sends to new staff, line ends LF.",
    )
    external_id_claim_type: Text = setting(
        "External ID claim type",
        default="external_id",
        critical=True,
        portable=True,
        text="Claim that carries the external id; the recipe's value is `external_id`.",
    )
    name: Text = setting(
        "Name",
        default="Cloud SSO",
        portable=True,
        text="Name of the authentication service, for people.",
    )
    redirect_login_url: BaseUrl = setting(
        "Redirect login URL",
        default="",
        critical=True,
        trust="imis",
        text="Base address of iMIS: https, host only, ending in a slash; equal to Cloud SSO's "
        "Redirect URL byte for byte.",
    )
    require_public_users: bool = setting(
        "Require public users",
        default=False,
        critical=True,
        portable=True,
        text="Whether public users, too, must sign in through the provider.",
    )
    set_login_hint: bool = setting(
        "Set login hint",
        default=True,
        portable=True,
        text="Whether iMIS hands the e-mail address on to the provider; the recipe says on.",
    )
    tenant_id: Text = setting(
        "Tenant",
        default="",
        critical=True,
        text="Entra ID tenant; only where `type` is `entra_id`.",
    )
    type: Literal["entra_id", "okta", "other"] = setting(
        "Type",
        default="okta",
        critical=True,
        portable=True,
        text="Kind of authentication service; `okta` also for Cloud SSO, whatever its directory.",
    )
    user_authentication: UserAuthentication = UserAuthentication()
    well_known_url: HttpsUrl = setting(
        "Well-Known URL",
        default="",
        critical=True,
        trust="sso",
        text="Address of the provider's discovery document, as Cloud SSO shows it.",
    )
