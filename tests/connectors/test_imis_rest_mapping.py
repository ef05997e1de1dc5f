"""The table of fields and properties, for every record there can be (product facts 3.2, 3.5)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imis_sso.connectors.imis_rest import mapping, wire
from imis_sso.connectors.imis_rest.mapping import RECORD_TYPE, TABLE
from imis_sso.domain.documents import OidcAuthentication, OpenIDConnect, Setting
from imis_sso.domain.observed import Change
from imis_sso.domain.problems import UnsupportedByConnector, UpstreamPageChanged
from imis_sso.domain.secret import Secret, Unreadable

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


def _strategy(setting: Setting) -> st.SearchStrategy[str | bool]:
    if setting.kind == "boolean":
        return st.booleans()
    return st.sampled_from(setting.choices) if setting.choices else TEXT


KINDS: dict[str, st.SearchStrategy[str | bool]] = {
    setting.path: _strategy(setting)
    for document in (OpenIDConnect, OidcAuthentication)
    for setting in document.settings()
    if setting.path in TABLE
}
VALUES = st.fixed_dictionaries(KINDS)
CHANGES = st.fixed_dictionaries({}, optional=KINDS)
NAMES = {each.name for each in TABLE.values()} | {"$type", "ClientSecret", "ProviderId"}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT | st.just(wire.Number("1.10")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
UNKNOWN = st.dictionaries(TEXT.filter(lambda name: name not in NAMES), JSON, max_size=4)


def record_of(values: dict[str, str | bool], *, as_name: bool, omitted: bool, boxed: bool) -> Any:
    """Build a record as iMIS would show these values."""
    record: dict[str, Any] = {"$type": RECORD_TYPE, "ProviderId": "7"}
    for path, value in values.items():
        shown = TABLE[path].codec.encode(value, as_name=as_name)
        is_default = not shown or (path, value) in {("mode", "disabled"), ("type", "entra_id")}
        if not (omitted and is_default):
            box = {"$type": "System.Object", "$value": shown}
            record[TABLE[path].name] = box if boxed else shown
    return record


def test_the_table_reaches_every_setting_but_the_email_body() -> None:
    """Contract 1.1: a new field of the document shows here when its line is missing."""
    declared = {each.path for each in OpenIDConnect.settings()} - {"email_body"}
    assert set(TABLE) == declared | {"mode"}


def test_the_table_names_every_property_once() -> None:
    names = [each.name for each in TABLE.values()]
    assert len(set(names)) == len(names)


@given(values=VALUES, as_name=st.booleans(), omitted=st.booleans(), boxed=st.booleans())
def test_what_is_encoded_is_decoded(
    values: dict[str, str | bool], *, as_name: bool, omitted: bool, boxed: bool
) -> None:
    """Contract C10, in every form in which a record may be shown."""
    record = record_of(values, as_name=as_name, omitted=omitted, boxed=boxed)
    assert mapping.observed(wire.parse(wire.serialise(record))).values == values


@given(values=VALUES, change=CHANGES, unknown=UNKNOWN, as_name=st.booleans(), omitted=st.booleans())
def test_a_change_changes_what_it_names_and_nothing_else(
    values: dict[str, str | bool],
    change: dict[str, str | bool],
    unknown: dict[str, Any],
    *,
    as_name: bool,
    omitted: bool,
) -> None:
    """Contract C2, 1.1: unknown properties survive every write."""
    record = record_of(values, as_name=as_name, omitted=omitted, boxed=False) | unknown
    before = json.dumps(record, default=repr)
    sent = wire.parse(wire.serialise(mapping.merged(record, Change(change))))
    assert mapping.observed(sent).values == values | change
    changed = {TABLE[path].name for path in change}
    kept = {name: value for name, value in record.items() if name not in changed}
    assert {name: sent[name] for name in kept} == kept
    assert set(sent) == set(record) | changed
    assert json.dumps(record, default=repr) == before


@given(record=UNKNOWN, change=CHANGES)
def test_the_type_comes_first(record: dict[str, Any], change: dict[str, str | bool]) -> None:
    """Product facts 3.5: always, as the first key."""
    late = record | {"$type": "Their.Own, Asi.Contracts"}
    assert next(iter(mapping.merged(late, Change(change)).items())) == (
        "$type",
        "Their.Own, Asi.Contracts",
    )
    assert next(iter(mapping.merged(record, Change(change)).items())) == ("$type", RECORD_TYPE)


@given(value=JSON)
def test_json_survives_reading_and_writing(value: Any) -> None:
    """Product facts 3.5: exactly as it came."""
    assert wire.parse(wire.serialise(value)) == value


@given(value=JSON)
def test_no_value_of_a_property_breaks_the_reading(value: Any) -> None:
    """Targets S5: decoded to a value of ours, or refused by name; never anything else."""
    for path, known in TABLE.items():
        found = _attempted({known.name: value}, path)
        assert isinstance(found, str | bool) or known.name in found.detail


def _attempted(record: dict[str, Any], path: str) -> str | bool | UpstreamPageChanged:
    try:
        return mapping.value_of(record, path)
    except UpstreamPageChanged as changed:
        return changed


@pytest.mark.parametrize(
    ("shown", "sent"),
    [
        ({"Mode": 1, "ProviderType": 1}, 2),
        ({"Mode": "TestMode"}, "Other"),
        ({"ProviderType": "Okta"}, "Other"),
        ({}, 2),
    ],
)
def test_enumerations_are_sent_in_the_form_they_were_read(
    shown: dict[str, Any], sent: str | int
) -> None:
    """Product facts 3.5: also where the one that changes was left out."""
    assert mapping.merged(shown, Change({"type": "other"}))["ProviderType"] == sent


def test_enumerations_are_read_whatever_their_case() -> None:
    assert mapping.value_of({"Mode": "testmode"}, "mode") == "test_mode"
    assert mapping.value_of({"ProviderType": "ENTRAID"}, "type") == "entra_id"


@pytest.mark.parametrize("value", [3, -1, True, False, "3", "1", "Off", [], {}, 1.0])
def test_an_unknown_enumeration_value_is_named_and_not_quoted(value: Any) -> None:
    with pytest.raises(
        UpstreamPageChanged, match=r"Mode .* Disabled, TestMode, Enabled"
    ) as changed:
        mapping.value_of({"Mode": value}, "mode")
    assert "Off" not in changed.value.detail


def test_a_claim_value_that_is_a_number_is_its_text() -> None:
    """Product facts 2: text, not a number; what was imported as one must be readable."""
    assert mapping.value_of({"StaffClaimValue": 1}, "user_authentication.claim_value") == "1"
    kept = mapping.merged({"StaffClaimValue": 1}, Change({"name": "x"}))
    assert kept["StaffClaimValue"] == 1
    with pytest.raises(UpstreamPageChanged, match="ProviderName"):
        mapping.value_of({"ProviderName": 1}, "name")


@pytest.mark.parametrize(
    ("shown", "read", "sent"),
    [
        ({"ClientSecret": "abc"}, Secret("abc"), "abc"),
        (
            {"ClientSecret": {"$type": "T", "$value": "abc"}},
            Secret("abc"),
            {"$type": "T", "$value": "abc"},
        ),
        ({"ClientSecret": "********"}, Unreadable.MASKED, None),
        ({"ClientSecret": "••••"}, Unreadable.MASKED, None),
        ({"ClientSecret": ""}, Unreadable.ABSENT, None),
        ({"ClientSecret": None}, Unreadable.ABSENT, None),
        ({}, Unreadable.ABSENT, None),
    ],
)
def test_the_secret_is_read_and_sent_back_or_left_out(
    shown: dict[str, Any], read: Any, sent: Any
) -> None:
    """Product facts 3.5: never a mask."""
    assert mapping.secret_of(shown) == read
    merged = mapping.merged(shown, Change({"name": "x"}))
    assert merged.get("ClientSecret") == sent
    assert ("ClientSecret" in merged) is (sent is not None)
    new = mapping.merged(shown, Change({}, Secret("new")))
    assert wire.unbox(new["ClientSecret"]) == "new"


def test_a_new_record_is_complete_and_disabled() -> None:
    """Contract 1.1: the recipe's own values; numbers for a new record (product facts 3.5)."""
    record = mapping.created(Change({"client_id": "3f1c"}, Secret("s")))
    assert next(iter(record)) == "$type"
    assert record["Mode"] == 0
    assert record["ProviderType"] == 1
    assert record["ProviderName"] == "Cloud SSO"
    assert record["SetLoginHint"] is True
    assert (record["StaffClaimType"], record["StaffClaimValue"]) == ("staff", "1")
    assert (record["ProviderClientId"], record["ClientSecret"]) == ("3f1c", "s")
    assert "ProviderId" not in record


