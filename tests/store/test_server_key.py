"""The server key: made once, private, the same for every process (contract C22, C25)."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from imis_sso.domain.configuration import ConfigurationError
from imis_sso.domain.fingerprint import FingerprintKey
from imis_sso.domain.secret import Secret
from imis_sso.settings import ServerSettings
from imis_sso.store.key import KEY_FILE, load_key, new_key


@dataclass(frozen=True)
class Places:
    """The settings that say where the keys are."""

    data_dir: Path
    fingerprint_key_file: Path | None = None
    fingerprint_key_previous: tuple[Path, ...] = ()


def version_by(places: Places) -> str:
    """Give a version made with the key of these places."""
    return load_key(places).version("test", Secret("s"))


def written(path: Path, content: bytes, mode: int = 0o600) -> Path:
    """Write a key file."""
    path.write_bytes(content)
    path.chmod(mode)
    return path


def refused(places: Places) -> str:
    """Give the one line that loading a key ends in."""
    with pytest.raises(ConfigurationError) as caught:
        load_key(places)
    (line,) = str(caught.value).splitlines()
    return line


def test_the_first_start_makes_a_key_and_the_next_ones_use_it(tmp_path: Path) -> None:
    places = Places(tmp_path / "data")
    first = version_by(places)
    assert version_by(places) == first
    assert version_by(Places(tmp_path / "other")) != first
    path = tmp_path / "data" / KEY_FILE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in path.parent.iterdir()] == [KEY_FILE]


def test_the_servers_settings_say_where_it_is(tmp_path: Path) -> None:
    settings = ServerSettings.resolve(flags={"data_dir": str(tmp_path)})
    assert load_key(settings).version("test", Secret("s")) == version_by(Places(tmp_path))


def test_processes_that_start_at_once_get_one_key(tmp_path: Path) -> None:
    program = (
        "from types import SimpleNamespace as S; from pathlib import Path; "
        "from imis_sso.store.key import load_key; from imis_sso.domain.secret import Secret; "
        f"p = S(data_dir=Path({str(tmp_path / 'data')!r}), fingerprint_key_file=None, fingerprint_key_previous=()); "
        "print(load_key(p).version('test', Secret('s')))"
    )
    running = [
        subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) for _ in range(4)
    ]
    versions = {each.communicate(timeout=60)[0] for each in running}
    assert versions == {f"{version_by(Places(tmp_path / 'data'))}\n".encode()}


def test_a_file_of_the_operators_own(tmp_path: Path) -> None:
    file = written(tmp_path / "key", b"k" * 32)
    expected = version_by(Places(tmp_path, file))
    for content in (b"k" * 32 + b"\n", b"k" * 32 + b"\r\n"):
        assert version_by(Places(tmp_path, written(tmp_path / "key2", content))) == expected
    assert not (tmp_path / KEY_FILE).exists()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660, 0o601])
def test_a_key_that_others_may_touch_is_refused(tmp_path: Path, mode: int) -> None:
    file = written(tmp_path / "key", b"k" * 32, mode)
    expected = f"{file}: holds the server key and is open to others: chmod 0600"
    assert refused(Places(tmp_path, file)) == expected


@pytest.mark.parametrize("content", [b"", b"k" * 31, b"k" * 31 + b"\n", b"k" * 4097])
def test_a_key_of_the_wrong_length(tmp_path: Path, content: bytes) -> None:
    file = written(tmp_path / "key", content)
    assert refused(Places(tmp_path, file)).endswith("bytes; the server key has 32 to 4096")


def test_a_named_file_must_exist(tmp_path: Path) -> None:
    """A fresh key would change every version: it is never made where a file was named."""
    file = tmp_path / "key"
    line = f"{file}: cannot be read as server key: No such file or directory"
    assert refused(Places(tmp_path, file)) == line
    assert not file.exists()


@pytest.mark.parametrize("kind", ["directory", "pipe"])
def test_what_is_no_file(tmp_path: Path, kind: str) -> None:
    path = tmp_path / kind
    if kind == "pipe":
        os.mkfifo(path, 0o600)
    else:
        path.mkdir(mode=0o700)
    assert refused(Places(tmp_path, path)).endswith(
        "is not a regular file, as the server key must be"
    )


def test_a_spoilt_key_is_not_replaced(tmp_path: Path) -> None:
    written(tmp_path / KEY_FILE, b"short")
    assert "the server key has 32 to 4096" in refused(Places(tmp_path))
    assert (tmp_path / KEY_FILE).read_bytes() == b"short"


def test_file_systems_without_hard_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_links(*_: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    first = version_by(Places(tmp_path))
    assert version_by(Places(tmp_path)) == first
    assert stat.S_IMODE((tmp_path / KEY_FILE).stat().st_mode) == 0o600


def test_a_key_that_another_process_made_meanwhile_is_the_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = os.link

    def overtaken(draft: Path, path: Path) -> None:
        written(path, b"k" * 32)
        link(draft, path)

    monkeypatch.setattr(os, "link", overtaken)
    file = written(tmp_path / "key", b"k" * 32)
    assert version_by(Places(tmp_path / "data")) == version_by(Places(tmp_path, file))


def test_a_folder_where_no_key_can_be_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    expected = f"{tmp_path / KEY_FILE}: cannot be made to hold a key: No space left on device"
    assert refused(Places(tmp_path)) == expected
    assert list(tmp_path.iterdir()) == []


def knows(places: Places, key: bytes) -> bool:
    """Tell whether a version by another key is recognised."""
    version = FingerprintKey(key).version("test", Secret("s"))
    return load_key(places).made(version, "test", Secret("s"))


def test_keys_before_it_recognise_what_they_made(tmp_path: Path) -> None:
    """contract C25: the newest makes every version; the others are known until they are dropped."""
    newest = written(tmp_path / "new", b"n" * 32)
    old = written(tmp_path / "old", b"o" * 32 + b"\n")
    folder = tmp_path / "older"
    folder.mkdir()
    written(folder / "1.key", b"1" * 32)
    written(folder / "2.key", b"2" * 32)
    (folder / "..data").mkdir()  # as orchestrators mount secrets
    written(folder / ".note", b"short")
    places = Places(tmp_path, newest, (old, folder))
    assert version_by(places) == version_by(Places(tmp_path, newest))
    assert [knows(places, each * 32) for each in (b"n", b"o", b"1", b"2")] == [True] * 4
    assert not knows(places, b"x" * 32)
    assert not knows(Places(tmp_path, newest, (folder,)), b"o" * 32)


def test_a_previous_key_is_held_to_the_same_rules(tmp_path: Path) -> None:
    newest = written(tmp_path / "new", b"n" * 32)
    folder = tmp_path / "folder"
    folder.mkdir()
    open_to_others = written(folder / "open", b"o" * 32, 0o644)
    assert refused(Places(tmp_path, newest, (folder,))) == (
        f"{open_to_others}: holds the server key and is open to others: chmod 0600"
    )
    missing = tmp_path / "missing"
    assert refused(Places(tmp_path, newest, (missing,))) == (
        f"{missing}: cannot be read as server key: No such file or directory"
    )


def test_a_new_key_is_never_written_over_another(tmp_path: Path) -> None:
    made, other = tmp_path / "new", tmp_path / "other"
    new_key(made)
    new_key(other)
    assert stat.S_IMODE(made.stat().st_mode) == 0o600
    assert version_by(Places(tmp_path, made)) != version_by(Places(tmp_path, other))
    before = made.read_bytes()
    with pytest.raises(ConfigurationError, match="is there already"):
        new_key(made)
    assert made.read_bytes() == before
