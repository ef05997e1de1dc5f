"""A server that answers as OpenBao 2.7 and HashiCorp Vault do for KV version 2, over HTTPS.

The bodies were copied from a real server; only what a test has to change is put in. It runs in a
thread, so that tests may use it from within an event loop and from without.
"""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import trustme

CANARY = "canary+/=%:&~ü"
_ENVELOPE = {
    "request_id": "2f7d9044-14aa-9ec2-aa70-d417647994d2",
    "lease_id": "",
    "renewable": False,
    "lease_duration": 0,
    "wrap_info": None,
    "warnings": None,
    "auth": None,
}


def _metadata(**more: Any) -> dict[str, Any]:
    return {
        "created_time": "2026-11-27T05:04:36.738122393Z",
        "custom_metadata": None,
        "deletion_time": "",
        "destroyed": False,
        "version": 1,
    } | more


def secret(values: Any, **metadata: Any) -> dict[str, Any]:
    """Give the body with a secret's latest version."""
    return _ENVELOPE | {"data": {"data": values, "metadata": _metadata(**metadata)}}


def gone(**metadata: Any) -> tuple[int, dict[str, Any]]:
    """Give the answer for a version that was deleted or destroyed."""
    deleted = {"deletion_time": "2026-11-27T05:04:36.758762851Z"}
    return 404, secret(None, **(deleted | metadata))


def logged_in(token: str) -> dict[str, Any]:
    """Give the body of a log-in."""
    auth = {
        "client_token": token,
        "accessor": "5a4b",
        "policies": ["default", "p"],
        "token_policies": ["default", "p"],
        "metadata": {"role_name": "r"},
        "lease_duration": 60,
        "renewable": True,
        "entity_id": "6d1c",
        "token_type": "service",
        "orphan": True,
    }
    return _ENVELOPE | {"data": None, "auth": auth}


@dataclass
class Vault:
    """What the stand-in holds and has seen.

    `answer` replaces every answer to a read: a status with a body, or a function that writes to
    the connection itself.
    """

    address: str
    ca_file: Path
    secrets: dict[str, Any] = field(default_factory=dict)
    tokens: set[str] = field(default_factory=lambda: {"s.good"})
    logins: dict[str, dict[str, str]] = field(default_factory=dict)
    answer: tuple[int, Any] | Callable[[BaseHTTPRequestHandler], None] | None = None
    headers: dict[str, str] = field(default_factory=dict)
    before: Callable[[], None] = lambda: None
    seen: list[tuple[str, str, str | None, str | None]] = field(default_factory=list)

    def respond(self, method: str, path: str, token: str | None, body: Any) -> tuple[int, Any]:
        """Answer as the real server does."""
        if method == "POST":
            wanted = self.logins.get(path)
            if wanted is None or wanted != body:
                return 400, {"errors": ["invalid role or secret ID"]}
            self.tokens.add("s.by-role")
            return 200, logged_in("s.by-role")
        if token not in self.tokens:
            return 403, {"errors": ["permission denied"]}
        if isinstance(self.answer, tuple):
            return self.answer
        found = self.secrets.get(path)
        return (404, {"errors": []}) if found is None else (200, secret(found))


class _Handler(BaseHTTPRequestHandler):
    vault: Vault
    protocol_version = "HTTP/1.1"

    def _serve(self, method: str) -> None:
        vault, token = self.vault, self.headers.get("X-Vault-Token")
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length)) if length else None
        vault.seen.append((method, self.path, token, self.headers.get("X-Vault-Namespace")))
        vault.before()
        if callable(vault.answer):
            vault.answer(self)
            self.close_connection = True
            return
        status, document = vault.respond(method, self.path, token, body)
        content = document if isinstance(document, bytes) else json.dumps(document).encode() + b"\n"
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Cache-Control", "no-store")
        self.send_header("Content-Length", str(len(content)))
        for name, value in vault.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def do_GET(self) -> None:  # the name that the library asks for
        with suppress(OSError):
            self._serve("GET")

    def do_POST(self) -> None:  # likewise
        with suppress(OSError):
            self._serve("POST")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """A client that breaks off is what tests are about."""


@contextmanager
def vault_stand_in(directory: Path, *names: str) -> Iterator[Vault]:
    """Run the stand-in with a certificate for these names while the block runs."""
    authority = trustme.CA()
    ca_file = directory / "vault-ca.pem"
    authority.cert_pem.write_to_path(ca_file)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*(names or ("127.0.0.1",))).configure_cert(context)
    handler = type("Handler", (_Handler,), {})
    server = _Server(("127.0.0.1", 0), handler)
    server.socket = context.wrap_socket(
        server.socket, server_side=True, do_handshake_on_connect=False
    )
    vault = Vault(f"https://127.0.0.1:{server.server_address[1]}", ca_file)
    handler.vault = vault
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield vault
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
