"""`imis-sso serve` and `imis-sso simulate`: ready, listening, and gone again."""

from __future__ import annotations

import signal
import socket
import ssl
import stat
import tempfile
import time
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import httpx
import leak_scan
import pytest
from command_line import Registry, command
from service_process import Running, running

from imis_sso.simulators import SimulatedEnvironment

KEYS = ["imis_url", "imis_username", "imis_password", "cloud_sso_url", "cloud_sso_username",
        "cloud_sso_password", "cloud_id", "directory_url", "directory_password"]  # fmt: skip


def _of_folder(folder: Path) -> list[str]:
    """Give the command lines of the living processes that name a folder."""
    found = []
    for process in Path("/proc").iterdir():
        try:
            line = (process / "cmdline").read_bytes() if process.name.isdecimal() else b""
        except OSError:
            continue  # it ended meanwhile
        if str(folder).encode() in line:
            found.append(line.replace(b"\0", b" ").decode())
    return found


@pytest.fixture
def temporary() -> Iterator[Path]:
    # Short: Chromium's own sockets stand in it, and a socket's path has at most 108 bytes.
    with tempfile.TemporaryDirectory(dir="/tmp") as place:
        yield Path(place)


@pytest.mark.browser
def test_simulate_from_start_to_end(tmp_path: Path, temporary: Path) -> None:
    """A free port, a whole ready file; after SIGTERM nothing is left, Chromium included."""
    ready_file = tmp_path / "ready.json"
    ready_file.write_text("{}", "utf-8")
    ready_file.chmod(0o644)
    old = ready_file.stat().st_ino
    arguments = ("serve", "--simulate", "--port", "0")
    with running(tmp_path, *arguments, surroundings={"TMPDIR": str(temporary)}) as service:
        assert ready_file.stat().st_ino != old, "it was not renamed into place"
        assert stat.S_IMODE(ready_file.stat().st_mode) == 0o600
        assert not list(tmp_path.glob(".ready.json*"))
        ready = service.ready
        assert list(ready) == ["base_url", "token", "ca_file", "environments"]
        assert list(ready["environments"]) == ["test", "prod"]
        for each in ready["environments"].values():
            assert list(each) == KEYS
            assert all(isinstance(value, str) and value for value in each.values())
        assert ready["base_url"].startswith("http://127.0.0.1:")
        assert ssl.create_default_context(cafile=ready["ca_file"]).get_ca_certs()
        answer = service.call("GET", "/v1/environments/test/cloud-sso/imis-client")
        assert answer.status_code == 200
        status = service.call("GET", "/v1/environments/test/status").json()
        assert (status["writes"], status["production"]) == ("allowed", False)
        assert [line for line in _of_folder(temporary) if "chrom" in line]
        assert service.stop(signal.SIGTERM) == 0
    _nothing_left(temporary)
    assert ready["token"] not in service.printed
    assert "imis-sso serves test, prod at http://127.0.0.1:" in service.printed
    assert "Traceback" not in service.printed


def _nothing_left(temporary: Path) -> None:
    deadline = time.monotonic() + 5  # Chromium's helpers end a moment after it
    while _of_folder(temporary) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert _of_folder(temporary) == []
    assert list(temporary.iterdir()) == []


def test_the_ready_file_says_all_of_an_environment() -> None:
    assert [each.name for each in fields(SimulatedEnvironment)] == KEYS


def test_with_a_registry(registry: Registry, tmp_path: Path) -> None:
    """No token, no simulated product: the ready file has the same keys. Ctrl-C ends it as well."""
    file = str(registry())
    with running(tmp_path, "serve", "--config", file, "--port", "0") as service:
        ready = service.ready
        url = ready.pop("base_url")
        assert ready == {"token": None, "ca_file": None, "environments": {"test": {}, "prod": {}}}
        assert httpx.get(f"{url}/readyz").json() == {"status": "ok"}
        taken = url.rpartition(":")[2]
        told = command("serve", "--config", file, "--port", taken)
        told.failed(f"cannot listen on 127.0.0.1:{taken}: Address already in use")
        assert service.stop(signal.SIGINT) == 0
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{url}/livez")


