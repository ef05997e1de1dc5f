"""The address of a shared database, taken apart so that a password never stays in it."""

from __future__ import annotations

from typing import Annotated, Any, Final
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit, urlunsplit

from pydantic import PlainValidator, ValidationInfo

from imis_sso.domain.database import DatabaseAddress
from imis_sso.domain.secret import Secret
from imis_sso.registry.kinds import BASE, plain_text

OPTIONS: Final = (
    "host",
    "port",
    "sslmode",
    "sslrootcert",
    "sslcert",
    "sslkey",
    "target_session_attrs",
)
"""What may stand behind the question mark, with libpq's meaning."""

_SHAPE: Final = "must be postgresql://USER@HOST[:PORT]/DATABASE"
_IN_FILE: Final = (
    "holds a password, and a secret never stands in this file: name its source in "
    "database_password, or give the whole URL in IMIS_SSO_DATABASE_URL"
)


def _database_url(value: Any, info: ValidationInfo) -> DatabaseAddress:
    """Read a URL; a password in it is taken only from the environment variable.

    Raises ValueError with a sentence that never repeats the value.
    """
    if isinstance(value, DatabaseAddress):
        return value
    parts, options = _parts(plain_text(value))
    if not (parts.username and _database(parts) and (parts.hostname or "host" in options)):
        raise ValueError(_SHAPE)
    password = parts.password
    if password is not None and BASE in (info.context or {}):
        raise ValueError(_IN_FILE)
    bare = parts._replace(netloc=parts.netloc.replace(f":{password}@", "@", 1))
    return DatabaseAddress(urlunsplit(bare), Secret(unquote(password)) if password else None)


def _parts(text: str) -> tuple[SplitResult, dict[str, str]]:
    try:
        parts = urlsplit(text)
        options = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=True))
        shaped = parts.scheme == "postgresql" and not parts.fragment and parts.port != 0
    except ValueError:
        raise ValueError(_SHAPE) from None  # the parser's own words would repeat the value
    if not shaped:
        raise ValueError(_SHAPE)
    if options.keys() - set(OPTIONS):
        msg = f"may have the options {', '.join(OPTIONS)} and no others"
        raise ValueError(msg)
    return parts, options


def _database(parts: SplitResult) -> str:
    name = parts.path.removeprefix("/")
    return "" if "/" in name else name


DatabaseUrl = Annotated[DatabaseAddress, PlainValidator(_database_url)]
