"""What every simulated client does alike: it trusts nothing that it has not checked.

OpenID Connect Discovery 1.0 section 4.3, Core 1.0 section 3.1.3.7, RFC 6749 section 4.1.3.
"""

from __future__ import annotations

import base64
import ssl
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote_plus, urlsplit

import httpx

from imis_sso.simulators.openid.server import BASIC

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

# A simulator reaches nothing but simulators, whatever address somebody types into it.
_REACHABLE = {"127.0.0.1", "localhost"}
_SECONDS = 5.0


class RefusedError(Exception):
    """A sign-in ends here: `reason` is a short name for tests, `detail` a sentence for people."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason, self.detail = reason, detail


@dataclass(frozen=True)
class Registration:
    """A client as its provider knows it, and how it authenticates there."""

    client_id: str
    client_secret: str = field(repr=False)
    method: str = BASIC


class BackChannel:
    """A client's own requests, over TLS that is verified; used as a context."""

    def __init__(self, trust: ssl.SSLContext | None) -> None:
        self._http = httpx.AsyncClient(
            verify=trust or ssl.create_default_context(), timeout=_SECONDS, trust_env=False
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._http.aclose()

    async def discover(self, url: str) -> dict[str, Any]:
        """Fetch a provider's metadata; raises RefusedError saying why there is none."""
        metadata = _document("discovery", await self._asked("discovery", "GET", url))
        names = ("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri")
        if not all(isinstance(metadata.get(name), str) for name in names):
            raise RefusedError("discovery-malformed", "The metadata lacks what it must have.")
        return metadata

    async def keys(self, url: str) -> list[dict[str, Any]]:
        """Fetch a provider's key set; raises RefusedError saying why there is none."""
        keys = _document("keys", await self._asked("keys", "GET", url)).get("keys")
        if not isinstance(keys, list):
            raise RefusedError("keys-malformed", "The key set holds no list of keys.")
        return [each for each in keys if isinstance(each, dict)]

    async def redeem(
        self, url: str, client: Registration, form: Mapping[str, str]
    ) -> dict[str, Any]:
        """Exchange a code for tokens; raises RefusedError saying why it cannot."""
        sent = {"grant_type": "authorization_code", **form}
        headers = {}
        if client.method == BASIC:
            headers["Authorization"] = basic(client.client_id, client.client_secret)
        else:
            sent |= {"client_id": client.client_id, "client_secret": client.client_secret}
        answer = await self._asked("token", "POST", url, data=sent, headers=headers)
        if answer.status_code in {HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED}:
            error = _document("token", answer).get("error")
            raise RefusedError("token-refused", f"The token endpoint answered {error}.")
        tokens = _document("token", answer)
        if not isinstance(tokens.get("id_token"), str):
            raise RefusedError("token-malformed", "The token endpoint gave no ID token.")
        return tokens

    async def userinfo(self, url: str, access_token: str) -> dict[str, Any]:
        """Fetch a person's claims; raises RefusedError saying why there are none."""
        headers = {"Authorization": f"Bearer {access_token}"}
        return _document("userinfo", await self._asked("userinfo", "GET", url, headers=headers))

    async def _asked(self, what: str, method: str, url: str, **options: Any) -> httpx.Response:
        if not _is_reachable(url):
            raise RefusedError(f"{what}-unreachable", "There is no such address in the simulation.")
        try:
            return await self._http.request(method, url, **options)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            if "CERTIFICATE_VERIFY_FAILED" in str(error):
                message = "The certificate of the server is not valid."
                raise RefusedError("certificate", message) from None
            raise RefusedError(f"{what}-unreachable", "The server did not answer.") from None


def _is_reachable(url: str) -> bool:
    try:
        return urlsplit(url).scheme == "https" and urlsplit(url).hostname in _REACHABLE
    except ValueError:
        return False


def basic(client_id: str, secret: str) -> str:
    """Give the header of `client_secret_basic`: both form-encoded first (RFC 6749 2.3.1)."""
    pair = f"{quote_plus(client_id)}:{quote_plus(secret)}"
    return f"Basic {base64.b64encode(pair.encode()).decode()}"


def _document(what: str, answer: httpx.Response) -> dict[str, Any]:
    is_error = what == "token" and answer.status_code in {400, 401}
    if answer.status_code != HTTPStatus.OK and not is_error:
        raise RefusedError(f"{what}-status", f"The server answered {answer.status_code}.")
    try:
        document = answer.json()
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise RefusedError(f"{what}-malformed", "The server answered something else than JSON.")
    return document
