"""Judging whether an environment holds what is another one's: a test restored from production.

Contract section 6, check `environment.not-crossed`. What belongs to an environment is what its own
Cloud SSO shows and where its own iMIS is; only who holds another's fails, not who is copied from.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Final

from imis_sso.domain.checks import Check, Status
from imis_sso.domain.verdicts import Halves

CHECK_ID: Final = "environment.not-crossed"
_PATHS: Final = {
    "client": ("imis/openid-connect#client_id",),
    "authority": ("imis/openid-connect#authority_url",),
    "redirect": (
        "imis/openid-connect#redirect_login_url",
        "cloud-sso/imis-sso-settings#redirect_url",
    ),
    "secret": ("imis/openid-connect#client_secret_version",),
}
_REMEDY: Final = (
    "Set these to the values of this environment's own Cloud SSO and iMIS; a copy of another "
    "environment brings its settings along."
)


@dataclass(frozen=True)
class Sighting:
    """What was last known to be an environment's own.

    `secret` is a keyed fingerprint that does not depend on the environment: it is stored and never
    shown. `""` stands for what is not known.
    """

    environment: str
    client: str = ""
    authority: str = ""
    redirect: str = ""
    secret: str = field(default="", repr=False)


def sighting(environment: str, halves: Halves, redirect: str, secret: str) -> Sighting:
    """Give what is an environment's own: what its Cloud SSO shows, where its iMIS is."""
    shown = halves.imis_client
    return Sighting(environment, shown.client_id, shown.issuer, redirect, secret)


def judge_crossing(halves: Halves, secrets: Collection[str], others: Sequence[Sighting]) -> Check:
    """Compare what an environment holds with what is other environments' own.

    `secrets` are the fingerprints, by every known key, of the secret that iMIS holds.
    """
    fields = tuple(path for paths in _PATHS.values() for path in paths)
    if not others:
        return Check(CHECK_ID, Status.SKIPPED, "no other environment is known", fields)
    crossed = {each.environment: _crossed(halves, secrets, each) for each in others}
    found = {name: kinds for name, kinds in sorted(crossed.items()) if kinds}
    if not found:
        return Check(CHECK_ID, Status.PASSED, "nothing here is another environment's", fields)
    words = "; ".join(f"{', '.join(kinds)} of {name}" for name, kinds in found.items())
    kinds = {kind for each in found.values() for kind in each}
    blamed = tuple(path for kind in _PATHS if kind in kinds for path in _PATHS[kind])
    return Check(CHECK_ID, Status.FAILED, f"it holds {words}", blamed, _REMEDY)


def _crossed(halves: Halves, secrets: Collection[str], other: Sighting) -> tuple[str, ...]:
    imis, shown = halves.openid_connect, halves.imis_client
    redirects = {imis.redirect_login_url, halves.imis_sso_settings.redirect_url}
    found = {
        "client": other.client in (imis.client_id, shown.client_id),
        "authority": other.authority in (imis.authority_url, shown.issuer),
        "redirect": other.redirect in redirects,
        "secret": other.secret in secrets,
    }
    return tuple(kind for kind, same in found.items() if same and getattr(other, kind))
