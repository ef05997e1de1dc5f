"""Judging whether the two halves of a pair agree (contract section 6). Fetches nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from imis_sso.domain.checks import Check, Status, Verification
from imis_sso.domain.documents import Directory, ImisClient, ImisSsoSettings, OpenIDConnect
from imis_sso.domain.documents.base import Trust
from imis_sso.domain.trust import Pins

__all__ = ["CHECK_IDS", "Check", "Halves", "Status", "Verification", "judge"]

RECIPE: Final = {
    "external_id_claim_type": "external_id",
    "user_authentication.claim_type": "staff",
    "user_authentication.claim_value": "1",
}
NOT_SHOWN: Final = "Cloud SSO does not show it"


@dataclass(frozen=True)
class Halves:
    """The settings of both products, as read; `mode` is what iMIS is in, `""` if not known.

    `directories` are those that go by a key, by it.
    """

    openid_connect: OpenIDConnect
    imis_client: ImisClient
    imis_sso_settings: ImisSsoSettings
    mode: str = ""
    directories: Mapping[str, Directory] = field(default_factory=dict)


def judge(halves: Halves, *more: Check, issuer: str = "", pins: Pins | None = None) -> Verification:
    """Judge the agreement of the two halves; `more` are checks that were judged elsewhere.

    `issuer` is what the discovery document names, `""` where none was seen. With `pins`, an address
    on which both halves agree has to be on a host that is trusted, too: whoever typed it, in both
    consoles, did not go past the registry (contract C45).
    """
    imis, shown = halves.openid_connect, halves.imis_client
    url = ("well_known_url", imis.well_known_url, "discovery_url", shown.discovery_url)
    return Verification.of(
        _same("client.id-matches", "client_id", imis.client_id, "client_id", shown.client_id),
        _same_secret(imis, shown),
        _trusted(_same("discovery.url-matches", *url), imis.well_known_url, "sso", pins),
        _trusted(_issuer(imis, shown, issuer), imis.authority_url, "sso", pins),
        _trusted(_redirect(imis, halves.imis_sso_settings), imis.redirect_login_url, "imis", pins),
        _recipe(imis),
        *more,
    )


CHECK_IDS: Final = (
    "client.id-matches",
    "client.secret-matches",
    "discovery.url-matches",
    "discovery.issuer-matches",
    "redirect.matches",
    "claims.recipe",
)
"""The checks that compare settings alone."""


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


def _trusted(check: Check, address: str, trust: Trust, pins: Pins | None) -> Check:
    """Fail a passed check whose address is on no pinned host; without a list there is no pin."""
    pinned = pins and (pins.sso if trust == "sso" else pins.imis)
    if check.status is not Status.PASSED or pins is None or pinned is None:
        return check
    try:
        refusal = pins.refusal(trust, address)
    except ValueError as error:
        refusal = str(error)
    if refusal is None:
        return check
    key = "sso_hosts" if trust == "sso" else "imis_hosts"
    return Check(
        check.id,
        Status.FAILED,
        f'both sides have "{address}", which {refusal}',
        check.fields,
        f"Find out who set it. If it is right, list its host under {key} in the registry.",
    )


def _issuer(imis: OpenIDConnect, shown: ImisClient, named: str) -> Check:
    # What the provider calls itself decides: iMIS and the page have to say the same, byte for byte.
    check, held = "discovery.issuer-matches", imis.authority_url
    same = _same(check, "authority_url", held, "issuer", shown.issuer)
    if not named or same.status is Status.FAILED:
        return same
    if held == named:
        return Check(check, Status.PASSED, f'the metadata, too, names "{named}"', same.fields)
    return Check(
        check,
        Status.FAILED,
        f'iMIS has "{held}", the metadata names "{named}"{_hint(held, named)}',
        same.fields,
        f'Set authority_url of imis/openid-connect to "{named}".',
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
