"""Faults only iMIS can have, by kind, and the roles of the requests they meet."""

from __future__ import annotations

_WRITES = frozenset({"write"})

#: `expire_session` revokes the token as the request comes in; `write_dropped` answers success and
#: stores nothing; `write_altered` stores `params.changes` over what was sent.
KINDS = {
    "expire_session": frozenset({"read", "write", "other"}),
    "write_dropped": _WRITES,
    "write_altered": _WRITES,
}
