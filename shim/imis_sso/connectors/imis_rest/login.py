"""The log-in at iMIS: one password, tried once (product facts 3.3, contract C47)."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlencode

from imis_sso.connectors.base import Credential, LoginGuard
from imis_sso.connectors.imis_rest.transport import Answer, NoAnswer, Request, Transport
from imis_sso.domain.problems import (
    Problem,
    UpstreamCredentialsRefused,
    UpstreamError,
    UpstreamRefused,
    UpstreamUnavailable,
)
from imis_sso.domain.secret import Secret

logger = logging.getLogger(__name__)

_FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}
# RFC 6750 section 2.1; anything else could not be sent in a header.
_TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/-]+=*")
# RFC 6749 section 5.2: these say nothing about the password.
_NOT_THE_PASSWORD: Final = frozenset(
    {"invalid_request", "unsupported_grant_type", "invalid_scope", "unauthorized_client"}
)
_MARGIN_SECONDS: Final = 30.0


@dataclass(frozen=True, repr=False)
class Token:
    """A token and the moment of the monotonic clock from which it is not used any more."""

    secret: Secret
    renew_at: float

    def is_fresh(self, seconds: float = 0.0) -> bool:
        """Whether the token is worth sending, for so many seconds more."""
        return time.monotonic() + seconds < self.renew_at


class LogIn:
    """Gets tokens for one service account at one iMIS."""

    def __init__(
        self,
        transport: Transport,
        credential: Callable[[], Awaitable[Credential]],
        guard: LoginGuard,
        address: str,
        token_path: str,
    ) -> None:
        self._transport, self._credential, self._guard = transport, credential, guard
        self._address, self._path = address, token_path.lstrip("/")
        self.password: Secret | None = None
        self.username = ""
        self.tells_life: bool | None = None

    @property
    def path(self) -> str:
        """Path of the token endpoint."""
        return f"/{self._path}"

    async def token(self, seconds: float) -> Token:
        """Log in, unless exactly this log-in was refused before.

        Raises `UpstreamCredentialsRefused` (then remembered by the guard) and other Problems, and
        NoAnswer, whose `sent` is False: it speaks of the request that needs the token.
        """
        who = await self._credential()
        self.username, self.password = who.username, who.password
        async with self._guard.trying(self._address, who.username, who.password):
            return await self._tried(who, seconds)

    async def _tried(self, who: Credential, seconds: float) -> Token:
        try:
            answer = await self._transport.send(_request(self._path, who), seconds)
        except NoAnswer as failure:
            # A log-in that was sent is not repeated here: it may have been refused.
            again = failure.passing and not failure.sent
            raise NoAnswer(failure.problem, sent=False, passing=again) from None
        if _is_refusal(answer):
            logger.warning("iMIS at %s refused the log-in", self._transport.host)
            await self._guard.remember(self._address, who.username, who.password)
        return self._judged(answer)

    def _judged(self, answer: Answer) -> Token:
        if answer.status == HTTPStatus.OK:
            logger.info("logged in to iMIS at %s", self._transport.host)
            token = _token(answer.json())
            self.tells_life = token.renew_at < float("inf")
            return token
        if answer.status in {429, 503}:
            busy = UpstreamUnavailable("iMIS is too busy to log in")
            raise NoAnswer(busy, sent=False, passing=True, wait=answer.retry_after)
        raise self._problem(answer)

    def _problem(self, answer: Answer) -> Problem:
        where = f"iMIS at {self._transport.host}"
        if _is_refusal(answer):
            return UpstreamCredentialsRefused(
                f"{where} refused the user name or password of the service account; "
                "the same log-in will not be tried again"
            )
        if not HTTPStatus.BAD_REQUEST <= answer.status < HTTPStatus.INTERNAL_SERVER_ERROR:
            return UpstreamError(f"{where} answered {answer.status} to the log-in")
        return UpstreamRefused(
            f"{where} answered {answer.status} at /{self._path} and gives out no token there; "
            "older installations have another address for it (the setting token_path)"
        )


def _request(path: str, who: Credential) -> Request:
    form = {"grant_type": "password", "username": who.username, "password": who.password.reveal()}
    # An environment variable may hold bytes that are not UTF-8; they go out as they are.
    content = urlencode(form, errors="surrogateescape").encode("ascii")
    return Request("POST", path, _FORM, content)


def _is_refusal(answer: Answer) -> bool:
    if answer.status == HTTPStatus.UNAUTHORIZED:
        return True
    error = _oauth_error(answer) if answer.status == HTTPStatus.BAD_REQUEST else ""
    return bool(error) and error not in _NOT_THE_PASSWORD


def _oauth_error(answer: Answer) -> str:
    try:
        document = answer.json()
    except UpstreamError:
        return ""
    error = document.get("error") if isinstance(document, dict) else None
    return error if isinstance(error, str) else ""


def _token(document: Any) -> Token:
    found = document.get("access_token") if isinstance(document, dict) else None
    if not isinstance(found, str) or not _TOKEN.fullmatch(found):
        raise UpstreamError("iMIS took the log-in and gave no usable token")
    return Token(Secret(found), time.monotonic() + _life(document.get("expires_in")))


def _life(seconds: Any) -> float:
    # Unknown: whether every installation says how long. If not, a 401 tells in time.
    if isinstance(seconds, bool) or not isinstance(seconds, int) or seconds <= 0:
        return float("inf")
    return seconds - min(_MARGIN_SECONDS, seconds / 10)
