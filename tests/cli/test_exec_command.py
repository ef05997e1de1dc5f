"""`imis-sso exec`: one command with a service of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from command_line import Registry, command, process
from service_process import COMMAND

PROBE = """
import json, os, sys, urllib.request
url, token = os.environ["TF_VAR_imis_sso_url"], os.environ["TF_VAR_imis_sso_token"]
def call(method, path, body=None):
    request = urllib.request.Request(url + path, method=method, data=body,
        headers={"Authorization": "Bearer " + token, "Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request) as answer: return answer.status
    except urllib.error.HTTPError as error: return error.code
mode = "/v1/environments/test/imis/oidc-authentication"
print(json.dumps({"url": url, "token": token, "ready": os.environ.get("IMIS_SSO_READY_FILE"),
    "get": call("GET", mode), "put": call("PUT", mode, b'{"mode":"disabled"}'),
    "force": call("PUT", mode + "?force=true", b'{"mode":"disabled"}')}))
"""


@pytest.fixture
def config(registry: Registry, tmp_path: Path) -> tuple[str, str]:
    key = tmp_path / "server.key"
    key.touch(0o600)
    key.write_text("k" * 40, "utf-8")
    return "--config", str(registry(fingerprint_key_file=str(key)))


def _probe(*arguments: str) -> dict[str, object]:
    told = process("exec", *arguments, "--", sys.executable, "-c", PROBE)
    assert told.code == 0, told
    found: dict[str, object] = json.loads(told.out)
    return found


def test_the_command_can_read_and_write_and_no_more(config: tuple[str, str]) -> None:
    """Scope apply by default; address and token as Terraform's variables; both end with it."""
    found = _probe(*config)
    assert (found["get"], found["put"], found["force"]) == (200, 200, 403)
    assert found["ready"] is None
    assert str(found["url"]).startswith("http://127.0.0.1:")
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{found['url']}/livez")
    assert command("token", "list", "--json", *config).json == []


@pytest.mark.parametrize(("scope", "put", "force"), [("read", 403, 403), ("admin", 200, 200)])
def test_another_scope(config: tuple[str, str], scope: str, put: int, force: int) -> None:
    found = _probe(*config, "--scope", scope)
    assert (found["get"], found["put"], found["force"]) == (200, put, force)


def test_the_token_dies_with_it(
    config: tuple[str, str], registry: Registry, tmp_path: Path
) -> None:
    """Another service on the same data directory does not know it."""
    from service_process import running

    token = str(_probe(*config)["token"])
    with running(tmp_path, "serve", *config, "--port", "0") as service:
        assert service.call("GET", "/v1/environments", token).status_code == 401


@pytest.mark.parametrize("code", [0, 1, 2, 7])
def test_exit_codes_pass_through(config: tuple[str, str], code: int) -> None:
    """2 of `terraform plan -detailed-exitcode` included."""
    told = process("exec", *config, "--", sys.executable, "-c", f"raise SystemExit({code})")
    assert told.code == code
    assert told.out == told.err == ""


def test_the_commands_own_options_are_its_own(config: tuple[str, str]) -> None:
    told = process("exec", *config, "--", "printf", "%s.", "--scope", "--config=x", "-c", "--")
    assert told.out == "--scope.--config=x.-c.--."


def test_a_command_that_is_not_there(config: tuple[str, str]) -> None:
    told = process("exec", *config, "--", "terraforn", "plan")
    assert told.code == 127
    assert told.err == "imis-sso: cannot run terraforn: No such file or directory\n"


def test_a_registry_needs_a_lasting_key(registry: Registry) -> None:
    """A fresh key would change the version of every secret in the plan."""
    told = command("exec", "--config", str(registry()), "--", "true")
    told.failed("exec needs fingerprint_key_file under server: in the registry (or …")


def test_faults_of_the_registry_end_it_before_the_command(
    config: tuple[str, str], tmp_path: Path
) -> None:
    (tmp_path / "test-imis").unlink()
    told = command("exec", *config, "--", "touch", str(tmp_path / "ran"))
    told.failed(f"{config[1]}:…")
    assert not (tmp_path / "ran").exists()


def test_simulate_hands_over_a_ready_file(tmp_path: Path) -> None:
    """So that a script can look behind the products; nothing of it outlives the command."""
    place = tmp_path / "temporary"
    place.mkdir()
    code = PROBE + "\nimport sys; print(open(os.environ['IMIS_SSO_READY_FILE']).read())"
    told = process(
        "exec", "--simulate", "--", sys.executable, "-c", code, surroundings={"TMPDIR": str(place)}
    )
    assert told.code == 0, told
    first, _, rest = told.out.partition("\n")
    found, ready = json.loads(first), json.loads(rest)
    assert (found["get"], found["put"], found["force"]) == (200, 200, 403)
    assert list(ready) == ["base_url", "token", "ca_file", "environments"]
    assert (ready["base_url"], ready["token"]) == (found["url"], found["token"])
    assert list(ready["environments"]) == ["test", "prod"]
    assert list(place.iterdir()) == []


def test_told_to_stop_it_tells_the_command(config: tuple[str, str], tmp_path: Path) -> None:
    """SIGTERM reaches the command, and its end is ours."""
    mark = tmp_path / "started"
    script = f"trap 'exit 9' TERM; touch {mark}; while :; do sleep 0.05; done"
    running = subprocess.Popen([*COMMAND, "exec", *config, "--", "sh", "-c", script])
    deadline = time.monotonic() + 30
    while not mark.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    os.kill(running.pid, signal.SIGTERM)
    assert running.wait(30) == 9
