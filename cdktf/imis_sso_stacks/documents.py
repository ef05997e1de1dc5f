"""What a settings file declares: the documents of the contract, independent of Terraform.

The stack renders these, and whoever wants to compare a settings file with a live pair reads them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from imis_sso_stacks.settings import BUILT_IN_SECRET

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from imis_sso_stacks.settings import OpenIDConnect, Settings

IMIS_CLIENT = "cloud-sso/imis-client"
DIRECTORIES = "cloud-sso/directories"


@dataclass(frozen=True)
class Shown:
    """A value that is read when planning: a field of another document (contract 1)."""

    document: str
    field: str


Value = str | bool | Shown | dict[str, "Value"]
Body = dict[str, Value]


@dataclass(frozen=True)
class Declared:
    """One settings document and the keys of it that are managed, in the order of their names.

    ``imported`` tells whether it is there before the first apply: a singleton always is.
    """

    path: str
    body: Body
    imported: bool = True


def declared(settings: Settings) -> tuple[Declared, ...]:
    """Give the documents to declare, in the order in which they must be written (contract 1.2).

    A document all of whose fields are unmanaged is not among them. Paths are relative to
    ``/v1/environments/{environment}/``.
    """
    documents = (
        Declared("imis/openid-connect", _openid_connect(settings.openid_connect)),
        Declared("cloud-sso/imis-sso-settings", _given({"redirect_url": settings.redirect_url})),
        *_directories(settings),
        Declared("imis/oidc-authentication", _given({"mode": settings.oidc_authentication.mode})),
    )
    return tuple(document for document in documents if document.body)


def _directories(settings: Settings) -> Iterator[Declared]:
    """Give each directory: in front of the mode, for people sign in through it."""
    for key, directory in sorted(settings.directories.items()):
        version = _given({"client_secret_version": _version(directory.client_secret_ref)})
        body = _without(version | directory.document(), directory.unmanaged)
        yield Declared(f"{DIRECTORIES}/{key}", body, directory.exists)


def _openid_connect(page: OpenIDConnect) -> Body:
    shown: Body = {
        "authority_url": Shown(IMIS_CLIENT, "issuer"),
        "client_id": Shown(IMIS_CLIENT, "client_id"),
        "well_known_url": Shown(IMIS_CLIENT, "discovery_url"),
        **_given({"client_secret_version": _version(page.client_secret_ref)}),
    }
    return _without(shown | _given(page.model_dump(exclude={"unmanaged"})), page.unmanaged)


def _version(reference: str) -> Shown | None:
    """Give where a secret's current version is read; reference "" names none (contract C23)."""
    if reference == BUILT_IN_SECRET:
        return Shown(IMIS_CLIENT, "client_secret_version")
    return Shown(f"secrets/{reference}", "version") if reference else None


def _given(body: dict[str, Value | None]) -> Body:
    return {key: value for key, value in body.items() if value is not None}


def _without(body: Body, left_out: Collection[str], prefix: str = "") -> Body:
    kept: Body = {}
    for key, value in sorted(body.items()):
        if prefix + key in left_out:
            continue
        inner = _without(value, left_out, f"{prefix}{key}.") if isinstance(value, dict) else value
        if inner != {}:
            kept[key] = inner
    return kept
