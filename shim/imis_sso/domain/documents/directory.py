"""Cloud SSO > External Directories > Manage Directories: one directory (product facts 4.3)."""

from __future__ import annotations

from typing import ClassVar, Final

from imis_sso.domain.documents.base import Document, Rule, SecretKeys, Values, setting
from imis_sso.domain.forms import AddressOrHost, HttpsUrl, Text

ADDRESSES: Final = ("authorization_url", "token_url", "userinfo_url", "issuer")
"""The four addresses that a directory's discovery document names."""
# Claims that their vendors document as lists: Entra's roles, groups and wids, Cognito's groups and
# roles, and `amr` (RFC 8176). Cloud SSO takes text or a number for staff (product facts 4.3).
LISTS: Final = frozenset(
    {"amr", "cognito:groups", "cognito:roles", "groups", "roles", "wids", "xms_cc"}
)


def _scopes_without_openid(values: Values) -> str | None:
    if "openid" in str(values["scopes"]).split(" "):
        return None
    return (
        'must contain openid, as every OpenID Connect request does; usually "openid profile email"'
    )


def _staff_is_a_list(values: Values) -> str | None:
    claim = str(values["claims.staff"])
    if claim not in LISTS:
        return None
    return (
        f'is "{claim}", which the directory sends as a list: Cloud SSO takes text or a number. '
        "Have the directory send a claim of its own, for example staff with the value 1"
    )


class Claims(Document):
    """Which claims of the directory Cloud SSO reads (product facts 4.3)."""

    email: Text = setting(
        "Email Claim", default="email", portable=True, text="Claim with the e-mail address."
    )
    external_id: Text = setting(
        "External ID Claim",
        default="sub",
        critical=True,
        portable=True,
        text="Claim with the person's id; another one makes strangers of everybody.",
    )
    first_name: Text = setting(
        "First Name Claim", default="given_name", portable=True, text="Claim with the first name."
    )
    last_name: Text = setting(
        "Last Name Claim", default="family_name", portable=True, text="Claim with the last name."
    )
    staff: Text = setting(
        "Staff Claim",
        default="",
        critical=True,
        portable=True,
        text="Claim that marks staff, text or a number, never a list; needed where staff and "
        "public share one directory.",
    )


class Directory(Document):
    """One external directory. Names follow the page's labels."""

    secret: ClassVar[SecretKeys | None] = SecretKeys("client_secret", "Client Secret")
    rules: ClassVar[tuple[Rule, ...]] = (
        Rule.required("name", "people choose the directory by it"),
        Rule.required("client_id", "Cloud SSO's client at the directory"),
        *(Rule.required(each, "the right form is https://host/path") for each in ADDRESSES),
        Rule.required("claims.external_id", 'usually "sub"'),
        Rule(("scopes",), "scopes", _scopes_without_openid),
        Rule(("claims.staff",), "claims.staff", _staff_is_a_list),
    )

    authorization_url: HttpsUrl = setting(
        "Authorization URL",
        default="",
        critical=True,
        trust="directory",
        text="The directory's authorization endpoint.",
    )
    claims: Claims = Claims()
    client_id: Text = setting(
        "Client ID", default="", critical=True, text="Cloud SSO's client at the directory."
    )
    client_secret_ref: str = setting(
        "Client Secret",
        default="",
        critical=True,
        text="Name of the secret that the directory's record holds; the registry's `secrets.NAME` "
        'says where it is and which `hosts` it belongs to. `""` means no named secret.',
    )
    client_secret_version: str = setting(
        "Client Secret",
        default="",
        critical=True,
        text="Keyed fingerprint of that secret; it changes when the secret does.",
    )
    discovery_domain: AddressOrHost = setting(
        "Discovery Domain",
        default="",
        critical=True,
        trust="directory",
        text="Where the page's Discover button looks: Entra: the metadata document, Cognito: the "
        "token signing key URL.",
    )
    enable_pkce: bool = setting(
        "Enable PKCE",
        default=True,
        critical=True,
        portable=True,
        text="Whether Cloud SSO proves that it began the sign-in (RFC 7636); Cognito: on.",
    )
    enable_response_mode_form_post: bool = setting(
        "Enable Response Mode Form Post",
        default=False,
        critical=True,
        portable=True,
        text="Whether the directory answers by a form instead of a redirect; Cognito: off.",
    )
    enable_token_endpoint_basic_auth: bool = setting(
        "Enable Token Endpoint Basic Auth",
        default=False,
        critical=True,
        portable=True,
        text="Whether client and secret go in the header instead of the form; Cognito: off.",
    )
    issuer: HttpsUrl = setting(
        "Issuer",
        default="",
        critical=True,
        trust="directory",
        text="Issuer of the directory, byte for byte as its discovery document names it.",
    )
    name: Text = setting("Name", default="", text="Shown to people who choose where to sign in.")
    scopes: Text = setting(
        "Scopes",
        default="openid profile email",
        critical=True,
        portable=True,
        text="What Cloud SSO asks the directory for, by spaces; contains `openid`.",
    )
    token_url: HttpsUrl = setting(
        "Token URL",
        default="",
        critical=True,
        trust="directory",
        text="The directory's token endpoint.",
    )
    userinfo_url: HttpsUrl = setting(
        "Userinfo URL",
        default="",
        critical=True,
        trust="directory",
        text="The directory's userinfo endpoint; Entra: `https://graph.microsoft.com/oidc/userinfo`.",
    )


class Registration(Document):
    """What the directory must know of Cloud SSO: shown after the first save, never set."""

    return_url: HttpsUrl = setting(
        "Return URL",
        default="",
        text="Goes into the directory's list of callback addresses; shown once it is saved.",
    )
