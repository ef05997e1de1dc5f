"""Kinds of values in the registry file, each with a sentence for everything else."""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, Final, Literal, get_args
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, PlainValidator, ValidationInfo
from pydantic_core import PydanticCustomError

from imis_sso.domain import forms
from imis_sso.domain.hosts import canonical_host, host_of, is_directory_host
from imis_sso.domain.resources import (
    BUILT_IN_SECRET,
    RESOURCES,
    TEMPLATE,
    TEMPLATES,
    SecretRole,
    find,
)
from imis_sso.domain.sources import Scheme, SecretSource

BASE: Final = "base"
"""Key of the validation context: the folder that relative paths start from."""
VAULT: Final = "vault"
"""Key of the validation context: the Vault that sources may name.

None where the file sets up none, `...` where what it sets up has faults of its own.
"""

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# Mount and path: at least two parts, none of them empty, `.` or `..`.
_VAULT_PATH = re.compile(r"(?!(.*/)?\.{1,2}(/|$))[^/?#\x00-\x1f]+(/[^/?#\x00-\x1f]+)+")
_PROXY = re.compile(r"http://([a-z0-9._-]+|\[[0-9a-f:]+\]):\d{1,5}/?")
_USER_AGENT = re.compile(r"[\x20-\x7e]{1,100}")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_TOKEN_PATH = re.compile(r"(/[A-Za-z0-9._~-]+)+")
_SIGN_IN_PATH = re.compile(r"(/[A-Za-z0-9._~%-]*)+(\?[A-Za-z0-9._~%=&+-]*)?")


def _text(value: str) -> str:
    if not value:
        msg = "must not be empty"
        raise ValueError(msg)
    if forms.text(value) != value:
        msg = "must not begin or end with white space"
        raise ValueError(msg)
    return value


def _address(value: str) -> str:
    canonical = forms.https_url(value)
    if "?" in value:
        msg = "must not have a query (?…)"
        raise ValueError(msg)
    host_of(canonical)
    if canonical != value:
        msg = f"is not in its canonical form, which is {canonical}"
        raise ValueError(msg)
    return value.rstrip("/")


def _host(value: str) -> str:
    canonical = canonical_host(value)
    if canonical != value:
        msg = f"is not in its canonical form, which is {canonical}"
        raise ValueError(msg)
    return value


def _sso_host(value: str) -> str:
    if is_directory_host(_host(value)):
        msg = f"{value} is a directory's host: directory values belong in Cloud SSO only"
        raise ValueError(msg)
    return value


def _token_path(value: str) -> str:
    if not _TOKEN_PATH.fullmatch(value):
        msg = "must be a path such as /token, without query or final slash"
        raise ValueError(msg)
    return value


def _staff_path(value: str) -> str:
    if not _TOKEN_PATH.fullmatch(value):
        msg = "must be a path such as /Staff, without query or final slash"
        raise ValueError(msg)
    return value


def _sign_in_path(value: str) -> str:
    if not _SIGN_IN_PATH.fullmatch(value):
        msg = "must be a path such as /SignIn, with or without a query"
        raise ValueError(msg)
    return value


def _syslog(value: str) -> str:
    parts = urlsplit(value)
    local = parts.scheme == "unix" and parts.path.startswith("/") and not parts.netloc
    if local or (parts.scheme in ("udp", "tcp", "tls") and parts.hostname and not parts.path):
        return value
    msg = "must be tls://host:port, tcp://host:port, udp://host:port or unix:///path"
    raise ValueError(msg)


def _document(value: str) -> str:
    takers = [
        each.path
        for each in (*RESOURCES, *TEMPLATES)
        if each.document.secret and each.record.secret is SecretRole.SETTABLE
    ]
    found = find(value)
    item = found is not None and bool(found.record.item) and not found.read_only
    if (value not in takers and not item) or TEMPLATE in value:
        msg = f"is not a document that takes a secret; there is: {', '.join(takers)}"
        raise ValueError(msg)
    return value


def _secret_name(value: str) -> str:
    if value == BUILT_IN_SECRET:
        msg = "is built in: it is read from Cloud SSO and cannot be defined"
        raise ValueError(msg)
    return value


def plain_text(value: Any) -> str:
    """Take text that is neither empty nor padded; raises ValueError with a sentence."""
    if not isinstance(value, str):
        kind = "string_type"
        raise PydanticCustomError(kind, "expected text")
    return _text(value)


def _place(value: Any, info: ValidationInfo) -> Path:
    """Give an absolute path; a relative one starts from the registry file's own folder."""
    try:
        path = value if isinstance(value, Path) else Path(plain_text(value)).expanduser()
    except RuntimeError:
        msg = "begins with ~, but this user has no home folder"
        raise ValueError(msg) from None
    return Path((info.context or {}).get(BASE, ".")).absolute() / path


def _places(value: Any, info: ValidationInfo) -> tuple[Path, ...]:
    """Give absolute paths of one or of a list."""
    several = value if isinstance(value, list | tuple) else [value]
    return tuple(_place(each, info) for each in several)


