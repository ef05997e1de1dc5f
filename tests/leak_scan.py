"""Looks for secrets in whatever was written or said (contract C20, targets S1).

Every secret of the suite holds one mark, so that only the mark has to be looked for, and in every
coding that does not keep it readable. Tokens are known by their shape, unkeyed hashes by the
secrets they are of.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import re
import sqlite3
import zipfile
from collections.abc import Collection, Iterable, Iterator
from contextlib import closing
from fnmatch import fnmatch
from pathlib import Path
from typing import Final

MARK: Final = "kW4CanaRy9tq"
SPECIAL: Final = "+/=%:&~"

ALLOWED: Final = {
    # The operator's own files, in the tests' registries and in `serve --simulate`.
    "*-imis": "a password file that a test's registry names",
    "*-cloud_sso": "likewise",
    "imis-password": "likewise, of `serve --simulate`",
    "cloud-sso-password": "likewise",
    "*-directory-secret": "the file of a named secret, likewise",
    # What hands an operator's script the token and the simulators' passwords (0600).
    "ready.json": "a ready file",
}
"""Names of files that hold a secret on purpose, each with the reason."""

ON_PURPOSE: Final = "planted-on-purpose"
"""Name of the folder in which a test plants a leak to see it found."""

_PASSED_OVER: Final = (ON_PURPOSE, "runpytest-*")
"""Folders that are not searched; the second holds whole sessions, of the tests of this search."""

_TOKEN = re.compile(rb"imis_sso_[0-9a-f]{12}_[A-Za-z0-9_-]{20}")
_TOKEN_START: Final = b"imis_sso_"
_LARGE: Final = 8_000_000  # a program, in which nobody writes hashes
_HASH = re.compile(rb"(?<![0-9a-f])(?:[0-9a-f]{64}|[0-9a-f]{40}|[0-9a-f]{32})(?![0-9a-f])")
_SQLITE: Final = b"SQLite format 3\0"


def canary(name: str) -> str:
    """Make the canary of this name: the mark, and every character that a careless coder spoils."""
    return f"{name}{SPECIAL}{MARK}"


def _codings(mark: str) -> Iterator[bytes]:
    """Give the mark as it is (which is how URLs, JSON and HTML have it, too), and recoded."""
    raw = mark.encode()
    yield raw
    yield mark.encode("utf-16-le")[:-1]  # the middle of both byte orders
    yield raw.hex().encode()
    yield raw.hex().upper().encode()
    for shift, start in enumerate((0, 2, 3)):
        whole = base64.b64encode(bytes(shift) + raw + b"\0\0\0")
        yield whole[start : (shift + len(raw)) * 8 // 6]


NEEDLES: Final = tuple(_codings(MARK))


def hashes(secrets: Iterable[str]) -> frozenset[bytes]:
    """Give the unkeyed hashes of secrets, as they would be shown."""
    kinds = (hashlib.sha256, hashlib.sha1, hashlib.md5)
    return frozenset(kind(each.encode()).hexdigest().encode() for each in secrets for kind in kinds)


def found_in(content: bytes, hashed: Collection[bytes] = (), *, tokens: bool = True) -> str | None:
    """Say what kind of secret stands in some bytes, or None."""
    if any(needle in content for needle in NEEDLES):
        return "a secret"
    if tokens and _TOKEN_START in content and _TOKEN.search(content):
        return "a token"
    if (
        hashed
        and len(content) < _LARGE
        and any(each in hashed for each in _HASH.findall(content.lower()))
    ):
        return "the hash of a secret"
    return None


def _readings(file: Path) -> Iterator[bytes]:
    """Give a file's bytes, then what is packed in it: archives (a saved plan), databases."""
    content = file.read_bytes()
    yield content
    if content.startswith(b"\x1f\x8b"):
        yield gzip.decompress(content)
    if content.startswith(b"PK\x03\x04") and zipfile.is_zipfile(file):
        with zipfile.ZipFile(file) as archive:
            yield from (archive.read(each) for each in archive.namelist())
    if content.startswith(_SQLITE):
        yield _dump(file)


def _dump(database: Path) -> bytes:
    """Give every row of a database: a long text does not lie in one piece in the file."""
    try:
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
            return "\n".join(connection.iterdump()).encode()
    except sqlite3.Error:
        return b""  # spoilt on purpose, or of another version: its bytes have been looked at


def _files(folder: Path) -> Iterator[Path]:
    for file in sorted(folder.rglob("*")):
        parts = file.relative_to(folder).parts[:-1]
        passed_over = any(fnmatch(part, pattern) for part in parts for pattern in _PASSED_OVER)
        allowed = any(fnmatch(file.name, pattern) for pattern in ALLOWED)
        if file.is_file() and not file.is_symlink() and not passed_over and not allowed:
            yield file


def leaks(folder: Path, hashed: Collection[bytes] = ()) -> list[str]:
    """Give a line for every file below a folder that holds a secret and is not allowed to."""
    told = []
    for file in _files(folder):
        tokens = file.name != "trace.log"  # docs/terraform.md: the provider prints it there
        kinds = {found_in(each, hashed, tokens=tokens) for each in _readings(file)} - {None}
        told += [f"{file.relative_to(folder)}: {kind}" for kind in sorted(filter(None, kinds))]
    return told
