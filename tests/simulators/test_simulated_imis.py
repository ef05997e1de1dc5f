"""The conventions of the iMIS REST interface (product facts 3.2, 3.3), over real TLS."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from imis_rest_client import LIST, TYPE, page_record

from imis_sso.simulators import ImisModel


def form_of(imis: ImisModel, **changes: str) -> dict[str, str]:
    form = {"grant_type": "password", "username": imis.username, "password": imis.password}
    return form | changes


# Log-in


def test_token_is_given_for_the_service_account(imis_client: httpx.Client, imis: ImisModel) -> None:
    answer = imis_client.post("/token", data=form_of(imis))
    token = answer.json()
    assert answer.status_code == 200
    assert token.keys() >= {"access_token", "token_type", "expires_in"}
    assert (token["token_type"], token["expires_in"]) == ("bearer", 1199)
    assert (imis.counters.logins, imis.counters.refused_logins) == (1, 0)


@pytest.mark.parametrize("wrong", ["username", "password"])
def test_wrong_credentials_are_400_with_an_oauth_error(
    imis_client: httpx.Client, imis: ImisModel, wrong: str
) -> None:
    answer = imis_client.post("/token", data=form_of(imis, **{wrong: "wrong"}))
    assert answer.status_code == 400
    assert answer.json() == {
        "error": "invalid_grant",
        "error_description": "The user name or password is incorrect.",
    }
    assert (imis.counters.logins, imis.counters.refused_logins) == (0, 1)


def test_another_grant_type_is_unsupported(imis_client: httpx.Client, imis: ImisModel) -> None:
    answer = imis_client.post("/token", data=form_of(imis, grant_type="client_credentials"))
    assert (answer.status_code, answer.json()["error"]) == (400, "unsupported_grant_type")
    assert imis.counters.refused_logins == 0


@pytest.mark.parametrize("path", ["/asiScheduler/token", "/Asi.Scheduler_Example/token"])
def test_older_installs_serve_the_token_elsewhere(
    imis_client: httpx.Client, imis: ImisModel, path: str
) -> None:
    imis.variant.imis_token_path = path
    assert imis_client.post("/token", data=form_of(imis)).status_code == 404
    assert imis_client.post(path, data=form_of(imis)).status_code == 200
    assert imis.counters.by_route == {"POST /token": 1, f"POST {path}": 1}


@pytest.mark.parametrize(
    "authorization", [None, "Bearer nonsense", "Basic c3ZjOnB3", "Bearer", "nonsense"]
)
@pytest.mark.parametrize("path", ["/api/SystemSettings/0", LIST, "/api/Party"])
def test_nothing_is_served_without_a_token(
    imis_client: httpx.Client, path: str, authorization: str | None
) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    answer = imis_client.get(path, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_expired_and_revoked_tokens_are_refused(
    service_account: httpx.Client, imis: ImisModel
) -> None:
    assert service_account.get(LIST).status_code == 200
    service_account.post("/_control/expire-sessions")
    assert service_account.get(LIST).status_code == 401
    imis.patch({"token_seconds": 0})
    token = service_account.post("/token", data=form_of(imis)).json()["access_token"]
    answer = service_account.get(LIST, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 401


@pytest.mark.parametrize("role", ["RemoteService", "SysAdmin"])
def test_both_roles_are_needed(service_account: httpx.Client, imis: ImisModel, role: str) -> None:
    imis.patch({"roles": [name for name in imis.roles if name != role]})
    assert service_account.get(LIST).status_code == 403


# Reading


def test_health_names_organisation_and_version(service_account: httpx.Client) -> None:
    settings = service_account.get("/api/SystemSettings/0").json()
    assert next(iter(settings)) == "$type"
    assert settings["LicensedOrganization"] == "Example Association (test)"
    assert settings["Version"] == "20.3.212.1234"


def test_metadata_names_every_property(service_account: httpx.Client) -> None:
    metadata = service_account.get("/api/metadata/OpenIDProvider").json()
    names = [item["Name"] for item in metadata["Properties"]["$values"]]
    assert metadata["EntityTypeName"] == "OpenIDProvider"
    assert {"ProviderId", "ClientSecret", "StaffClaimValue", "RequirePublicUsers"} <= set(names)


def test_record_is_half_finished_at_the_start(
    service_account: httpx.Client, imis: ImisModel
) -> None:
    record = page_record(service_account)
    assert next(iter(record)) == "$type"
    assert record["$type"] == TYPE
    assert record["ProviderType"] == 1
    assert record["Authority"].startswith("https://login.microsoftonline.com/")
    assert record["RedirectLoginUri"] == imis.base_url
    assert record["Appearance"]["$type"].endswith(", Asi.Contracts")
    assert record["SessionMinutes"] == {"$type": "System.Int32", "$value": 45}


def test_defaults_are_omitted_or_present(service_account: httpx.Client, imis: ImisModel) -> None:
    omitted = page_record(service_account)
    assert omitted.keys().isdisjoint({"Mode", "SetLoginHint", "RequirePublicUsers", "Tenant"})
    imis.variant.imis_defaults = "present"
    present = page_record(service_account)
    expected = {"Mode": 0, "SetLoginHint": False, "RequirePublicUsers": False, "Tenant": None}
    assert present == omitted | present
    assert {name: present[name] for name in expected} == expected


def test_enumerations_are_numbers_or_names(service_account: httpx.Client, imis: ImisModel) -> None:
    imis.change(Mode=1)
    assert [page_record(service_account)[name] for name in ("Mode", "ProviderType")] == [1, 1]
    imis.variant.imis_enums = "names"
    names = [page_record(service_account)[name] for name in ("Mode", "ProviderType")]
    assert names == ["TestMode", "Okta"]


@pytest.mark.parametrize("defaults", ["omitted", "present"])
def test_secret_is_clear_masked_or_absent(
    service_account: httpx.Client, imis: ImisModel, defaults: str
) -> None:
    imis.change_variant({"imis_defaults": defaults})
    assert page_record(service_account)["ClientSecret"] == imis.record["ClientSecret"]
    imis.variant.imis_secret = "masked"
    assert page_record(service_account)["ClientSecret"] == "********"
    imis.variant.imis_secret = "absent"
    assert "ClientSecret" not in page_record(service_account)


def test_no_mask_stands_for_a_secret_that_is_not_there(
    service_account: httpx.Client, imis: ImisModel
) -> None:
    imis.variant.imis_secret = "masked"
    imis.change(ClientSecret=None)
    assert "ClientSecret" not in page_record(service_account)


def test_list_is_paged(service_account: httpx.Client, imis: ImisModel) -> None:
    imis.patch({"records": [{"ProviderName": str(number)} for number in range(501)]})
    first = service_account.get(LIST).json()
    assert "PagedResult" in first["$type"]
    assert next(iter(first["Items"])) == "$type"
    assert _envelope(first) == (0, 100, 100, 501, True, 100)
    assert first["NextPageLink"] is not None
    capped = service_account.get(LIST, params={"limit": 9999}).json()
    assert _envelope(capped) == (0, 500, 500, 501, True, 500)
    last = service_account.get(LIST, params={"limit": 500, "offset": 500}).json()
    assert _envelope(last) == (500, 500, 1, 501, False, 0)
    assert last["NextPageLink"] is None
    assert last["Items"]["$values"][0]["ProviderName"] == "500"


def _envelope(page: dict[str, Any]) -> tuple[Any, ...]:
    assert len(page["Items"]["$values"]) == page["Count"]
    names = ("Offset", "Limit", "Count", "TotalCount", "HasNext", "NextOffset")
    return tuple(page[name] for name in names)


def test_list_may_be_empty(service_account: httpx.Client, imis: ImisModel) -> None:
    imis.change_variant({"imis_records": "none"})
    assert _envelope(service_account.get(LIST).json()) == (0, 100, 0, 0, False, 0)


def test_limit_must_be_a_number(service_account: httpx.Client) -> None:
    assert service_account.get(LIST, params={"limit": "all"}).status_code == 400


def test_single_record_is_the_listed_one(service_account: httpx.Client) -> None:
    record = page_record(service_account)
    assert service_account.get(f"{LIST}/{record['ProviderId']}").json() == record
    assert service_account.get(f"{LIST}/unknown").status_code == 404


@pytest.mark.parametrize(
    ("kind", "allowed", "denied"),
    [
        ("bare", True, False),
        ("result", {"Result": True}, {"Result": False}),
        (
            "boxed",
            {"$type": "System.Boolean", "$value": True},
            {"$type": "System.Boolean", "$value": False},
        ),
    ],
)
def test_permission_is_told_in_three_ways(
    service_account: httpx.Client, imis: ImisModel, kind: str, allowed: object, denied: object
) -> None:
    imis.change_variant({"imis_permission": kind})
    assert service_account.post(f"{LIST}/_haspermission/Update").json() == allowed
    assert service_account.post(f"{LIST}/_haspermission/Fly").json() == denied


@pytest.mark.parametrize(
    ("kind", "status"), [("forbidden", 403), ("missing", 404), ("not_implemented", 501)]
)
def test_entity_may_not_be_served_over_rest(
    service_account: httpx.Client, imis: ImisModel, kind: str, status: int
) -> None:
    imis.change_variant({"imis_rest": kind})
    for path in (LIST, "/api/metadata/OpenIDProvider", f"{LIST}/{imis.record['ProviderId']}"):
        assert service_account.get(path).status_code == status
    assert service_account.get("/api/SystemSettings/0").status_code == 200


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
def test_other_entities_are_not_implemented(service_account: httpx.Client, method: str) -> None:
    answer = service_account.request(method, "/api/Party/1")
    assert (answer.status_code, answer.text) == (501, "Service not implemented")
    assert answer.reason_phrase == "Service not implemented"


def test_operations_are_not_implemented(service_account: httpx.Client) -> None:
    answer = service_account.post(f"{LIST}/_execute", json={})
    assert (answer.status_code, answer.text) == (501, "Operation not implemented")


# Writing
