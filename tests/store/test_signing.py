"""The audit key: made once, private, and one clear line about every wrong one (contract 7)."""

from __future__ import annotations

import stat
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from hypothesis import given
from hypothesis import strategies as st

from imis_sso.domain.configuration import ConfigurationError
from imis_sso.store.signing import AUDIT_KEY_FILE, Signer, load_signer, new_key_pem

SIGNER = Signer(Ed25519PrivateKey.generate())
STATEMENT = b"a statement"


@dataclass(frozen=True)
class Places:
    """The two settings that say where the key is."""

    data_dir: Path
    audit_key_file: Path | None = None


def written(path: Path, content: bytes, mode: int = 0o600) -> Path:
    """Write a key file."""
    path.write_bytes(content)
    path.chmod(mode)
    return path


def refused(path: Path) -> str:
    """Give what loading a key file ends in, without the file's name: it must be one line."""
    with pytest.raises(ConfigurationError) as caught:
        load_signer(Places(path.parent, path))
    (line,) = str(caught.value).splitlines()
    assert line.startswith(f"{path}: ")
    return line.removeprefix(f"{path}: ")


def test_the_first_start_makes_a_key_and_the_next_ones_use_it(tmp_path: Path) -> None:
    places = Places(tmp_path / "data")
    first = load_signer(places)
    assert load_signer(places).public_pem == first.public_pem
    assert load_signer(Places(tmp_path / "other")).name != first.name
    path = tmp_path / "data" / AUDIT_KEY_FILE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in path.parent.iterdir()] == [AUDIT_KEY_FILE]


def test_processes_that_start_at_once_get_one_key(tmp_path: Path) -> None:
    program = (
        "from types import SimpleNamespace as S; from pathlib import Path; "
        "from imis_sso.store.signing import load_signer; "
        f"p = S(data_dir=Path({str(tmp_path / 'data')!r}), audit_key_file=None); "
        "print(load_signer(p).name)"
    )
    started = [
        subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) for _ in range(3)
    ]
    names = {each.communicate(timeout=120)[0] for each in started}
    assert names == {f"{load_signer(Places(tmp_path / 'data')).name}\n".encode()}


def test_a_key_that_openssl_made(tmp_path: Path) -> None:
    file = tmp_path / "audit.pem"
    words = ["openssl", "genpkey", "-algorithm", "ed25519", "-out", str(file)]
    subprocess.run(words, check=True, capture_output=True)
    file.chmod(0o600)
    signer = load_signer(Places(tmp_path, file))
    assert signer.signed(STATEMENT, signer.sign(STATEMENT))
    assert not (tmp_path / AUDIT_KEY_FILE).exists()


def _pem(key: Ed25519PrivateKey | ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _encrypted() -> bytes:
    locked = BestAvailableEncryption(b"made up")
    made = Ed25519PrivateKey.generate()
    return made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, locked)


NO_KEY = "holds no Ed25519 private key in PEM form"
ANOTHER = "holds a key of another kind than Ed25519"
WRONG = {
    "no-key-at-all": (b"k" * 64, NO_KEY),
    "cut": (new_key_pem().encode()[:-40], NO_KEY),
    "public": (SIGNER.public_pem.encode(), NO_KEY),
    "with-a-password": (_encrypted(), NO_KEY),
    "no-text": (bytes(range(128, 228)), NO_KEY),
    "elliptic-curve": (_pem(ec.generate_private_key(ec.SECP256R1())), ANOTHER),
    "rsa": (_pem(rsa.generate_private_key(65537, 2048)), ANOTHER),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_key_is_explained(tmp_path: Path, name: str) -> None:
    content, said = WRONG[name]
    assert refused(written(tmp_path / "audit.key", content)) == said


def test_a_key_in_the_data_directory_that_was_broken_is_not_replaced(tmp_path: Path) -> None:
    """A new one would make every old signature another's."""
    file = written(tmp_path / AUDIT_KEY_FILE, b"k" * 64)
    with pytest.raises(ConfigurationError):
        load_signer(Places(tmp_path))
    assert file.read_bytes() == b"k" * 64


def test_a_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    said = refused(written(tmp_path / "audit.key", new_key_pem().encode(), 0o640))
    assert said == "holds the audit key and is open to others: chmod 0600"


def test_a_named_file_must_exist(tmp_path: Path) -> None:
    said = refused(tmp_path / "absent.key")
    assert said == "cannot be read as audit key: No such file or directory"


def test_an_empty_file_and_a_folder_are_no_keys(tmp_path: Path) -> None:
    empty = written(tmp_path / "audit.key", b"")
    assert refused(empty) == "holds 0 bytes; the audit key has 32 to 4096"
    (tmp_path / "folder").mkdir(mode=0o700)
    assert refused(tmp_path / "folder") == "is not a regular file, as the audit key must be"


def test_the_key_is_never_printed() -> None:
    assert repr(SIGNER) == f"Signer({SIGNER.name})"


@given(st.integers(0, 511), st.binary(min_size=1, max_size=60))
def test_a_signature_fits_its_statement_alone(bit: int, statement: bytes) -> None:
    signature = SIGNER.sign(statement)
    assert SIGNER.signed(statement, signature)
    assert not SIGNER.signed(statement + b"x", signature)
    flipped = bytearray(bytes.fromhex(signature))
    flipped[bit // 8] ^= 1 << bit % 8
    assert not SIGNER.signed(statement, flipped.hex())
    assert not Signer(Ed25519PrivateKey.generate()).signed(statement, signature)


@pytest.mark.parametrize("signature", ["", "zz", "0", "00" * 64, "00" * 63])
def test_what_is_no_signature_does_not_fit(signature: str) -> None:
    assert not SIGNER.signed(STATEMENT, signature)
