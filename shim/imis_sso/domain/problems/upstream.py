"""Problems of the products and of the service itself: 424 and 5xx."""

from __future__ import annotations

from imis_sso.domain.problems.base import Problem


class UpstreamCredentialsRefused(Problem):
    """The product refused the service's own user name or password.

    It is not tried again, also not after a restart, so that the account is not locked out. Change
    the credential, or clear the memory with `imis-sso login ENV --retry`.
    """

    status, slug, title = 424, "upstream-credentials-refused", "Product refused the log-in"


class UpstreamLoginRequired(Problem):
    """A person must log in to the product: the service has no log-in of its own that it may use.

    The log-in that a person made has ended, was never made, or the product asks for something
    that the service does not have, such as a second factor. Nothing was written. Run
    `imis-sso login ENV --interactive` on a machine with a screen.
    """

    status, slug, title = 424, "upstream-login-required", "Product needs a person to log in"


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

    The detail names what is missing, doubled, renamed, of another kind, or not as it was accepted.
    Look at the page, bring its page file up to date where it does not fit, then accept the change:
    `imis-sso pages check ENV` and `imis-sso pages accept ENV`.
    """

    status, slug, title = 424, "upstream-page-changed", "Page changed"


class ReachChanged(Problem):
    """The connector that serves now cannot reach a field that was reached before.

    The document would show a default in place of what the product holds, so it is not shown, and
    nothing is written. Bring the connector back that reached it (`imis-sso connectors list ENV`
    says which, and why it does not serve), or accept the smaller reach with
    `imis-sso connectors accept ENV`. Lowering the mode goes on.
    """

    status, slug, title = 424, "reach-changed", "Reach changed"


class SecretUnavailable(Problem):
    """A secret that the request needs cannot be had.

    The detail names it and says why: its source does not answer, the product does not show it, or
    writing the record without it could wipe it. Nothing was written.
    """

    status, slug, title = 424, "secret-unavailable", "Secret unavailable"


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

    Name resolution, connection or TLS failed, the product says that it is unavailable, or it has
    failed so often in a row that it is left alone for a while. No value is made up in its place:
    nothing is shown and nothing was written. The same is said of the issuer of a caller's JWT,
    where its keys cannot be had.
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


class AuditUnavailable(Problem):
    """The audit trail cannot be written, so nothing was written to the product.

    Reads go on, and lowering the mode goes on (a signed file takes the trail's place until it can
    be merged). Most often the disk is full or the database cannot be reached: `imis-sso store
    check` says more.
    """

    status, slug, title, default_retry_after = 503, "audit-unavailable", "No audit trail", 30
