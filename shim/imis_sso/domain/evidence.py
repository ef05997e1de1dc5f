"""What asking an OpenID provider and iMIS's sign-in page showed (contract section 6). Pure.

Evidence decides nothing: `provider_verdicts` and `sign_in_page` do. An answer's own words are not
kept, for a provider may echo what it was sent: only codes that the specifications know.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

OAUTH_ERRORS: Final = frozenset(
    {
        "access_denied",
        "account_selection_required",
        "consent_required",
        "interaction_required",
        "invalid_client",
        "invalid_grant",
        "invalid_request",
        "invalid_request_object",
        "invalid_request_uri",
        "invalid_scope",
        "login_required",
        "registration_not_supported",
        "request_not_supported",
        "request_uri_not_supported",
        "server_error",
        "temporarily_unavailable",
        "unauthorized_client",
        "unsupported_grant_type",
        "unsupported_response_type",
    }
)
"""Codes of RFC 6749 (4.1.2.1, 5.2) and OpenID Connect Core 1.0 (3.1.2.6)."""
OTHER_ERROR: Final = "an error code of its own"
DEFAULT_METHODS: Final = ("client_secret_basic", "client_secret_post")
"""Ways to hand over the secret as it is, in the order in which they are tried (RFC 6749 2.3.1)."""


def known_error(value: object) -> str:
    """Give an error code as it may be shown; `""` where there is none."""
    if not isinstance(value, str) or not value:
        return ""
    return value if value in OAUTH_ERRORS else OTHER_ERROR


@dataclass(frozen=True)
class Reply:
    """What came of one request: an answer with its status, or `why` there was none.

    `error` is the code of a JSON answer, `document` a JSON object where one was asked for,
    `location` where a redirect leads. `untrusted` tells that the host's certificate was refused.
    """

    status: int | None = None
    why: str = ""
    error: str = ""
    location: str | None = field(default=None, repr=False)
    document: Mapping[str, Any] | None = field(default=None, repr=False)
    untrusted: bool = False

    @property
    def code(self) -> str:
        """What was seen, in a few words: the status with the error code, or why nothing was."""
        if self.status is None:
            return self.why or "it was not asked"
        said = f" {self.error}" if self.error else ""
        return f"status {self.status}{said}"

    @property
    def redirects(self) -> bool:
        """Whether it is a redirect as an authorization endpoint makes it."""
        redirecting = self.status in (HTTPStatus.FOUND, HTTPStatus.SEE_OTHER)
        return redirecting and self.location is not None

    @property
    def takes_client(self) -> bool:
        """Whether a token endpoint took client and secret, and missed only the code."""
        return self.status == HTTPStatus.BAD_REQUEST and self.error == "invalid_grant"

    @property
    def refuses_client(self) -> bool:
        """Whether a token endpoint refused client or secret, in either of the known ways.

        No header and no text is demanded: providers differ (RFC 6749 5.2).
        """
        if self.error == "invalid_client":
            return self.status in (HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED)
        return self.error == "unauthorized_client" and self.status == HTTPStatus.UNAUTHORIZED

    @property
    def is_steady(self) -> bool:
        """Whether it is an answer that would come again: neither a limit nor a failure."""
        if self.status is None or self.status == HTTPStatus.TOO_MANY_REQUESTS:
            return False
        return self.status < HTTPStatus.INTERNAL_SERVER_ERROR

    def leads_to(self, address: str) -> bool:
        """Tell whether it redirects to exactly this address, whatever the query."""
        return self.redirects and (self.location or "").partition("?")[0] == address

    def query(self) -> dict[str, str]:
        """Give the parameters of the redirect; one that is there twice is left out."""
        found = parse_qs(urlsplit(self.location or "").query, keep_blank_values=True)
        return {name: values[0] for name, values in found.items() if len(values) == 1}


NOT_ASKED: Final = Reply()


@dataclass(frozen=True)
class Metadata:
    """A discovery document (OpenID Connect Discovery 1.0 section 3) that names its issuer."""

    content: Mapping[str, Any] = field(repr=False)

    @property
    def issuer(self) -> str:
        """The issuer, byte for byte."""
        return self.text("issuer")

    def text(self, name: str) -> str:
        """Give a text of the document, `""` where it has none of this name."""
        value = self.content.get(name)
        return value if isinstance(value, str) else ""

    def texts(self, name: str) -> tuple[str, ...]:
        """Give a list of texts, empty where the document has none of this name."""
        value = self.content.get(name)
        if not isinstance(value, list):
            return ()
        return tuple(each for each in value if isinstance(each, str))

    @property
    def methods(self) -> tuple[str, ...]:
        """Ways to hand over the secret that are to be tried, in their order.

        Where the document lists none, `client_secret_basic` is meant (Discovery 1.0 section 3);
        the other one is tried too, as not every provider keeps to it.
        """
        listed = self.texts("token_endpoint_auth_methods_supported")
        return tuple(each for each in DEFAULT_METHODS if each in listed or not listed)

    @property
    def names_issuer_in_answers(self) -> bool:
        """Whether every authorization answer must carry `iss` (RFC 9207 section 3)."""
        return self.content.get("authorization_response_iss_parameter_supported") is True


@dataclass(frozen=True)
class ProviderFound:
    """The provider's public documents, as fetched from the address of the discovery document."""

    address: str
    discovery: Reply
    keys: Reply = NOT_ASKED

    @property
    def metadata(self) -> Metadata | None:
        """The discovery document; None where what was answered is none."""
        document = self.discovery.document
        if self.discovery.status != HTTPStatus.OK or document is None:
            return None
        found = Metadata(document)
        return found if found.issuer else None


@dataclass(frozen=True)
class Authorization:
    """An authorization request with its controls: `near` a made-up path, `far` another host.

    `state` is what the request carried. What was not asked is `NOT_ASKED`.
    """

    probe: Reply = NOT_ASKED
    state: str = ""
    near: Reply = NOT_ASKED
    near_url: str = ""
    far: Reply = NOT_ASKED
    far_url: str = ""


@dataclass(frozen=True)
class Attempt:
    """A token request with a made-up code by one method, and the same with a random secret."""

    method: str
    probe: Reply
    control: Reply = NOT_ASKED


@dataclass(frozen=True)
class Authentication:
    """What the token endpoint made of the secret, method by method; `why` nothing was sent."""

    attempts: tuple[Attempt, ...] = ()
    why: str = ""


@dataclass(frozen=True)
class SignInSeen:
    """Where iMIS's sign-in page sends a browser: the last reply that was looked at.

    `address` is the page's; `why` says why it was not asked.
    """

    address: str = ""
    reply: Reply = NOT_ASKED
    why: str = ""
