"""The relying party behind iMIS's sign-in page: it uses what its record says, and nothing else."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from imis_sso.simulators.imis import wire
from imis_sso.simulators.openid.client import BackChannel, RefusedError, Registration
from imis_sso.simulators.openid.id_token import verified
from imis_sso.simulators.openid.kept import Kept
from imis_sso.simulators.openid.server import BASIC, POST

if TYPE_CHECKING:
    from collections.abc import Mapping

    from imis_sso.simulators.imis.members import Member
    from imis_sso.simulators.imis.model import ImisModel
    from imis_sso.simulators.imis.wire import Record

LICENCE = "OpenID Connect"
#: What the record must hold before anybody can be sent anywhere.
_REQUIRED = ("ProviderClientId", "ClientSecret", "WellKnownUrl", "Authority", "RedirectLoginUri")


@dataclass(frozen=True)
class Pending:
    """A person who was sent to the provider: what iMIS expects of their way back."""

    record: Record = field(repr=False)
    metadata: Mapping[str, Any]
    nonce: str


class RelyingParty:
    """Sends people to the provider of the page's record, and believes nothing unchecked."""

    def __init__(self, model: ImisModel) -> None:
        self._model, self._pending = model, Kept[Pending]()

    def usable_record(self) -> Record:
        """Give the record the sign-in page goes by.

        Raises RefusedError: `not-licensed`, `no-record`, `mode-disabled`.
        """
        if LICENCE not in self._model.licensed_features:
            raise RefusedError("not-licensed", "OpenID Connect is not a licensed feature.")
        try:
            record = self._model.record
        except ValueError:
            raise RefusedError("no-record", "No provider is set up.") from None
        if record.get("Mode", 0) == wire.enum_value("Mode", "Disabled"):
            raise RefusedError("mode-disabled", "Sign-in through a provider is disabled.")
        return record

    async def begin(self, email: str) -> tuple[str, str]:
        """Give the address to send the browser to, and the state to bind to it.

        Raises RefusedError as `usable_record` and the back channel do; `incomplete`, `issuer`.
        """
        record = self.usable_record()
        if missing := [name for name in _REQUIRED if not record.get(name)]:
            raise RefusedError("incomplete", f"The provider's {missing[0]} is not set.")
        async with BackChannel(self._model.trust) as channel:
            metadata = await channel.discover(record["WellKnownUrl"])
        if metadata["issuer"] != record["Authority"]:
            raise RefusedError("issuer", "The provider names another issuer than iMIS expects.")
        pending = Pending(record, metadata, secrets.token_urlsafe(16))
        state = self._pending.put(pending)
        return _authorization_url(pending, state, email), state

    async def finish(self, query: Mapping[str, str], bound: str) -> Member:
        """Give the account of whom the provider sent back.

        Raises RefusedError: `state`, `issuer`, `provider-error`; as the back channel, the ID
        token's check and `Members.recognise` do.
        """
        pending = self._pending.take(query.get("state", ""))
        if pending is None or query["state"] != bound:
            raise RefusedError("state", "This sign-in was not begun here, or is over.")
        if query.get("iss", pending.metadata["issuer"]) != pending.metadata["issuer"]:
            raise RefusedError("issuer", "Another provider answered than the one asked.")
        if "code" not in query:
            error = query.get("error", "nothing")
            raise RefusedError("provider-error", f"The provider answered {error}.")
        claims = await self._claims(pending, query["code"])
        return self._model.members.recognise(pending.record, claims)

    async def _claims(self, pending: Pending, code: str) -> dict[str, Any]:
        record, metadata = pending.record, pending.metadata
        form = {"code": code, "redirect_uri": record["RedirectLoginUri"]}
        async with BackChannel(self._model.trust) as channel:
            tokens = await channel.redeem(
                metadata["token_endpoint"], _registration(record, metadata), form
            )
            keys = await channel.keys(metadata["jwks_uri"])
        return verified(
            tokens["id_token"],
            keys,
            issuer=record["Authority"],
            client_id=record["ProviderClientId"],
            nonce=pending.nonce,
        )


def _authorization_url(pending: Pending, state: str, email: str) -> str:
    """Product facts 3.2: the redirect URI is the Redirect login URL, byte for byte."""
    record = pending.record
    query = {
        "response_type": "code",
        "client_id": record["ProviderClientId"],
        "redirect_uri": record["RedirectLoginUri"],
        # Inferred: which scopes iMIS asks for.
        "scope": "openid profile email",
        "state": state,
        "nonce": pending.nonce,
    }
    if record.get("SetLoginHint") and email:
        query["login_hint"] = email
    endpoint = pending.metadata["authorization_endpoint"]
    return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(query)}"


def _registration(record: Record, metadata: Mapping[str, Any]) -> Registration:
    # Unknown: how iMIS authenticates; it does what the metadata offers (product facts 4.5).
    methods = metadata.get("token_endpoint_auth_methods_supported", [BASIC])
    method = BASIC if BASIC in methods else POST
    return Registration(record["ProviderClientId"], record["ClientSecret"], method)
