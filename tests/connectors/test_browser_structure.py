"""The comparison of a page with its description, without a browser."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imis_sso.connectors.browser.capture import described, keep
from imis_sso.connectors.browser.description import FieldDescription
from imis_sso.connectors.browser.structure import (
    compare,
    filling,
    find_button,
    find_link,
    value_of,
)
from imis_sso.connectors.browser.survey import SeenAction, SeenField, Survey, survey_of
from imis_sso.domain.secret import Secret

LABELS = st.text(
    st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=9
)


def seen(label: str, kind: str = "text", value: str = "", **other: Any) -> dict[str, Any]:
    plain = {"checked": False, "filled": False, "options": [], "objection": "", "target": "o"}
    return {"label": label, "kind": kind, "value": value, **plain, **other}


def action(name: str, href: str = "", *, enabled: bool = True) -> dict[str, Any]:
    return {"name": name, "enabled": enabled, "href": href, "target": "o"}


def survey(
    fields: list[dict[str, Any]] | None = None, actions: list[dict[str, Any]] | None = None
) -> Survey:
    rest: dict[str, Any] = {"alerts": [], "statuses": [], "markers": []}
    page = {"origin": "o", "document": "1", "loaded": True}
    return survey_of({**page, **rest, "fields": fields or [], "actions": actions or []})


def field(label: str = "Text", kind: str = "text", **other: Any) -> FieldDescription:
    return FieldDescription.model_validate({"label": label, "kind": kind, **other})


@settings(deadline=None)
@given(LABELS)
def test_labels_are_compared_exactly_but_for_case(label: str) -> None:
    found = compare({"f": field(label)}, survey([seen(label.swapcase())]))
    same = label.swapcase().casefold() == label.casefold()
    assert ("f" in found.seen) is same
    assert ("f" in found.faults) is not same


@settings(deadline=None)
@given(st.lists(LABELS, max_size=6))
def test_every_described_field_is_found_or_explained(labels: list[str]) -> None:
    fields = {name: field(name) for name in ("Text", "Other")}
    found = compare(fields, survey([seen(each) for each in labels]))
    assert found.seen.keys() | found.faults.keys() == fields.keys()
    assert not found.seen.keys() & found.faults.keys()


def test_a_synonym_is_as_good_as_the_label_but_not_both_together() -> None:
    described_field = {"f": field(synonyms=["Words"])}
    assert compare(described_field, survey([seen("words")])).seen["f"].label == "words"
    both = compare(described_field, survey([seen("Words"), seen("Text")]))
    assert both.faults == {"f": '"Text" is there 2 times'}


def test_an_optional_field_may_be_missing_and_does_not_make_a_page() -> None:
    fields = {"f": field(optional=True), "g": field("Other")}
    found = compare(fields, survey([seen("Text")]))
    assert "f" in found.seen
    assert not found.present
    assert compare(fields, survey([seen("Other")])).faults == {}


def test_only_touched_fields_block() -> None:
    found = compare({"f": field(), "g": field("Other")}, survey())
    assert found.blocking({"g"}) == ('"Other" is missing (the page has no fields)',)
    assert found.blocking(()) == ()


def test_a_label_that_shows_a_value_is_in_no_message_and_no_capture() -> None:
    """Contract C20: a changed layout must not carry a secret into an error."""
    secret = "5ecret-of-the-page"
    page = survey(
        [seen(f"Key {secret}"), seen("Key", "shown", secret), seen("Plain")],
        [action(f"Copy {secret}"), action("Save")],
    )
    (fault,) = compare({"f": field()}, page).faults.values()
    capture = described(page, "https://x.example/a?b=c#d", f"no {secret}", [Secret(secret)])
    assert secret not in fault
    assert secret not in str(capture)
    assert secret not in repr(page)
    assert secret not in repr(page.fields)
    assert capture["path"] == "/a"
    assert capture["buttons_and_links"] == ["Save"]
    assert {"label": "Plain", "kind": "text"} in capture["fields"]


def test_long_lists_of_labels_are_cut() -> None:
    many = survey([seen(f"Label {'x' * 90} {each}") for each in range(30)])
    (fault,) = compare({"f": field()}, many).faults.values()
    assert len(fault) < 800
    assert "and 18 more" in fault


@pytest.mark.parametrize(
    ("kind", "accepted"),
    [
        ("text", {"text"}),
        ("textarea", {"textarea"}),
        ("checkbox", {"checkbox"}),
        ("secret", {"secret"}),
        ("shown", {"shown", "text", "textarea"}),
    ],
)
def test_a_field_of_another_kind_is_retyped(kind: str, accepted: set[str]) -> None:
    kinds = {"text", "textarea", "select", "checkbox", "secret", "shown"}
    found = {
        each
        for each in kinds
        if compare({"f": field(kind=kind)}, survey([seen("Text", each)])).seen
    }
    assert found == accepted
    secret = compare(
        {"f": field(kind="shown", secret=True)}, survey([seen("Text", "secret", filled=True)])
    )
    assert secret.faults == {}


def test_a_link_is_the_one_of_the_first_name_that_there_is() -> None:
    page = survey(actions=[action("Settings", "/a"), action("iMIS SSO settings", "/b")])
    found = find_link(["iMIS SSO Settings", "Settings"], page)
    assert isinstance(found, SeenAction)
    assert found.href == "/b"
    twice = survey(actions=[action("Page", "/a"), action("Page", "/a")])
    assert isinstance(find_link(["Page"], twice), SeenAction)
    apart = survey(actions=[action("Page", "/a"), action("Page", "/b")])
    assert find_link(["Page"], apart) == '"Page" is there 2 times'
    assert find_link(["Page"], survey()) == '"Page" is missing (the page has no buttons or links)'


def test_a_button_is_no_link_and_can_be_pressed() -> None:
    page = survey(actions=[action("Save", "/save"), action("Save")])
    found = find_button(["Save"], page)
    assert isinstance(found, SeenAction)
    assert found.href == ""
    dead = survey(actions=[action("Save", enabled=False)])
    assert find_button(["Save"], dead) == '"Save" cannot be pressed'


def seen_field(**values: Any) -> SeenField:
    return survey([seen("Text", **values)]).fields[0]


def test_values_are_in_the_models_terms() -> None:
    select = field(kind="select", texts={"okta": ["Okta"], "other": ["Other", "Something else"]})
    assert value_of(select, seen_field(kind="select", value="something ELSE")) == "other"
    assert value_of(select, seen_field(kind="select", value="New")) is None
    assert value_of(field(kind="checkbox"), seen_field(kind="checkbox", checked=True)) is True
    assert value_of(field(), seen_field(value=" v ")) == " v "
    options = seen_field(kind="select", options=("Pick one", "other", "Okta"))
    assert filling(select, options, "other") == 1
    assert filling(select, options, "unknown") is None
    assert filling(select, seen_field(kind="select", options=("Okta", "Okta")), "okta") is None
    assert filling(field(), seen_field(), "v") == "v"


@pytest.mark.anyio
async def test_captures_are_private_and_few(tmp_path: Path) -> None:
    """A page that stays changed must not fill the disk."""
    directory = tmp_path / "captures"
    for each in range(23):
        await keep(directory, {"problem": str(each)})
    assert len(listed(directory)) == 20
    assert mode(directory) == 0o700
    assert {mode(each) for each in listed(directory)} == {0o600}


@pytest.mark.anyio
async def test_a_capture_that_cannot_be_kept_disturbs_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    taken = tmp_path / "taken"
    taken.write_text("a file")
    await keep(taken, {"problem": "x"})
    assert "no capture of the changed page" in caplog.text


def listed(directory: Path) -> list[Path]:
    return list(directory.iterdir())


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)
