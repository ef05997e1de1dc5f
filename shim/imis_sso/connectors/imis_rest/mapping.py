"""Which field of ours is which property of the iMIS record: one line each (product facts 3.2)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from imis_sso.connectors.imis_rest.wire import TYPE, Properties, rebox, unbox
from imis_sso.domain.documents import OpenIDConnect
from imis_sso.domain.observed import Change, Observed
from imis_sso.domain.problems import FieldError, UnsupportedByConnector, UpstreamPageChanged
from imis_sso.domain.secret import ObservedSecret, Secret, observed_secret

RECORD_TYPE: Final = "Asi.Soa.Core.DataContracts.Internal.OpenIDProviderData, Asi.Contracts"
SECRET: Final = "ClientSecret"  # noqa: S105  # the name of a property
IDENTITY: Final = "ProviderId"


class Codec(Protocol):
    """How the values of a property are read and written.

    Inferred: a value equal to its type's default is left out when read, so None, which stands for
    a missing property too, decodes to that default (product facts 3.2).
    """

    def decode(self, value: Any) -> str | bool:
        """Give our value; raises ValueError saying what was expected."""

    def encode(self, value: str | bool, *, as_name: bool) -> str | bool | int:
        """Give the product's value, enumerations as names or as numbers."""


@dataclass(frozen=True)
class TextCodec:
    """Text, verbatim (contract C10)."""

    numbers: bool = False

    def decode(self, value: Any) -> str:
        """Take text; also a whole number where `numbers` says that one may be found."""
        if self.numbers and isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        if value is None or (isinstance(value, str) and _is_unicode(value)):
            return value or ""
        raise ValueError("text")

    def encode(self, value: str | bool, *, as_name: bool) -> str | bool | int:  # noqa: ARG002
        """Give the text as it is."""
        return value


@dataclass(frozen=True)
class BooleanCodec:
    """A boolean that is left out when read as false."""

    def decode(self, value: Any) -> bool:
        """Take true or false; a missing one is false."""
        if value is None or isinstance(value, bool):
            return bool(value)
        raise ValueError("true or false")

    def encode(self, value: str | bool, *, as_name: bool) -> str | bool | int:  # noqa: ARG002
        """Give the boolean; false is written out, which no reader can take for "keep"."""
        return value


@dataclass(frozen=True)
class EnumCodec:
    """An enumeration of the product: our value by the product's name, in the order of numbers."""

    names: Mapping[str, str]

    def decode(self, value: Any) -> str:
        """Take a number or a name, whatever its case; a missing one is number 0."""
        position = self._position(value)
        if position is None:
            raise ValueError(f"one of {', '.join(self.names)}")
        return tuple(self.names.values())[position]

    def encode(self, value: str | bool, *, as_name: bool) -> str | bool | int:
        """Give the name or the number of our value."""
        position = tuple(self.names.values()).index(str(value))
        return tuple(self.names)[position] if as_name else position

    def _position(self, value: Any) -> int | None:
        if value is None:
            return 0
        if isinstance(value, str):
            folded = [name.casefold() for name in self.names]
            return folded.index(value.casefold()) if value.casefold() in folded else None
        is_number = isinstance(value, int) and not isinstance(value, bool)
        return value if is_number and 0 <= value < len(self.names) else None


@dataclass(frozen=True)
class Property:
    """A property of the iMIS record and the codec of its values."""

    name: str
    codec: Codec = TextCodec()


BOOLEAN: Final = BooleanCodec()
# Inferred: the property is text (product facts 3.2), but its values look like numbers, and what
# was typed or imported as one must not stop every read.
CLAIM: Final = TextCodec(numbers=True)
MODE: Final = EnumCodec({"Disabled": "disabled", "TestMode": "test_mode", "Enabled": "enabled"})
KIND: Final = EnumCodec({"EntraID": "entra_id", "Okta": "okta", "Other": "other"})

