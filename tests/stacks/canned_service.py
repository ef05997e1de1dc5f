"""A canned server in the contract's shapes, so that plans can be compared without products.

It knows no product and checks nothing: PUT merges (contract C2), DELETE retains (C5), the rest is a
fixed document. The service itself is tested elsewhere.
"""

from __future__ import annotations

import copy
import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

TOKEN = "canned-token-5f1d"
VERSION = "v1-0123456789abcdef"
SHOWN = {
    "client_id": "3f1c-test",
    "client_secret_version": VERSION,
    "discovery_url": "https://sso-test.example.org/.well-known/openid-configuration",
    "issuer": "https://sso-test.example.org",
}
FAILED = {
    "id": "client.id-matches",
    "status": "failed",
    "detail": "iMIS holds another client id than Cloud SSO shows.",
    "fields": ["client_id"],
    "remedy": "Apply the settings.",
}


def untouched() -> dict[str, Any]:
    """Give the documents of a pair on which nobody has worked yet (contract 1.1, C4)."""
    openid_connect = {
        "authority_url": "",
        "client_id": "",
        "client_secret_ref": "",
        "client_secret_version": "",
        "email_body": "",
        "external_id_claim_type": "external_id",
        "name": "Cloud SSO",
        "redirect_login_url": "",
        "require_public_users": False,
        "set_login_hint": True,
        "tenant_id": "",
        "type": "okta",
        "user_authentication": {"claim_type": "staff", "claim_value": "1"},
        "well_known_url": "",
    }
    return {
        "imis/openid-connect": openid_connect,
        "imis/oidc-authentication": {"mode": "disabled"},
        "cloud-sso/imis-client": dict(SHOWN),
        "cloud-sso/imis-sso-settings": {"redirect_url": ""},
        "cloud-sso": {
            "items": [{"id": name, "name": name} for name in ("imis-client", "imis-sso-settings")]
        },
        "secrets/vaulted": {"name": "vaulted", "version": "v1-fedcba9876543210"},
        "verification": {
            "environment": "test",
            "passed": True,
            "proof": "passive",
            "checks": [FAILED | {"status": "passed", "remedy": ""}],
        },
    }


@dataclass
class CannedService:
    """The documents by path below the environment, and every request seen."""

    url: str = ""
    documents: dict[str, Any] = field(default_factory=untouched)
    requests: list[tuple[str, str, Any]] = field(default_factory=list)
    busy: int = 0

    def reset(self) -> None:
        """Go back to an untouched pair and forget the requests."""
        self.documents = untouched()
        self.requests.clear()
        self.busy = 0

    def writes(self) -> list[tuple[str, str, Any]]:
        """Give the requests that were no GET, in the order of their arrival."""
        return [request for request in self.requests if request[0] != "GET"]


def merged(live: dict[str, Any], declared: dict[str, Any]) -> dict[str, Any]:
    """Give the live document with what was declared, at every depth (contract C2)."""
    result = copy.deepcopy(live)
    for key, value in declared.items():
        inner = result.get(key)
        result[key] = merged(inner, value) if isinstance(inner, dict) else value
    return result


class _Server(ThreadingHTTPServer):
    def __init__(self, service: CannedService) -> None:
        self.service = service
        super().__init__(("127.0.0.1", 0), _Handler)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _answer(self, status: int, document: Any = None) -> None:
        body = b"" if document is None else json.dumps(document, sort_keys=True).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if status == HTTPStatus.SERVICE_UNAVAILABLE:
            self.send_header("Retry-After", "1")
        self.end_headers()
        self.wfile.write(body)

    def _handle(self) -> None:
        service = self.server.service
        length = int(self.headers.get("Content-Length") or 0)
        sent = json.loads(self.rfile.read(length)) if length else None
        if self.path == "/v1/healthz":
            return self._answer(200, {"status": "ok"})
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            return self._answer(401, {"detail": "no such token"})
        service.requests.append((self.command, self.path, sent))
        if service.busy:
            service.busy -= 1
            return self._answer(503, {"detail": "busy"})
        return self._document(self.path.partition("?")[0].split("/", 4)[-1], sent)

    def _document(self, name: str, sent: Any) -> None:
        documents = self.server.service.documents
        if name not in documents:
            return self._answer(404, {"detail": f"nothing at {name}"})
        if self.command == "DELETE":
            return self._answer(204)
        if self.command == "PUT":
            documents[name] = merged(documents[name], sent)
        return self._answer(200, documents[name])

    do_GET = do_PUT = do_DELETE = _handle  # noqa: N815 - the standard library chose the names


@contextmanager
def running() -> Iterator[CannedService]:
    """Serve on a free loopback port until the block is left."""
    service = CannedService()
    server = _Server(service)
    service.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
