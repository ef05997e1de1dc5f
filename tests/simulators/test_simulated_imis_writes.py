"""Writing over the iMIS REST interface (product facts 3.3, 3.5), over real TLS."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from imis_rest_client import LIST, TYPE, page_record

from imis_sso.simulators import ImisModel


def put(client: httpx.Client, record: dict[str, Any]) -> httpx.Response:
    return client.put(f"{LIST}/{record['ProviderId']}", json=record)


@pytest.mark.parametrize(
    ("status", "has_body"), [(200, True), (201, True), (202, True), (204, False)]
)
def test_put_succeeds_in_four_ways(
    service_account: httpx.Client, imis: ImisModel, status: int, has_body: bool
) -> None:
    imis.change_variant({"imis_put_status": status})
    record = page_record(service_account) | {"ProviderName": "Cloud SSO"}
    answer = put(service_account, record)
    assert answer.status_code == status
    assert (json.loads(answer.content) if has_body else answer.content) == (
        record if has_body else b""
    )
    assert page_record(service_account) == record


def test_put_replaces_the_whole_record(service_account: httpx.Client, imis: ImisModel) -> None:
    record_id = imis.record["ProviderId"]
    sent = {"$type": TYPE, "ProviderName": "Only this"}
    assert service_account.put(f"{LIST}/{record_id}", json=sent).status_code == 200
    assert imis.record == {"ProviderId": record_id, "ProviderName": "Only this"}


def test_put_keeps_unknown_properties_as_they_were_sent(
    service_account: httpx.Client, imis: ImisModel
) -> None:
    record = page_record(service_account)
    sent = record | {"SortOrder": 4, "Colours": [{"$type": "A, B", "Name": "blue"}]}
    put(service_account, sent)
    stored = {name: value for name, value in sent.items() if name != "$type"}
    assert imis.record == stored


@pytest.mark.parametrize(("kind", "is_kept"), [("wipes", False), ("keeps", True)])
@pytest.mark.parametrize("is_null", [False, True])
def test_put_without_the_secret_wipes_or_keeps_it(
    service_account: httpx.Client, imis: ImisModel, kind: str, is_kept: bool, is_null: bool
) -> None:
    imis.change_variant({"imis_unread_secret": kind, "imis_secret": "absent"})
    secret = imis.record["ClientSecret"]
    record = page_record(service_account) | ({"ClientSecret": None} if is_null else {})
    put(service_account, record)
    assert imis.record.get("ClientSecret") == (secret if is_kept else None)


@pytest.mark.parametrize("kind", ["wipes", "keeps"])
def test_a_mask_that_is_sent_is_stored(
    service_account: httpx.Client, imis: ImisModel, kind: str
) -> None:
    imis.change_variant({"imis_unread_secret": kind, "imis_secret": "masked"})
    put(service_account, page_record(service_account))
    assert imis.record["ClientSecret"] == "********"


@pytest.mark.parametrize("mode", [2, "Enabled"])
def test_enumerations_are_taken_as_numbers_and_names(
    service_account: httpx.Client, imis: ImisModel, mode: object
) -> None:
    put(service_account, page_record(service_account) | {"Mode": mode})
    assert imis.record["Mode"] == 2


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b"not json",
        json.dumps({"ProviderName": "A", "$type": TYPE}).encode(),
        json.dumps({"$type": "Another, Asi.Contracts"}).encode(),
        json.dumps({"$type": TYPE, "Appearance": {"ButtonText": "A", "$type": "B"}}).encode(),
        json.dumps({"$type": TYPE, "Colours": [{"Name": "blue"}]}).encode(),
    ],
)
def test_type_must_be_the_first_key_of_every_object(
    service_account: httpx.Client, imis: ImisModel, body: bytes
) -> None:
    before = imis.record
    answer = service_account.put(f"{LIST}/{before['ProviderId']}", content=body)
    assert answer.status_code == 400
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert imis.record == before


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("RedirectLoginUri", "http://members.example.org/"),
        ("Authority", "ftp://sso.example.org"),
        ("WellKnownUrl", "sso.example.org"),
        ("Mode", 3),
        ("Mode", "Sometimes"),
        ("ProviderType", True),
        ("SetLoginHint", "true"),
        ("StaffClaimValue", 1),
    ],
)
def test_invalid_values_are_a_validation_error(
    service_account: httpx.Client, imis: ImisModel, field: str, value: object
) -> None:
    before = imis.record
    answer = put(service_account, page_record(service_account) | {field: value})
    assert (answer.status_code, answer.reason_phrase) == (400, "Validation error")
    results = answer.json()
    assert (results["HasErrors"], results["IsValid"]) == (True, False)
    [error] = results["Errors"]["$values"]
    assert (error["FieldName"], error["FieldValue"]) == (field, value)
    assert error["Message"] == results["Summary"]
    assert results["Warnings"]["$values"] == []
    assert imis.record == before


def test_every_error_is_listed(service_account: httpx.Client) -> None:
    wrong = {"RedirectLoginUri": "http://a/", "Authority": "http://b", "Mode": 9}
    results = put(service_account, page_record(service_account) | wrong).json()
    named = {error["FieldName"] for error in results["Errors"]["$values"]}
    assert named == wrong.keys()


@pytest.mark.parametrize("body", [{"Authority": "http://b"}, {"Appearance": {}}])
def test_errors_may_echo_what_was_sent(
    service_account: httpx.Client, imis: ImisModel, body: dict[str, Any]
) -> None:
    record = page_record(service_account) | body | {"ClientSecret": "canary"}
    assert "canary" not in put(service_account, record).text
    imis.variant.imis_errors = "echo"
    assert "canary" in put(service_account, record).text


def test_dry_run_writes_nothing(service_account: httpx.Client, imis: ImisModel) -> None:
    before = imis.record
    sent = page_record(service_account) | {"ProviderName": "Cloud SSO"}
    answer = service_account.post(f"{LIST}/_validate", json=sent)
    assert (answer.status_code, answer.json()["IsValid"]) == (200, True)
    assert imis.record == before
    assert (imis.counters.writes, imis.counters.stored) == (0, 0)


@pytest.mark.parametrize(("kind", "status"), [("result", 200), ("error", 400)])
def test_dry_run_tells_errors_in_two_ways(
    service_account: httpx.Client, imis: ImisModel, kind: str, status: int
) -> None:
    imis.change_variant({"imis_validate": kind})
    sent = page_record(service_account) | {"Authority": "http://b"}
    answer = service_account.post(f"{LIST}/_validate", json=sent)
    assert (answer.status_code, answer.json()["IsValid"]) == (status, False)


def test_dry_run_may_not_exist(service_account: httpx.Client, imis: ImisModel) -> None:
    imis.change_variant({"imis_validate": "missing"})
    answer = service_account.post(f"{LIST}/_validate", json={})
    assert (answer.status_code, answer.text) == (501, "Operation not implemented")


def test_dry_run_of_a_body_that_cannot_be_read_is_plain_text(service_account: httpx.Client) -> None:
    answer = service_account.post(f"{LIST}/_validate", content=b"nonsense")
    assert answer.status_code == 400
    assert answer.headers["Content-Type"].startswith("text/plain")


@pytest.mark.parametrize("kind", ["body", "header", "list-only"])
def test_post_creates_and_tells_the_id_in_three_ways(
    service_account: httpx.Client, imis: ImisModel, kind: str
) -> None:
    imis.change_variant({"imis_records": "none", "imis_post_id": kind})
    answer = service_account.post(LIST, json={"$type": TYPE, "ProviderName": "Cloud SSO"})
    record_id = imis.record["ProviderId"]
    assert imis.records == [{"ProviderId": record_id, "ProviderName": "Cloud SSO"}]
    told = (kind, answer.status_code, record_id in answer.text, "Location" in answer.headers)
    assert told in {
        ("body", 201, True, False),
        ("header", 201, False, True),
        ("list-only", 204, False, False),
    }
    if kind == "header":
        assert answer.headers["Location"].endswith(f"{LIST}/{record_id}")
    assert page_record(service_account)["ProviderId"] == record_id


def test_post_of_an_existing_id_is_a_conflict(
    service_account: httpx.Client, imis: ImisModel
) -> None:
    answer = service_account.post(LIST, json=page_record(service_account))
    assert answer.status_code == 409
    assert len(imis.records) == 1


def test_post_is_validated(service_account: httpx.Client, imis: ImisModel) -> None:
    answer = service_account.post(LIST, json={"$type": TYPE, "Authority": "http://b"})
    assert (answer.status_code, len(imis.records)) == (400, 1)


def test_put_cannot_change_the_identity(service_account: httpx.Client, imis: ImisModel) -> None:
    record_id = imis.record["ProviderId"]
    sent = page_record(service_account) | {"ProviderId": "another"}
    assert service_account.put(f"{LIST}/{record_id}", json=sent).status_code == 400
    assert service_account.put(f"{LIST}/another", json=sent).status_code == 404


def test_delete_removes_the_record(service_account: httpx.Client, imis: ImisModel) -> None:
    record_id = imis.record["ProviderId"]
    assert service_account.delete(f"{LIST}/{record_id}").status_code == 204
    assert imis.records == []
    assert service_account.delete(f"{LIST}/{record_id}").status_code == 404


def test_there_is_no_patch(service_account: httpx.Client, imis: ImisModel) -> None:
    answer = service_account.patch(f"{LIST}/{imis.record['ProviderId']}", json={"$type": TYPE})
    assert answer.status_code == 405
