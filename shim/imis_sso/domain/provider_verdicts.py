"""Judging what the provider showed, by a table: what does not prove right or wrong is `skipped`.

Each rule was measured on two independent providers; why it is there stands beside it. Clauses are
those of RFC 6749, OpenID Connect Core 1.0 and Discovery 1.0.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

from imis_sso.domain.checks import Check, Status
from imis_sso.domain.evidence import (
    Attempt,
    Authentication,
    Authorization,
    ProviderFound,
    Reply,
    known_error,
)

REACHABLE: Final = "discovery.reachable"
KEYS: Final = "jwks.usable"
REGISTERED: Final = "redirect.registered"
ACCEPTED: Final = "client.secret-accepted"

_REQUIRED: Final = ("authorization_endpoint", "token_endpoint", "jwks_uri")
_FAMILIES: Final = {"RS": "RSA", "PS": "RSA", "ES": "EC", "Ed": "OKP"}
_MEMBERS: Final = {"RSA": ("n", "e"), "EC": ("crv", "x", "y"), "OKP": ("crv", "x")}
_NEEDS_PERSON: Final = frozenset(
    {"login_required", "interaction_required", "consent_required", "account_selection_required"}
)
# RFC 6749 4.1.2.1: what stands for 500 and 503 where the answer is a redirect.
_PASSING_TROUBLE: Final = frozenset({"server_error", "temporarily_unavailable"})

_DISCOVERY_FIELDS: Final = (
    "imis/openid-connect#well_known_url",
    "cloud-sso/imis-client#discovery_url",
)
_REDIRECT_FIELDS: Final = (
    "imis/openid-connect#client_id",
    "imis/openid-connect#redirect_login_url",
    "cloud-sso/imis-sso-settings#redirect_url",
)
_SECRET_FIELDS: Final = (
    "imis/openid-connect#client_id",
    "imis/openid-connect#client_secret_version",
    "cloud-sso/imis-client#client_secret_version",
)


def judge_discovery(found: ProviderFound) -> Check:
    """Judge whether valid metadata is served over verified TLS."""
    reply, metadata = found.discovery, found.metadata
    if reply.untrusted:
        return _untrusted(REACHABLE, found.address, reply, _DISCOVERY_FIELDS)
    if metadata is None:
        return _nothing(REACHABLE, f"{found.address} proves nothing: {_odd(reply)}")
    missing = [name for name in _REQUIRED if not metadata.text(name)]
    if missing:
        detail = f"the document at {found.address} has no {' and no '.join(missing)}"
        remedy = "Ask the support of Cloud SSO why its discovery document is not complete."
        return Check(REACHABLE, Status.FAILED, detail, _DISCOVERY_FIELDS, remedy)
    detail = f"{found.address} answers valid metadata over verified TLS"
    return Check(REACHABLE, Status.PASSED, detail, _DISCOVERY_FIELDS)


def judge_keys(found: ProviderFound) -> Check:
    """Judge whether a key can verify ID tokens by an asymmetric algorithm the metadata names.

    A key set may also hold encryption keys: only keys for signatures count (RFC 7517 4.2).
    """
    metadata, reply = found.metadata, found.keys
    if metadata is None:
        return _nothing(KEYS, "there is no discovery document to take its address from")
    if reply.untrusted:
        return _untrusted(KEYS, metadata.text("jwks_uri"), reply, _DISCOVERY_FIELDS)
    keys = (reply.document or {}).get("keys")
    if reply.status != HTTPStatus.OK or not isinstance(keys, list):
        return _nothing(KEYS, f"the key set proves nothing: {_odd(reply)}")
    # Discovery 1.0 section 3: RS256 has to be among them, so it is meant where there is no list.
    named = metadata.texts("id_token_signing_alg_values_supported") or ("RS256",)
    algorithms = frozenset(each for each in named if each[:2] in _FAMILIES)
    usable = [key for key in keys if isinstance(key, dict) and _signs(key, algorithms)]
    if usable:
        detail = f"{len(usable)} of {len(keys)} keys can verify ID tokens"
        return Check(KEYS, Status.PASSED, detail, _DISCOVERY_FIELDS)
    known = ", ".join(sorted(algorithms)) or "no asymmetric algorithm"
    detail = f"none of {len(keys)} keys is a signing key for what the metadata names ({known})"
    remedy = (
        "Set Cloud SSO's Signing Key Algorithm to RS256: the key set needs a key that verifies."
    )
    return Check(KEYS, Status.FAILED, detail, _DISCOVERY_FIELDS, remedy)


def _signs(key: dict[str, Any], algorithms: frozenset[str]) -> bool:
    kind = key.get("kty")
    if key.get("use", "sig") != "sig" or not isinstance(kind, str) or kind not in _MEMBERS:
        return False
    if not all(isinstance(key.get(name), str) and key[name] for name in _MEMBERS[kind]):
        return False
    fitting = {each for each in algorithms if _FAMILIES[each[:2]] == kind}
    return key.get("alg") in fitting if "alg" in key else bool(fitting)


def judge_redirect(
    found: ProviderFound, redirect_url: str, seen: Authorization, authentication: Authentication
) -> Check:
    """Judge whether the provider knows the client with exactly this redirect URL.

    RFC 6749 4.1.2.1 forbids a redirect to any other; a redirected control shows that this provider
    does not keep to it, so that its redirects prove nothing. What the token endpoint said tells a
    wrong client from a wrong address.
    """
    probe = seen.probe
    if probe.status == HTTPStatus.BAD_REQUEST and probe.location is None:
        return _page(authentication)
    reason = _no_redirect_of_ours(found, redirect_url, seen)
    if reason:
        return _nothing(REGISTERED, reason)
    undecided = _undecided_controls(seen)
    if undecided:
        return _nothing(REGISTERED, undecided)
    error = probe.query()["error"]
    if error in _NEEDS_PERSON:
        return _registered(redirect_url, seen)
    if error in _PASSING_TROUBLE:
        return _nothing(REGISTERED, f"the provider answers {error}")
    code = known_error(error)
    remedy = _UNUSABLE.get(error, "Look the code up at the provider.")
    detail = f"the redirect URL is registered, but the client cannot be used: {code}"
    return Check(REGISTERED, Status.FAILED, detail, _REDIRECT_FIELDS, remedy)


_UNUSABLE: Final = {
    "access_denied": "Let this client use the sign-in at the provider.",
    "invalid_request": "Look at the client's PKCE and flow settings at the provider.",
    "invalid_scope": "Allow the client the scope openid at the provider.",
    "request_not_supported": "Look at the client's request settings at the provider.",
    "unauthorized_client": "Allow the client the authorization code flow at the provider.",
    "unsupported_response_type": "Allow the client the authorization code flow at the provider.",
}


def _no_redirect_of_ours(found: ProviderFound, redirect_url: str, seen: Authorization) -> str:
    probe, metadata = seen.probe, found.metadata
    if not probe.redirects:
        return f"the authorization endpoint proves nothing: {_odd(probe)}"
    if not probe.leads_to(redirect_url):
        return "the authorization endpoint redirects to another address than ours"
    query = probe.query()
    if query.get("state") != seen.state:
        return "the redirect does not carry the state of the request"
    demanded = metadata is not None and metadata.names_issuer_in_answers
    if ("iss" in query or demanded) and (metadata is None or query.get("iss") != metadata.issuer):
        return "the redirect does not carry the provider's issuer"
    return "" if query.get("error") else "the redirect carries no error code"


def _undecided_controls(seen: Authorization) -> str:
    """Say what the controls leave open; `""` where the provider tells addresses apart.

    One refused address is enough: the one nearest to ours, and only where a pattern lets that
    through, one of another host.
    """
    if not seen.near.leads_to(seen.near_url):
        return _silent_control(seen.near)
    if seen.far.leads_to(seen.far_url):
        return "the provider also redirects to an address of another host that nobody registered"
    return _silent_control(seen.far)


def _silent_control(control: Reply) -> str:
    return "" if control.is_steady else f"the control proves nothing: {control.code}"


def _registered(redirect_url: str, seen: Authorization) -> Check:
    if seen.near.leads_to(seen.near_url):
        detail = f'the provider knows "{redirect_url}", by a pattern that lets other paths through'
        remedy = "Register the redirect URL itself at the provider, without a pattern."
        return Check(REGISTERED, Status.WARNING, detail, _REDIRECT_FIELDS, remedy)
    detail = f'the provider knows the client with "{redirect_url}"'
    return Check(REGISTERED, Status.PASSED, detail, _REDIRECT_FIELDS)


def _page(authentication: Authentication) -> Check:
    status = judge_secret(authentication).status
    if status is Status.PASSED:
        detail = "the provider knows the client, and refuses its redirect URL"
        remedy = "Set Cloud SSO's Redirect URL to iMIS's Redirect login URL, byte for byte."
    elif status is Status.FAILED:
        detail = "the provider refuses the client: its id is unknown or disabled, or all is wrong"
        remedy = "Set client_id of imis/openid-connect to the Client ID that Cloud SSO shows."
    else:
        detail = "the provider refuses the client id or the redirect URL with an error page"
        remedy = "Set client_id and the redirect URL to what Cloud SSO has, byte for byte."
    return Check(REGISTERED, Status.FAILED, detail, _REDIRECT_FIELDS, remedy)


def judge_secret(seen: Authentication) -> Check:
    """Judge whether the token endpoint takes the secret, by one method at least.

    Right is `invalid_grant` for a made-up code where a random secret is refused: without that
    control a public client would pass with any secret. Wrong is a refusal by every method.
    """
    if not seen.attempts:
        return _nothing(ACCEPTED, seen.why or "it was not asked")
    for attempt in seen.attempts:
        if attempt.probe.takes_client and attempt.control.refuses_client:
            detail = f"the token endpoint takes the secret, by {attempt.method}"
            return Check(ACCEPTED, Status.PASSED, detail, _SECRET_FIELDS)
    if seen.why or not all(each.probe.refuses_client for each in seen.attempts):
        said = "; ".join(map(_said, seen.attempts))
        return _nothing(ACCEPTED, "; ".join(filter(None, (said, seen.why))))
    methods = " and ".join(each.method for each in seen.attempts)
    detail = f"the token endpoint refuses client and secret, by {methods}"
    remedy = (
        "Plan again and push the secret that Cloud SSO shows: client_secret_ref "
        "cloud-sso-imis-client with its current client_secret_version."
    )
    return Check(ACCEPTED, Status.FAILED, detail, _SECRET_FIELDS, remedy)


def _said(attempt: Attempt) -> str:
    if not attempt.probe.takes_client:
        return f"{attempt.method}: {attempt.probe.code}"
    if attempt.control.takes_client:
        return f"{attempt.method}: a random secret is taken, too, so the client needs none"
    return f"{attempt.method}: the control proves nothing: {attempt.control.code}"


def _odd(reply: Reply) -> str:
    if reply.status == HTTPStatus.OK and reply.document is None:
        return "status 200 with something else"
    return reply.code


def _nothing(check: str, detail: str) -> Check:
    fields = {REGISTERED: _REDIRECT_FIELDS, ACCEPTED: _SECRET_FIELDS}
    return Check(check, Status.SKIPPED, detail, fields.get(check, _DISCOVERY_FIELDS))


def _untrusted(check: str, address: str, reply: Reply, fields: tuple[str, ...]) -> Check:
    remedy = "Renew the certificate where it is served, or have it signed by a trusted authority."
    return Check(check, Status.FAILED, f"{address}: {reply.why}", fields, remedy)
