"""Secret sources: read anew each time, refused in words that hold nothing of them (C20, C21)."""

from __future__ import annotations

import os
import traceback
from pathlib import Path

import pytest

from imis_sso.connectors.secrets import resolve, resolve_off_loop
from imis_sso.domain.problems import SecretUnavailable
from imis_sso.domain.sources import SecretSource

ENV = SecretSource("entra", "env", "SECRET_SOURCE_UNDER_TEST")


def in_file(path: Path) -> SecretSource:
    """Give the source for a file."""
    return SecretSource("entra", "file", str(path))


def refused(source: SecretSource) -> str:
    """Give the sentence that a source is refused with, having looked for leaks."""
    with pytest.raises(SecretUnavailable) as caught:
        resolve(source)
    text = "".join(traceback.format_exception(caught.value))
    assert "canary" not in text
    assert caught.value.detail.startswith('The secret "entra" cannot be had: ')
    assert source.location not in caught.value.detail
    return caught.value.detail.removeprefix('The secret "entra" cannot be had: ')


def test_a_variable_is_read_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    for value in ("one", "two", " spaces stay \n"):
        monkeypatch.setenv(ENV.location, value)
        assert resolve(ENV).reveal() == value


def test_a_variable_that_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ENV.location, raising=False)
    assert refused(ENV) == "its environment variable is not set."


@pytest.mark.parametrize(
    ("content", "secret"),
    [
        (b"canary", "canary"),
        (b"canary\n", "canary"),
        (b"canary\r\n", "canary"),
        (b"canary\n\n", "canary\n"),
        (b"canary\r", "canary\r"),
        (b" canary +/=%:&~\xc3\xa4", " canary +/=%:&~ä"),
        (b"x" * 65_536, "x" * 65_536),
    ],
)
def test_one_line_end_at_the_end_of_a_file_does_not_count(
    tmp_path: Path, content: bytes, secret: str
) -> None:
    path = tmp_path / "secret"
    path.write_bytes(content)
    assert resolve(in_file(path)).reveal() == secret


def test_a_file_is_read_each_time(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    for value in ("one", "two"):
        path.write_text(value, "utf-8")
        assert resolve(in_file(path)).reveal() == value


def test_a_link_is_followed(tmp_path: Path) -> None:
    """Orchestrators mount secrets as links."""
    (tmp_path / "data").write_text("canary", "utf-8")
    (tmp_path / "secret").symlink_to("data")
    assert resolve(in_file(tmp_path / "secret")).reveal() == "canary"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "its source is empty."),
        (b"\n", "its source is empty."),
        (b"canary\xff", "its file is not text in UTF-8."),
        (b"canary\x00", "its source is not text in UTF-8, or holds a NUL character."),
        (b"x" * 65_537, "its file is larger than 64 KiB."),
        ("••••••\n".encode(), "its source holds only mask characters (contract C24)."),
    ],
)
def test_files_that_hold_no_secret(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "secret"
    path.write_bytes(content)
    assert refused(in_file(path)) == reason


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (b"", "its source is empty."),
        (b"********", "its source holds only mask characters (contract C24)."),
        (b"canary\xff", "its source is not text in UTF-8, or holds a NUL character."),
    ],
)
def test_variables_that_hold_no_secret(
    monkeypatch: pytest.MonkeyPatch, value: bytes, reason: str
) -> None:
    monkeypatch.setenv(ENV.location, os.fsdecode(value))
    assert refused(ENV) == reason


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    assert refused(in_file(tmp_path / "x")) == (
        "its file cannot be read: No such file or directory."
    )


@pytest.mark.parametrize("kind", ["directory", "pipe"])
def test_what_is_no_file_is_not_waited_for(tmp_path: Path, kind: str) -> None:
    path = tmp_path / kind
    if kind == "pipe":
        os.mkfifo(path)
    else:
        path.mkdir()
    assert refused(in_file(path)) == "its file cannot be read: it is not a regular file."


def test_refusals_leave_no_file_open(tmp_path: Path) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(20):
        refused(in_file(tmp_path))
    assert len(list(Path("/proc/self/fd").iterdir())) == before


@pytest.mark.anyio
async def test_off_the_loop_as_on_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "secret"
    path.write_text("canary\n", "utf-8")
    monkeypatch.setenv(ENV.location, "other")
    assert (await resolve_off_loop(in_file(path))).reveal() == "canary"
    assert (await resolve_off_loop(ENV)).reveal() == "other"
    path.unlink()
    with pytest.raises(SecretUnavailable):
        await resolve_off_loop(in_file(path))
