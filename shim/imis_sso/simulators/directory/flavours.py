"""The three flavours of directory: where each has what, and what it says of people (facts 6)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from imis_sso.simulators.people import Person

_TENANT = "7b1e5f00-0000-4000-8000-5ca1ab1e0000"
Claims = dict[str, Any]


@dataclass(frozen=True)
class Flavour:
    """One kind of directory: its paths, its metadata, and the claims of its two sources."""

    name: str
    title: str
    issuer: str
    authorize: str
    token: str
    userinfo: str
    jwks: str
    metadata: Mapping[str, Any]
    key_parameters: Mapping[str, str]
    id_token: Callable[[Person], Claims]
    info: Callable[[Person], Claims]
    #: Which claims Cloud SSO must read, and the switches of its form (facts 4.3).
    mapping: Mapping[str, str]
    switches: Mapping[str, bool] = field(default_factory=dict)

    @property
    def discovery(self) -> str:
        """Path of the metadata document."""
        return f"{self.issuer}/.well-known/openid-configuration"

    @property
    def login(self) -> str:
        """Path of the log-in form."""
        return f"/{self.name}/login"


def _cognito_id_token(person: Person) -> Claims:
    return {
        "sub": person.directory_id,
        "cognito:username": person.email,
        "token_use": "id",
        "email": person.email,
        "email_verified": True,
        "given_name": person.given_name,
        "family_name": person.family_name,
        **({"custom:staff": "1"} if person.is_staff else {}),
    }


def _cognito_info(person: Person) -> Claims:
    """Give truth values as text, as this userinfo knows no other."""
    return {"sub": person.directory_id, "username": person.email, "email_verified": "true"}


def _entra_id_token(person: Person) -> Claims:
    """Name people by tenant and object, group them in a list, and leave out the e-mail."""
    return {
        "sub": f"pairwise-{person.directory_id}",
        "oid": person.directory_id,
        "tid": _TENANT,
        "ver": "2.0",
        "name": person.name,
        "preferred_username": person.email,
        "roles": ["Staff"] if person.is_staff else [],
        **({"staff": "1"} if person.is_staff else {}),
    }


def _entra_info(person: Person) -> Claims:
    return {
        "sub": f"pairwise-{person.directory_id}",
        "name": person.name,
        "given_name": person.given_name,
        "family_name": person.family_name,
        "email": person.email,
    }


def _okta_id_token(person: Person) -> Claims:
    """Keep the ID token thin: the profile is for who asks with the access token."""
    return {"sub": person.directory_id, "ver": 1, "preferred_username": person.email}


def _okta_info(person: Person) -> Claims:
    return {
        "sub": person.directory_id,
        "email": person.email,
        "given_name": person.given_name,
        "family_name": person.family_name,
        "staff": 1 if person.is_staff else 0,
    }


def _mapping(external_id: str, staff: str) -> Mapping[str, str]:
    names = {"first_name": "given_name", "last_name": "family_name", "email": "email"}
    return {"external_id": external_id, **names, "staff": staff}


COGNITO = Flavour(
    name="cognito",
    title="Example user pool",
    issuer="/cognito/us-east-1_Example",
    authorize="/cognito-domain/oauth2/authorize",
    token="/cognito-domain/oauth2/token",  # noqa: S106 -- an address
    userinfo="/cognito-domain/oauth2/userinfo",
    jwks="/cognito/us-east-1_Example/.well-known/jwks.json",
    # It names no PKCE method and no response mode, and does both by query alone.
    metadata={"scopes_supported": ["openid", "email", "phone", "profile"]},
    key_parameters={"use": "sig", "alg": "RS256"},
    id_token=_cognito_id_token,
    info=_cognito_info,
    mapping=_mapping("sub", "custom:staff"),
)
ENTRA = Flavour(
    name="entra",
    title="Example tenant",
    issuer=f"/entra/{_TENANT}/v2.0",
    authorize=f"/entra/{_TENANT}/oauth2/v2.0/authorize",
    token=f"/entra/{_TENANT}/oauth2/v2.0/token",
    userinfo="/graph/oidc/userinfo",
    jwks=f"/entra/{_TENANT}/discovery/v2.0/keys",
    metadata={
        "response_modes_supported": ["query", "fragment", "form_post"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "tenant_region_scope": "EU",
    },
    # Its keys name no algorithm.
    key_parameters={"use": "sig"},
    id_token=_entra_id_token,
    info=_entra_info,
    mapping=_mapping("oid", "staff"),
    switches={"enable_response_mode_form_post": True},
)
OKTA = Flavour(
    name="okta",
    title="Example org",
    issuer="/okta/oauth2/default",
    authorize="/okta/oauth2/default/v1/authorize",
    token="/okta/oauth2/default/v1/token",  # noqa: S106 -- an address
    userinfo="/okta/oauth2/default/v1/userinfo",
    jwks="/okta/oauth2/default/v1/keys",
    metadata={
        "code_challenge_methods_supported": ["S256"],
        "response_modes_supported": ["query", "fragment", "form_post", "okta_post_message"],
        "request_parameter_supported": True,
    },
    key_parameters={"use": "sig", "alg": "RS256"},
    id_token=_okta_id_token,
    info=_okta_info,
    mapping=_mapping("sub", "staff"),
    switches={"enable_token_endpoint_basic_auth": True},
)
ALL = {flavour.name: flavour for flavour in (COGNITO, ENTRA, OKTA)}