def test_fields_are_found_by_property_whatever_the_case() -> None:
    assert mapping.field_of("redirectLoginURI") == "redirect_login_url"
    assert mapping.field_of("ClientSecret") == "client_secret"
    assert mapping.field_of("SomethingElse") is None


def test_a_field_beyond_the_record_is_refused() -> None:
    with pytest.raises(UnsupportedByConnector) as refused:
        mapping.merged({}, Change({"email_body": "x"}))
    assert refused.value.errors[0].field == "email_body"


def test_a_record_nested_beyond_reason_is_not_sent() -> None:
    """Targets S5."""
    deep: Any = 1
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(Exception, match="nested too deep"):
        wire.serialise({"Deep": deep})


def test_what_was_observed_does_not_print_itself() -> None:
    """Contract C20."""
    seen = mapping.observed({"ProviderId": "7", "ClientSecret": "canary-secret", "X": "canary-raw"})
    assert "canary" not in repr(seen)
    assert "canary" not in repr(Change({"name": "canary-value"}, Secret("canary-secret")))


@pytest.mark.parametrize(
    ("document", "granted"),
    [
        (True, True),
        ({"Result": True}, True),
        ({"$type": "System.Boolean", "$value": True}, True),
        ({"Result": {"$type": "System.Boolean", "$value": True}}, True),
        (False, False),
        ({"Result": False}, False),
        ({"$type": "System.Boolean", "$value": False}, False),
        ("true", False),
        (1, False),
        ({}, False),
        (None, False),
    ],
)
def test_permissions_are_read_in_every_form(document: Any, *, granted: bool) -> None:
    """Product facts 3.5."""
    assert wire.is_granted(document) is granted


@pytest.mark.parametrize(
    ("document", "found"),
    [
        ({"IsValid": True, "Errors": {"$values": []}}, []),
        ({"IsValid": False, "Summary": "all wrong"}, [("", "all wrong")]),
        ({"Errors": {"$values": [{"FieldName": "A", "Message": "b"}]}}, [("A", "b")]),
        ({"Errors": [{"FieldName": "A", "Message": None}]}, [("A", "")]),
        ({"Errors": [5], "IsValid": False}, [("", "")]),
        ({"Errors": "text"}, []),
        ({"ProviderId": "7"}, []),
        ("text", []),
    ],
)
def test_violations_are_read_without_the_refused_values(
    document: Any, found: list[tuple[str, str]]
) -> None:
    """Product facts 3.3, 3.5."""
    assert [(each.name, each.message) for each in wire.violations(document)] == found
