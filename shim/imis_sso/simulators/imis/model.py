"""What the simulated iMIS holds: its records, its service account, its tokens."""

from __future__ import annotations

import copy
import threading
import time
import uuid
from typing import TYPE_CHECKING, Any

from imis_sso.simulators.imis import wire
from imis_sso.simulators.imis.faults import KINDS
from imis_sso.simulators.imis.manners import Manners
from imis_sso.simulators.imis.members import Members
from imis_sso.simulators.imis.seeding import EMAIL_BODY, half_finished
from imis_sso.simulators.imis.staff_sessions import StaffSessions
from imis_sso.simulators.product import Product, assign, new_secret, new_session
from imis_sso.simulators.second_factor import SecondFactor, new_totp_secret

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Mapping, Sequence

    from imis_sso.simulators.imis.wire import Record
    from imis_sso.simulators.log import Attempt
    from imis_sso.simulators.variant import Variant

_PATCHABLE = {
    "organisation": str,
    "version": str,
    "username": str,
    "password": str,
    "roles": list,
    "licensed_features": list,
    "email_body": str,
    "token_seconds": int,
    "totp_secret": str,
    "totp_period": int,
}
_REQUIRED_ROLES = {"RemoteService", "SysAdmin"}


class DuplicateError(Exception):
    """A record of this id exists already (409)."""


