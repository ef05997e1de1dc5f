"""The ways into a product that the registry may name, in the order in which they are tried."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Annotated, Any, Final

from pydantic import Field, PlainValidator, ValidationInfo
from pydantic_core import PydanticCustomError

from imis_sso.domain.sources import SecretSource
from imis_sso.registry.kinds import plain_text, source
from imis_sso.registry.section import Section

ASSISTED: Final = "assisted"
"""The connector that logs in nowhere: a person does the step."""
IMIS: Final = ("imis_rest", "imis_staff_site", ASSISTED)
CLOUD_SSO: Final = ("cloud_sso_dashboard", ASSISTED)
AUTOMATED: Final = frozenset({"imis_staff_site", "cloud_sso_dashboard"})
"""Connectors that drive pages which a vendor made for people."""
PASSWORD: Final = "password"  # noqa: S105  # how, not what
INTERACTIVE: Final = "interactive"
"""How a browser is logged in: by the service, or by a person whose log-in it then uses."""
_ABSENT: Final[Any] = object()


def _names(known: tuple[str, ...]) -> Callable[[Any], tuple[str, ...]]:
    """Make the validator of one name of a connector, or of a list of them in order."""
    names_known = f"{', '.join(known[:-1])} or {known[-1]}"
    expected = f"expected {names_known}, or a list of them in the order they are tried"

    def names(value: Any) -> tuple[str, ...]:
        several = value if isinstance(value, list | tuple) else [value]
        if not several:
            msg = f"{expected}; the list is empty"
            raise ValueError(msg)
        for at, each in enumerate(several, 1):
            where = f" (entry {at})" if several is value else ""
            if not isinstance(each, str) or each not in known:
                # What is not known may be a secret in the wrong place: it is not repeated.
                found = "another text" if isinstance(each, str) else "something else"
                raise ValueError(f"{expected}, found {found}{where}")
            if each in several[: at - 1]:
                msg = f'"{each}" is there twice{where}: each connector is tried once'
                raise ValueError(msg)
        if ASSISTED in several[:-1]:
            msg = f'"{ASSISTED}" must stand last: whoever comes after it is never tried'
            raise ValueError(msg)
        return tuple(several)

    return names


def _user(value: Any, info: ValidationInfo) -> str | None:
    if value is _ABSENT:
        _need(info)
        return None
    return plain_text(value)


def _password(name: str) -> Callable[[Any, ValidationInfo], SecretSource | None]:
    parse = source(name)

    def password(value: Any, info: ValidationInfo) -> SecretSource | None:
        if value is _ABSENT:
            _need(info)
            return None
        return parse(value, info)

    return password


def _need(info: ValidationInfo) -> None:
    """Miss a log-in, unless no connector logs in; faults of the list are told there."""
    by_person = info.data.get("login") == INTERACTIVE
    without = AUTOMATED | {ASSISTED} if by_person else {ASSISTED}
    if any(each not in without for each in info.data.get("connector", ())):
        kind = "missing"
        raise PydanticCustomError(kind, "is missing")


def _login(value: Any, info: ValidationInfo) -> str:
    """Take how a browser is logged in; a person can do it only where there is a browser."""
    if value not in {PASSWORD, INTERACTIVE}:
        msg = f"expected {PASSWORD} or {INTERACTIVE}"
        raise ValueError(msg)
    if value == INTERACTIVE and not AUTOMATED.intersection(info.data.get("connector", ())):
        msg = f"{INTERACTIVE} is for a connector with a browser: {', '.join(sorted(AUTOMATED))}"
        raise ValueError(msg)
    return str(value)


def _codes(name: str) -> Callable[[Any, ValidationInfo], SecretSource | None]:
    parse = source(name)

    def codes(value: Any, info: ValidationInfo) -> SecretSource | None:
        if value is None:
            return None
        automated = AUTOMATED.intersection(info.data.get("connector", ()))
        if not automated or info.data.get("login") == INTERACTIVE:
            msg = "is for a connector that logs in itself, with a browser and a password"
            raise ValueError(msg)
        return parse(value, info)

    return codes


def _permission(value: Any, info: ValidationInfo) -> str | None:
    """Take who permitted the automation of a vendor's pages, and when (`who, YYYY-MM-DD`)."""
    named = info.data.get("connector", ())
    if value is _ABSENT:
        automated = [each for each in named if each in AUTOMATED]
        if automated and ASSISTED not in named:
            msg = (
                f"is missing: {automated[0]} drives pages that the vendor made for people, and "
                "serves only where this says who permitted it and when, for example "
                '"A. Name of the vendor, 2026-05-04" (docs/is-this-allowed.md); without it '
                f'add the connector "{ASSISTED}" to the list'
            )
            raise ValueError(msg)
        return None
    who, comma, when = plain_text(value).rpartition(", ")
    if not (comma and who.strip() and _is_date(when)):
        msg = 'must say who permitted it and when: "A. Name of the vendor, 2026-05-04"'
        raise ValueError(msg)
    return str(value)


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


ImisConnectors = Annotated[tuple[str, ...], PlainValidator(_names(IMIS))]
CloudSsoConnectors = Annotated[tuple[str, ...], PlainValidator(_names(CLOUD_SSO))]
User = Annotated[str | None, PlainValidator(_user)]
ImisPassword = Annotated[SecretSource | None, PlainValidator(_password("imis.password"))]
CloudSsoPassword = Annotated[SecretSource | None, PlainValidator(_password("cloud_sso.password"))]
Login = Annotated[str, PlainValidator(_login)]
ImisCodes = Annotated[SecretSource | None, PlainValidator(_codes("imis.totp"))]
CloudSsoCodes = Annotated[SecretSource | None, PlainValidator(_codes("cloud_sso.totp"))]
Permission = Annotated[str | None, PlainValidator(_permission)]


class Doorway(Section):
    """What a half of an environment says about the ways into it."""

    connector: tuple[str, ...]
    automation_permitted_by: Permission = None
    login: Login = Field(
        default=PASSWORD, description="Whether the service logs its browser in, or a person."
    )

    def refuses(self, name: str) -> str:
        """Say why a connector that is listed must not serve; `""` where it may."""
        if name in AUTOMATED and self.automation_permitted_by is None:
            return (
                "nobody is on record as having permitted that a program drives these pages "
                "(automation_permitted_by; docs/is-this-allowed.md)"
            )
        return ""


def judged(description: str) -> Any:
    """Give the field of a key whose need depends on the connectors that are named before it."""
    return Field(default=_ABSENT, validate_default=True, description=description)
