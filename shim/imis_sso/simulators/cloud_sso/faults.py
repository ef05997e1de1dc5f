"""Faults only the dashboard can have, by kind, and the roles of the requests they meet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imis_sso.simulators import spoilt_rows

if TYPE_CHECKING:
    from imis_sso.simulators.cloud_sso.pages import Row
    from imis_sso.simulators.faults import Fault

_SIGNED_IN = frozenset({"read", "write", "page"})
_WRITES = frozenset({"write"})

#: `expire_session` ends the session as the request comes in; `login_page` shows the log-in page in
#: place of what was asked for, the session left alone; `changed_page` spoils one field of the form
#: (`params.change`, `params.label`); `write_dropped` answers success and stores nothing;
#: `write_altered` stores `params.value`, by default what was sent without its last character;
#: `id_token_altered` gives an ID token with `params.claims` changed (None leaves one out), or
#: signed with another key than the published one (`params.foreign_key`).
KINDS = {
    "expire_session": _SIGNED_IN,
    "login_page": _SIGNED_IN,
    "changed_page": frozenset({"read"}),
    "write_dropped": _WRITES,
    "write_altered": _WRITES,
    "id_token_altered": frozenset({"protocol"}),
}
SAVE_BUTTON = "Save Settings"


def spoil_rows(rows: list[Row], fault: Fault) -> list[Row]:
    """Change the form; the usual field is Redirect URL."""
    return spoilt_rows.spoil_rows(rows, fault, "Redirect URL")


def save_button(fault: Fault | None, text: str = SAVE_BUTTON) -> str:
    """Give the save button's text: another one where the fault renames it."""
    if fault is None or fault.params.get("label") != text:
        return text
    return str(fault.params.get("to", "Apply"))
