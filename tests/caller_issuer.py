"""A real issuer over HTTPS for tests: discovery, keys, and tokens that it signs."""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import trustme
from joserfc import jws
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

Key = RSAKey | ECKey | OKPKey | OctKey
AUDIENCE = "imis-sso"
WELL_KNOWN = "/.well-known/openid-configuration"


class TestIssuer:
    """An issuer on loopback. `answers` says what each path answers, a status by itself too."""

    __test__ = False

    def __init__(self, ca_file: Path, port: int) -> None:
        self.ca_file = ca_file
        self.url = f"https://127.0.0.1:{port}"
        self.asked: list[str] = []
        self.keys: dict[str, Key] = {"rsa": RSAKey.generate_key(2048, {"kid": "rsa"})}
        self.answers: dict[str, Any] = {
            WELL_KNOWN: {"issuer": self.url, "jwks_uri": f"{self.url}/keys"}
        }
        self.publish()

    def add(self, key_id: str, key: Key) -> None:
        """Publish one more key."""
        self.keys[key_id] = key
        self.publish()

    def publish(self) -> None:
        """Show the public half of every key; a symmetric one in full, as a careless issuer might."""
        shown = [
            each.as_dict(private=isinstance(each, OctKey)) | {"kid": kid}
            for kid, each in self.keys.items()
        ]
        self.answers["/keys"] = {"keys": shown}

    def claims(self, **changed: Any) -> dict[str, Any]:
        """Give claims as GitHub's; None takes one out."""
        now = int(time.time())
        claims = {
            "iss": self.url,
            "aud": AUDIENCE,
            "sub": "repo:acme/members:ref:refs/heads/main",
            "repository": "acme/members",
            "ref": "refs/heads/main",
            "sha": "0a1b2c3d",
            "run_id": "4711",
            "actor": "jane",
            "iat": now,
            "nbf": now,
            "exp": now + 600,
        } | changed
        return {name: each for name, each in claims.items() if each is not None}

    def token(
        self, algorithm: str = "RS256", kid: str = "rsa", key: Key | None = None, **changed: Any
    ) -> str:
        """Sign a token; changes are laid over its claims."""
        header = {"alg": algorithm, "kid": kid, "typ": "JWT"}
        return signed(header, json.dumps(self.claims(**changed)), key or self.keys[kid])


def signed(header: dict[str, Any], payload: str, key: Key) -> str:
    """Sign any payload under any header, the wrong ones included."""
    registry = _Everything(strict_check_header=False)
    return jws.serialize_compact(header, payload, key, registry=registry)


class _Everything(jws.JWSRegistry):
    def get_alg(self, name: str) -> Any:
        return self.algorithms[name]

    def check_header(self, header: Any) -> None:
        pass


@contextmanager
def serving(folder: Path) -> Iterator[TestIssuer]:
    """Serve an issuer from a thread of its own."""
    authority = trustme.CA(key_type=trustme.KeyType.ECDSA)
    ca_file = folder / "issuer-ca.pem"
    authority.cert_pem.write_to_path(ca_file)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1", key_type=trustme.KeyType.ECDSA).configure_cert(context)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            issuer.asked.append(self.path)
            answer = issuer.answers.get(self.path, 404)
            body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            self.send_response(answer if isinstance(answer, int) else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    issuer = TestIssuer(ca_file, server.server_port)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield issuer
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
