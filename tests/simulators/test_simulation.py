"""The simulation as a whole: addresses, certificates, start and stop."""

from __future__ import annotations

import logging
import socket
import ssl
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from imis_sso.simulators import Simulation, Variant
from imis_sso.simulators.server import THREAD_NAME
from imis_sso.simulators.tls import spki_pin


def test_environments_are_separate_pairs(simulation: Simulation) -> None:
    test, prod = simulation.environments["test"], simulation.environments["prod"]
    assert list(simulation.environments) == ["test", "prod"]
    shared = set(vars(test).values()) & set(vars(prod).values())
    assert shared == set()


def test_addresses_are_https_on_loopback_without_a_trailing_slash(simulation: Simulation) -> None:
    for environment in simulation.environments.values():
        for url in (environment.imis_url, environment.cloud_sso_url):
            assert urlsplit(url).scheme == "https"
            assert urlsplit(url).hostname == "127.0.0.1"
            assert urlsplit(url).path == ""


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_certificate_is_trusted_through_the_ca_file(
    simulation: Simulation, trust: ssl.SSLContext, host: str
) -> None:
    port = urlsplit(simulation.environments["test"].imis_url).port
    answer = httpx.get(f"https://{host}:{port}/_control/counters", verify=trust)
    assert answer.status_code == 200


def test_certificate_is_not_trusted_without_the_ca_file(simulation: Simulation) -> None:
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        httpx.get(simulation.environments["test"].imis_url)


def test_pins_are_those_of_the_servers_own_keys(
    simulation: Simulation, trust: ssl.SSLContext
) -> None:
    pins = [
        _pin_of_server(urlsplit(url).port or 0, trust)
        for environment in simulation.environments.values()
        for url in (environment.imis_url, environment.cloud_sso_url, environment.directory_url)
    ]
    assert tuple(pins) == simulation.spki_pins
    assert len(set(pins)) == 6


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        ("expired", "certificate has expired"),
        ("untrusted", "unable to get local issuer certificate"),
        ("other_name", "IP address mismatch"),
    ],
)
def test_a_wrong_certificate_is_wrong_in_one_way_and_of_the_same_key(
    simulation: Simulation, trust: ssl.SSLContext, kind: str, why: str
) -> None:
    port = urlsplit(simulation.environments["test"].cloud_sso_url).port or 0
    right = _pin_of_server(port, trust)
    simulation.cloud_sso("test").patch({"certificate": kind})
    with pytest.raises(ssl.SSLCertVerificationError, match=why):
        _pin_of_server(port, trust)
    careless = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    careless.check_hostname, careless.verify_mode = False, ssl.CERT_NONE
    assert _pin_of_server(port, careless) == right
    simulation.cloud_sso("test").patch({"certificate": "valid"})
    assert _pin_of_server(port, trust) == right


def _pin_of_server(port: int, trust: ssl.SSLContext) -> str:
    with (
        socket.create_connection(("127.0.0.1", port), timeout=5) as plain,
        trust.wrap_socket(plain, server_hostname="127.0.0.1") as secured,
    ):
        certificate = secured.getpeercert(binary_form=True)
    assert certificate is not None
    return spki_pin(ssl.DER_cert_to_PEM_cert(certificate).encode())


def test_private_keys_are_readable_by_their_owner_only(running: Simulation) -> None:
    keys = list(running.ca_file.parent.glob("*.key"))
    assert len(keys) == 6
    assert {stat.S_IMODE(key.stat().st_mode) for key in keys} == {0o600}


def test_stop_frees_the_ports_and_ends_the_thread(tmp_path: Path) -> None:
    before = _simulator_threads()
    simulation = Simulation(tmp_path, names=("one",))
    port = urlsplit(simulation.environments["one"].imis_url).port or 0
    simulation.start()
    assert _simulator_threads() == before + 1
    simulation.stop()
    simulation.stop()
    assert _simulator_threads() == before
    with Simulation(tmp_path, names=("one",), ports={"one": (port, 0)}) as again:
        assert again.environments["one"].imis_url == f"https://127.0.0.1:{port}"


def _simulator_threads() -> int:
    return sum(thread.name == THREAD_NAME for thread in threading.enumerate())


def test_stop_does_not_wait_for_a_request_in_flight(tmp_path: Path, trust: ssl.SSLContext) -> None:
    simulation = Simulation(tmp_path, names=("one",), variants={"one": Variant()})
    simulation.start()
    url = simulation.environments["one"].imis_url
    verify = ssl.create_default_context(cafile=simulation.ca_file)
    fault = {"kind": "latency", "times": None, "params": {"seconds": 60}}
    httpx.put(f"{url}/_control/faults", json=[fault], verify=verify).raise_for_status()
    failures: list[Exception] = []
    waiting = threading.Thread(target=_ask, args=(url, verify, failures))
    waiting.start()
    _wait_until(lambda: simulation.imis("one").counters.requests == 1)
    simulation.stop()
    waiting.join(timeout=10)
    assert len(failures) == 1
    assert isinstance(failures[0], httpx.TransportError)


def _ask(url: str, verify: ssl.SSLContext, failures: list[Exception]) -> None:
    try:
        httpx.get(url, verify=verify, timeout=30)
    except httpx.HTTPError as error:
        failures.append(error)


def _wait_until(condition: Callable[[], bool]) -> None:
    pause = threading.Event()
    for _ in range(1000):
        if condition():
            return
        pause.wait(0.01)
    pytest.fail("the condition was never met")


def test_taken_port_is_an_error_that_names_it(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match=f"127.0.0.1:{port}"):
            Simulation(tmp_path, names=("one",), ports={"one": (0, port)})


def test_servers_that_cannot_start_say_so(tmp_path: Path) -> None:
    simulation = Simulation(tmp_path, names=("one",))
    (tmp_path / "one-imis.pem").unlink()
    with pytest.raises(RuntimeError, match="did not start") as caught:
        simulation.start()
    assert isinstance(caught.value.__cause__, FileNotFoundError)
    simulation.stop()


def test_servers_log_nothing(
    service_account: httpx.Client, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        service_account.get("/api/OpenIDProvider")
    assert [record for record in caplog.records if record.threadName == THREAD_NAME] == []


def test_simulators_import_nothing_else_of_the_service() -> None:
    code = "import sys, imis_sso.simulators; print('\\n'.join(sys.modules))"
    listed = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    ours = {name for name in listed.stdout.splitlines() if name.startswith("imis_sso.")}
    assert ours
    assert all(name.startswith("imis_sso.simulators") for name in ours)
