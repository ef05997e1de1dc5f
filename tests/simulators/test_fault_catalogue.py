"""Both simulators reproduce every fault of targets R6, on demand, seeded and countable."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import httpx
import pytest

from imis_sso.simulators import CloudSsoModel, Fault, ImisModel
from imis_sso.simulators.cloud_sso.pages import SETTINGS_PATH
from imis_sso.simulators.product import Product

LIST = "/api/OpenIDProvider"
# Longer than anything takes that is not told to wait, on a machine with much else to do.
LATE = 0.6
Ask = Callable[[], httpx.Response]

#: Each fault of targets R6 → the kind that makes it.
R6: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "latency": ("latency", {"seconds": LATE}),
    "timeout": ("timeout", {"seconds": LATE}),
    "reset": ("reset", {}),
    "truncated body": ("truncate", {}),
    "slow close": ("slow_close", {"seconds": LATE}),
    "429": ("status", {"status": 429}),
    "5xx burst": ("status", {"status": 503}),
    "expired session": ("expire_session", {}),
    "changed page": ("changed_page", {}),
    "log-in page instead of the form": ("login_page", {}),
}


@pytest.fixture(params=["imis", "cloud-sso"])
def asked(request: pytest.FixtureRequest) -> tuple[Product, Ask]:
    """A product and a way to read its settings, logged in."""
    if request.param == "imis":
        client: httpx.Client = request.getfixturevalue("service_account")
        imis: ImisModel = request.getfixturevalue("imis")
        return imis, lambda: client.get(LIST)
    browser: httpx.Client = request.getfixturevalue("sso_client")
    cloud_sso: CloudSsoModel = request.getfixturevalue("cloud_sso")
    session = cloud_sso.log_in(cloud_sso.username, cloud_sso.password, cloud_sso.cloud_id)
    browser.cookies.set(f"sso_session_{cloud_sso.cloud_id}", session or "")
    cloud_sso.reset()
    return cloud_sso, lambda: browser.get(SETTINGS_PATH)


def shape(ask: Ask) -> str:
    """Tell what came of a request, without what differs each time."""
    began = time.monotonic()
    try:
        answer = ask()
    except httpx.TransportError as error:
        return type(error).__name__
    late = " late" if time.monotonic() - began >= LATE else ""
    kind = "login" if "Password" in answer.text or answer.status_code == 401 else ""
    new = "changed" if "ModeEx" in answer.text or "Redirect URL (new)" in answer.text else ""
    return f"{answer.status_code}{late}{kind}{new}"


@pytest.mark.parametrize("named", R6)
def test_each_fault_is_made_once_and_counted(asked: tuple[Product, Ask], named: str) -> None:
    """targets R6."""
    product, ask = asked
    kind, params = R6[named]
    usual = shape(ask)
    fault = Fault(kind, {"role": "read"}, times=1, params=dict(params))
    product.faults.add(fault)
    assert shape(ask) != usual
    assert fault.hits == 1
    assert product.log.attempts[-1].faults == [kind]
    if named != "expired session":
        assert shape(ask) == usual
    assert fault.hits == 1


def test_a_burst_ends_by_itself(asked: tuple[Product, Ask]) -> None:
    product, ask = asked
    product.faults.add(Fault("status", times=3, params={"status": 500}))
    assert [ask().status_code for _ in range(5)] == [500, 500, 500, 200, 200]


def test_chance_is_repeated_by_its_seed(asked: tuple[Product, Ask]) -> None:
    product, ask = asked

    def run(seed: int) -> list[int]:
        fault = Fault("status", times=None, chance=0.5, seed=seed, params={"status": 503})
        product.faults.replace([fault])
        found = [ask().status_code for _ in range(12)]
        assert fault.hits == found.count(503)
        return found

    first = run(1)
    assert {200, 503} == set(first)
    assert run(1) == first
    assert run(2) != first


@pytest.mark.parametrize(
    ("kind", "params", "stored"),
    [
        ("timeout", {"seconds": 0.1}, 0),
        ("timeout", {"seconds": 0.1, "stored": True}, 1),
        ("status", {"status": 502, "stored": True}, 1),
        ("status", {"status": 502}, 0),
        ("login_page", {}, 0),
    ],
)
def test_whether_a_write_was_taken_is_chosen(
    service_account: httpx.Client, imis: ImisModel, kind: str, params: dict[str, Any], stored: int
) -> None:
    record = service_account.get(LIST).json()["Items"]["$values"][0]
    imis.faults.add(Fault(kind, {"role": "write"}, params=params))
    try:
        service_account.put(f"{LIST}/{record['ProviderId']}", json=record | {"ProviderName": "x"})
    except httpx.TransportError:
        assert kind == "timeout"
    assert imis.counters.stored == stored
    assert (imis.record["ProviderName"] == "x") is bool(stored)


def test_late_work_is_done_though_nobody_waits(
    service_account: httpx.Client, imis: ImisModel
) -> None:
    """product facts 3.5: a write whose answer is lost may have been taken, or be taken yet."""
    record = service_account.get(LIST).json()["Items"]["$values"][0]
    imis.faults.add(Fault("latency", {"role": "write"}, params={"seconds": 0.4}))
    with pytest.raises(httpx.ReadTimeout):
        service_account.put(
            f"{LIST}/{record['ProviderId']}", json=record | {"ProviderName": "x"}, timeout=0.1
        )
    assert service_account.get(LIST).status_code == 200
    assert imis.counters.max_simultaneous == 1, "who gave up is not in flight any more"
    (attempt,) = [each for each in imis.log.attempts if each.visit.role == "write"]
    deadline = time.monotonic() + 20
    while not attempt.over and time.monotonic() < deadline:
        time.sleep(0.01)
    assert imis.record["ProviderName"] == "x"
    assert imis.log.states[-1].attempt is attempt


def test_the_log_tells_who_did_what(service_account: httpx.Client, imis: ImisModel) -> None:
    """What a write did and what a person did are told apart, in order."""
    record = service_account.get(LIST).json()["Items"]["$values"][0]
    service_account.put(f"{LIST}/{record['ProviderId']}", json=record | {"ProviderName": "wire"})
    imis.change(ProviderName="hand")
    service_account.get(LIST)
    *_, wire, hand = imis.log.states
    assert wire.attempt is not None
    assert (wire.attempt.visit.method, wire.held["records"][0]["ProviderName"]) == ("PUT", "wire")
    assert (hand.attempt, hand.held["records"][0]["ProviderName"]) == (None, "hand")
    assert imis.log.attempts[-1].seen == hand.number
