"""The search for secrets finds a planted one in every coding and in every kind of file (S1)."""

from __future__ import annotations

import base64
import gzip
import hashlib
import html
import io
import json
import sqlite3
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from urllib.parse import quote, quote_plus

import leak_scan
import pytest

SECRET = leak_scan.canary("planted\"\\'<>&-")
TOKEN = "imis_sso_" + "ab" * 6 + "_" + "A" * 43

CODINGS: dict[str, Callable[[str], bytes]] = {
    "as it is": str.encode,
    "in a URL": lambda text: quote(text, safe="").encode(),
    "in a form": lambda text: quote_plus(text).encode(),
    "in JSON": lambda text: json.dumps({"a": [text]}).encode(),
    "in JSON in JSON": lambda text: json.dumps(json.dumps(text)).encode(),
    "in HTML": lambda text: html.escape(text).encode(),
    "in base64": lambda text: base64.b64encode(text.encode()),
    "in base64 after one": lambda text: base64.b64encode(b"u" + text.encode()),
    "in base64 after two": lambda text: base64.urlsafe_b64encode(b"u:" + text.encode()),
    "in UTF-16": lambda text: text.encode("utf-16"),
    "in UTF-16, big end first": lambda text: text.encode("utf-16-be"),
    "in hexadecimal": lambda text: text.encode().hex().encode(),
    "cut": lambda text: text[12:].encode(),
}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder that the search at the end of this session passes over."""
    folder = tmp_path / leak_scan.ON_PURPOSE
    folder.mkdir()
    return folder


@pytest.mark.parametrize("coding", CODINGS)
def test_a_secret_is_found_in_every_coding(place: Path, coding: str) -> None:
    (place / "deep" / "er").mkdir(parents=True)
    (place / "deep" / "er" / "planted").write_bytes(b"before " + CODINGS[coding](SECRET) + b"\n")
    (place / "clean").write_text(coding, "utf-8")
    assert leak_scan.leaks(place) == ["deep/er/planted: a secret"]


@pytest.mark.parametrize("kind", [hashlib.sha256, hashlib.sha1, hashlib.md5])
def test_a_hash_without_a_key_is_found(place: Path, kind: Callable) -> None:
    """contract C20."""
    (place / "planted").write_text(f"v1-{kind(SECRET.encode()).hexdigest().upper()}", "utf-8")
    (place / "other").write_text(kind(b"something else").hexdigest(), "utf-8")
    assert leak_scan.leaks(place, leak_scan.hashes([SECRET])) == ["planted: the hash of a secret"]


def test_a_token_is_found_but_where_the_provider_prints_it(place: Path) -> None:
    for name in ("terraform.tfstate", "trace.log", "ready.json"):
        (place / name).write_text(f'{{"token": "{TOKEN}"}}', "utf-8")
    assert leak_scan.leaks(place) == ["terraform.tfstate: a token"]
    (place / "trace.log").write_text(SECRET, "utf-8")
    assert "trace.log: a secret" in leak_scan.leaks(place)


def test_what_is_packed_is_unpacked(place: Path) -> None:
    """A saved plan is an archive."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("tfstate", SECRET * 3)
    (place / "tfplan").write_bytes(packed.getvalue())
    (place / "log.gz").write_bytes(gzip.compress(SECRET.encode() * 3))
    assert leak_scan.leaks(place) == ["log.gz: a secret", "tfplan: a secret"]


def test_a_database_is_read_row_by_row(place: Path) -> None:
    """A text longer than a page lies in pieces; here the cut goes through the secret."""
    file = place / "some.db"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA page_size = 512")
        connection.execute("CREATE TABLE told (text TEXT)")
        for before in range(400, 520):
            connection.execute("INSERT INTO told VALUES (?)", ["x" * before + SECRET + "y" * 900])
        connection.commit()
    assert leak_scan.leaks(place) == ["some.db: a secret"]
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute("DELETE FROM told")
        connection.commit()
        connection.execute("VACUUM")
    assert leak_scan.leaks(place) == []


def test_a_spoilt_database_is_no_failure(place: Path) -> None:
    (place / "spoilt.db").write_bytes(b"SQLite format 3\0" + b"\xff" * 200)
    assert leak_scan.leaks(place) == []


@pytest.mark.parametrize("pattern", leak_scan.ALLOWED)
def test_every_allowed_name_has_a_reason_and_is_a_file_of_an_operator(pattern: str) -> None:
    assert leak_scan.ALLOWED[pattern]
    assert "*" not in pattern.lstrip("*"), "no more than a prefix is open"
