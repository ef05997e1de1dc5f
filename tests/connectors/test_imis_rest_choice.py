"""Which record is the page's, when there are several (product facts 3.5)."""

from __future__ import annotations

from typing import Any

import pytest

from imis_sso.connectors.imis_rest.choice import choose
from imis_sso.domain.problems import UpstreamPageChanged, UpstreamRefused, WrongTenant


def record(identity: str, mode: Any = 0) -> dict[str, Any]:
    """Make a record of this id and mode."""
    return {"ProviderId": identity, "Mode": mode}


OFF, TEST, ON = record("off"), record("test", 1), record("on", "Enabled")


@pytest.mark.parametrize(
    ("records", "pinned", "last", "chosen"),
    [
        ([], None, None, None),
        ([], None, "gone", None),
        ([OFF], None, None, "off"),
        ([OFF], None, "gone", "off"),
        ([ON], None, None, "on"),
        ([OFF, ON], None, None, "on"),
        ([OFF, TEST], None, "off", "test"),
        ([OFF, record("other")], None, "other", "other"),
        ([OFF, ON], "off", None, "off"),
        ([OFF, ON, TEST], "test", "on", "test"),
    ],
)
def test_the_record_is_chosen(
    records: list[dict[str, Any]], pinned: str | None, last: str | None, chosen: str | None
) -> None:
    """The pinned one, the only active one, the only one, the one in hand."""
    found = choose(records, pinned, last)
    assert (found and found["ProviderId"]) == chosen


@pytest.mark.parametrize(
    ("records", "last", "words"),
    [
        ([OFF, record("other")], None, "none is active"),
        ([OFF, record("other")], "gone", "none is active"),
        ([ON, TEST], None, "several active"),
        ([ON, TEST], "on", "several active"),
    ],
)
def test_what_cannot_be_told_is_not_guessed(
    records: list[dict[str, Any]], last: str | None, words: str
) -> None:
    """A clear error naming the records."""
    with pytest.raises(UpstreamRefused, match=words) as refused:
        choose(records, None, last)
    assert all(f'"{each["ProviderId"]}"' in refused.value.detail for each in records)


def test_a_long_list_is_named_in_part() -> None:
    with pytest.raises(UpstreamRefused, match="20 more"):
        choose([record(str(each) * 100) for each in range(30)], None, None)


@pytest.mark.parametrize("records", [[], [OFF, ON]])
def test_a_missing_pinned_record_is_the_wrong_tenant(records: list[dict[str, Any]]) -> None:
    """Contract C46."""
    with pytest.raises(WrongTenant, match='"pinned"') as wrong:
        choose(records, "pinned", "on")
    assert all(each["ProviderId"] in wrong.value.detail for each in records)


def test_an_unreadable_mode_is_no_guess() -> None:
    with pytest.raises(UpstreamPageChanged, match="Mode"):
        choose([OFF, record("x", 9)], None, None)
