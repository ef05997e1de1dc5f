"""Who is signed in to the simulated Staff site, and the hidden state of its forms."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from imis_sso.simulators.product import new_session

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

VIEW_STATE, EVENT_VALIDATION = "__VIEWSTATE", "__EVENTVALIDATION"
_SECONDS = 1200.0


@dataclass
class StaffSession:
    """One signed-in browser; `notice` is shown once, by the page after a save."""

    name: str
    expires: float
    notice: str = ""


class StaffSessions:
    """Sessions by the name in their cookie; thread-safe."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock, self._lock = clock, threading.Lock()
        self._key = secrets.token_bytes(32)
        self._sessions: dict[str, StaffSession] = {}

    def open(self) -> StaffSession:
        """Begin a session."""
        session = StaffSession(new_session(), self._clock() + _SECONDS)
        with self._lock:
            self._sessions[session.name] = session
        return session

    def find(self, name: str) -> StaffSession | None:
        """Give the session of this name, its life extended, or None where there is none."""
        with self._lock:
            session = self._sessions.get(name)
            if session is None or session.expires <= self._clock():
                self._sessions.pop(name, None)
                return None
            session.expires = self._clock() + _SECONDS
            return session

    def close(self, name: str) -> None:
        """End one session."""
        with self._lock:
            self._sessions.pop(name, None)

    def clear(self) -> None:
        """End every session."""
        with self._lock:
            self._sessions.clear()

    def state(self, session: StaffSession | None, page: str) -> dict[str, str]:
        """Give the hidden fields of a form: made anew each time, good for this session and page."""
        view = secrets.token_urlsafe(48)
        return {VIEW_STATE: view, EVENT_VALIDATION: self._signed(session, page, view)}

    def fits(self, session: StaffSession | None, page: str, form: Mapping[str, str]) -> bool:
        """Say whether a form came back with the hidden fields it was given."""
        signed = self._signed(session, page, form.get(VIEW_STATE, ""))
        return hmac.compare_digest(signed, form.get(EVENT_VALIDATION, ""))

    def _signed(self, session: StaffSession | None, page: str, view: str) -> str:
        told = f"{session.name if session else ''} {page} {view}"
        return hmac.new(self._key, told.encode(), hashlib.sha256).hexdigest()
