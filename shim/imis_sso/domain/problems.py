"""Every error the service answers, as a class that documents itself (contract C30, C31).

The docstring of a class is its page under `/problems/<slug>`: what it means and what to do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class FieldError:
    """One violation: the field, what is wrong with it, its canonical form if there is one."""

    field: str
    detail: str
    canonical: str | None = None

    def as_dict(self) -> dict[str, str]:
        """Give the entry of the `errors` list (contract C30)."""
        plain = {"field": self.field, "detail": self.detail}
        return plain if self.canonical is None else plain | {"canonical": self.canonical}


class Problem(Exception):  # noqa: N818  # RFC 9457 calls it so
    """A refusal or a failure with a type, a status and a sentence for people.

    `errors` lists every violation; `retry_after` is in seconds and set only where a retry can
    help; `upstream_writes` counts the writes that had, or may have, reached the product by then.
    """

    status: ClassVar[int] = 500
    slug: ClassVar[str] = ""
    title: ClassVar[str] = ""
    default_retry_after: ClassVar[int | None] = None

    def __init__(
        self,
        detail: str,
        errors: Sequence[FieldError] = (),
        *,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = tuple(errors)
        self.retry_after = retry_after or self.default_retry_after
        self.upstream_writes = 0


class MalformedJson(Problem):
    """The body is not JSON that every reader understands alike.

    Refused are: invalid UTF-8, duplicate keys, NUL, lone surrogates, NaN and infinities, and
    nesting deeper than eight levels. Nothing was written. Mend the body and send it again.
    """

    status, slug, title = 400, "malformed-json", "Malformed JSON"


class Unauthenticated(Problem):
    """The request carries no valid token.

    Send `Authorization: Bearer <token>`. Tokens are made with `imis-sso token create`; they may
    have been revoked.
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


class ObserveOnly(Problem):
    """Writing to this environment has not been allowed by its operator.

    Every environment starts observe-only: reads, plans, dry runs and verification work. When the
    plan is what you want, set `writes: allowed` for the environment in the registry.
    """

    status, slug, title = 409, "observe-only", "Environment is observe-only"


class WrongTenant(Problem):
    """The product that answers is not the one that the registry pins.

    Nothing was written. Compare the environment's `tenant` keys in the registry with what the
    product reports; most often an address points at another system.
    """

    status, slug, title = 409, "wrong-tenant", "Wrong tenant"


class VerificationFailed(Problem):
    """The two products do not agree, so external sign-in is not enabled.

    `errors` lists each failed check with its remedy. Mend the settings, then raise the mode again.
    """

    status, slug, title = 409, "verification-failed", "Verification failed"


class ActivationGuard(Problem):
    """The pair is live, and the write would change a value that sign-in depends on.

    Lower the mode to `test_mode`, change, verify, and raise it again. Pushing the secret that
    Cloud SSO shows is always let through. A token with scope `admin` may use `?force=true`.
    """

    status, slug, title = 409, "activation-guard", "Pair is live"


class SecretVersionChanged(Problem):
    """The secret is no longer the one that was reviewed.

    The version in the request is not the fingerprint of the secret its name stands for now. Plan
    again, review the new version, apply.
    """

    status, slug, title = 409, "secret-version-changed", "Secret version changed"


class UpstreamChanged(Problem):
    """Somebody changed the product between our look at it and our write.

    Nothing was written. Plan again: the plan shows what changed.
    """

    status, slug, title = 409, "upstream-changed", "Product changed meanwhile"


class TransitionRefused(Problem):
    """The mode cannot be changed in this step.

    From `disabled` the way up is `test_mode` first, then `enabled`; and there must be an OpenID
    Connect record before the mode can be anything but `disabled`.
    """

    status, slug, title = 409, "transition-refused", "Transition refused"


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


class UpstreamCredentialsRefused(Problem):
    """The product refused the service's own user name or password.

    It is not tried again, also not after a restart, so that the account is not locked out. Change
    the credential, or clear the memory with `imis-sso login ENV --retry`.
    """

    status, slug, title = 424, "upstream-credentials-refused", "Product refused the log-in"


class UpstreamNotLicensed(Problem):
    """The product says that the function is not available to this tenant.

    Check the licence for OpenID Connect and the roles of the service account in iMIS
    (RemoteService and SysAdmin), or use another connector.
    """

    status, slug, title = 424, "upstream-not-licensed", "Product does not offer this"


class UpstreamRefused(Problem):
    """The product answered, and refused the request or did not keep the value.

    `errors` says which fields, where the product says so. After such an answer the document shows
    what the product holds now.
    """

    status, slug, title = 424, "upstream-refused", "Product refused the write"


class UpstreamPageChanged(Problem):
    """A page or record of the product is no longer as it is described, so nothing was written.

    The detail names what is missing, doubled, renamed or of another kind. The page description
    must be brought up to date first.
    """

    status, slug, title = 424, "upstream-page-changed", "Page changed"


class SecretUnavailable(Problem):
    """A secret that the request needs cannot be had.

    The detail names it and says why: its source does not answer, the product does not show it, or
    writing the record without it could wipe it. Nothing was written.
    """

    status, slug, title = 424, "secret-unavailable", "Secret unavailable"


class RateLimited(Problem):
    """The token has sent more requests than its limit in the last second.

    Wait for the seconds that `Retry-After` names.
    """

    status, slug, title, default_retry_after = 429, "rate-limited", "Too many requests", 1


class InternalError(Problem):
    """The service failed in a way that it should not.

    Give the `request_id` to whoever runs the service: its log has the cause.
    """

    status, slug, title, default_retry_after = 500, "internal-error", "Internal error", 30


class UpstreamError(Problem):
    """The product answered with an error of its own or with something unreadable.

    It may pass: try again after `Retry-After`. The detail says whether anything was written.
    """

    status, slug, title, default_retry_after = 502, "upstream-error", "Product failed", 10


class UpstreamUnavailable(Problem):
    """The product cannot be reached.

    Name resolution, connection or TLS failed, or the product says that it is unavailable. No value
    is made up in its place: nothing is shown and nothing was written.
    """

    status, slug, title, default_retry_after = (
        503,
        "upstream-unavailable",
        "Product unavailable",
        10,
    )


class Busy(Problem):
    """Other writes are ahead in the queue, and this one could not be finished in time.

    Nothing was written. Try again after `Retry-After`.
    """

    status, slug, title, default_retry_after = 503, "busy", "Busy", 5


class UpstreamTimeout(Problem):
    """The product did not answer in time.

    The detail says whether anything was written: after a write without an answer the product is
    read before anything else is said.
    """

    status, slug, title, default_retry_after = 504, "upstream-timeout", "Product timed out", 10


def problem_types() -> dict[str, type[Problem]]:
    """Give every problem type by slug, in the order of their status."""
    found = sorted(Problem.__subclasses__(), key=lambda each: (each.status, each.slug))
    return {each.slug: each for each in found}
