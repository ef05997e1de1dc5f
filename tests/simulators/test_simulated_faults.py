"""Faults on demand, against real connections."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest

from imis_sso.simulators import Fault, ImisModel

LIST = "/api/OpenIDProvider"


def changed_record(client: httpx.Client) -> dict[str, Any]:
    record: dict[str, Any] = client.get(LIST).json()["Items"]["$values"][0]
    return record | {"ProviderName": "Cloud SSO"}


def put(client: httpx.Client, record: dict[str, Any]) -> httpx.Response:
    return client.put(f"{LIST}/{record['ProviderId']}", json=record)


def test_latency_delays_the_answer(service_account: httpx.Client, imis: ImisModel) -> None:
    imis.faults.add(Fault("latency", params={"seconds": 0.2}))
    started = time.monotonic()
    assert service_account.get(LIST).status_code == 200
    assert time.monotonic() - started >= 0.2


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_status_comes_in_bursts(
    service_account: httpx.Client, imis: ImisModel, status: int
) -> None:
    params = {"status": status, "retry_after": 2, "body": {"error": "busy"}}
    imis.faults.add(Fault("status", times=2, params=params))
    for _ in range(2):
        answer = service_account.get(LIST)
        assert (answer.status_code, answer.headers["Retry-After"]) == (status, "2")
        assert answer.json() == {"error": "busy"}
    assert service_account.get(LIST).status_code == 200


def test_status_is_503_without_retry_after_where_nothing_is_said(
    service_account: httpx.Client, imis: ImisModel
) -> None:
    imis.faults.add(Fault("status"))
    answer = service_account.get(LIST)
    assert (answer.status_code, answer.text, "Retry-After" in answer.headers) == (503, "", False)


def test_status_may_echo_the_request(service_account: httpx.Client, imis: ImisModel) -> None:
    imis.faults.add(Fault("status", {"method": "PUT"}, params={"echo": True, "body": "Error: "}))
    answer = put(service_account, changed_record(service_account) | {"ClientSecret": "canary"})
    assert answer.text.startswith("Error: {")
    assert "canary" in answer.text
    assert imis.counters.stored == 0


def test_reset_aborts_the_connection_before_anything_is_done(
    service_account: httpx.Client, imis: ImisModel
) -> None:
    record = changed_record(service_account)
    imis.faults.add(Fault("reset"))
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        put(service_account, record)
    assert imis.counters.stored == 0
    assert put(service_account, record).status_code == 200


def test_truncated_body_ends_before_its_announced_length(
    service_account: httpx.Client, imis: ImisModel
) -> None:
    imis.faults.add(Fault("truncate"))
    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete message body"):
        service_account.get(LIST)
    assert service_account.get(LIST).status_code == 200


def test_truncated_body_keeps_as_much_as_is_said(
    service_account: httpx.Client, imis: ImisModel
) -> None:
    imis.faults.add(Fault("truncate", params={"keep": 7}))
    with service_account.stream("GET", LIST) as answer:
        assert answer.status_code == 200
        with pytest.raises(httpx.RemoteProtocolError):
            answer.read()
    whole = service_account.get(LIST).content
    assert answer.num_bytes_downloaded == 7
    assert int(answer.headers["Content-Length"]) == len(whole)


def test_slow_close_holds_back_the_end(service_account: httpx.Client, imis: ImisModel) -> None:
    imis.faults.add(Fault("slow_close", params={"seconds": 0.2}))
    started = time.monotonic()
    answer = service_account.get(LIST)
    assert time.monotonic() - started >= 0.2
    assert answer.json()["Count"] == 1


@pytest.mark.parametrize("kind", ["reset", "truncate", "slow_close", "status"])
def test_a_spoilt_request_is_no_longer_in_flight(
    service_account: httpx.Client, imis: ImisModel, kind: str
) -> None:
    imis.faults.add(Fault(kind, times=5, params={"seconds": 0.01}))
    for _ in range(6):
        try:
            service_account.get(LIST)
        except httpx.TransportError:
            continue
    assert imis.counters.requests == 6
    assert imis.counters.max_simultaneous == 1


def test_answer_of_a_stored_write_is_lost(service_account: httpx.Client, imis: ImisModel) -> None:
    record = changed_record(service_account)
    imis.faults.add(Fault("answer_lost"))
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        put(service_account, record)
    assert imis.record["ProviderName"] == "Cloud SSO"
    assert (imis.counters.writes, imis.counters.stored) == (1, 1)


@pytest.mark.parametrize("kind", ["answer_lost", "write_dropped", "write_altered"])
def test_faults_of_writes_leave_reads_alone(
    service_account: httpx.Client, imis: ImisModel, kind: str
) -> None:
    imis.faults.add(Fault(kind))
    record = changed_record(service_account)
    assert imis.faults.all()[0].hits == 0
    try:
        put(service_account, record)
    except httpx.TransportError:
        assert kind == "answer_lost"
    assert imis.faults.all()[0].hits == 1


def test_write_is_accepted_and_not_stored(service_account: httpx.Client, imis: ImisModel) -> None:
    before = imis.record
    imis.faults.add(Fault("write_dropped", times=3))
    record = changed_record(service_account)
    assert put(service_account, record).json()["ProviderName"] == "Cloud SSO"
    assert service_account.delete(f"{LIST}/{record['ProviderId']}").status_code == 204
    assert service_account.post(LIST, json=record).status_code == 201
    assert imis.records == [before]
    assert imis.counters.stored == 0


def test_write_is_stored_differently(service_account: httpx.Client, imis: ImisModel) -> None:
    record = changed_record(service_account)
    imis.faults.add(Fault("write_altered", params={"changes": {"Authority": "https://b"}}))
    put(service_account, record)
    assert (imis.record["Authority"], imis.record["ProviderName"]) == ("https://b", "Cloud SSO")
    imis.faults.add(Fault("write_altered"))
    put(service_account, record)
    assert imis.record["ProviderName"] == "Cloud SSO (altered)"


def test_session_expires_mid_write(service_account: httpx.Client, imis: ImisModel) -> None:
    imis.faults.add(Fault("expire_session", {"role": "write"}))
    record = changed_record(service_account)
    assert put(service_account, record).status_code == 401
    assert imis.counters.stored == 0
    assert service_account.get(LIST).status_code == 401


@pytest.mark.parametrize(
    ("match", "hit"),
    [
        ({}, [1, 1, 1]),
        ({"method": "put"}, [0, 0, 1]),
        ({"path": "/api/SystemSettings/*"}, [1, 0, 0]),
        ({"path": "/api/OpenIDProvider*", "method": "GET"}, [0, 1, 0]),
        ({"role": "write"}, [0, 0, 1]),
    ],
)
def test_faults_meet_the_requests_they_match(
    service_account: httpx.Client, imis: ImisModel, match: dict[str, str], hit: list[int]
) -> None:
    record = changed_record(service_account)
    imis.faults.add(Fault("status", match, times=None))
    answers = [
        service_account.get("/api/SystemSettings/0"),
        service_account.get(LIST),
        put(service_account, record),
    ]
    assert [int(answer.status_code == 503) for answer in answers] == hit


def test_faults_may_skip_their_first_requests(
    service_account: httpx.Client, imis: ImisModel
) -> None:
    imis.faults.add(Fault("status", skip=2))
    statuses = [service_account.get(LIST).status_code for _ in range(4)]
    assert statuses == [200, 200, 503, 200]


def test_faults_of_one_kind_are_used_up_in_their_order(
    service_account: httpx.Client, imis: ImisModel
) -> None:
    for status in (500, 429):
        imis.faults.add(Fault("status", params={"status": status}))
    statuses = [service_account.get(LIST).status_code for _ in range(3)]
    assert statuses == [500, 429, 200]


def test_log_in_has_faults_too(imis_client: httpx.Client, imis: ImisModel) -> None:
    imis.faults.add(Fault("status", {"path": "/token"}, params={"status": 502}))
    form = {"grant_type": "password", "username": imis.username, "password": imis.password}
    assert imis_client.post("/token", data=form).status_code == 502
    assert imis.counters.logins == 0
