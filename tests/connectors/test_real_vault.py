"""The stand-in's counterpart: a real OpenBao, where its program `bao` is on the PATH (C21)."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from imis_sso.connectors.secrets import resolve
from imis_sso.domain.problems import SecretUnavailable
from imis_sso.domain.sources import SecretSource, VaultLogIn, VaultServer

BAO = shutil.which("bao")
TOKEN, SECRET_ID, CANARY = "REAL_VAULT_TOKEN", "REAL_VAULT_SECRET_ID", "canary+/=%:&~ü\n"


class Real:
    """A development server in memory, and its API for a test to set things up."""

    def __init__(self, address: str, ca_file: Path) -> None:
        self.address, self.ca_file = address, ca_file
        self.api = httpx.Client(
            base_url=f"{address}/v1/",
            verify=ssl.create_default_context(cafile=ca_file),
            trust_env=False,
            headers={"X-Vault-Token": "root"},
        )

    def put(self, path: str, body: Any = None) -> Any:
        """Send one request of set-up and give the answer's data."""
        answer = self.api.post(path, json=body)
        assert answer.is_success, answer.text
        return answer.json()["data"] if answer.content else None

    def source(self, path: str = "secret/sso/imis one", **more: Any) -> SecretSource:
        """Give a source; keywords replace what its server is."""
        plain = {"entry": SecretSource("token", "env", TOKEN), "ca_file": self.ca_file}
        return SecretSource("entra", "vault", path, "f", VaultServer(self.address, **plain | more))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Real]:
    place = tmp_path_factory.mktemp("bao")
    port = _free_port()
    options = ["-dev", "-dev-tls", f"-dev-tls-cert-dir={place}", "-dev-root-token-id=root"]
    with (place / "log").open("wb") as log:
        process = subprocess.Popen(
            [str(BAO), "server", *options, f"-dev-listen-address=127.0.0.1:{port}"],
            stdout=log,
            stderr=log,
            env={"HOME": str(place)},
        )
    try:
        running = Real(f"https://127.0.0.1:{port}", _authority(place))
        _wait(running.api)
        yield running
        running.api.close()
    finally:
        process.terminate()
        process.wait(30)


def _authority(place: Path) -> Path:
    file = place / "vault-ca.pem"
    for _ in range(600):
        if file.exists() and file.stat().st_size:
            return file
        time.sleep(0.1)
    raise AssertionError((place / "log").read_text("utf-8"))


def _wait(api: httpx.Client) -> None:
    for _ in range(600):
        try:
            if api.get("secret/config").is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    msg = "the server does not start"
    raise AssertionError(msg)


def _refused(source: SecretSource) -> str:
    with pytest.raises(SecretUnavailable) as caught:
        resolve(source)
    return caught.value.detail.removeprefix('The secret "entra" cannot be had: ')


def test_a_secrets_life(real: Real, monkeypatch: pytest.MonkeyPatch) -> None:
    """Written, changed, deleted, destroyed, and never there."""
    monkeypatch.setenv(TOKEN, "root")
    path = "secret/data/sso/imis%20one"
    for value in ("first", CANARY):
        real.put(path, {"data": {"f": value, "other": 1}})
        assert resolve(real.source()).reveal() == value
    real.put("secret/delete/sso/imis%20one", {"versions": [2]})
    assert _refused(real.source()) == "its latest version in Vault was deleted."
    real.put("secret/destroy/sso/imis%20one", {"versions": [2]})
    assert _refused(real.source()) == "its latest version in Vault was destroyed."
    for nowhere in ("secret/sso/other", "nomount/x"):
        assert _refused(real.source(nowhere)).startswith("Vault has nothing there")


def test_an_engine_of_version_1(real: Real, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TOKEN, "root")
    real.put("sys/mounts/kv1", {"type": "kv", "options": {"version": "1"}})
    real.put("kv1/x", {"f": CANARY})
    assert _refused(real.source("kv1/x")).endswith("or its engine is not KV version 2.")


def test_a_token_that_is_not_valid(real: Real, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TOKEN, "s.unknown")
    assert _refused(real.source()).startswith("Vault refuses it")


def test_a_log_in_by_role(real: Real, monkeypatch: pytest.MonkeyPatch) -> None:
    """AppRole, with a policy for one path."""
    policy = 'path "secret/data/allowed" { capabilities = ["read"] }'
    real.put("sys/auth/approle", {"type": "approle"})
    real.put("sys/policies/acl/one", {"policy": policy})
    real.put("auth/approle/role/r", {"token_policies": "one", "token_type": "batch"})
    real.put("secret/data/allowed", {"data": {"f": CANARY}})
    real.put("secret/data/forbidden", {"data": {"f": CANARY}})
    role_id = real.api.get("auth/approle/role/r/role-id").json()["data"]["role_id"]
    monkeypatch.setenv(SECRET_ID, real.put("auth/approle/role/r/secret-id")["secret_id"])
    entry = VaultLogIn(
        "approle", ("role_id", role_id), ("secret_id", SecretSource("s", "env", SECRET_ID))
    )
    assert resolve(real.source("secret/allowed", entry=entry)).reveal() == CANARY
    forbidden = real.source("secret/forbidden", entry=entry)
    assert _refused(forbidden).startswith("Vault refuses it")
    monkeypatch.setenv(SECRET_ID, "another")
    assert _refused(real.source("secret/allowed", entry=entry)) == "Vault refuses the log-in."


def test_a_sealed_server(real: Real, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last test of this file: nobody opens it again."""
    monkeypatch.setenv(TOKEN, "root")
    real.api.put("sys/seal")
    assert _refused(real.source()) == "Vault is sealed or not ready."
