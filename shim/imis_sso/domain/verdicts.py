"""Judging whether the two halves of a pair agree (contract section 6). Fetches nothing."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, Literal

from imis_sso.domain.documents import ImisClient, ImisSsoSettings, OpenIDConnect

RECIPE: Final = {
    "external_id_claim_type": "external_id",
    "user_authentication.claim_type": "staff",
    "user_authentication.claim_value": "1",
}
NOT_SHOWN: Final = "Cloud SSO does not show it"


class Status(enum.StrEnum):
    """Outcome of a check. Only `failed` makes a verification fail."""

    PASSED = "passed"
    FAILED = "failed"
    WARNING = "warning"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Check:
    """One check: what was found, the fields to look at, and what to do about it."""

    id: str
    status: Status
    detail: str
    fields: tuple[str, ...]
    remedy: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Give the entry of `checks` (contract section 6)."""
        return {
            "id": self.id,
            "status": self.status.value,
            "detail": self.detail,
            "fields": list(self.fields),
            "remedy": self.remedy,
        }


@dataclass(frozen=True)
class Verification:
    """All checks of a pair, in a stable order."""

    checks: tuple[Check, ...]
    proof: Literal["passive", "active"] = "passive"

    @property
    def passed(self) -> bool:
        """At least one check passed and none failed."""
        statuses = [check.status for check in self.checks]
        return Status.PASSED in statuses and Status.FAILED not in statuses

    def failures(self) -> tuple[Check, ...]:
        """Give the checks that failed."""
        return tuple(check for check in self.checks if check.status is Status.FAILED)

    def as_dict(self, environment: str) -> dict[str, Any]:
        """Give the document of `/verification`: no timestamps, stable order."""
        return {
            "environment": environment,
            "passed": self.passed,
            "proof": self.proof,
            "checks": [check.as_dict() for check in self.checks],
        }


@dataclass(frozen=True)
class Halves:
    """The settings of both products, as read."""

    openid_connect: OpenIDConnect
    imis_client: ImisClient
    imis_sso_settings: ImisSsoSettings


def judge(halves: Halves, *more: Check) -> Verification:
    """Judge the agreement of the two halves; `more` are checks that were judged elsewhere."""
    imis, shown = halves.openid_connect, halves.imis_client
    return Verification(
        (
            _same("client.id-matches", "client_id", imis.client_id, "client_id", shown.client_id),
            _same_secret(imis, shown),
            _same(
                "discovery.url-matches",
                "well_known_url",
                imis.well_known_url,
                "discovery_url",
                shown.discovery_url,
            ),
            _same(
                "discovery.issuer-matches",
                "authority_url",
                imis.authority_url,
                "issuer",
                shown.issuer,
            ),
            _redirect(imis, halves.imis_sso_settings),
            _recipe(imis),
            *more,
        )
    )


CHECK_IDS: Final = (
    "client.id-matches",
    "client.secret-matches",
    "discovery.url-matches",
    "discovery.issuer-matches",
    "redirect.matches",
    "claims.recipe",
    "expiry",
)


def _paths(imis_field: str, cloud_field: str, page: str = "imis-client") -> tuple[str, ...]:
    return (f"imis/openid-connect#{imis_field}", f"cloud-sso/{page}#{cloud_field}")


def _same(check: str, imis_field: str, held: str, cloud_field: str, shown: str) -> Check:
    fields = _paths(imis_field, cloud_field)
    if not shown:
        return Check(check, Status.SKIPPED, NOT_SHOWN, fields)
    if held == shown:
        return Check(check, Status.PASSED, f'both sides have "{shown}"', fields)
    return Check(
        check,
        Status.FAILED,
        f'iMIS has "{held}", Cloud SSO shows "{shown}"{_hint(held, shown)}',
        fields,
        f'Set {imis_field} of imis/openid-connect to "{shown}".',
    )


def _hint(held: str, shown: str) -> str:
    if held and held.rstrip("/") == shown.rstrip("/"):
        return "; they differ by a trailing slash"
    if held and held.lower() == shown.lower():
        return "; they differ by upper and lower case"
    return ""


def _same_secret(imis: OpenIDConnect, shown: ImisClient) -> Check:
    check, fields = (
        "client.secret-matches",
        _paths("client_secret_version", "client_secret_version"),
    )
    if not shown.client_secret_version:
        return Check(check, Status.SKIPPED, NOT_SHOWN, fields)
    if not imis.client_secret_version:
        return Check(
            check,
            Status.SKIPPED,
            "iMIS does not show its secret and none was pushed from here",
            fields,
            "Push the secret that Cloud SSO shows: client_secret_ref cloud-sso-imis-client.",
        )
    if imis.client_secret_version == shown.client_secret_version:
        return Check(check, Status.PASSED, "the fingerprints are equal", fields)
    return Check(
        check,
        Status.FAILED,
        "iMIS holds another secret than Cloud SSO shows",
        fields,
        "Plan again and push the secret that Cloud SSO shows: client_secret_ref "
        "cloud-sso-imis-client with its current client_secret_version.",
    )


def _redirect(imis: OpenIDConnect, settings: ImisSsoSettings) -> Check:
    fields = _paths("redirect_login_url", "redirect_url", "imis-sso-settings")
    held, registered = imis.redirect_login_url, settings.redirect_url
    if held and held == registered:
        return Check("redirect.matches", Status.PASSED, f'both sides have "{held}"', fields)
    return Check(
        "redirect.matches",
        Status.FAILED,
        f'iMIS has "{held}", Cloud SSO has "{registered}"{_hint(held, registered)}',
        fields,
        "Set redirect_login_url of imis/openid-connect and redirect_url of "
        "cloud-sso/imis-sso-settings to the same iMIS base address, byte for byte.",
    )


def _recipe(imis: OpenIDConnect) -> Check:
    values = imis.values()
    wrong = [path for path, value in RECIPE.items() if values[path] != value]
    odd = [
        path
        for path, value in (("set_login_hint", True), ("type", "okta"))
        if values[path] != value
    ]
    fields = tuple(f"imis/openid-connect#{path}" for path in (*RECIPE, "set_login_hint", "type"))
    if wrong:
        remedy = "; ".join(f'set {path} to "{RECIPE[path]}"' for path in wrong)
        detail = f"{_listed(wrong)} not the recipe's"
        return Check(
            "claims.recipe", Status.FAILED, detail, fields, f"{remedy[0].upper()}{remedy[1:]}."
        )
    if odd:
        remedy = "The recipe sets the login hint on and the type to okta."
        return Check(
            "claims.recipe", Status.WARNING, f"{_listed(odd)} not the recipe's", fields, remedy
        )
    return Check("claims.recipe", Status.PASSED, "claims are the recipe's", fields)


def _listed(paths: Iterable[str]) -> str:
    names = list(paths)
    return f"{' and '.join(names)} {'are' if len(names) > 1 else 'is'}"
