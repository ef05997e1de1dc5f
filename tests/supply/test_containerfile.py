"""S6: the image as the Containerfile describes it. Nothing here builds it: no engine is needed."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

import runtime_lock
from imis_sso.settings import ServerSettings

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "Containerfile").read_text("utf-8")


def instructions() -> list[tuple[str, str]]:
    """Give every instruction in one line each, without comments."""
    lines = [line for line in TEXT.splitlines() if not line.startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    found = (line.partition(" ") for line in joined.splitlines() if line.strip())
    return [(name, rest.strip()) for name, _, rest in found]


def stages() -> dict[str, list[tuple[str, str]]]:
    """Give the instructions of each stage, those that it inherits first."""
    found: dict[str, list[tuple[str, str]]] = {"": []}
    name = ""
    for instruction, rest in instructions():
        if instruction == "FROM":
            base, _, name = rest.partition(" AS ")
            found[name] = list(found.get(base, []))
        found[name].append((instruction, rest))
    return found


STAGES = stages()
FINAL = ["service", "browser"]


def last(stage: str, instruction: str) -> str:
    return [rest for name, rest in STAGES[stage] if name == instruction][-1]


def environment(stage: str) -> dict[str, str]:
    given = [rest for name, rest in STAGES[stage] if name == "ENV"]
    return dict(each.split("=", 1) for rest in given for each in shlex.split(rest))


def test_stages() -> None:
    """A build without a target gives the one that can do everything."""
    assert list(STAGES) == ["", "build", "build-browser", "service", "browser"]


def test_the_image_it_starts_from_is_named_by_digest_or_not_at_all() -> None:
    """`name@` is no name of an image: without --build-arg DIGEST the build stops."""
    given = [rest for name, rest in instructions() if name == "FROM"]
    outside = [each for each in given if each.partition(" AS ")[0] not in STAGES]
    assert {each.partition(" AS ")[0] for each in outside} == {"${BASE}@${DIGEST}"}
    assert ("ARG", "DIGEST") in STAGES[""]
    assert [rest for name, rest in instructions() if name == "ARG"] == ["BASE=python", "DIGEST"]
    assert not re.search(r"sha256:[0-9a-f]{8}", TEXT), "a digest is given, and none made up"


@pytest.mark.parametrize("stage", FINAL)
def test_it_runs_as_nobody_in_particular(stage: str) -> None:
    user, _, members = last(stage, "USER").partition(":")
    assert int(user) > 1000
    assert int(members) > 1000


@pytest.mark.parametrize("stage", FINAL)
def test_no_shell_starts_it(stage: str) -> None:
    """Signals reach the service itself, and nothing is expanded."""
    health = last(stage, "HEALTHCHECK").partition("CMD ")[2]
    commands = [
        json.loads(each) for each in (last(stage, "ENTRYPOINT"), last(stage, "CMD"), health)
    ]
    assert commands[0] == ["imis-sso"]
    assert commands[1] == ["serve"]
    assert not {"sh", "bash", "/bin/sh", "-c"} & {word for each in commands[:2] for word in each}
    assert last(stage, "STOPSIGNAL") == "SIGTERM"


@contextmanager
def answering(status: int) -> Iterator[int]:
    class Service(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/livez" else 404)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Service)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(("status", "healthy"), [(200, True), (500, False), (404, False)])
def test_the_health_check_asks_whether_it_lives(status: int, healthy: bool) -> None:
    """The command of the file, run; a service that is not there is not healthy either."""
    program, *arguments = json.loads(last("service", "HEALTHCHECK").partition("CMD ")[2])
    assert program == "python"
    with answering(status) as port:
        done = subprocess.run(
            [sys.executable, *arguments],
            env={"IMIS_SSO_PORT": str(port)},
            capture_output=True,
            check=False,
        )
    assert (done.returncode == 0) is healthy
    gone = subprocess.run(
        [sys.executable, *arguments], env={"IMIS_SSO_PORT": "9"}, capture_output=True, check=False
    )
    assert gone.returncode != 0


@pytest.mark.parametrize("stage", FINAL)
def test_it_writes_to_its_volume_and_to_tmp_alone(
    stage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a read-only root file system needs; the names are those of real settings."""
    given = environment(stage)
    assert last(stage, "VOLUME") == '["/data"]'
    assert given["HOME"] == "/tmp"
    assert given["PYTHONDONTWRITEBYTECODE"] == "1"
    for name, value in given.items():
        if name.startswith("IMIS_SSO_"):
            monkeypatch.setenv(name, value)
    settings = ServerSettings.resolve()
    assert settings.data_dir == Path("/data")
    assert not settings.on_loopback
    assert last(stage, "EXPOSE") == str(settings.port)


def test_everything_is_installed_by_hash() -> None:
    """Of the lock, or of the wheel that was built here; Debian's packages by apt."""
    runs = [rest for name, rest in instructions() if name == "RUN"]
    commands = [each.strip() for rest in runs for each in rest.split("&&")]
    installs = [each for each in commands if "pip install" in each]
    assert len(installs) == 4
    assert [each for each in installs if not re.search("--require-hashes|--no-index", each)] == []
    assert [each for each in installs if "--no-deps" not in each] == []
    assert [each for each in commands if re.search("curl|wget|npm|git ", each)] == []
    assert [rest for name, rest in instructions() if name == "ADD"] == []


def test_the_parts_of_the_lock_that_it_names_exist(capsys: pytest.CaptureFixture[str]) -> None:
    calls = re.findall(r"python -m runtime_lock ([^>]+) >", TEXT)
    assert len(calls) == 3
    printed = []
    for call in calls:
        runtime_lock.main(call.split())
        printed.append(capsys.readouterr().out)
    assert "asyncpg==" in printed[0]
    assert "playwright==" not in printed[0]
    assert "playwright==" in printed[2]


def test_chromium_is_in_the_browsers_image_only() -> None:
    def installs(stage: str) -> bool:
        return any("chromium" in rest for name, rest in STAGES[stage] if name == "RUN")

    assert not installs("service")
    assert installs("browser")
    assert environment("browser")["IMIS_SSO_CHROMIUM"] == "/usr/bin/chromium"


def test_only_what_is_copied_reaches_the_build() -> None:
    """Neither a registry, a data directory nor .git is sent to whoever builds."""
    ignored = (ROOT / ".containerignore").read_text("utf-8")
    assert (ROOT / ".dockerignore").read_text("utf-8") == ignored
    rules = [line for line in ignored.splitlines() if line and not line.startswith("#")]
    assert rules[0] == "*"
    let_in = {rule[1:].rstrip("/") for rule in rules if rule.startswith("!")}
    copied = [shlex.split(rest)[:-1] for name, rest in instructions() if name == "COPY"]
    sources = {each.rstrip("/") for words in copied if "--from" not in words[0] for each in words}
    assert {each for each in sources if each != "shim"} | {"shim/imis_sso"} == let_in
    assert all((ROOT / each).exists() for each in let_in)


def test_no_secret_is_given_to_the_build() -> None:
    given = [rest.lower() for name, rest in instructions() if name in ("ARG", "ENV", "LABEL")]
    assert [each for each in given if re.search("password|secret|token|key", each)] == []
