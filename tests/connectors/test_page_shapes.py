"""The shape of a page holds labels and kinds, and nothing that the page shows (docs/captures.md)."""

from __future__ import annotations

from typing import Any

import pytest
from leak_scan import canary
from test_browser_structure import action, seen, survey

from imis_sso.connectors.browser.page_reading import load_log_in, load_page
from imis_sso.connectors.browser.shapes import page_shape
from imis_sso.domain.shapes import WITHHELD

SECRET = canary("page")
PAGE = load_page(
    """
open: [[Directories], [Settings]]
fields:
  name: {label: Name, kind: text}
  mode: {label: Mode, kind: select, texts: {a: [Enabled], b: [Disabled 2]}}
  secret: {label: Client Secret, kind: shown, secret: true, reveal: [Show]}
save: {button: Save}
""",
    "page.yaml",
    {"name": "Name", "mode": "Mode", "secret": "Client Secret"},
)
LOG_IN = load_log_in(
    """
fields:
  username: {label: User, kind: text}
  password: {label: Password, kind: secret}
submit: [Log In]
""",
    "log-in.yaml",
)


def shape(*fields: dict[str, Any], actions: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    return page_shape(PAGE, survey(list(fields), actions), (), (SECRET, "Example Association"))


def test_values_are_not_part_of_it() -> None:
    found = shape(
        seen("Name", value="Ada Lovelace"),
        seen("Client Secret", "shown", value=SECRET),
        seen("Mode", "select", value="Enabled", options=["Enabled", "Disabled 2"]),
    )
    assert "Ada" not in str(found)
    assert SECRET not in str(found)
    assert [(each["label"], each["state"]) for each in found["fields"]] == [
        ("Name", ""),
        ("Client Secret", "clear"),
        ("Mode", ""),
    ]
    assert found["fields"][2]["options"] == ["Enabled", "Disabled 2"]


@pytest.mark.parametrize(
    "label",
    [
        "Signed in as ada@example.org",
        "https://sso.example.org",
        "Member 4711",
        "Settings of Example Association",
        f"Secret {SECRET}",
        "Name of Ada Lovelace",
        "A label that is much longer than any label of a settings page ever was",
    ],
)
def test_a_label_that_may_be_a_value_is_withheld(label: str) -> None:
    found = shape(seen("Name", value="Ada Lovelace"), seen(label))
    assert found["fields"][1]["label"] == WITHHELD


def test_an_unknown_label_of_a_vendor_is_told() -> None:
    assert shape(seen("Require multi-factor", "checkbox"))["fields"][0] == {
        "label": "Require multi-factor",
        "kind": "checkbox",
        "element": "",
        "labelled": "",
        "beside": [],
        "options": 0,
        "state": "",
    }


def test_options_of_a_list_that_nobody_described_are_counted() -> None:
    found = shape(seen("Owner", "select", options=["Ada Lovelace", "Charles Babbage"]))
    assert found["fields"][0]["options"] == 2
    assert "Babbage" not in str(found)


def test_unknown_buttons_and_links_are_counted() -> None:
    """Whoever is logged in has a menu of their own name."""
    actions = [action("Save"), action("Ada Lovelace"), action("Settings", "https://o/s")]
    found = shape(actions=[*actions, action("Ada's profile", "https://o/ada")])
    assert (found["buttons"], found["other_buttons"]) == (["Save"], 1)
    assert (found["links"], found["other_links"]) == (["Settings"], 1)


def test_before_a_log_in_every_button_is_told() -> None:
    found = page_shape(LOG_IN, survey([], [action("Enter"), action("Log In")]), (), ("abcimis",))
    assert (found["buttons"], found["other_buttons"]) == (["Enter", "Log In"], 0)
    held = page_shape(LOG_IN, survey([], [action("Go to abcimis")]), (), ("abcimis",))
    assert held["buttons"] == [WITHHELD]


@pytest.mark.parametrize(
    ("field", "state"),
    [
        (seen("Client Secret", "secret", filled=True), "masked"),
        (seen("Client Secret", "shown", value="••••"), "masked"),
        (seen("Client Secret", "shown", value=""), "empty"),
        (seen("Client Secret", "shown", value=SECRET), "clear"),
    ],
)
def test_how_a_secret_is_shown(field: dict[str, Any], state: str) -> None:
    assert shape(field)["fields"][0]["state"] == state
