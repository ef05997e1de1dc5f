"""The control API: state, counters, reset, faults, actions."""

from __future__ import annotations

import ssl
import threading

import httpx
import pytest

from imis_sso.simulators import CloudSsoModel, Fault, ImisModel

LATENCY = {"kind": "latency", "match": {"method": "GET"}, "params": {"seconds": 0.01}}


def test_state_of_imis_shows_the_page_record_with_its_secret(
    imis_client: httpx.Client, imis: ImisModel
) -> None:
    state = imis_client.get("/_control/state").json()
    assert state["organisation"] == "Example Association (test)"
    assert state["version"] == "20.3.212.1234"
    assert state["record"]["ClientSecret"] == imis.record["ClientSecret"]
    assert state["record"]["Mode"] == 0
    assert state["record"]["RequirePublicUsers"] is False
    assert state["records"] == [state["record"]]


def test_patch_merges_into_the_page_record(imis_client: httpx.Client, imis: ImisModel) -> None:
    before = imis.record
    changes = {"SetLoginHint": True, "Mode": "TestMode", "RoleMappingKey": None}
    answer = imis_client.patch("/_control/state", json={"record": changes})
    assert answer.status_code == 200
    after = before | {"SetLoginHint": True, "Mode": 1}
    after.pop("RoleMappingKey")
    assert imis.record == after


def test_patch_puts_records_in_place_of_all(imis_client: httpx.Client, imis: ImisModel) -> None:
    records = [{"ProviderName": "A"}, {"ProviderName": "B", "Mode": "Enabled"}]
    imis_client.patch("/_control/state", json={"records": records}).raise_for_status()
    assert [(item["ProviderName"], item.get("Mode")) for item in imis.records] == [
        ("A", None),
        ("B", 2),
    ]
    assert imis.record["ProviderName"] == "B"


@pytest.mark.parametrize(
    "changes",
    [
        {"record": {"Mode": "Sometimes"}},
        {"record": []},
        {"records": {}},
        {"licence": True},
        {"organisation": 5},
    ],
)
def test_patch_of_imis_that_cannot_be_is_explained(
    imis_client: httpx.Client, imis: ImisModel, changes: object
) -> None:
    before = imis.state()
    answer = imis_client.patch("/_control/state", json=changes)
    assert answer.status_code == 422
    assert answer.json()["detail"]
    assert imis.state() == before


def test_patch_of_a_record_that_is_not_there_is_explained(
    imis_client: httpx.Client, imis: ImisModel
) -> None:
    imis.change_variant({"imis_records": "none"})
    answer = imis_client.patch("/_control/state", json={"record": {"ProviderName": "A"}})
    assert (answer.status_code, answer.json()) == (422, {"detail": "there is no record"})


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'"text"'])
def test_patch_takes_a_json_object(imis_client: httpx.Client, body: bytes) -> None:
    assert imis_client.patch("/_control/state", content=body).status_code == 422


def test_patch_of_cloud_sso_changes_what_a_person_could(
    sso_client: httpx.Client, cloud_sso: CloudSsoModel
) -> None:
    changes = {"client_id": "another", "redirect_url": "https://members.example.org/"}
    state = sso_client.patch("/_control/state", json=changes).json()
    assert state.items() >= changes.items()
    assert cloud_sso.client_id == "another"
    assert sso_client.patch("/_control/state", json={"sessions": 5}).status_code == 422


def test_rotation_gives_the_client_another_secret(
    sso_client: httpx.Client, cloud_sso: CloudSsoModel
) -> None:
    before = cloud_sso.client_secret
    answer = sso_client.post("/_control/rotate-secret").json()
    assert answer == {"client_secret": cloud_sso.client_secret}
    assert cloud_sso.client_secret != before


@pytest.mark.parametrize("special", "+/=%:&~")
def test_secrets_hold_what_careless_encoders_spoil(
    cloud_sso: CloudSsoModel, imis: ImisModel, special: str
) -> None:
    assert special in cloud_sso.client_secret
    assert special in cloud_sso.rotate_secret()
    assert special in imis.password


def test_control_requests_are_not_counted(imis_client: httpx.Client, imis: ImisModel) -> None:
    imis_client.get("/_control/state")
    imis_client.put("/_control/faults", json=[])
    assert imis_client.get("/_control/counters").json()["requests"] == 0
    assert imis.counters.by_route == {}


