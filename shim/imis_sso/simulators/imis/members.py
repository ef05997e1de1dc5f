"""Whom the simulated iMIS knows, and how somebody who comes from the provider is recognised."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from imis_sso.simulators.openid.client import RefusedError
from imis_sso.simulators.people import PEOPLE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from imis_sso.simulators.imis.wire import Record


@dataclass(frozen=True)
class Member:
    """An account of iMIS; `external_id` is empty until its first sign-in through the provider."""

    email: str
    name: str
    external_id: str = ""
    staff: bool = False


class Members:
    """The accounts by e-mail; at the start all invented people, who have signed in before."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.seed()

    def seed(self) -> None:
        """Put back the accounts the simulation starts with."""
        self._accounts = {
            each.email: Member(each.email, each.name, each.external_id) for each in PEOPLE
        }

    def forget(self, email: str) -> None:
        """Remove an account, so that its person is unknown again."""
        with self._lock:
            self._accounts.pop(email, None)

    def find(self, email: str) -> Member | None:
        """Give the account of this e-mail, or None."""
        return self._accounts.get(email)

    def recognise(self, record: Record, claims: Mapping[str, Any]) -> Member:
        """Give the account the claims belong to, made where there was none (product facts 3.1).

        Raises RefusedError: `external-id-missing`, `external-id-mismatch`, `email-missing`.
        """
        external_id = _text(claims.get(record.get("ExternalIdClaimType") or ""))
        if not external_id:
            message = "The provider sent no claim that holds the external id."
            raise RefusedError("external-id-missing", message)
        with self._lock:
            member = self._matching(external_id, _text(claims.get("email")))
            name = _text(claims.get("name")) or member.name
            member = replace(member, name=name, staff=_is_staff(record, claims))
            self._accounts[member.email] = member
        return member

    def _matching(self, external_id: str, email: str) -> Member:
        for member in self._accounts.values():
            if member.external_id == external_id:
                return member
        if not email:
            raise RefusedError("email-missing", "The provider sent no e-mail address.")
        member = self._accounts.get(email, Member(email, email))
        if member.external_id:
            # Inferred: an account once matched by its external id is no longer matched by e-mail.
            message = "The account of this e-mail address belongs to another external id."
            raise RefusedError("external-id-mismatch", message)
        return replace(member, external_id=external_id)


def _is_staff(record: Record, claims: Mapping[str, Any]) -> bool:
    """Compare as text (product facts 3.2); a list is never staff."""
    kind, value = record.get("StaffClaimType"), record.get("StaffClaimValue")
    return bool(kind and value) and _text(claims.get(str(kind))) == value


def _text(value: object) -> str:
    is_plain = isinstance(value, str | int) and not isinstance(value, bool)
    return str(value) if is_plain else ""
