"""Who is logged in to a simulated dashboard, and who is locked out (product facts 4.1)."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from imis_sso.simulators.product import Product, new_session

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from imis_sso.simulators.second_factor import SecondFactor


@dataclass
class Session:
    """One signed-in browser."""

    expires: float
    agent: str = ""
    anti_forgery: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    notice: str = ""


class Sessions(Product):
    """The log-in of a simulated dashboard: its one account, its sessions, its lock-out."""

    cloud_id: str
    username: str
    password: str
    totp_secret: str
    totp_period: int
    session_seconds: int
    lockout_seconds: int
    second_factor: SecondFactor
    _lock: threading.RLock
    _clock: Callable[[], float]
    _sessions: dict[str, Session]
    _failures: int
    _locked_until: float

    def log_in(self, username: str, password: str, cloud_id: str) -> str | None:
        """Give a new session's id, or None where the credentials are wrong or locked out."""
        return self.open_session() if self.knows(username, password, cloud_id) else None

    def knows(self, username: str, password: str, cloud_id: str) -> bool:
        """Tell whether the credentials are right and not locked out.

        From the second refusal in a row on, each locks out twice as long as the one before
        (product facts 4.1). Unknown: how long, and what it counts by.
        """
        given, right = (username, password, cloud_id), (self.username, self.password, self.cloud_id)
        with self._lock:
            if self.lockout_left() > 0 or given != right:
                self._refuse()
                return False
            self._failures = 0
        return True

    def accepts_code(self, code: str) -> bool:
        """Tell whether a one-time code is right; a wrong one is a refused log-in."""
        with self._lock:
            right = self.second_factor.accepts(code, self.totp_secret, self.totp_period)
            if not right:
                self._refuse()
        return right

    def open_session(self, agent: str = "") -> str:
        """Give a new session's id, for a browser that calls itself so."""
        with self._lock:
            if self.variant.cloud_sso_session_limit == "one_per_user":
                self._sessions.clear()
            session_id = new_session()
            self._sessions[session_id] = Session(self._clock() + self.session_seconds, agent)
        self.counters.count("logins")
        return session_id

    def lockout_left(self) -> float:
        """Give the seconds for which no log-in is accepted, 0 when one is."""
        return max(0.0, self._locked_until - self._clock())

    def session(self, session_id: str, agent: str = "") -> Session | None:
        """Give the session of this id, its life extended, or None if there is none."""
        bound = self.variant.cloud_sso_session_limit == "same_browser"
        with self._lock:
            session = self._sessions.get(session_id)
            over = session is None or session.expires <= self._clock()
            if session is None or over or (bound and session.agent != agent):
                self._sessions.pop(session_id, None)
                return None
            session.expires = self._clock() + self.session_seconds
            return session

    def log_out(self, session_id: str) -> None:
        """End one session."""
        with self._lock:
            self._sessions.pop(session_id, None)

    def expire_sessions(self) -> None:
        """End every session."""
        with self._lock:
            self._sessions.clear()

    def _refuse(self) -> None:
        self.counters.count("refused_logins")
        if self.lockout_left() == 0:
            self._failures += 1
        if self._failures > 1:
            seconds = self.lockout_seconds * 2.0 ** (self._failures - 2)
            self._locked_until = max(self._locked_until, self._clock() + seconds)
