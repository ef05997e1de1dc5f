"""What the simulated Cloud SSO holds: the iMIS client, the redirect URL, sessions, its key."""

from __future__ import annotations

import secrets
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from imis_sso.simulators.cloud_sso.faults import KINDS
from imis_sso.simulators.cloud_sso.sessions import Session, Sessions
from imis_sso.simulators.openid.server import equal
from imis_sso.simulators.product import assign, new_secret
from imis_sso.simulators.second_factor import SecondFactor, new_totp_secret
from imis_sso.simulators.wrong_certificates import CERTIFICATES

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Container, Mapping

    from imis_sso.simulators.cloud_sso.directories import Directory
    from imis_sso.simulators.log import Attempt
    from imis_sso.simulators.openid.keys import SigningKey
    from imis_sso.simulators.variant import Variant

WELL_KNOWN, RETURN_PATH = "/.well-known/openid-configuration", "/oauth2/return"
_PATCHABLE: Mapping[str, type | Container[object]] = {
    "cloud_id": str,
    "username": str,
    "password": str,
    "client_id": str,
    "client_secret": str,
    "issuer": str,
    "metadata_issuer": str,
    "discovery_url": str,
    "redirect_url": str,
    "token_methods": list,
    "client_type": ("confidential", "public"),
    "client_status": ("active", "disabled"),
    "redirect_match": ("exact", "pattern"),
    "signing_algorithm": ("RS256", "RS512", "HS512"),
    "published_keys": ("signing", "encryption", "none", "foreign"),
    "certificate": CERTIFICATES,
    "id_token_seconds": int,
    "session_seconds": int,
    "cookie_seconds": int,
    "totp_secret": str,
    "totp_period": int,
    "lockout_seconds": int,
    "directory_limit": int,
}
_USUAL_CLIENT = "confidential", "active", "exact"


