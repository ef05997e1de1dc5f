"""The key that signs checkpoints and the spool: Ed25519, a key of its own (contract 7)."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final, Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from imis_sso.store.key import make_private, read_private
from imis_sso.store.place import private_directory, refusal

AUDIT_KEY_FILE: Final = "audit.key"


class AuditKeyPlaces(Protocol):
    """The two settings that say where the key is."""

    @property
    def data_dir(self) -> Path:
        """The data directory, where the key is made if no file is named."""

    @property
    def audit_key_file(self) -> Path | None:
        """The file with the key, which must exist; None for the one in the data directory."""


class Signer:
    """Signs statements of this service, and checks them. It never prints its key."""

    __slots__ = ("_key", "name")

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.name = key_name(key.public_key())

    def __repr__(self) -> str:
        return f"Signer({self.name})"

    @property
    def public_pem(self) -> str:
        """The public key in PEM form, for auditors."""
        form = PublicFormat.SubjectPublicKeyInfo
        return self._key.public_key().public_bytes(Encoding.PEM, form).decode()

    def sign(self, statement: bytes) -> str:
        """Give the signature of a statement, in hexadecimal (RFC 8032)."""
        return self._key.sign(statement).hex()

    def signed(self, statement: bytes, signature: str) -> bool:
        """Tell whether a signature is ours and fits."""
        return is_signed(self._key.public_key(), statement, signature)


def key_name(key: Ed25519PublicKey) -> str:
    """Name a public key: the first 16 hexadecimal digits of the SHA-256 of its bytes."""
    return hashlib.sha256(key.public_bytes(Encoding.Raw, PublicFormat.Raw)).hexdigest()[:16]


def is_signed(key: Ed25519PublicKey, statement: bytes, signature: str) -> bool:
    """Tell whether a hexadecimal signature of a statement was made with this key's private half."""
    try:
        key.verify(bytes.fromhex(signature), statement)
    except (InvalidSignature, ValueError):
        return False
    return True


def load_signer(settings: AuditKeyPlaces) -> Signer:
    """Give the audit key, made on the first start unless a file is named.

    Raises ConfigurationError, in one line, where the file is missing, no Ed25519 key in PEM form,
    or open to others.
    """
    if settings.audit_key_file is not None:
        return loaded(settings.audit_key_file)
    path = private_directory(settings.data_dir) / AUDIT_KEY_FILE
    if not path.exists():
        make_private(path, new_key_pem())
    return loaded(path)


def new_key_pem() -> str:
    """Make a key and give it in PEM form, as `openssl genpkey -algorithm ed25519` does."""
    made = Ed25519PrivateKey.generate()
    return made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def new_signer() -> Signer:
    """Give a signer whose key nobody else has and nobody keeps."""
    return Signer(Ed25519PrivateKey.generate())


def loaded(path: Path) -> Signer:
    """Give the key in a file; raises ConfigurationError as `load_signer`."""
    try:
        key = load_pem_private_key(read_private(path, "audit key"), None)
    except (ValueError, TypeError):
        raise refusal(path, "holds no Ed25519 private key in PEM form") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise refusal(path, "holds a key of another kind than Ed25519")
    return Signer(key)