def _authorities(value: Any, info: ValidationInfo) -> Path:
    file = _place(value, info)
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=file)
    except ssl.SSLError:
        msg = f"holds no certificate in PEM form: {file}"
        raise ValueError(msg) from None
    except OSError as error:
        msg = f"cannot be read: {file}: {error.strerror}"
        raise ValueError(msg) from None
    return file


def _date(value: Any) -> date:
    if isinstance(value, str) and _DATE.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    msg = "must be a date such as 2027-01-31"
    raise ValueError(msg)


def source(
    name: str = "", schemes: tuple[Scheme, ...] = get_args(Scheme)
) -> Callable[[Any, ValidationInfo], SecretSource]:
    """Make the validator of a source such as `env:NAME` for the secret of this name.

    What is no source is never shown: it may be the secret itself, typed in the wrong place.
    """

    def parse(value: Any, info: ValidationInfo) -> SecretSource:
        if isinstance(value, SecretSource):
            return value
        scheme, colon, location = plain_text(value).partition(":")
        found = None
        if colon and scheme in schemes:
            found = _PARSERS[scheme](name, location, info)
        if found is None:
            *others, last = [_FORMS[each] for each in schemes]
            forms = f"{', '.join(others)} or {last}"
            msg = f"must name a source, {forms}; a secret never stands in this file"
            raise ValueError(msg)
        return found

    return parse


def _variable(name: str, location: str, _info: ValidationInfo) -> SecretSource | None:
    return SecretSource(name, "env", location) if _VARIABLE.fullmatch(location) else None


def _file(name: str, location: str, info: ValidationInfo) -> SecretSource | None:
    return SecretSource(name, "file", str(_place(location, info))) if location else None


def _keyring(name: str, location: str, _info: ValidationInfo) -> SecretSource | None:
    service, _, user = location.rpartition("/")
    return SecretSource(name, "keyring", service, user) if service and user else None


def _vault(name: str, location: str, info: ValidationInfo) -> SecretSource | None:
    path, _, field = location.rpartition("#")
    if not _VAULT_PATH.fullmatch(path) or not field:
        return None
    server = (info.context or {}).get(VAULT)
    if server is None:
        msg = "names Vault, but server.vault, which says where that is, is not set"
        raise ValueError(msg)
    return SecretSource(name, "vault", path, field, None if server is ... else server)


_Parse = Callable[[str, str, ValidationInfo], SecretSource | None]
_PARSERS: Final[Mapping[str, _Parse]] = {
    "env": _variable,
    "file": _file,
    "keyring": _keyring,
    "vault": _vault,
}
_FORMS: Final[Mapping[Scheme, str]] = {
    "env": '"env:NAME"',
    "file": '"file:PATH"',
    "keyring": '"keyring:SERVICE/USER"',
    "vault": '"vault:MOUNT/PATH#FIELD"',
}


def _proxy(value: Any, info: ValidationInfo) -> str | SecretSource | None:
    """Take `http://host:port`, or the source of such an address with credentials in it."""
    if value is None:
        return None
    text = plain_text(value)
    if not text.startswith(("http:", "https:")):
        return source("proxy")(text, info)
    if "@" in text:
        msg = 'has credentials: put the whole address where a source leads to, such as "env:PROXY"'
        raise ValueError(msg)
    if not _PROXY.fullmatch(text):
        msg = "must be http://host:port, or a source of such an address"
        raise ValueError(msg)
    return text


def _user_agent(value: str) -> str:
    if value and not _USER_AGENT.fullmatch(_text(value)):
        msg = "must be at most 100 printable ASCII characters"
        raise ValueError(msg)
    return value


Text = Annotated[str, AfterValidator(_text)]
Address = Annotated[str, AfterValidator(_address)]
Host = Annotated[str, AfterValidator(_host)]
SsoHost = Annotated[str, AfterValidator(_sso_host)]
SyslogAddress = Annotated[str, AfterValidator(_syslog)]
TokenPath = Annotated[str, AfterValidator(_token_path)]
StaffPath = Annotated[str, AfterValidator(_staff_path)]
SignInPath = Annotated[str, AfterValidator(_sign_in_path)]
FilePath = Annotated[Path, PlainValidator(_place)]
FilePaths = Annotated[tuple[Path, ...], PlainValidator(_places)]
Authorities = Annotated[Path, PlainValidator(_authorities)]
Day = Annotated[date, PlainValidator(_date)]
Source = Annotated[SecretSource, PlainValidator(source())]
Taker = Annotated[str, AfterValidator(_document)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9-]+$", max_length=63)]
SecretName = Annotated[Name, AfterValidator(_secret_name)]

ProxyPlace = Annotated[str | SecretSource | None, PlainValidator(_proxy)]
UserAgent = Annotated[str, AfterValidator(_user_agent)]
Writes = Literal["refused", "allowed"]
UnreadSecret = Literal["keeps"]