def test_counters_tell_reads_writes_and_routes_apart(
    service_account: httpx.Client, imis: ImisModel
) -> None:
    record_id = imis.record["ProviderId"]
    service_account.get("/api/SystemSettings/0")
    service_account.get("/api/OpenIDProvider")
    sent = service_account.get(f"/api/OpenIDProvider/{record_id}").json()
    service_account.put(f"/api/OpenIDProvider/{record_id}", json=sent)
    service_account.put(f"/api/OpenIDProvider/{record_id}", content=b"nonsense")
    assert service_account.get("/_control/counters").json() == {
        "requests": 5,
        "reads": 2,
        "writes": 2,
        "stored": 1,
        "logins": 0,
        "refused_logins": 0,
        "page_loads": 0,
        "max_simultaneous": 1,
        "by_route": {
            "GET /api/OpenIDProvider": 1,
            "GET /api/OpenIDProvider/{id}": 1,
            "GET /api/SystemSettings/0": 1,
            "PUT /api/OpenIDProvider/{id}": 2,
        },
    }


def test_simultaneous_requests_are_seen(
    imis: ImisModel, trust: ssl.SSLContext, service_account: httpx.Client
) -> None:
    imis.faults.add(Fault("latency", times=None, params={"seconds": 1.0}))
    headers = {"Authorization": service_account.headers["Authorization"]}
    url = f"{imis.base_url}/api/OpenIDProvider"
    callers = [
        threading.Thread(
            target=httpx.get, args=(url,), kwargs={"headers": headers, "verify": trust}
        )
        for _ in range(3)
    ]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert imis.counters.max_simultaneous == 3
    assert imis.counters.reads == 3


def test_requests_one_after_the_other_are_never_simultaneous(
    service_account: httpx.Client, imis: ImisModel
) -> None:
    for _ in range(50):
        service_account.get("/api/OpenIDProvider")
    assert imis.counters.max_simultaneous == 1


def test_reset_of_the_counters_leaves_state_and_faults(
    service_account: httpx.Client, imis: ImisModel
) -> None:
    imis.change(ProviderName="Changed")
    imis.faults.add(Fault("latency"))
    service_account.get("/api/SystemSettings/0")
    assert service_account.post("/_control/reset").status_code == 204
    assert imis.counters.requests == 0
    assert imis.record["ProviderName"] == "Changed"
    assert len(imis.faults.all()) == 1


def test_reset_of_the_state_puts_everything_back(
    imis_client: httpx.Client, imis: ImisModel, sso_client: httpx.Client, cloud_sso: CloudSsoModel
) -> None:
    before, sso_before = imis.state(), cloud_sso.state()
    imis.patch({"record": {"ProviderName": "Changed"}, "password": "another", "roles": []})
    cloud_sso.patch({"issuer": "https://elsewhere.example.org", "password": "another"})
    cloud_sso.rotate_secret()
    imis.faults.add(Fault("latency"))
    imis_client.post("/_control/reset?state=true")
    sso_client.post("/_control/reset?state=true")
    assert (imis.state(), cloud_sso.state()) == (before, sso_before)
    assert imis.faults.all() == []


def test_faults_are_listed_added_replaced_and_removed(imis_client: httpx.Client) -> None:
    listed = imis_client.put("/_control/faults", json=[LATENCY]).json()
    assert listed == [LATENCY | {"times": 1, "skip": 0, "hits": 0, "chance": 1.0, "seed": 0}]
    assert len(imis_client.post("/_control/faults", json=LATENCY).json()) == 2
    imis_client.get("/api/SystemSettings/0")
    assert [item["hits"] for item in imis_client.get("/_control/faults").json()] == [1, 0]
    assert imis_client.delete("/_control/faults").status_code == 204
    assert imis_client.get("/_control/faults").json() == []


@pytest.mark.parametrize(
    ("fault", "detail"),
    [
        ({"kind": "latancy"}, "unknown fault 'latancy'; known: answer_lost"),
        ({"kind": "rate_limit"}, "unknown fault 'rate_limit'"),
        ({"kind": "latency", "chance": 2}, "from 0 to 1"),
        ({"kind": "latency", "chance": "often"}, "not supported"),
        ({"match": {}}, 'a fault is an object with a "kind"'),
        ({"kind": "latency", "seconds": 1}, "unknown keys of a fault: seconds"),
        ({"kind": "latency", "match": {"url": "/"}}, "not url"),
    ],
)
def test_a_fault_that_cannot_be_is_explained_and_nothing_ordered(
    imis_client: httpx.Client, imis: ImisModel, fault: dict[str, object], detail: str
) -> None:
    for answer in (
        imis_client.post("/_control/faults", json=fault),
        imis_client.put("/_control/faults", json=[LATENCY, fault]),
    ):
        assert answer.status_code == 422
        assert detail in answer.json()["detail"]
    assert imis.faults.all() == []


def test_faults_are_put_as_a_list(imis_client: httpx.Client) -> None:
    answer = imis_client.put("/_control/faults", json=LATENCY)
    assert (answer.status_code, answer.json()["detail"]) == (
        422,
        "a JSON list of faults is expected",
    )
