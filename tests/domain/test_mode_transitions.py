"""Raising and lowering the mode (contract 1.2)."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imis_sso.domain.activation import Transition, critical_fields, transition
from imis_sso.domain.documents import ImisSsoSettings, OidcAuthentication, OpenIDConnect

MODES = ("disabled", "test_mode", "enabled")
TABLE = {
    ("disabled", "disabled"): Transition.SAME,
    ("disabled", "test_mode"): Transition.TO_TEST,
    ("disabled", "enabled"): Transition.SKIPS_TEST,
    ("test_mode", "disabled"): Transition.LOWER,
    ("test_mode", "test_mode"): Transition.SAME,
    ("test_mode", "enabled"): Transition.ACTIVATE,
    ("enabled", "disabled"): Transition.LOWER,
    ("enabled", "test_mode"): Transition.LOWER,
    ("enabled", "enabled"): Transition.SAME,
}


@pytest.mark.parametrize(("before", "after"), list(itertools.product(MODES, MODES)))
def test_every_transition(before: str, after: str) -> None:
    """contract 1.2: test mode first; lowering is always possible."""
    assert transition(before, after) is TABLE[before, after]


@given(changed=st.frozensets(st.sampled_from([*OpenIDConnect.defaults(), "unknown"])))
def test_the_critical_ones_among_changed_fields(changed: frozenset[str]) -> None:
    """contract 1.2: each document model marks its sign-in-critical fields."""
    found = critical_fields(OpenIDConnect, changed)
    marked = {each.path for each in OpenIDConnect.settings() if each.critical}
    assert set(found) == changed & marked
    assert list(found) == [each.path for each in OpenIDConnect.settings() if each.path in found]


def test_changing_the_mode_is_no_edit_of_a_live_pair() -> None:
    assert critical_fields(OidcAuthentication, ["mode"]) == ()
    assert critical_fields(ImisSsoSettings, ["redirect_url"]) == ("redirect_url",)
