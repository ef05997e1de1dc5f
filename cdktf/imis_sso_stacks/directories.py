"""External directories in a settings file, and the presets that fill one in (product facts 4.3).

``Directory.cognito``, ``.entra`` and ``.okta`` give a whole document. What a preset demands is
checked here, for it is what the vendor's guide says of that kind of directory; everything else is
judged by the service.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from imis_sso_stacks.sections import Managed, SecretName, Section, refuse

SCOPES = "openid profile email"
GRAPH_USERINFO = "https://graph.microsoft.com/oidc/userinfo"
_WELL_KNOWN = "/.well-known/openid-configuration"
# Names of no tenant: their metadata names a pattern as issuer, which no token has.
_SHARED_TENANTS = frozenset({"common", "consumers", "organizations"})
_ADDRESSES = ("authorization_url", "token_url", "userinfo_url", "issuer")
DirectoryField = Literal[
    "authorization_url",
    "claims",
    "claims.email",
    "claims.external_id",
    "claims.first_name",
    "claims.last_name",
    "claims.staff",
    "client_id",
    "client_secret_ref",
    "client_secret_version",
    "discovery_domain",
    "enable_pkce",
    "enable_response_mode_form_post",
    "enable_token_endpoint_basic_auth",
    "issuer",
    "name",
    "scopes",
    "token_url",
    "userinfo_url",
]


class Claims(Section):
    """Which claims of the directory Cloud SSO reads."""

    email: str = "email"
    external_id: str = "sub"
    first_name: str = "given_name"
    last_name: str = "family_name"
    staff: str = ""


class Cognito(Section):
    """An Amazon Cognito user pool; ``domain`` is its own, or the prefix of Amazon's."""

    kind: Literal["cognito"]
    region: str
    pool_id: str
    domain: str

    @property
    def fills(self) -> dict[str, str]:
        """The addresses, as the vendor's guide has them (product facts 4.3)."""
        issuer = f"https://cognito-idp.{self.region}.amazonaws.com/{self.pool_id}"
        host = self.domain
        if "." not in host:
            host = f"{host}.auth.{self.region}.amazoncognito.com"
        return {
            "authorization_url": f"https://{host}/oauth2/authorize",
            "token_url": f"https://{host}/oauth2/token",
            "userinfo_url": f"https://{host}/oauth2/userinfo",
            "issuer": issuer,
            "discovery_domain": f"{issuer}/.well-known/jwks.json",
        }

    @property
    def demands(self) -> dict[str, str | bool]:
        """What the guide says must be so."""
        return {
            "scopes": SCOPES,
            "enable_pkce": True,
            "enable_response_mode_form_post": False,
            "enable_token_endpoint_basic_auth": False,
        }

    @model_validator(mode="after")
    def _of_this_region(self) -> Self:
        if not self.pool_id.startswith(f"{self.region}_"):
            raise refuse(
                f"is no pool of {self.region}: its id begins with {self.region}_", "pool_id"
            )
        return self


class Entra(Section):
    """A tenant of Microsoft Entra ID, by its id."""

    kind: Literal["entra"]
    tenant: str

    @property
    def fills(self) -> dict[str, str]:
        """The addresses of version 2.0 (product facts 4.3, 6)."""
        base = f"https://login.microsoftonline.com/{self.tenant}"
        return {
            "authorization_url": f"{base}/oauth2/v2.0/authorize",
            "token_url": f"{base}/oauth2/v2.0/token",
            "userinfo_url": GRAPH_USERINFO,
            "issuer": f"{base}/v2.0",
            "discovery_domain": f"{base}/v2.0{_WELL_KNOWN}",
        }

    @property
    def demands(self) -> dict[str, str | bool]:
        """What the guide says must be so."""
        return {"userinfo_url": GRAPH_USERINFO}

    @model_validator(mode="after")
    def _of_one_tenant(self) -> Self:
        if self.tenant.lower() in _SHARED_TENANTS:
            raise refuse(
                f"is {self.tenant}, which is no tenant: give its id or its domain", "tenant"
            )
        return self


