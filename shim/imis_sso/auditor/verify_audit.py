#!/usr/bin/env python3
"""Verify an exported audit trail. One file: it needs Python 3.11 and nothing of the service.

Usage: verify_audit.py EXPORT.jsonl [--public-key KEY.pem] [--anchor ANCHOR.jsonl]

The export has one JSON object on each line: lines of the trail (they have `seq`, `prev`, `hash`)
and signed checkpoints (they have `checkpoint`). What is checked:

1. A line's `hash` is the SHA-256 of the line without it, written as canonical JSON: keys sorted,
   no spaces, UTF-8, with < > & U+2028 U+2029 escaped.
2. Numbers follow each other from 1, and `prev` is the hash of the line before (64 zeros first).
3. Every checkpoint names a hash that its line has. One whose line is missing shows that the end
   was cut off. Give checkpoints that were kept outside with --anchor: whoever can rewrite the
   database cannot rewrite those.
4. Every checkpoint's signature is Ed25519 over the canonical JSON of its `checkpoint`,
   `environment`, `seq`, `hash` and `at`, by the key of --public-key. Signatures need the Python
   package cryptography, or else the command openssl.

Exit codes: 0 all is well, 2 something is wrong, 1 it could not be checked.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

GENESIS = "0" * 64
ESCAPED = {ord(each): f"\\u{ord(each):04x}" for each in "<>&\u2028\u2029"}
Check = Callable[[bytes, bytes], bool]


def canonical(value: object) -> bytes:
    """Write a value in canonical JSON."""
    plain = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return plain.translate(ESCAPED).encode()


def signature_check(pem: bytes) -> Check:
    """Give a function that checks a signature of a message with a public key in PEM form."""
    try:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
        from cryptography.hazmat.primitives.serialization import load_pem_public_key
    except ImportError:
        return _openssl(pem)
    key = load_pem_public_key(pem)
    if not isinstance(key, Ed25519PublicKey):
        raise ValueError("the public key is not Ed25519")

    def check(message: bytes, signature: bytes) -> bool:
        try:
            key.verify(signature, message)
        except InvalidSignature:
            return False
        return True

    return check


def _openssl(pem: bytes) -> Check:
    def check(message: bytes, signature: bytes) -> bool:
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder)
            names = {"key": pem, "message": message, "signature": signature}
            for name, content in names.items():
                (place / name).write_bytes(content)
            words = ["openssl", "pkeyutl", "-verify", "-pubin", "-rawin"]
            words += ["-inkey", "key", "-in", "message", "-sigfile", "signature"]
            done = subprocess.run(words, cwd=place, capture_output=True, check=False)  # noqa: S603
        return done.returncode == 0

    return check


def read(file: Path) -> Iterator[dict[str, Any]]:
    """Read the objects of a file; raises ValueError where a line is none."""
    for number, text in enumerate(file.read_text("utf-8").splitlines(), start=1):
        found = json.loads(text) if text.strip() else None
        if found is not None and not isinstance(found, dict):
            raise ValueError(f"line {number} of {file} is not an object")
        if found is not None:
            yield found


def chain_faults(lines: list[dict[str, Any]]) -> Iterator[str]:
    """Check one environment's lines, in the order of the file."""
    prev, expected = GENESIS, 1
    for line in lines:
        seq, found = line.get("seq"), line.get("hash")
        where = f"{line.get('environment')} line {seq}"
        body = {key: value for key, value in line.items() if key != "hash"}
        if seq != expected:
            yield f"{where}: line {expected} is missing before it"
        if hashlib.sha256(canonical(body)).hexdigest() != found:
            yield f"{where}: its hash does not fit what it says"
        if line.get("prev") != prev:
            yield f"{where}: it does not follow the line before it"
        prev, expected = str(found), (seq if isinstance(seq, int) else expected) + 1


def checkpoint_faults(
    lines: list[dict[str, Any]], checkpoints: list[dict[str, Any]], check: Check | None
) -> Iterator[str]:
    """Check one environment's checkpoints against its lines, and their signatures."""
    hashes = {line.get("seq"): line.get("hash") for line in lines}
    for each in checkpoints:
        seq = each.get("seq")
        where = f"{each.get('environment')} checkpoint {seq}"
        if seq not in hashes:
            yield f"{where}: the trail ends at line {len(lines)}; its end was cut off"
        elif hashes[seq] != each.get("hash"):
            yield f"{where}: the line has another hash; the trail was rewritten"
        if check is not None and not _signed(each, check):
            yield f"{where}: the signature is not by this key"


def _signed(checkpoint: dict[str, Any], check: Check) -> bool:
    keys = ("at", "checkpoint", "environment", "hash", "seq")
    statement = canonical({key: checkpoint.get(key) for key in keys})
    try:
        return check(statement, bytes.fromhex(str(checkpoint.get("signature"))))
    except ValueError:
        return False


def verify(export: Path, anchors: list[Path], check: Check | None) -> tuple[str, list[str]]:
    """Give a sentence about what was checked, and everything that is wrong."""
    entries = [*read(export), *(each for anchor in anchors for each in read(anchor))]
    checkpoints = [each for each in entries if "checkpoint" in each]
    lines = [each for each in read(export) if "prev" in each]
    environments = sorted({str(each.get("environment")) for each in [*lines, *checkpoints]})
    found: list[str] = []
    for name in environments:
        own = [each for each in lines if each.get("environment") == name]
        marks = [each for each in checkpoints if each.get("environment") == name]
        found += [*chain_faults(own), *checkpoint_faults(own, marks, check)]
    signed = "signatures checked" if check else "signatures NOT checked: no --public-key"
    return f"{len(lines)} lines, {len(checkpoints)} checkpoints, {signed}", found


def main(arguments: list[str] | None = None) -> int:
    """Run the verifier."""
    parser = argparse.ArgumentParser(description="Verify an exported audit trail.")
    parser.add_argument("export", type=Path)
    parser.add_argument("--public-key", type=Path)
    parser.add_argument("--anchor", type=Path, action="append", default=[])
    given = parser.parse_args(arguments)
    try:
        pem = given.public_key.read_bytes() if given.public_key else None
        check = signature_check(pem) if pem else None
        said, found = verify(given.export, given.anchor, check)
    except (OSError, ValueError) as error:
        print(f"cannot be checked: {error}", file=sys.stderr)
        return 1
    for each in found:
        print(f"WRONG: {each}")
    print(f"{said}: {'something is wrong' if found else 'all is well'}.")
    return 2 if found else 0


if __name__ == "__main__":
    sys.exit(main())
