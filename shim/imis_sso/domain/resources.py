"""The whole API surface of settings, readable on one screen (architecture: one declaration)."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass, replace
from typing import Final, Literal

from imis_sso.domain.bindings import Binding
from imis_sso.domain.documents import (
    Directory,
    Document,
    ImisClient,
    ImisSsoSettings,
    Licence,
    OidcAuthentication,
    OpenIDConnect,
    Registration,
)

Product = Literal["imis", "cloud-sso"]
PRODUCT_TITLES: Final[dict[Product, str]] = {"imis": "iMIS", "cloud-sso": "Cloud SSO"}


class Destroy(enum.StrEnum):
    """What DELETE does (contract C5; `delete` is for items of a collection alone, 1.3)."""

    RETAIN = "retain"
    DISABLE = "disable"
    RESTORE = "restore"
    DELETE = "delete"


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

    `reached_by` names the connector that reaches every field. `item` is the operator's key where
    there are several records of the name, `binding` what leads a connector to the one that is
    meant: services fill it in before they ask.
    """

    product: Product
    name: str
    secret: SecretRole = SecretRole.NONE
    reached_by: str = "no connector of this version"
    item: str = ""
    binding: Binding | None = None


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

    def bound(self, binding: Binding) -> Resource:
        """Give the resource with what leads to its record."""
        return replace(self, record=replace(self.record, binding=binding))


KEY: Final = re.compile(r"[a-z0-9-]{1,63}")
"""A key that an operator may choose for an item (contract C1)."""
TEMPLATE: Final = "{id}"
"""What stands for the key in the address of a route."""


class Listing(Document):
    """The list of a collection: it has entries, and no settings of its own."""


@dataclass(frozen=True)
class Collection:
    """Settings documents of one kind, of which there are any number, each under a key (1.3)."""

    product: Product
    name: str
    document: type[Document]
    registration: type[Document]
    summary: str
    registration_summary: str
    title: str
    registration_name: str = "registration"

    @property
    def path(self) -> str:
        """Path of the list below `/v1/environments/{env}`."""
        return f"{self.product}/{self.name}"

    @property
    def listing(self) -> Resource:
        """The list of all records, bound to a key or not: its entries are what is observed."""
        record = Record(self.product, f"{self.name}-list")
        return Resource(self.product, self.name, Listing, record, self.title, read_only=True)

    def item(self, key: str) -> Resource:
        """Give the settings document under a key."""
        return Resource(
            self.product,
            f"{self.name}/{key}",
            self.document,
            self._record(key),
            self.summary,
            destroy=(Destroy.RETAIN, Destroy.DELETE),
        )

    def registered(self, key: str) -> Resource:
        """Give the read-only document beside it, on the same record."""
        name = f"{self.name}/{key}/{self.registration_name}"
        return Resource(
            self.product,
            name,
            self.registration,
            self._record(key),
            self.registration_summary,
            read_only=True,
        )

    def find(self, path: str) -> Resource | None:
        """Give the document at a path such as `cloud-sso/directories/staff`, or None."""
        key, _, rest = path.removeprefix(f"{self.path}/").partition("/")
        if not path.startswith(f"{self.path}/") or not KEY.fullmatch(key):
            return None
        documents = {"": self.item, self.registration_name: self.registered}
        found = documents.get(rest)
        return found(key) if found and not path.endswith("/") else None

    def _record(self, key: str) -> Record:
        return Record(self.product, self.name, secret=SecretRole.SETTABLE, item=key)


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
DIRECTORIES: Final = Collection(
    "cloud-sso",
    "directories",
    Directory,
    Registration,
    "One external directory of Cloud SSO, under a key of the operator's.",
    "The address for a directory's callback list.",
    "The external directories of Cloud SSO.",
)
COLLECTIONS: Final = (DIRECTORIES,)
TEMPLATES: Final = tuple(
    each for one in COLLECTIONS for each in (one.item(TEMPLATE), one.registered(TEMPLATE))
)
"""The documents of every collection with `{id}` for their key: what routes and pages tell of."""
PRODUCTS: Final[tuple[Product, ...]] = ("imis", "cloud-sso")
BUILT_IN_SECRET: Final = "cloud-sso-imis-client"  # noqa: S105  # a name, not a secret


def find(path: str) -> Resource | None:
    """Give the resource at a path such as `imis/openid-connect`, or None.

    A document of a collection is made for its key, for example `cloud-sso/directories/staff`.
    """
    found = next((each for each in RESOURCES if each.path == path), None)
    return found or next(filter(None, (each.find(path) for each in COLLECTIONS)), None)


def secret_document(resource: Resource) -> Resource:
    """Give the document that speaks of the secret on a resource's record.

    iMIS's mode has none of its own: it lives on the record of the OpenID Connect page.
    """
    return resource if resource.record.item else OPENID_CONNECT
