"""Problems with the request itself: what the caller sent, or may not do."""

from __future__ import annotations

from imis_sso.domain.problems.base import Problem


class MalformedJson(Problem):
    """The body is not JSON that every reader understands alike.

    Refused are: invalid UTF-8, duplicate keys, NUL, lone surrogates, NaN and infinities,
    nesting deeper than eight levels, and more than 500 values. Nothing was written. Mend the body
    and send it again.
    """

    status, slug, title = 400, "malformed-json", "Malformed JSON"


class Unauthenticated(Problem):
    """The request carries no valid token.

    Send `Authorization: Bearer <token>`. Tokens are made with `imis-sso token create`; they may
    have been revoked, or have expired. A JWT is taken from an issuer that the operator trusts,
    where a rule of the registry fits its claims.
    """

    status, slug, title = 401, "unauthenticated", "Not authenticated"


class Forbidden(Problem):
    """The token is valid but lacks the scope or the environment that the request needs.

    Ask the operator for a token with that scope (`read`, `apply`, `apply-protected`, `admin`) and
    environment.
    """

    status, slug, title = 403, "forbidden", "Forbidden"


class NotFound(Problem):
    """There is nothing at this address.

    Check the environment's name and the path against `/openapi.json`. A settings document of a
    configured environment is never "not found", even where nothing was ever set.
    """

    status, slug, title = 404, "not-found", "Not found"


class MethodNotAllowed(Problem):
    """The address exists but does not take this method.

    The `Allow` header lists the methods it takes.
    """

    status, slug, title = 405, "method-not-allowed", "Method not allowed"


class PreconditionFailed(Problem):
    """The document is no longer the one that `If-Match` names.

    Read it again, look at what changed, and repeat the request with the new `ETag`.
    """

    status, slug, title = 412, "precondition-failed", "Precondition failed"


class ContentTooLarge(Problem):
    """The body is larger than 64 KiB.

    No settings document comes near that; check what is being sent.
    """

    status, slug, title = 413, "content-too-large", "Content too large"


class UnsupportedMediaType(Problem):
    """The body is not declared as JSON.

    PUT takes `application/json`; PATCH takes `application/merge-patch+json` or
    `application/json`, in UTF-8.
    """

    status, slug, title = 415, "unsupported-media-type", "Unsupported media type"


class InvalidSettings(Problem):
    """A value is of the wrong type or form, or values contradict each other.

    `errors` names every field, what is wrong with it and the right form. Nothing was written.
    """

    status, slug, title = 422, "invalid-settings", "Invalid settings"


class UnknownField(Problem):
    """The request names a field or parameter that does not exist.

    `errors` names the nearest known one. Nothing was written.
    """

    status, slug, title = 422, "unknown-field", "Unknown field"


class NotCanonical(Problem):
    """A changed value is not in its canonical form, so the product might store another one.

    `errors` names the canonical form of each value; send exactly that. Values are never corrected
    silently, because the plan would then differ for ever.
    """

    status, slug, title = 422, "not-canonical", "Value is not canonical"


class UntrustedHost(Problem):
    """A changed address points at a host that the operator has not pinned.

    The registry's `sso_hosts` and `imis_hosts` list the hosts that sign-in may depend on. They can
    be changed only there: no token and no `?force=true` overrides them.
    """

    status, slug, title = 422, "untrusted-host", "Untrusted host"


class UnsupportedByConnector(Problem):
    """The connector that serves this product cannot reach the field.

    The detail names the connector that can. Leave the field unmanaged, or change the connector.
    """

    status, slug, title = 422, "unsupported-by-connector", "Not supported by the connector"


class RateLimited(Problem):
    """The token has sent more requests than its limit in the last second.

    Wait for the seconds that `Retry-After` names.
    """

    status, slug, title, default_retry_after = 429, "rate-limited", "Too many requests", 1


class PreconditionRequired(Problem):
    """The server is set to refuse writes that do not say which state they were decided on.

    Read the document and send its `ETag` as `If-Match`. `strict_preconditions` in the registry
    asks for it; lowering the mode never needs it.
    """

    status, slug, title = 428, "precondition-required", "Precondition required"


class IdempotencyMismatch(Problem):
    """The `Idempotency-Key` was used before, with another request.

    A key stands for one request: the same method, path and body. Use a new key for a new request.
    """

    status, slug, title = 422, "idempotency-mismatch", "Key was used for another request"