class ImisModel(Product):
    """The state of one simulated iMIS, for the server and for tests in the same process."""

    def __init__(
        self,
        name: str,
        base_url: str,
        variant: Variant,
        clock: Callable[[], float] = time.monotonic,
        *,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        super().__init__(variant, KINDS)
        self.name, self.base_url, self._clock, self.trust = name, base_url, clock, trust
        self.members, self.manners = Members(), Manners()
        self.staff = StaffSessions(clock)
        self._lock = threading.RLock()
        self._account = f"svc-imis-sso-{name}", new_secret()
        self._old_secret, self._totp_secret = new_secret(), new_totp_secret()
        self.seed()
        self.log.reset(self.held())

    def seed(self) -> None:
        """Put back the records, names, roles and credentials the simulation starts with."""
        with self._lock:
            self.username, self.password = self._account
            self.organisation = f"Example Association ({self.name})"
            self.version = "20.3.212.1234"
            self.roles: list[str] = ["RemoteService", "SysAdmin"]
            self.licensed_features: list[str] = ["Advanced Accounting", "OpenID Connect"]
            self.email_body = EMAIL_BODY
            self.members.seed()
            self.staff.clear()
            self.totp_secret, self.totp_period = self._totp_secret, 30
            self.second_factor = SecondFactor()
            self.token_seconds = 1199
            self._tokens: dict[str, float] = {}
            self._records = self._seed_records()

    def change_variant(self, changes: Mapping[str, object]) -> None:
        """Change the variant; a change of `imis_records` puts these records in place at once."""
        super().change_variant(changes)
        if "imis_records" in changes:
            with self._lock:
                self._records = self._seed_records()
                self._note(None)

    def behave(self, manners: Manners) -> None:
        """Answer as a real tenant was seen to, with records of its kind."""
        with self._lock:
            self.manners = manners
            self._records = self._seed_records()
            self._note(None)

    # Log-in

    def knows(self, username: str, password: str, *, shut: bool = False) -> bool:
        """Say whether these are the account's credentials and nothing shuts it out.

        Counts a refusal; that somebody is in, whoever lets them in counts.
        """
        known = username == self.username and password == self.password
        return self._counted(admitted=known and not shut and not self._is_shut_out())

    def accepts_code(self, code: str) -> bool:
        """Say whether a one-time code is right; a wrong one is a refused log-in."""
        with self._lock:
            right = self.second_factor.accepts(code, self.totp_secret, self.totp_period)
        return self._counted(admitted=right)

    def _counted(self, *, admitted: bool) -> bool:
        if not admitted:
            self.counters.count("refused_logins")
        return admitted

    def open_staff_session(self) -> str:
        """Give the name of a new session of the Staff site, and count the log-in."""
        self.counters.count("logins")
        return self.staff.open().name

    def log_in(self, username: str, password: str) -> str | None:
        """Give a new token, or None where user name or password are wrong; counts both."""
        if not self.knows(username, password):
            return None
        self.counters.count("logins")
        token = new_session()
        with self._lock:
            self._tokens[token] = self._clock() + self.token_seconds
        return token

    @property
    def is_administered(self) -> bool:
        """Whether the service account is a system administrator's."""
        return "SysAdmin" in self.roles

    def _is_shut_out(self) -> bool:
        """Say whether the mode leaves this account no password, while its tokens live on."""
        if not self.variant.imis_enabled_refuses_password or self.is_administered:
            return False
        enabled = wire.enum_value("Mode", "Enabled")
        return any(record.get("Mode") == enabled for record in self.records)

    def accepts(self, token: str) -> bool:
        """Say whether the token was given out and is neither expired nor revoked."""
        with self._lock:
            return self._tokens.get(token, 0.0) > self._clock()

    def is_permitted(self) -> bool:
        """Say whether the service account has the roles of product facts 3.3.

        Where the mode may shut an account out, RemoteService alone will do: else no account that
        can raise the mode could be shut out by it.
        """
        alone = self.variant.imis_enabled_refuses_password
        return set(self.roles) >= (_REQUIRED_ROLES - {"SysAdmin"} if alone else _REQUIRED_ROLES)

    def expire_sessions(self) -> None:
        """Revoke every token, and end every session of the Staff site."""
        with self._lock:
            self._tokens.clear()
        self.staff.clear()

    # Records

    @property
    def records(self) -> list[Record]:
        """A copy of every record, in the order of their creation, secrets in clear."""
        with self._lock:
            return copy.deepcopy(self._records)

    @property
    def record(self) -> Record:
        """A copy of the record behind the page: the only active one, else the first.

        Raises ValueError where there is none.
        """
        with self._lock:
            return copy.deepcopy(self._page_record())

    def held(self) -> dict[str, object]:
        """Give a copy of every record, and what only the page has."""
        return {"records": self.records, "email_body": self.email_body}

    def shown(self, attempt: Attempt) -> list[Record]:
        """Give a copy of every record to a request, and note in the log what it is shown."""
        with self._lock:
            self.log.show(attempt)
            return self.records

    def find(self, provider_id: str) -> Record | None:
        """Give a copy of the record of this id, or None."""
        return next((item for item in self.records if item["ProviderId"] == provider_id), None)

    def change(self, **properties: Any) -> None:
        """Change properties of the page's record as a person would; None removes one.

        Raises ValueError where there is no record, or for an enumeration's unknown value.
        """
        with self._lock:
            _merge(self._page_record(), properties)
            self._note(None)

    def create(self, sent: Record, attempt: Attempt | None = None) -> Record:
        """Store a new record, with an id of its own where none was sent; raises DuplicateError."""
        record = {"ProviderId": sent.get("ProviderId") or str(uuid.uuid4()), **sent}
        record["ProviderId"] = record["ProviderId"] or str(uuid.uuid4())
        with self._lock:
            if self.find(record["ProviderId"]) is not None:
                raise DuplicateError
            self._records.append(record)
            self._note(attempt)
        self.counters.count("stored")
        return record

    def replace(self, provider_id: str, sent: Record, attempt: Attempt | None = None) -> Record:
        """Put what was sent in place of the whole record: what it lacks is gone."""
        with self._lock:
            index = [item["ProviderId"] for item in self._records].index(provider_id)
            old = self._records[index]
            self._records[index] = record = {**sent, "ProviderId": provider_id}
            # Unknown: what a write without the secret does to it (product facts 3.5).
            keeps = self.variant.imis_unread_secret == "keeps"  # noqa: S105
            if keeps and sent.get("ClientSecret") is None:
                record["ClientSecret"] = old.get("ClientSecret")
            self._note(attempt)
        self.counters.count("stored")
        return record

    def save_page(
        self, properties: Mapping[str, Any], email_body: str, attempt: Attempt | None = None
    ) -> None:
        """Store what the Staff site's form sent: the rest of the record stays as it is."""
        with self._lock:
            if not self._records:
                self._records.append({"ProviderId": str(uuid.uuid4())})
            _merge(self._page_record(), properties)
            self.email_body = email_body
            self._note(attempt)
        self.counters.count("stored")

    def remove(self, provider_id: str, attempt: Attempt | None = None) -> None:
        """Delete the record of this id."""
        with self._lock:
            self._records = [item for item in self._records if item["ProviderId"] != provider_id]
            self._note(attempt)
        self.counters.count("stored")

    def state(self) -> dict[str, object]:
        """Give everything: `record` is the page's, all properties shown, secrets in clear."""
        shown = [dict(wire.DEFAULTS) | item for item in self.records]
        return {name: getattr(self, name) for name in _PATCHABLE} | {
            "record": dict(wire.DEFAULTS) | self.record if shown else None,
            "records": shown,
            "tokens": len(self._tokens),
        }

    def patch(self, changes: Mapping[str, object]) -> None:
        """Change names, credentials, roles, `record` (merged) or `records` (replaced).

        A change of `totp_…` forgets which code was used last. Raises ValueError for anything else.
        """
        plain = {name: value for name, value in changes.items() if name in _PATCHABLE}
        record, records = changes.get("record", {}), changes.get("records", [])
        unknown = changes.keys() - plain.keys() - {"record", "records"}
        if unknown or not isinstance(record, dict) or not isinstance(records, list):
            message = f"state takes {', '.join(_PATCHABLE)}, record (object) and records (list)"
            raise ValueError(message)
        assign(self, plain, _PATCHABLE)
        if "email_body" in plain:
            self._note(None)
        if plain.keys() & {"totp_secret", "totp_period"}:
            self.second_factor = SecondFactor()
        if "records" in changes:
            self._put_in_place(records)
        if record:
            self.change(**record)

    def _seed_records(self) -> list[Record]:
        if self.manners.records:
            return self.manners.seeded(self.base_url, self._old_secret)
        kind = self.variant.imis_records
        first, other = (half_finished(self.base_url, self._old_secret, index) for index in (1, 2))
        other |= {"ProviderName": "Members (2021)", "Mode": 1 if kind == "several_active" else 0}
        return {"none": [], "one": [first]}.get(kind, [first, other])

    def _put_in_place(self, records: Sequence[Record]) -> None:
        with self._lock:
            self._records = []
            for item in records:
                record: Record = {"ProviderId": str(uuid.uuid4())}
                _merge(record, item)
                self._records.append(record)
            self._note(None)

    def _note(self, attempt: Attempt | None) -> None:
        self.log.hold(self.held(), attempt)

    def _page_record(self) -> Record:
        if not self._records:
            message = "there is no record"
            raise ValueError(message)
        active = [item for item in self._records if item.get("Mode")]
        return active[0] if len(active) == 1 else self._records[0]


def _merge(record: Record, properties: Mapping[str, object]) -> None:
    values = {
        name: wire.enum_value(name, value) if name in wire.ENUMS and value is not None else value
        for name, value in properties.items()
    }
    for name, value in values.items():
        if value is None:
            record.pop(name, None)
        else:
            record[name] = value
