"""What every simulated provider does alike: clients authenticate, codes are redeemed, errors."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus, urlencode

from starlette.responses import JSONResponse, RedirectResponse, Response

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

BASIC, POST = "client_secret_basic", "client_secret_post"
_NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}


@dataclass(frozen=True)
class Grant:
    """What a code stands for: whose it is, where it was sent, and the claims it buys."""

    client_id: str
    redirect_uri: str
    challenge: str
    claims: Mapping[str, Any] = field(repr=False)

    def fits(self, client_id: str, form: Mapping[str, str]) -> bool:
        """Say whether a token request is the one the code was made for (RFC 6749 4.1.3, 7636)."""
        return (
            client_id == self.client_id
            and form.get("redirect_uri") == self.redirect_uri
            and self.challenge in {"", s256(form.get("code_verifier", ""))}
        )


def s256(verifier: str) -> str:
    """Give the S256 challenge of a PKCE verifier (RFC 7636 section 4.2)."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def equal(given: str, right: str) -> bool:
    """Compare two texts in constant time."""
    return hmac.compare_digest(given.encode(), right.encode())


def credentials(request: Request, form: Mapping[str, str]) -> tuple[str, str, str]:
    """Give method, client id and secret; no method where two are used (RFC 6749 2.3)."""
    header = request.headers.get("authorization")
    if header is not None and "client_secret" in form:
        return "", "", ""
    if header is None:
        method = POST if "client_secret" in form else "none"
        return method, form.get("client_id", ""), form.get("client_secret", "")
    scheme, _, encoded = header.partition(" ")
    try:
        decoded = base64.b64decode(encoded, validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        decoded = ""
    client_id, _, secret = decoded.partition(":")
    # RFC 6749 2.3.1: both are form-encoded before base64; a raw secret fails like a wrong one.
    method = BASIC if scheme.lower() == "basic" else "none"
    return method, unquote_plus(client_id), unquote_plus(secret)


def request_error(query: Mapping[str, str]) -> str | None:
    """Give the error of an authorization request that may be redirected, or None."""
    if query.get("response_type") != "code":
        return "unsupported_response_type"
    if "openid" not in query.get("scope", "").split():
        return "invalid_scope"
    if "code_challenge" in query and query.get("code_challenge_method") != "S256":
        return "invalid_request"
    return None


def code_error(form: Mapping[str, str]) -> str | None:
    """Give the error of a token request that asks for no code's tokens, or None."""
    if form.get("grant_type", "authorization_code") != "authorization_code":
        return "unsupported_grant_type"
    return None if "grant_type" in form and form.get("code") else "invalid_request"


def redirected(redirect_uri: str, answer: Mapping[str, str]) -> Response:
    """Send the browser back with an answer, leaving out what is empty (RFC 6749 4.1.2)."""
    joint = "&" if "?" in redirect_uri else "?"
    query = urlencode({name: value for name, value in answer.items() if value})
    return RedirectResponse(f"{redirect_uri}{joint}{query}", HTTPStatus.FOUND)


def token_answer(document: Mapping[str, object]) -> Response:
    """Answer a token request that succeeded; nobody may store it."""
    return JSONResponse(dict(document), headers=_NO_STORE)


def token_error(error: str, method: str = "") -> Response:
    """Refuse a token request (RFC 6749 5.2)."""
    headers = dict(_NO_STORE)
    status = HTTPStatus.BAD_REQUEST
    if error == "invalid_client":
        status = HTTPStatus.UNAUTHORIZED
        if method == BASIC:
            headers["WWW-Authenticate"] = 'Basic realm="token"'
    return JSONResponse({"error": error}, status, headers)


async def form_of(request: Request) -> dict[str, str]:
    """Give the fields of a form that was sent, as text."""
    return {name: str(value) for name, value in (await request.form()).items()}
