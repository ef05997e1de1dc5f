"""Gathering evidence at an OpenID provider; nothing is judged here (contract section 6).

How refused requests are counted: one that the provider refuses for its client, its secret or its
redirect URL. A redirect with `login_required` and an `invalid_grant` are no refusals: client and
secret were accepted, only a person or a code was missing. A run has at most three, none is passive:

- a right redirect URL costs one (the control next to it; behind a pattern, the one on another
  host), a wrong one costs one (the request itself);
- a right secret costs one (the control), and one more where the client takes the second method
  only; a wrong secret costs one for each method, at most two, and needs no control.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Final
from urllib.parse import quote_plus, urlencode, urlsplit

from imis_sso.connectors.egress import SECONDS, Egress
from imis_sso.connectors.oidc.asking import Asking
from imis_sso.connectors.oidc.visit import Visit
from imis_sso.domain.evidence import (
    Attempt,
    Authentication,
    Authorization,
    Metadata,
    Reply,
    SignInSeen,
)
from imis_sso.domain.hosts import origin_of
from imis_sso.domain.secret import Secret

PAUSE: Final = 0.1
_BASIC: Final = "client_secret_basic"


class ProviderProbes:
    """See `base.Probes`. `allow` are the operator's entries `host[:port]`, `ca_file` as elsewhere.

    `sign_in_page` is the address of iMIS's sign-in page, `""` where there is none: its
    host is connected to anyway, so it is allowed. `pause` is kept before each control.
    """

    def __init__(
        self,
        allow: Iterable[str] = (),
        ca_file: Path | None = None,
        sign_in_page: str = "",
        *,
        seconds: float = SECONDS,
        pause: float = PAUSE,
    ) -> None:
        allowed = tuple(allow)
        self._provider = Asking(Egress(allowed, ca_file), seconds)
        here = (urlsplit(sign_in_page).netloc,) if sign_in_page else ()
        self._imis = Egress((*allowed, *here), ca_file)
        self._visit = Visit(self._imis, seconds)
        self._page, self._pause = sign_in_page, pause

    async def discovery(self, address: str) -> Reply:
        """Fetch the discovery document; see `base.Probes.discovery`."""
        return await self._provider.get(address, document=True)

    async def keys(self, metadata: Metadata) -> Reply:
        """Fetch the key set that the metadata names; see `base.Probes.keys`."""
        return await self._provider.get(metadata.text("jwks_uri"), document=True)

    async def authorization(
        self, metadata: Metadata, client_id: str, redirect_url: str
    ) -> Authorization:
        """Ask with `prompt=none`, then with a made-up path; see `base.Probes.authorization`."""
        endpoint, state = metadata.text("authorization_endpoint"), _random()
        probe = await self._authorize(endpoint, client_id, redirect_url, state)
        seen = Authorization(probe, state)
        if not probe.leads_to(redirect_url):
            return seen
        near_url = f"{origin_of(redirect_url)}/{_random()}"
        near = await self._control(endpoint, client_id, near_url)
        seen = replace(seen, near=near, near_url=near_url)
        if not near.leads_to(near_url):
            return seen
        far_url = f"https://{_random()}.example/"
        far = await self._control(endpoint, client_id, far_url)
        return replace(seen, far=far, far_url=far_url)

    async def authentication(
        self, metadata: Metadata, client_id: str, secret: Secret, redirect_url: str
    ) -> Authentication:
        """Try the secret method by method; see `base.Probes.authentication`."""
        attempts: list[Attempt] = []
        for method in metadata.methods:
            attempts.append(await self._attempt(metadata, method, client_id, secret, redirect_url))
            probe = attempts[-1].probe
            if probe.takes_client or not probe.is_steady:
                break
        unknown = "the metadata names no method that hands the secret over as it is"
        return Authentication(tuple(attempts), "" if attempts else unknown)

    async def sign_in(self) -> SignInSeen:
        """Follow iMIS's sign-in page as far as its own host leads; see `base.Probes.sign_in`."""
        if not self._page:
            return SignInSeen(why="no sign-in page is known")
        return await self._visit.follow(self._page)

    async def aclose(self) -> None:
        """Close what is open."""
        await self._provider.aclose()
        await self._imis.aclose()

    async def _authorize(
        self, endpoint: str, client_id: str, redirect_url: str, state: str
    ) -> Reply:
        asked = {
            "response_type": "code",
            "client_id": client_id,
            "redirect_uri": redirect_url,
            "scope": "openid",
            "prompt": "none",
            "state": state,
            "nonce": _random(),
            "code_challenge": _challenge(_verifier()),
            "code_challenge_method": "S256",
        }
        joint = "&" if "?" in endpoint else "?"
        return await self._provider.get(f"{endpoint}{joint}{urlencode(asked)}")

    async def _control(self, endpoint: str, client_id: str, redirect_url: str) -> Reply:
        await asyncio.sleep(self._pause)
        return await self._authorize(endpoint, client_id, redirect_url, _random())

    async def _attempt(
        self, metadata: Metadata, method: str, client_id: str, secret: Secret, redirect_url: str
    ) -> Attempt:
        endpoint = metadata.text("token_endpoint")
        probe = await self._try(endpoint, method, client_id, secret, redirect_url)
        if not probe.takes_client:
            return Attempt(method, probe)
        await asyncio.sleep(self._pause)
        # As long as the real one: a provider may refuse what is too short before it compares.
        wrong = Secret(secrets.token_hex(32))
        return Attempt(
            method, probe, await self._try(endpoint, method, client_id, wrong, redirect_url)
        )

    async def _try(
        self, endpoint: str, method: str, client_id: str, secret: Secret, redirect_url: str
    ) -> Reply:
        form = {
            "grant_type": "authorization_code",
            "code": _random(),
            "redirect_uri": redirect_url,
            "code_verifier": _verifier(),
        }
        if method == _BASIC:
            return await self._provider.post(endpoint, form, _basic(client_id, secret))
        handed = {"client_id": client_id, "client_secret": secret.reveal()}
        return await self._provider.post(endpoint, form | handed, {})


def _basic(client_id: str, secret: Secret) -> dict[str, str]:
    # RFC 6749 2.3.1: both are form-encoded first; a raw `+/=%:&~` fails exactly like a wrong one.
    pair = f"{quote_plus(client_id)}:{quote_plus(secret.reveal())}"
    return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}


def _random() -> str:
    return secrets.token_hex(16)


def _verifier() -> str:
    return secrets.token_urlsafe(48)


def _challenge(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
