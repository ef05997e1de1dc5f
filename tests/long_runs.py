"""What `make test` leaves to `make test-long`: more of the same, for which a share stands in.

A test is named here with the parameters that every run has; its others are long. Tests that count
their own rounds ask `rounds`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping

import pytest

IS_LONG = bool(os.environ.get("IMIS_SSO_LONG_TESTS"))
ALWAYS: Mapping[str, frozenset[str]] = {
    "test_nothing_is_lost_or_made_up_in_iMIS": frozenset({"0"}),
    "test_a_right_pair_is_never_called_wrong": frozenset({"0"}),
    "test_killed_at_every_await": frozenset({"record"}),
    "test_killed_at_every_step": frozenset({"sqlite"}),
    "test_fifty_writers_with_one_tag_are_one_success": frozenset({"sqlite"}),
    "test_any_of_the_last_fifty_comes_back": frozenset({"sqlite-2-masked", "postgresql-1-clear"}),
    "test_a_sign_in_is_watched_and_put_on_record": frozenset({"entra"}),
    "test_a_pair_goes_live_by_declaration_and_is_guarded_then": frozenset({"hcl-restful"}),
}


def rounds(whole: int, share: int) -> int:
    """Give how many rounds this run has: the whole of them in a long one."""
    return whole if IS_LONG else share


def mark(items: Iterable[pytest.Item]) -> None:
    """Mark what is long."""
    for item in items:
        name, _, parameters = item.name.partition("[")
        always = ALWAYS.get(name)
        if always is not None and parameters.removesuffix("]") not in always:
            item.add_marker(pytest.mark.long)
