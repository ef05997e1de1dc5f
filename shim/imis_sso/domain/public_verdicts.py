"""Judging a site's sign-in by what any stranger can see of it. Pure.

No setting is known here, so the two sides are judged against each other and against the
specifications: what the site asks for, what the provider publishes, what it answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from imis_sso.domain.checks import Check, Status
from imis_sso.domain.evidence import ProviderFound, SignInSeen
from imis_sso.domain.hosts import origin_of

WELL_KNOWN: Final = "/.well-known/openid-configuration"
SIGN_IN: Final = "site.sign-in"
REQUEST: Final = "site.request"
REDIRECT_URL: Final = "site.redirect-url"
ISSUER: Final = "discovery.issuer-consistent"
_MOST_CANDIDATES: Final = 5


@dataclass(frozen=True)
class Asked:
    """The authorization request that a site sends the browser on with."""

    page: str
    endpoint: str
    parameters: dict[str, str]

    @property
    def client_id(self) -> str:
        """The client, `""` where none is named."""
        return self.parameters.get("client_id", "")

    @property
    def redirect_url(self) -> str:
        """Where the provider shall send the browser back to, `""` where it is not named."""
        return self.parameters.get("redirect_uri", "")

    def candidates(self) -> tuple[str, ...]:
        """Give addresses at which the provider's discovery document may be, likely ones first.

        An issuer may have a path, and the endpoint lies below it (Discovery 1.0 section 4).
        """
        segments = [each for each in urlsplit(self.endpoint).path.split("/") if each]
        depths = range(max(len(segments) - 1, 0), -1, -1)
        bases = ["/".join([origin_of(self.endpoint), *segments[:depth]]) for depth in depths]
        near, root = bases[:-1][: _MOST_CANDIDATES - 1], bases[-1]
        return tuple(base + WELL_KNOWN for base in (*near, root))


def asked_by(seen: SignInSeen) -> Asked | None:
    """Give the authorization request of a sign-in, None where the site sends nobody on."""
    reply, query = seen.reply, seen.reply.query()
    if not reply.redirects or not query.get("client_id"):
        return None
    return Asked(seen.address, (reply.location or "").partition("?")[0], query)


def judge_sign_in_found(seen: SignInSeen, asked: Asked | None) -> Check:
    """Judge whether the site's sign-in leads to an OpenID provider."""
    if seen.reply.untrusted:
        remedy = "Renew the certificate of the site, or have it signed by a trusted authority."
        return Check(SIGN_IN, Status.FAILED, f"{seen.address}: {seen.reply.why}", (), remedy)
    if asked is None:
        detail = f"{seen.address} sends nobody to a provider ({seen.reply.code})"
        return Check(SIGN_IN, Status.SKIPPED, detail, (), "Name the address of its sign-in page.")
    detail = f'{asked.page} sends the browser to {asked.endpoint} as client "{asked.client_id}"'
    return Check(SIGN_IN, Status.PASSED, detail, ())


def judge_request(asked: Asked) -> Check:
    """Judge the request: code flow, scope openid, state and nonce (Core 1.0 section 3.1.2.1)."""
    given = asked.parameters
    wrong = [
        *([] if given.get("response_type") == "code" else ["response_type is not code"]),
        *([] if "openid" in given.get("scope", "").split() else ["scope lacks openid"]),
        *([] if asked.redirect_url else ["no redirect_uri"]),
    ]
    weak = [f"no {name}" for name in ("state", "nonce") if not given.get(name)]
    if wrong:
        remedy = "Set iMIS's OpenID Connect page again; its request is not one of this flow."
        return Check(REQUEST, Status.FAILED, ", ".join([*wrong, *weak]), (), remedy)
    if weak:
        remedy = "Ask iMIS's support: without them an answer can be slipped in by somebody else."
        return Check(REQUEST, Status.WARNING, ", ".join(weak), (), remedy)
    return Check(REQUEST, Status.PASSED, "authorization code flow with state and nonce", ())


def judge_redirect_url(asked: Asked) -> Check:
    """Judge whether the browser is sent back to the site it came from, over TLS."""
    url, here = urlsplit(asked.redirect_url), urlsplit(asked.page)
    if url.scheme != "https":
        remedy = "Set Redirect login URL and Redirect URL to the address with https."
        detail = f'the redirect URL "{asked.redirect_url}" is not https'
        return Check(REDIRECT_URL, Status.FAILED, detail, (), remedy)
    if url.netloc != here.netloc:
        remedy = "Look whether this is meant: most often both are one host, the iMIS base address."
        detail = f"the redirect URL leads to {url.netloc}, the sign-in began at {here.netloc}"
        return Check(REDIRECT_URL, Status.WARNING, detail, (), remedy)
    return Check(REDIRECT_URL, Status.PASSED, f'the redirect URL is "{asked.redirect_url}"', ())


def judge_issuer(found: ProviderFound) -> Check:
    """Judge whether the issuer is the address its document was found at (Discovery 1.0, 4.3)."""
    metadata = found.metadata
    if metadata is None:
        return Check(ISSUER, Status.SKIPPED, "there is no discovery document", ())
    base = found.address.removesuffix(WELL_KNOWN)
    if metadata.issuer.rstrip("/") == base:
        slash = " (with a slash at its end)" if metadata.issuer.endswith("/") else ""
        detail = f'the issuer is "{metadata.issuer}"{slash}: iMIS\'s Authority URL must equal it'
        return Check(ISSUER, Status.PASSED, detail, ())
    detail = f'the document at {found.address} names the issuer "{metadata.issuer}"'
    remedy = "Ask the provider's support: an issuer must be the address its document is found at."
    return Check(ISSUER, Status.FAILED, detail, (), remedy)