#: The whole reach of this connector. A new boolean field is one more line here.
TABLE: Final[Mapping[str, Property]] = {
    "authority_url": Property("Authority"),
    "client_id": Property("ProviderClientId"),
    "external_id_claim_type": Property("ExternalIdClaimType"),
    "mode": Property("Mode", MODE),
    "name": Property("ProviderName"),
    "redirect_login_url": Property("RedirectLoginUri"),
    "require_public_users": Property("RequirePublicUsers", BOOLEAN),
    "set_login_hint": Property("SetLoginHint", BOOLEAN),
    "tenant_id": Property("Tenant"),
    "type": Property("ProviderType", KIND),
    "user_authentication.claim_type": Property("StaffClaimType", CLAIM),
    "user_authentication.claim_value": Property("StaffClaimValue", CLAIM),
    "well_known_url": Property("WellKnownUrl"),
}
_FIELDS: Final = {each.name.casefold(): path for path, each in TABLE.items()}


def field_of(name: str) -> str | None:
    """Give our field behind a property's name, in whatever case, or None."""
    if name.casefold() == SECRET.casefold():
        return OpenIDConnect.secret.inline if OpenIDConnect.secret else None
    return _FIELDS.get(name.casefold())


def observed(record: Properties) -> Observed:
    """Read a record, which becomes the `raw` of what was observed.

    Raises UpstreamPageChanged naming the property that holds something unknown.
    """
    return Observed(values=_values(record), secret=secret_of(record), raw=record)


def value_of(record: Properties, path: str) -> str | bool:
    """Give one field of a record; raises UpstreamPageChanged naming the property."""
    known = TABLE[path]
    try:
        return known.codec.decode(unbox(record.get(known.name)))
    except ValueError as expected:
        # The value itself is not quoted: what is unknown may be anything, a secret included.
        raise _unexpected(known.name, str(expected)) from None


def secret_of(record: Properties) -> ObservedSecret:
    """Classify what a record shows as its secret: clear, masked or absent (product facts 3.2)."""
    found = unbox(record.get(SECRET))
    if found is not None and not (isinstance(found, str) and _is_unicode(found)):
        raise _unexpected(SECRET, "text")
    return observed_secret(found)


def identity_of(record: Properties) -> str:
    """Give a record's id; raises UpstreamPageChanged where it has none."""
    found = unbox(record.get(IDENTITY))
    if isinstance(found, str) and found and _is_unicode(found):
        return found
    raise _unexpected(IDENTITY, "an id")


def merged(record: Properties, change: Change) -> Properties:
    """Lay a change over a record as it was read: what PUT, which replaces all, has to send.

    `$type` comes first; what the change does not name goes back as it came, the secret included
    where it was readable. A mask is never sent (product facts 3.5). Raises UnsupportedByConnector
    for a field that the record does not have.
    """
    result = {TYPE: RECORD_TYPE, **record}
    if not isinstance(secret_of(record), Secret):
        result.pop(SECRET, None)
    if change.secret is not None:
        result[SECRET] = rebox(result.get(SECRET), change.secret.reveal())
    as_name = _has_named_enum(record)
    for path, value in change.values.items():
        known = _property(path)
        encoded = known.codec.encode(value, as_name=as_name)
        result[known.name] = rebox(record.get(known.name), encoded)
    return result


def created(change: Change) -> Properties:
    """Give a whole new record: the documented defaults, disabled, with the change laid over."""
    reachable = {path: value for path, value in OpenIDConnect.defaults().items() if path in TABLE}
    values = reachable | {"mode": "disabled"} | dict(change.values)
    return merged({}, Change(values, change.secret))


def _values(record: Properties) -> dict[str, str | bool]:
    return {path: value_of(record, path) for path in TABLE}


def _property(path: str) -> Property:
    if path not in TABLE:
        errors = [FieldError(path, "is not part of the record that iMIS serves over REST")]
        raise UnsupportedByConnector(f"the connector imis_rest cannot reach {path}", errors)
    return TABLE[path]


def _has_named_enum(record: Properties) -> bool:
    # An omitted enumeration has no form of its own; the record's other one tells.
    return any(isinstance(unbox(record.get(each.name)), str) for each in _enums())


def _enums() -> Iterator[Property]:
    return (each for each in TABLE.values() if isinstance(each.codec, EnumCodec))


def _unexpected(name: str, expected: str) -> UpstreamPageChanged:
    return UpstreamPageChanged(f"the property {name} of the iMIS record is not {expected}")


def _is_unicode(text: str) -> bool:
    # JSON can escape a lone surrogate, which no answer of ours could carry (contract C43).
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
