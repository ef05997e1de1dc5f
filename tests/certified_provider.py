"""A certified OpenID provider (npm's `oidc-provider`), installed once and run beside the tests.

Where Node, npm or a package registry is missing it is named as not run, neither a failure nor a
success.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import ssl
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme

HERE = Path(__file__).resolve().parent / "certified"
CACHE = HERE.parents[1] / ".tools" / "certified-provider"
INSTALL_SECONDS = 180
NOT_RUN = "not run: verification at a certified provider"


class NotRunError(Exception):
    """The provider cannot be had here; the text says why."""


@cache
def installed() -> Path:
    """Give the folder with the provider, installed by its lock file where it is not there yet.

    Raises NotRunError.
    """
    content = b"".join((HERE / each).read_bytes() for each in _FILES)
    place = CACHE / hashlib.sha256(content).hexdigest()[:16]
    if not place.exists():
        _install(place)
    return place


_FILES = ("package.json", "package-lock.json", "provider.mjs")


def _install(place: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise NotRunError("no program npm on PATH")
    place.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place.parent) as folder:
        fresh = Path(folder) / "fresh"
        fresh.mkdir()
        for each in _FILES:
            shutil.copy(HERE / each, fresh)
        command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        try:
            done = subprocess.run(
                command, cwd=fresh, capture_output=True, timeout=INSTALL_SECONDS, check=False
            )
        except subprocess.TimeoutExpired:
            raise NotRunError("npm did not get it in time") from None
        if done.returncode:
            raise NotRunError("npm cannot get it")
        try:
            fresh.rename(place)
        except OSError:
            # Another process was quicker.
            if not place.exists():
                raise


def not_run(skipped: Iterable[Any]) -> list[str]:
    """Give one line for each reason why tests wanted the provider and could not have it."""
    reasons = {str(each.longrepr[2]) for each in skipped if isinstance(each.longrepr, tuple)}
    return sorted(each.removeprefix("Skipped: ") for each in reasons if NOT_RUN in each)


class Certified:
    """The running provider: its address, and its controls."""

    def __init__(self, port: int, ca_file: Path) -> None:
        self.issuer = f"https://127.0.0.1:{port}"
        self.host = f"127.0.0.1:{port}"
        self.ca_file = ca_file
        self.discovery_url = f"{self.issuer}/.well-known/openid-configuration"
        context = ssl.create_default_context(cafile=str(ca_file))
        self._client = httpx.Client(base_url=self.issuer, verify=context, trust_env=False)

    def refused(self) -> list[str]:
        """Give what the provider refused since it was asked last."""
        found: list[str] = self._client.get("/__refused").json()
        return found

    def answer_instead(self, **answer: Any) -> None:
        """Have a path answer something else; nothing ends it."""
        self._client.put("/__instead", json=answer)

    def close(self) -> None:
        """Close the connection to the controls."""
        self._client.close()


@contextmanager
def running(place: Path, clients: list[dict[str, Any]]) -> Iterator[Certified]:
    """Run the provider with these clients; a test that cannot have it is skipped as not run."""
    try:
        folder = installed()
    except NotRunError as error:
        pytest.skip(f"{NOT_RUN} ({error})")
    authority = trustme.CA()
    ca_file, pem = place / "certified-ca.pem", place / "certified.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(pem))
    command = ["node", "provider.mjs", str(pem), json.dumps(clients)]
    quiet = os.environ | {"NODE_NO_WARNINGS": "1"}
    with subprocess.Popen(
        command, cwd=folder, env=quiet, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            provider = Certified(_port(process), ca_file)
            yield provider
            provider.close()
        finally:
            process.kill()


def _port(process: subprocess.Popen[str]) -> int:
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("{"):
            return int(json.loads(line)["port"])
    raise AssertionError("the provider did not start")
