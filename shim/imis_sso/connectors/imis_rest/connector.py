"""The connector `imis_rest`: reads and writes the OpenID Connect record of one iMIS."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any, ClassVar, Final
from urllib.parse import quote, urlsplit

from imis_sso.connectors.base import Credential, LoginGuard, WriteUncertain
from imis_sso.connectors.imis_rest import answers, mapping, probes, wire
from imis_sso.connectors.imis_rest.asking import Asking
from imis_sso.connectors.imis_rest.choice import choose
from imis_sso.connectors.imis_rest.login import LogIn
from imis_sso.connectors.imis_rest.names import ORGANISATION, VERSION, told
from imis_sso.connectors.imis_rest.redaction import Redactor
from imis_sso.connectors.imis_rest.session import FairUse, Session
from imis_sso.connectors.imis_rest.transport import Answer, NoAnswer, Request, Transport
from imis_sso.connectors.pace import Pace
from imis_sso.connectors.proxy import FindProxy, no_proxy
from imis_sso.domain.observed import Change, Finding, Observed, Reach
from imis_sso.domain.problems import UpstreamError, UpstreamRefused
from imis_sso.domain.resources import ABOUT_IMIS, OPENID_PROVIDER, Resource
from imis_sso.domain.secret import Secret

_ENTITY: Final = "api/OpenIDProvider"
_JSON: Final = {"Content-Type": "application/json"}
_PAGE: Final = 100
_MOST_PAGES: Final = 5
_REFUSED: Final = frozenset({403, 404, 501})


class ImisRest:
    """One iMIS over REST, under one service account (product facts 3.2-3.5).

    `credential` is asked at every log-in, so that a changed password needs no restart; `guard`
    remembers refused log-ins; `provider_id` pins the record where there are several;
    `request_seconds` bounds one request, `requests_per_second` how many there are. Every read
    and every write ends within one and a half times that, waiting and log-in included, so that
    a write with the read before and the read after it stays far below 50 seconds (contract
    C33). `proxy` is on the way, where there is one; `user_agent` is added to what we call
    ourselves.
    """

    name: ClassVar[str] = "imis_rest"
    reach: ClassVar[Reach] = Reach(
        {OPENID_PROVIDER.name: frozenset(mapping.TABLE), ABOUT_IMIS.name: frozenset()}
    )

    def __init__(
        self,
        base_url: str,
        credential: Callable[[], Awaitable[Credential]],
        guard: LoginGuard,
        *,
        token_path: str = "/token",  # noqa: S107  # an address, not a password
        provider_id: str | None = None,
        ca_file: Path | None = None,
        request_seconds: float = 8.0,
        requests_per_second: int = 25,
        fair_use: FairUse | None = None,
        proxy: FindProxy = no_proxy,
        user_agent: str = "",
    ) -> None:
        pace = Pace(requests_per_second)
        transport = Transport(base_url, ca_file, pace, proxy=proxy, user_agent=user_agent)
        log_in = LogIn(transport, credential, guard, base_url, token_path)
        self._budget = 1.5 * request_seconds
        self._log_in = log_in
        self._host = transport.host
        self._session = Session(
            transport, log_in, request_seconds, self._budget, fair_use or FairUse()
        )
        self._pinned = provider_id
        self._chosen: str | None = None
        self._seen: Secret | None = None
        self._settings: tuple[int, Mapping[str, Any]] = (0, {})
        self._settings_turn = asyncio.Lock()

    def __repr__(self) -> str:
        return "ImisRest(…)"

    @property
    def write_seconds(self) -> float:
        """Seconds that a write with its read-back may take at the most (contract C33)."""
        return 2 * self._budget

    async def read(self, resource: Resource) -> Observed:
        """Read the record, live, in one request: the list, which shows whole records.

        Listing also where the id is known tells at once when the record is gone or another one is
        active. Inferred: a list shows a record as a read by its id does. Raises as the protocol
        says, and `Busy`.
        """
        if resource.record == ABOUT_IMIS:
            return Observed(values={})  # no REST route is known to list what is licensed (3.4)
        _check(resource)
        record = choose(await self._records(), self._pinned, self._chosen)
        if record is None:
            return Observed(values={}, exists=False)
        found = mapping.observed(record)
        self._chosen = mapping.identity_of(record)
        self._seen = found.secret if isinstance(found.secret, Secret) else self._seen
        return found

    async def write(self, resource: Resource, change: Change, base: Observed) -> None:
        """Write a change merged onto what `read` gave, or create the record if there was none.

        A new record gets the documented default of every field the change does not name, and is
        disabled unless the change says otherwise (contract 1.1). Raises as `read`, and
        WriteUncertain where iMIS may have taken the write.
        """
        _check(resource)
        answer = await self._written(_replacing(change, base) if base.exists else _creating(change))
        known = [each for each in (change.secret, base.secret) if isinstance(each, Secret)]
        _settle(answer, self._redactor(known), existed=base.exists)
        if not base.exists:
            self._chosen = _created_id(answer) or self._chosen

    async def tenant(self) -> Mapping[str, str]:
        """Tell the licensed organisation and the version, read once a session, and the record's id.

        What iMIS does not tell, and an id not yet known, are left out.
        """
        settings = await self._system_settings()
        known = {
            "organisation": told(settings, ORGANISATION),
            "provider_id": self._chosen,
            "version": told(settings, VERSION),
        }
        return {key: value for key, value in known.items() if value is not None}

    async def prove_login(self) -> None:
        """Log in afresh beside the session that lives; see the protocol."""
        try:
            await self._session.prove_login()
        except NoAnswer as failure:
            raise failure.problem from None

    async def findings(self) -> Sequence[Finding]:
        """Probe what this tenant serves over REST, in the order of product facts 3.2."""
        asking = Asking(self._session.call, self._log_in, self._redactor, self._host)
        return await probes.findings(asking, self._pinned)

    async def aclose(self) -> None:
        """End what is running and close the connections."""
        await self._session.aclose()

    async def _records(self) -> list[wire.Properties]:
        found: list[wire.Properties] = []
        offset: int | None = 0
        for _ in range(_MOST_PAGES):
            page = wire.page(await self._get(_listing(offset or 0)), offset or 0)
            found += page.items
            offset = page.next_offset
            if offset is None:
                return found
        raise UpstreamError("iMIS lists more OpenID Connect records than there can be")

    async def _get(self, path: str) -> Any:
        answer = await self._answer(Request("GET", path))
        if not answer.is_success:
            raise answers.problem(answer, "read the OpenID Connect record", self._redactor())
        return answer.json()

    async def _answer(self, request: Request) -> Answer:
        try:
            return await self._session.call(request)
        except NoAnswer as failure:
            raise failure.problem from None

    async def _written(self, request: Request) -> Answer:
        try:
            return await self._session.call(request, is_write=True)
        except NoAnswer as failure:
            if failure.sent:
                raise WriteUncertain(failure.problem) from None
            raise failure.problem from None

    async def _system_settings(self) -> Mapping[str, Any]:
        async with self._settings_turn:
            generation, settings = self._settings
            if generation == 0 or generation != self._session.generation:
                settings = await self._read_system_settings()
                self._settings = self._session.generation, settings
            return settings

    async def _read_system_settings(self) -> Mapping[str, Any]:
        answer = await self._answer(Request("GET", "api/SystemSettings/0"))
        if answer.status in _REFUSED:
            return {}
        if not answer.is_success:
            raise answers.problem(answer, "read the system settings", self._redactor())
        document = answer.json()
        return document if isinstance(document, dict) else {}

    def _redactor(self, more: Sequence[Secret] = ()) -> Redactor:
        seen = [] if self._seen is None else [self._seen]
        return Redactor([*self._session.secrets, *seen, *more])


def _check(resource: Resource) -> None:
    if resource.record != OPENID_PROVIDER:
        raise ValueError(f"imis_rest does not serve {resource.path}")


def _listing(offset: int) -> str:
    return f"{_ENTITY}?limit={_PAGE}&offset={offset}"


def _replacing(change: Change, base: Observed) -> Request:
    record = base.raw
    if not isinstance(record, dict):
        raise TypeError("the base of a write is what this connector has read")
    address = f"{_ENTITY}/{quote(mapping.identity_of(record), safe='')}"
    return Request("PUT", address, _JSON, wire.serialise(mapping.merged(record, change)))


def _creating(change: Change) -> Request:
    return Request("POST", _ENTITY, _JSON, wire.serialise(mapping.created(change)))


def _created_id(answer: Answer) -> str | None:
    """Give a new record's id where the answer tells; else the list will (product facts 3.5)."""
    document = answer.json() if answer.body.strip() else None
    found = wire.unbox(document.get(mapping.IDENTITY)) if isinstance(document, dict) else None
    last = urlsplit(answer.headers.get("location", "")).path.rstrip("/").rpartition("/")[2]
    return found if isinstance(found, str) and found else last or None


def _settle(answer: Answer, redactor: Redactor, *, existed: bool) -> None:
    what = "change the OpenID Connect record" if existed else "create an OpenID Connect record"
    if answer.is_success:
        _check_body(answer, what, redactor)
    elif answer.status == HTTPStatus.NOT_FOUND and existed:
        raise UpstreamRefused(
            "iMIS has no record to write to at the id it was read under: it was removed meanwhile, "
            "or iMIS takes no writes over REST; nothing was written"
        )
    else:
        problem = answers.problem(answer, what, redactor)
        raise WriteUncertain(problem) if answers.is_uncertain(answer.status) else problem


def _check_body(answer: Answer, what: str, redactor: Redactor) -> None:
    try:
        objections = answers.objections(answer)
    except UpstreamError as problem:
        # Most likely the log-in page: only reading back tells.
        raise WriteUncertain(problem) from None
    if objections:
        raise answers.refusal(answer, what, redactor)
