"""Faults only iMIS can have, by kind, and the roles of the requests they meet."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from imis_sso.simulators.faults import Fault
    from imis_sso.simulators.imis.wire import Record

LOGIN_PAGE = "<!doctype html><title>Sign in</title><form>User name <input> Password <input></form>"
_WRITES = frozenset({"write"})
_KNOWN = frozenset({"read", "write", "page", "other"})

#: `login_page` answers a web page in place of data, or the Staff site's log-in page in place of the
#: page asked for; `changed_page` shows `params.property` of a record under `params.to`, or with the
#: value `params.value`, and spoils one field of the Staff site's form (`params.change`,
#: `params.label`, `params.to`); `expire_session` ends tokens and sessions as the request comes in;
#: `write_dropped` answers success and stores nothing; `write_altered` stores `params.changes` over
#: what was sent; `error_banner` has the Staff site answer a save with `params.message`, unstored.
KINDS = {
    "login_page": _KNOWN,
    "changed_page": frozenset({"read"}),
    "expire_session": _KNOWN,
    "error_banner": _WRITES,
    "write_dropped": _WRITES,
    "write_altered": _WRITES,
}


def spoilt(record: Record, fault: Fault | None) -> Record:
    """Give a record as a newer iMIS might show it: a property renamed, or of another kind."""
    if fault is None:
        return record
    name = str(fault.params.get("property", "Mode"))
    value = fault.params.get("value", record.get(name))
    if "value" not in fault.params or "to" in fault.params:
        record = {key: each for key, each in record.items() if key != name}
        name = str(fault.params.get("to", f"{name}Ex"))
    return {**record, name: value}