def test_an_address_that_is_not_ours(registry: Registry) -> None:
    file = str(registry())
    told = command("serve", "--config", file, "--host", "192.0.2.1", "--port", "0")
    told.failed("cannot listen on 192.0.2.1:0: Cannot assign requested address")


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_an_open_address_needs_a_token(registry: Registry, host: str) -> None:
    """Contract C42."""
    told = command("serve", "--config", str(registry()), "--host", host, "--port", "0")
    if told.err == "imis-sso: cannot listen on :::0: Address family not supported by protocol\n":
        return  # no IPv6 here: it does not listen either
    told.failed(f"refusing to listen on {host} without any token (contract C42): …")
    assert "imis-sso token create" in told.err


def test_a_revoked_token_is_none(registry: Registry) -> None:
    file = str(registry())
    assert command("token", "create", "ci", "--config", file).code == 0
    assert command("token", "revoke", "ci", "--config", file).code == 0
    told = command("serve", "--config", file, "--host", "0.0.0.0", "--port", "0")
    told.failed("refusing to listen on 0.0.0.0 without any token (contract C42): …")


def test_a_ready_file_that_cannot_be_written(registry: Registry, tmp_path: Path) -> None:
    """The service does not run on without it."""
    place = tmp_path / "absent" / "ready.json"
    told = command("serve", "--config", str(registry()), "--port", "0", "--ready-file", str(place))
    told.failed(f"cannot write {place}: No such file or directory")


def test_a_data_directory_of_a_later_version_or_none_at_all(
    registry: Registry, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    told = command(
        "serve", "--config", str(registry(data_dir=str(tmp_path / "file"))), "--port", "0"
    )
    assert told.code == 1
    assert len(told.err.splitlines()) == 1
    assert str(tmp_path / "file") in told.err


def test_simulators_alone(tmp_path: Path, temporary: Path) -> None:
    """Their ready file, their addresses and log-ins printed, their end."""
    folder = tmp_path / leak_scan.ON_PURPOSE
    folder.mkdir()
    with running(folder, "simulate", surroundings={"TMPDIR": str(temporary)}) as simulators:
        ready = simulators.ready
        assert stat.S_IMODE(simulators.ready_file.stat().st_mode) == 0o600
        assert list(ready) == ["ca_file", "environments"]
        trust = ssl.create_default_context(cafile=ready["ca_file"])
        for name, each in ready["environments"].items():
            assert list(each) == KEYS
            answer = httpx.get(f"{each['imis_url']}/_control/state", verify=trust)
            assert answer.json()["organisation"] == f"Example Association ({name})"
        _printed(simulators, ready["environments"]["prod"]["cloud_sso_url"])
        assert simulators.stop() == 0
    _nothing_left(temporary)


def _printed(started: Running, text: str) -> None:
    deadline = time.monotonic() + 5
    while text not in started.printed and time.monotonic() < deadline:
        time.sleep(0.02)
    assert text in started.printed


def test_a_write_that_has_begun_is_finished(registry: Registry, tmp_path: Path, imis) -> None:
    """SIGTERM between read and answer: the caller is told what was written (contract C33)."""
    import threading

    from imis_sso.simulators import Fault

    file = str(registry())
    token = command("token", "create", "ci", "--scope", "apply", "--config", file).out.strip()
    mode = "/v1/environments/test/imis/oidc-authentication"
    answers: list[httpx.Response] = []
    with running(tmp_path, "serve", "--config", file, "--port", "0") as service:
        assert service.call("GET", mode, token).json() == {"mode": "disabled"}
        imis.faults.add(Fault("latency", {"role": "write"}, params={"seconds": 1.5}))

        def put() -> None:
            answers.append(service.call("PUT", mode, token, json={"mode": "test_mode"}))

        writer = threading.Thread(target=put)
        writer.start()
        deadline = time.monotonic() + 20
        while imis.counters.writes == 0 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert service.stop(signal.SIGTERM) == 0
        writer.join(20)
    assert [each.status_code for each in answers] == [200], service.printed
    assert imis.record["Mode"] == 1


def test_the_listening_port_is_free_again(registry: Registry, tmp_path: Path) -> None:
    """So that a restart under a supervisor works at once."""
    file = str(registry())
    with running(tmp_path, "serve", "--config", file, "--port", "0") as service:
        port = int(service.ready["base_url"].rpartition(":")[2])
        assert httpx.get(f"{service.ready['base_url']}/livez").status_code == 200
        service.stop()
    with socket.socket() as bound:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(("127.0.0.1", port))
        assert bound.getsockname()[1] == port
    assert Path(file).exists()
