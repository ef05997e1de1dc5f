"""`imis-sso audit`, and the verifier that needs nothing of ours (contract section 7, R10)."""

from __future__ import annotations

import itertools
import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from command_line import Registry, command

from imis_sso.simulators import ImisModel

Lines = list[dict[str, Any]]


@pytest.fixture
def config(registry: Registry, imis: ImisModel) -> str:
    """A registry whose environment `test` was lowered and raised twice."""
    del imis
    file = str(registry())
    for mode in ("test_mode", "disabled", "test_mode"):
        told = command("mode", "test", mode, "--config", file)
        assert told.code == 0, told
    return file


@pytest.fixture
def export(config: str, tmp_path: Path) -> Path:
    file = tmp_path / "export.jsonl"
    told = command("audit", "export", "test", "--config", config, "--output", str(file))
    assert told.out == f"test: 7 entries in {file}.\n"
    key = command("audit", "public-key", "test", "--config", config).out
    (tmp_path / "key.pem").write_text(key, "utf-8")
    return file


def auditor(tmp_path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the verifier as an auditor does: a file in an empty folder, nothing of ours in reach."""
    script = tmp_path / "auditor" / "verify_audit.py"
    script.parent.mkdir(exist_ok=True)
    script.write_text(command("audit", "verifier").out, "utf-8")
    words = [sys.executable, "-I", str(script), *arguments]
    return subprocess.run(words, capture_output=True, text=True, check=False, cwd=script.parent)


def test_tail_for_people_and_machines(config: str) -> None:
    told = command("audit", "tail", "test", "--config", config, "-n", "2")
    assert (told.code, told.err) == (0, "")
    assert "intent imis/oidc-authentication mode" in told.words
    assert "outcome imis/oidc-authentication applied" in told.words
    lines = command("audit", "tail", "test", "--config", config, "--json").out.splitlines()
    assert [json.loads(each)["seq"] for each in lines] == [1, 2, 3, 4, 5, 6]


def test_verify_says_that_all_is_well(config: str, export: Path, tmp_path: Path) -> None:
    told = command("audit", "verify", "test", "--config", config)
    assert told.out == "6 lines, 1 checkpoints, signatures checked: all is well.\n"
    key = str(tmp_path / "key.pem")
    done = auditor(tmp_path, str(export), "--public-key", key)
    assert (done.returncode, done.stdout) == (0, told.out)


def test_an_anchor_finds_a_trail_that_was_cut_off(config: str, tmp_path: Path) -> None:
    anchor = tmp_path / "anchor.jsonl"
    anchor.write_text(command("audit", "checkpoint", "test", "--config", config).out, "utf-8")
    database = tmp_path / "data" / "imis-sso.sqlite3"
    with sqlite3.connect(database) as opened:
        opened.execute("DELETE FROM audit_lines WHERE seq > 4")
        opened.execute("DELETE FROM checkpoints WHERE seq > 4")
    opened.close()
    told = command("audit", "verify", "test", "--config", config)
    assert told.code == 0, "without an anchor nothing shows it"
    told = command("audit", "verify", "test", "--config", config, "--anchor", str(anchor))
    assert told.code == 2
    assert "test checkpoint 6: the trail ends at line 4; its end was cut off" in told.out


def test_a_byte_changed_in_the_database_is_found_in_every_line(config: str, tmp_path: Path) -> None:
    """target R10: `audit verify` ends with 2, also where the line is no JSON or no text any more."""
    with _database(tmp_path) as opened:
        for seq, column in itertools.product(range(1, 7), ("body", "hash", "who", "at")):
            query = f"SELECT CAST({column} AS BLOB) FROM audit_lines WHERE seq = ?"
            (before,) = opened.execute(query, (seq,)).fetchone()
            # Each line in another place: a brace, a key, a value; with and without valid UTF-8.
            place, mask = seq * len(before) // 7, (0x01, 0x80)[seq % 2]
            changed = before[:place] + bytes([before[place] ^ mask]) + before[place + 1 :]
            _store(opened, seq, column, changed)
            told = command("audit", "verify", "test", "--config", config)
            assert (told.code, "WRONG: test line" in told.out) == (2, True), (seq, column, told)
            assert command("audit", "tail", "test", "--config", config).code == 0
            _store(opened, seq, column, before)
    assert command("audit", "verify", "test", "--config", config).code == 0


def test_a_first_byte_changed_in_the_database_is_found(config: str, tmp_path: Path) -> None:
    """What is left is no JSON."""
    with _database(tmp_path) as opened:
        _store(opened, 6, "body", b"}")
    told = command("audit", "verify", "test", "--config", config)
    assert "WRONG: test line 6: its hash does not fit what it says" in told.out
    assert told.code == 2


@contextmanager
def _database(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(tmp_path / "data" / "imis-sso.sqlite3")) as opened:
        yield opened


def _store(opened: sqlite3.Connection, seq: int, column: str, value: bytes) -> None:
    query = f"UPDATE audit_lines SET {column} = CAST(? AS TEXT) WHERE seq = ?"
    assert opened.execute(query, (value, seq)).rowcount == 1
    opened.commit()


def _changed(lines: Lines) -> Lines:
    lines[2]["who"] = "mallory"
    return lines


def _dropped(lines: Lines) -> Lines:
    return lines[:2] + lines[3:]


def _swapped(lines: Lines) -> Lines:
    return [lines[1], lines[0], *lines[2:]]


def _forged_mark(lines: Lines) -> Lines:
    lines[-1]["at"] = "2030-01-01T00:00:00.000000Z"
    return lines


@pytest.mark.parametrize("spoil", [_changed, _dropped, _swapped, _forged_mark])
def test_what_was_spoilt_is_found(
    export: Path, tmp_path: Path, spoil: Callable[[Lines], Lines]
) -> None:
    lines = [json.loads(each) for each in export.read_text("utf-8").splitlines()]
    export.write_text("".join(f"{json.dumps(each)}\n" for each in spoil(lines)), "utf-8")
    done = auditor(tmp_path, str(export), "--public-key", str(tmp_path / "key.pem"))
    assert done.returncode == 2
    assert "WRONG: test " in done.stdout


def test_openssl_checks_signatures_where_cryptography_is_missing(
    export: Path, tmp_path: Path
) -> None:
    lines = export.read_text("utf-8")
    (tmp_path / "hidden").mkdir()
    (tmp_path / "hidden" / "cryptography.py").write_text("raise ImportError\n", "utf-8")
    code = (
        "import sys; sys.path.insert(0, {hidden!r}); sys.path.insert(1, {here!r}); "
        "import verify_audit; sys.exit(verify_audit.main(sys.argv[1:]))"
    ).format(hidden=str(tmp_path / "hidden"), here=str(tmp_path / "auditor"))
    key = str(tmp_path / "key.pem")
    assert auditor(tmp_path, str(export), "--public-key", key).returncode == 0
    for spoil, expected in ((False, 0), (True, 2)):
        export.write_text(lines.replace('"at": "2', '"at": "3') if spoil else lines, "utf-8")
        done = subprocess.run(
            [sys.executable, "-c", code, str(export), "--public-key", key],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == expected, done.stdout + done.stderr


def test_another_key_is_found(export: Path, tmp_path: Path) -> None:
    from imis_sso.store.signing import load_signer

    class Places:
        data_dir = tmp_path / "other"
        audit_key_file = None

    other = tmp_path / "other.pem"
    other.write_text(load_signer(Places()).public_pem, "utf-8")
    done = auditor(tmp_path, str(export), "--public-key", str(other))
    assert done.returncode == 2
    assert "the signature is not by this key" in done.stdout


def test_what_cannot_be_checked_is_an_error(config: str, tmp_path: Path) -> None:
    absent = str(tmp_path / "absent.pem")
    told = command("audit", "verify", "test", "--config", config, "--public-key", absent)
    told.failed("the trail cannot be checked: …")
    done = auditor(tmp_path, str(tmp_path / "absent.jsonl"))
    assert (done.returncode, done.stdout) == (1, "")


def test_an_empty_trail(registry: Registry) -> None:
    told = command("audit", "checkpoint", "test", "--config", str(registry()))
    told.failed("the trail of test is empty: there is no checkpoint yet")
    told = command("audit", "verify", "test", "--config", str(registry()))
    assert told.out == "0 lines, 0 checkpoints, signatures checked: all is well.\n"


def test_a_sink_of_the_registry_gets_the_trail(registry: Registry, tmp_path: Path) -> None:
    """Also what a short command wrote: it delivers before it ends."""
    file, outside = registry(), tmp_path / "outside.jsonl"
    text = file.read_text("utf-8")
    file.write_text(f"{text}\naudit: {{sinks: [{{name: out, file: {outside}}}]}}\n", "utf-8")
    assert command("check-config", "--config", str(file)).code == 0
    assert command("mode", "test", "test_mode", "--config", str(file)).code == 0
    found = [json.loads(each) for each in outside.read_text("utf-8").splitlines()]
    # At least once: what was on its way when the command ended may have come twice.
    kinds = {each["seq"]: each["kind"] for each in found if "kind" in each}
    assert kinds == {1: "intent", 2: "outcome"}
    assert (found[-1]["checkpoint"], found[-1]["seq"]) == (1, 2)


@pytest.mark.parametrize(
    ("sink", "said"),
    [
        ("{name: a}", "must have exactly one of file, syslog and webhook"),
        ("{name: a, file: x, syslog: 'udp://h:1'}", "must have exactly one of"),
        ("{name: a, file: x, token: 'env:T'}", "has a token, which only a webhook takes"),
        ("{name: a, syslog: 'http://h'}", "must be tls://host:port"),
        ("{name: a, webhook: 'http://h/x'}", "must be an https address"),
        ("{name: a, file: x}, {name: a, file: y}", "has two sinks of one name"),
    ],
)
def test_a_sink_that_cannot_be_is_explained(registry: Registry, sink: str, said: str) -> None:
    file = registry()
    file.write_text(f"{file.read_text('utf-8')}\naudit: {{sinks: [{sink}]}}\n", "utf-8")
    told = command("check-config", "--config", str(file))
    assert told.code == 1
    assert said in told.err
