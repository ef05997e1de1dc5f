"""The whole API surface of settings, readable on one screen (architecture: one declaration)."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Final, Literal

from imis_sso.domain.documents import (
    Document,
    ImisClient,
    ImisSsoSettings,
    Licence,
    OidcAuthentication,
    OpenIDConnect,
)

Product = Literal["imis", "cloud-sso"]
PRODUCT_TITLES: Final[dict[Product, str]] = {"imis": "iMIS", "cloud-sso": "Cloud SSO"}


class Destroy(enum.StrEnum):
    """What DELETE of a singleton does (contract C5)."""

    RETAIN = "retain"
    DISABLE = "disable"
    RESTORE = "restore"


class SecretRole(enum.Enum):
    """What the product does with the secret on a record."""

    NONE = "none"
    SHOWN = "shown"
    """The product's own, only displayed."""
    SETTABLE = "settable"
    """A write replaces it."""


class Gate(enum.Enum):
    """A gate that every write of a resource passes (contract 1.2)."""

    ACTIVATION = "activation"


@dataclass(frozen=True)
class Record:
    """One record or page of a product. Documents on the same record share one fetch (C3).

    `reached_by` names the connector that reaches every field.
    """

    product: Product
    name: str
    secret: SecretRole = SecretRole.NONE
    reached_by: str = "no connector of this version"


@dataclass(frozen=True)
class Resource:
    """One settings document: its address, model, record, and what may be done with it."""

    product: Product
    name: str
    document: type[Document]
    record: Record
    summary: str
    destroy: tuple[Destroy, ...] = (Destroy.RETAIN,)
    gate: Gate | None = None
    read_only: bool = False

    @property
    def path(self) -> str:
        """Path below `/v1/environments/{env}`, without a leading slash."""
        return f"{self.product}/{self.name}"


OPENID_PROVIDER: Final = Record(
    "imis",
    "openid-provider",
    secret=SecretRole.SETTABLE,
    reached_by="the Staff-site connector (imis_staff_site)",
)
ABOUT_IMIS: Final = Record(
    "imis", "about-imis", reached_by="the Staff-site connector (imis_staff_site)"
)
IMIS_SSO_PAGE: Final = Record("cloud-sso", "imis-sso-settings", secret=SecretRole.SHOWN)

OPENID_CONNECT: Final = Resource(
    "imis",
    "openid-connect",
    OpenIDConnect,
    OPENID_PROVIDER,
    "The OpenID Connect page of iMIS, without the mode.",
    destroy=(Destroy.RETAIN, Destroy.RESTORE),
)
OIDC_AUTHENTICATION: Final = Resource(
    "imis",
    "oidc-authentication",
    OidcAuthentication,
    OPENID_PROVIDER,
    "The gated activation of external sign-in in iMIS.",
    destroy=(Destroy.RETAIN, Destroy.DISABLE, Destroy.RESTORE),
    gate=Gate.ACTIVATION,
)
LICENCE: Final = Resource(
    "imis",
    "licence",
    Licence,
    ABOUT_IMIS,
    "Whether iMIS is licensed for OpenID Connect, as far as it can be told.",
    read_only=True,
)
IMIS_CLIENT: Final = Resource(
    "cloud-sso",
    "imis-client",
    ImisClient,
    IMIS_SSO_PAGE,
    "What Cloud SSO shows of its client for iMIS.",
    read_only=True,
)
IMIS_SSO_SETTINGS: Final = Resource(
    "cloud-sso",
    "imis-sso-settings",
    ImisSsoSettings,
    IMIS_SSO_PAGE,
    "Where Cloud SSO sends people back to.",
    destroy=(Destroy.RETAIN, Destroy.RESTORE),
)

RESOURCES: Final = (
    OPENID_CONNECT,
    OIDC_AUTHENTICATION,
    LICENCE,
    IMIS_CLIENT,
    IMIS_SSO_SETTINGS,
)
PRODUCTS: Final[tuple[Product, ...]] = ("imis", "cloud-sso")
BUILT_IN_SECRET: Final = "cloud-sso-imis-client"  # noqa: S105  # a name, not a secret


def find(path: str) -> Resource | None:
    """Give the resource at a path such as `imis/openid-connect`, or None."""
    return next((each for each in RESOURCES if each.path == path), None)
