"""People on their way through Cloud SSO: from iMIS, to their directory, and back."""

from __future__ import annotations

import secrets
import time
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from imis_sso.simulators.openid.client import BackChannel, RefusedError, Registration
from imis_sso.simulators.openid.id_token import verified
from imis_sso.simulators.openid.server import BASIC, POST, s256

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping

    from imis_sso.simulators.cloud_sso.directories import Directory

_WELL_KNOWN = "/.well-known/openid-configuration"


@dataclass(frozen=True)
class Asked:
    """What the client asked for in its authorization request."""

    client_id: str
    redirect_uri: str
    state: str = ""
    nonce: str = ""
    challenge: str = ""
    login_hint: str = ""


def discovery_address(given: str, issuer: str) -> str:
    """Give where a directory's metadata is; `given` is what was typed as Discovery Domain.

    It may be the metadata's own address, that of the signing keys (Cognito), a bare host, or
    nothing: then the issuer tells (product facts 4.3; Discovery 1.0 section 4).
    """
    if not given:
        given = issuer
    if "://" not in given:
        given = f"https://{given}"
    base = given.removesuffix("/").removesuffix("/.well-known/jwks.json")
    return base if base.endswith(_WELL_KNOWN) else f"{base}{_WELL_KNOWN}"


async def discovered(trust: ssl.SSLContext | None, given: str, issuer: str) -> dict[str, Any]:
    """Fetch a directory's metadata as the button Discover does; raises RefusedError."""
    async with BackChannel(trust) as channel:
        return await channel.discover(discovery_address(given, issuer))


@dataclass(frozen=True)
class Journey:
    """A person sent on to a directory, and what is expected of their way back."""

    asked: Asked
    directory: Directory
    return_url: str
    nonce: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48), repr=False)

    def address(self, state: str, email: str) -> str:
        """Give the address in the directory to send the browser to."""
        directory = self.directory
        query = {
            "response_type": "code",
            "client_id": directory.client_id,
            "redirect_uri": self.return_url,
            "scope": directory.scopes,
            "state": state,
            "nonce": self.nonce,
            "login_hint": email,
        }
        if directory.enable_pkce:
            query |= {"code_challenge": s256(self.verifier), "code_challenge_method": "S256"}
        if directory.enable_response_mode_form_post:
            query["response_mode"] = "form_post"
        return f"{directory.authorization_url}?{urlencode(query)}"

    async def claims(self, trust: ssl.SSLContext | None, code: str) -> dict[str, Any]:
        """Give what the directory says of the person, mapped for iMIS.

        Raises RefusedError as the back channel and the ID token's check do, each reason with
        `directory-` before it, and `claim-missing`.
        """
        try:
            said = await self.said(trust, code)
        except RefusedError as error:
            raise RefusedError(f"directory-{error.reason}", error.detail) from None
        found = self.directory.mapped(said)
        if "external_id" not in found:
            message = "The directory did not send the claim that holds the external id."
            raise RefusedError("claim-missing", message)
        return found

    async def said(self, trust: ssl.SSLContext | None, code: str) -> dict[str, Any]:
        """Give every claim of the directory as it came; raises RefusedError."""
        directory = self.directory
        form = {"code": code, "redirect_uri": self.return_url}
        if directory.enable_pkce:
            form["code_verifier"] = self.verifier
        async with BackChannel(trust) as channel:
            address = discovery_address(directory.discovery_domain, directory.issuer)
            metadata = await channel.discover(address)
            tokens = await channel.redeem(directory.token_url, _registration(directory), form)
            keys = await channel.keys(metadata["jwks_uri"])
            info = await channel.userinfo(directory.userinfo_url, str(tokens["access_token"]))
        claims = verified(
            tokens["id_token"],
            keys,
            issuer=directory.issuer,
            client_id=directory.client_id,
            nonce=self.nonce,
        )
        if info.get("sub") != claims["sub"]:
            raise RefusedError("userinfo", "The directory speaks of somebody else (Core 5.3.2).")
        return {**info, **claims}


def id_token_claims(
    asked: Asked, issuer: str, found: Mapping[str, str], seconds: int
) -> dict[str, Any]:
    """Give the claims of the ID token for iMIS (product facts 2, 4.3)."""
    now = int(time.time())
    names = {"given_name": "first_name", "family_name": "last_name", "email": "email"}
    claims: dict[str, Any] = {
        "iss": issuer,
        "sub": str(uuid.uuid5(uuid.NAMESPACE_URL, found["external_id"])),
        "aud": asked.client_id,
        "iat": now,
        "exp": now + seconds,
        "external_id": found["external_id"],
        "name": " ".join(found[key] for key in ("first_name", "last_name") if key in found),
    }
    claims |= {name: found[key] for name, key in names.items() if key in found}
    claims |= {"staff": found["staff"]} if "staff" in found else {}
    return claims | ({"nonce": asked.nonce} if asked.nonce else {})


def altered(claims: dict[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Give claims with some changed, and without those whose change is None."""
    return {name: value for name, value in (claims | dict(changes)).items() if value is not None}


def _registration(directory: Directory) -> Registration:
    method = BASIC if directory.enable_token_endpoint_basic_auth else POST
    return Registration(directory.client_id, directory.client_secret, method)