class Okta(Section):
    """An Okta organisation, by name or by host, and its authorization server (`""`: the org's)."""

    kind: Literal["okta"]
    org: str
    server: str = ""

    @property
    def fills(self) -> dict[str, str]:
        """The addresses (product facts 6)."""
        host = self.org if "." in self.org else f"{self.org}.okta.com"
        issuer = f"https://{host}" + (f"/oauth2/{self.server}" if self.server else "")
        base = issuer if self.server else f"{issuer}/oauth2"
        return {
            "authorization_url": f"{base}/v1/authorize",
            "token_url": f"{base}/v1/token",
            "userinfo_url": f"{base}/v1/userinfo",
            "issuer": issuer,
            "discovery_domain": f"{issuer}{_WELL_KNOWN}",
        }

    @property
    def demands(self) -> dict[str, str | bool]:
        """Nothing: the guide leaves all of it open."""
        return {}


Preset = Annotated[Cognito | Entra | Okta, Field(discriminator="kind")]


class Directory(Managed[DirectoryField]):
    """One external directory (contract 1.3): a preset fills in what is not said.

    ``exists`` says that it is in Cloud SSO already and its key bound: then it is imported, and the
    first plan is a difference. Without a preset the four addresses have to be said.
    """

    preset: Preset | None = None
    exists: bool = False

    name: str | None = None
    client_id: str | None = None
    client_secret_ref: SecretName = ""
    client_secret_version: str | None = None
    discovery_domain: str | None = None
    authorization_url: str | None = None
    token_url: str | None = None
    userinfo_url: str | None = None
    issuer: str | None = None
    scopes: str = SCOPES
    enable_pkce: bool = True
    enable_response_mode_form_post: bool = False
    enable_token_endpoint_basic_auth: bool = False
    claims: Claims = Claims()

    @classmethod
    def cognito(cls, region: str, pool_id: str, domain: str, **said: Any) -> Self:
        """Give the directory of a Cognito user pool; ``said`` is everything else of it."""
        preset = {"kind": "cognito", "region": region, "pool_id": pool_id, "domain": domain}
        return cls.model_validate({"preset": preset} | said)

    @classmethod
    def entra(cls, tenant: str, **said: Any) -> Self:
        """Give the directory of an Entra tenant; ``said`` is everything else of it."""
        return cls.model_validate({"preset": {"kind": "entra", "tenant": tenant}} | said)

    @classmethod
    def okta(cls, org: str, server: str = "", **said: Any) -> Self:
        """Give the directory of an Okta organisation; ``said`` is everything else of it."""
        preset = {"kind": "okta", "org": org, "server": server}
        return cls.model_validate({"preset": preset} | said)

    def document(self) -> dict[str, Any]:
        """Give the document but for what is unmanaged or left out: ``client_secret_version``."""
        said = self.model_dump(exclude={"preset", "exists", "unmanaged"}, exclude_none=True)
        filled = self.preset.fills if self.preset else {"discovery_domain": ""}
        return filled | said

    @model_validator(mode="after")
    def _whole(self) -> Self:
        document = self.document()
        for name in ("name", "client_id", *_ADDRESSES):
            if not document.get(name) and name not in self.unmanaged:
                raise refuse("missing (or list it under unmanaged)", name)
        return self

    @model_validator(mode="after")
    def _as_the_preset_demands(self) -> Self:
        if self.preset is None:
            return self
        document, kind = self.document(), self.preset.kind
        for name, value in self.preset.demands.items():
            if document.get(name) != value and name not in self.unmanaged:
                wanted = str(value).lower() if isinstance(value, bool) else f'"{value}"'
                raise refuse(f"must be {wanted} with the preset {kind}", name)
        return self
