"""`imis-sso secret rotate-key`: a new key, and what to set (contract C25)."""

from __future__ import annotations

import re
import stat
from pathlib import Path

import pytest
import yaml
from command_line import Registry, command


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """The present key, with an older one in a folder."""
    for file in (tmp_path / "fingerprint.key", tmp_path / "older" / "1.key"):
        file.parent.mkdir(exist_ok=True)
        file.touch(0o600)
        file.write_text(file.name * 32, "utf-8")
    return tmp_path / "fingerprint.key"


def _version(config: Path) -> str:
    return command("secret", "fingerprint", "test", "--config", str(config), typed="s").out


def test_what_it_prints_can_be_put_into_the_registry(registry: Registry, key: Path) -> None:
    """The old keys stay known; the fingerprint changes only when the registry says so."""
    settings = {
        "fingerprint_key_file": str(key),
        "fingerprint_key_previous": [str(key.parent / "older")],
    }
    config = registry(**settings)
    before = _version(config)
    told = command("secret", "rotate-key", "--config", str(config))
    assert (told.code, told.err) == (0, "")
    assert _version(config) == before
    made = key.with_name("fingerprint-2.key")
    assert stat.S_IMODE(made.stat().st_mode) == 0o600
    block = re.search(r"^server:\n(?:  .*\n|- .*\n)*", told.out, re.MULTILINE)
    assert block is not None
    assert yaml.safe_load(block[0]) == {
        "server": {
            "fingerprint_key_file": str(made),
            "fingerprint_key_previous": [str(key), str(key.parent / "older")],
        }
    }
    config = registry(**yaml.safe_load(block[0])["server"])
    assert _version(config) != before
    assert made.read_text("utf-8").strip() not in told.out


def test_the_key_that_the_service_made_itself(registry: Registry) -> None:
    config = registry()
    before = _version(config)
    told = command("secret", "rotate-key", "--json", "--config", str(config)).json
    (present,) = told["fingerprint_key_previous"]
    assert Path(present).name == "fingerprint.key"
    assert Path(told["fingerprint_key_file"]).parent == Path(present).parent
    assert _version(config) == before
    again = command("secret", "rotate-key", "--json", "--config", str(config)).json
    assert Path(again["fingerprint_key_file"]).name == "fingerprint-3.key"


def test_a_place_of_ones_own(registry: Registry, key: Path, tmp_path: Path) -> None:
    """It is never written over: it may be the key of another replica."""
    config = str(registry(fingerprint_key_file=str(key)))
    out = str(tmp_path / "new.key")
    told = command("secret", "rotate-key", "--out", out, "--json", "--config", config)
    assert told.json["fingerprint_key_file"] == out
    again = command("secret", "rotate-key", "--out", out, "--config", config)
    again.failed(f"{out}: is there already; a key is never written over")
    nowhere = command("secret", "rotate-key", "--out", "nowhere/key", "--config", config)
    nowhere.failed(f"{tmp_path}/nowhere/key: cannot be made to hold a key: No such file…")


def test_what_cannot_be_rotated(registry: Registry, key: Path, tmp_path: Path) -> None:
    config = str(registry())
    command("secret", "rotate-key", "--config", config).failed("there is no server key to be …")
    key.chmod(0o644)
    config = str(registry(fingerprint_key_file=str(key)))
    command("secret", "rotate-key", "--config", config).failed(f"{key}: holds the server key and …")
    assert not (tmp_path / "fingerprint-2.key").exists()