class CloudSsoModel(Sessions):
    """The state of one simulated Cloud SSO, for the server and for tests in the same process."""

    def __init__(
        self,
        name: str,
        base_url: str,
        variant: Variant,
        key: SigningKey,
        clock: Callable[[], float] = time.monotonic,
        *,
        trust: ssl.SSLContext | None = None,
        directories: Mapping[str, Directory] | None = None,
    ) -> None:
        super().__init__(variant, KINDS)
        self.base_url, self.key, self._clock, self.trust = base_url, key, clock, trust
        self.return_url = base_url + RETURN_PATH
        self._directories = dict(directories or {})
        self._lock = threading.RLock()
        self._account = f"example{name}", f"sso.admin@{name}.example.org", new_secret()
        self.login_anti_forgery = secrets.token_urlsafe(32)
        self._client = secrets.token_hex(12), new_secret()
        self._totp_secret = new_totp_secret()
        self.seed()
        self.log.reset(self.held())

    def seed(self) -> None:
        """Put back the client, settings and credentials the simulation starts with."""
        with self._lock:
            self.cloud_id, self.username, self.password = self._account
            self.client_id, self.client_secret = self._client
            self.issuer = self.base_url
            self.metadata_issuer = ""
            self.discovery_url = self.base_url + WELL_KNOWN
            self.discovery_path = WELL_KNOWN
            self.redirect_url = ""
            self.token_methods = ["client_secret_basic", "client_secret_post"]
            self.client_type, self.client_status, self.redirect_match = _USUAL_CLIENT
            self.signing_algorithm, self.published_keys = "RS256", "signing"
            self.certificate, self.id_token_seconds = "valid", 300
            self.directories = dict(self._directories)
            # The edition's (product facts 4.3); 0 is none.
            self.directory_limit = 0
            self._last_number = max((each.number for each in self.directories.values()), default=0)
            self.session_seconds, self.cookie_seconds, self.lockout_seconds = 1200, 0, 30
            self.totp_secret, self.totp_period = self._totp_secret, 30
            self.second_factor = SecondFactor()
            self._sessions: dict[str, Session] = {}
            self._failures, self._locked_until = 0, 0.0

    def held(self) -> dict[str, object]:
        """Give the page's one input."""
        return {"redirect_url": self.redirect_url}

    def shown_redirect_url(self, attempt: Attempt) -> str:
        """Give the page's one input to a request, and note in the log what it is shown."""
        with self._lock:
            self.log.show(attempt)
            return self.redirect_url

    def save_redirect_url(self, value: str, attempt: Attempt | None = None) -> None:
        """Store the page's one input."""
        with self._lock:
            self.redirect_url = value
            self.log.hold(self.held(), attempt)
        self.counters.count("stored")

    def rotate_secret(self) -> str:
        """Give the client a new secret at once, and return it."""
        self.client_secret = new_secret()
        return self.client_secret

    def authenticates(self, method: str, client_id: str, client_secret: str) -> bool:
        """Say whether these are the client's credentials, given by a method it may use.

        A public client has no secret, so any will do.
        """
        if client_id != self.client_id or self.client_status == "disabled":
            return False
        if self.client_type == "public":
            return True
        return method in self.token_methods and equal(client_secret, self.client_secret)

    @property
    def named_issuer(self) -> str:
        """The issuer that the metadata and the tokens name."""
        return self.metadata_issuer or self.issuer

    def directory(self, number: int) -> Directory | None:
        """Give the directory with a record number, or None."""
        return next((each for each in self.directories.values() if each.number == number), None)

    @property
    def is_full(self) -> bool:
        """Whether the edition allows no more directories."""
        return 0 < self.directory_limit <= len(self.directories)

    def save_directory(self, wanted: Directory) -> int:
        """Store a directory, a new one (number 0) under the next number; gives its number.

        Inferred: the number of a deleted directory never comes again (product facts 4.3).
        """
        with self._lock:
            number = wanted.number or self._last_number + 1
            self._last_number = max(self._last_number, number)
            keys = {each.number: key for key, each in self.directories.items()}
            key = keys.get(number, f"directory-{number}")
            self.directories[key] = replace(wanted, number=number)
        self.counters.count("stored")
        return number

    def delete_directory(self, number: int) -> None:
        """Forget a directory; people who were linked through it are strangers from now on."""
        with self._lock:
            kept = {key: each for key, each in self.directories.items() if each.number != number}
            self.directories = kept
        self.counters.count("stored")

    def change_directory(self, key: str, **changes: Any) -> None:
        """Change fields of a directory, and merge `claims`, as a person would.

        Raises ValueError for a directory or a field that does not exist.
        """
        self.directories[key] = self._changed(key, changes)

    def _changed(self, key: str, changes: Mapping[str, Any]) -> Directory:
        if key not in self.directories:
            message = f"unknown directory {key!r}; known: {', '.join(self.directories)}"
            raise ValueError(message)
        return self.directories[key].changed(changes)

    def state(self) -> dict[str, object]:
        """Give everything, secrets in clear."""
        return {name: getattr(self, name) for name in _PATCHABLE} | {
            "discovery_path": self.discovery_path,
            "return_url": self.return_url,
            "directories": {key: each.as_dict() for key, each in self.directories.items()},
            "sessions": len(self._sessions),
            "failures": self._failures,
            "lockout_left": self.lockout_left(),
        }

    def patch(self, changes: Mapping[str, object]) -> None:
        """Change any value of `state` a person could; raises ValueError for anything else.

        A discovery address on this origin moves the metadata there; `metadata_issuer` other than
        the empty text makes the metadata name another issuer than the page shows. A change of
        credentials, or `lockout_seconds`, lifts a lock-out; one of `totp_…` forgets used codes.
        `directories` takes changes by the name of a flavour.
        """
        plain: dict[str, Any] = dict(changes)
        directories = plain.pop("directories", {})
        with self._lock:
            changed = {key: self._changed(key, each) for key, each in directories.items()}
            assign(self, plain, _PATCHABLE)
            self.directories |= changed
            if "redirect_url" in changes:
                self.log.hold(self.held())
        moved = urlsplit(self.discovery_url)
        if f"{moved.scheme}://{moved.netloc}" == self.base_url:
            self.discovery_path = moved.path
        if changes.keys() & {"totp_secret", "totp_period"}:
            self.second_factor = SecondFactor()
        if changes.keys() & {"username", "password", "cloud_id", "lockout_seconds"}:
            self._failures, self._locked_until = 0, 0.0
