"""Every error the service answers, as a class that documents itself (contract C30, C31).

The docstring of a class is its page under `/problems/<slug>`: what it means and what to do.
"""

from __future__ import annotations

from imis_sso.domain.problems.base import (
    FieldError,
    Problem,
)
from imis_sso.domain.problems.caller import (
    ContentTooLarge,
    Forbidden,
    IdempotencyMismatch,
    InvalidSettings,
    MalformedJson,
    MethodNotAllowed,
    NotCanonical,
    NotFound,
    PreconditionFailed,
    PreconditionRequired,
    RateLimited,
    Unauthenticated,
    UnknownField,
    UnsupportedByConnector,
    UnsupportedMediaType,
    UntrustedHost,
)
from imis_sso.domain.problems.conflicts import (
    ActivationGuard,
    AlreadyExists,
    ConnectorUnproven,
    DirectoryProtected,
    Held,
    InProgress,
    ManualStepRequired,
    NotLastWriter,
    ObserveOnly,
    SecretVersionChanged,
    TransitionRefused,
    UpstreamChanged,
    VerificationFailed,
    WrongTenant,
)
from imis_sso.domain.problems.upstream import (
    AuditUnavailable,
    Busy,
    InternalError,
    ReachChanged,
    SecretUnavailable,
    UpstreamCredentialsRefused,
    UpstreamError,
    UpstreamLoginRequired,
    UpstreamNotLicensed,
    UpstreamPageChanged,
    UpstreamRefused,
    UpstreamTimeout,
    UpstreamUnavailable,
)

__all__ = [
    "ActivationGuard",
    "AlreadyExists",
    "AuditUnavailable",
    "Busy",
    "ConnectorUnproven",
    "ContentTooLarge",
    "DirectoryProtected",
    "FieldError",
    "Forbidden",
    "Held",
    "IdempotencyMismatch",
    "InProgress",
    "InternalError",
    "InvalidSettings",
    "MalformedJson",
    "ManualStepRequired",
    "MethodNotAllowed",
    "NotCanonical",
    "NotFound",
    "NotLastWriter",
    "ObserveOnly",
    "PreconditionFailed",
    "PreconditionRequired",
    "Problem",
    "RateLimited",
    "ReachChanged",
    "SecretUnavailable",
    "SecretVersionChanged",
    "TransitionRefused",
    "Unauthenticated",
    "UnknownField",
    "UnsupportedByConnector",
    "UnsupportedMediaType",
    "UntrustedHost",
    "UpstreamChanged",
    "UpstreamCredentialsRefused",
    "UpstreamError",
    "UpstreamLoginRequired",
    "UpstreamNotLicensed",
    "UpstreamPageChanged",
    "UpstreamRefused",
    "UpstreamTimeout",
    "UpstreamUnavailable",
    "VerificationFailed",
    "WrongTenant",
    "problem_types",
]


def problem_types() -> dict[str, type[Problem]]:
    """Give every problem type by slug, in the order of their status."""
    found = sorted(Problem.__subclasses__(), key=lambda each: (each.status, each.slug))
    return {each.slug: each for each in found}
