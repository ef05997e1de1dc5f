"""`imis-sso serve` killed with SIGKILL at named steps of a write (contract section 7, target R7).

Each step has an environment of its own in one registry: the service is killed in each of them, one
after the other, on one data directory; the last one started meets all that the others have left.
The simulated products live in this process, so what they hold is the truth to compare with.
"""

from __future__ import annotations

import secrets
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import kill_points
import pytest
import yaml
from command_line import command
from service_bench import registry_document
from service_process import Running, running

from imis_sso.simulators import Fault, ImisModel, Simulation
from imis_sso.store.signing import new_key_pem

#: Databases that the service keeps its memory in; each of them is killed at every step.
DATABASES = ("sqlite", "postgresql")
#: Seconds until a dead process no longer keeps anybody from writing (targets R7), and some more.
FREE_SECONDS = 35
JOURNAL = "imis_sso.services.journal:Journal"
TRAIL = "imis_sso.store.trail:SqlTrail"
PERFORM = "imis_sso.services.perform:"
IMIS = "imis_sso.connectors.imis_rest.connector:ImisRest"


@dataclass(frozen=True, eq=False)
class Step:
    """A place to die at, and what is true then.

    `taken` is None where iMIS alone decides: a request may have reached it whole or in part.
    `outcome` says how the trail ends: `settled` by reading after the restart, `recorded` before
    the death, or with no `line` at all. `fault` holds the write up in iMIS; the process is killed
    from outside, once iMIS counts 1 for `when`.
    """

    name: str
    point: str
    taken: bool | None
    outcome: str = "settled"
    fault: Fault | None = None
    when: str = ""


def _held_up(name: str, kind: str, when: str, *, taken: bool | None) -> Step:
    fault = Fault(kind, {"role": "write"}, params={"seconds": 2})
    return Step(name, "", taken=taken, fault=fault, when=when)


STEPS = (
    Step("before-the-intent", f"{JOURNAL}.begin:before:1", taken=False, outcome="no line"),
    Step("intent-not-committed", f"{TRAIL}._line:after:1", taken=False, outcome="no line"),
    Step("after-the-intent", f"{JOURNAL}.begin:after:1", taken=False),
    Step("before-the-connector", f"{IMIS}.write:before:1", taken=False),
    Step("before-it-is-sent", f"{IMIS}._written:before:1", taken=False),
    _held_up("sent", "latency", "writes", taken=None),
    _held_up("stored-and-not-answered", "slow_close", "stored", taken=True),
    Step("answered", f"{IMIS}._written:after:1", taken=True),
    Step("before-the-read-back", f"{PERFORM}_read_back:before:1", taken=True),
    Step("after-the-read-back", f"{PERFORM}_read_back:after:1", taken=True),
    Step("before-it-is-remembered", f"{PERFORM}_remember:before:1", taken=True),
    Step("before-the-outcome", f"{JOURNAL}.applied:before:1", taken=True),
    Step("outcome-not-committed", f"{TRAIL}._line:after:2", taken=True),
    Step("after-the-outcome", f"{JOURNAL}.applied:after:1", taken=True, outcome="recorded"),
)


@dataclass
class Scene:
    """Everything that outlives a killed process."""

    folder: Path
    simulation: Simulation
    config: Path
    token: str = field(repr=False)

    def imis(self, step: Step) -> ImisModel:
        """Give the simulated iMIS of a step's environment."""
        return self.simulation.imis(step.name)

    def taken(self, step: Step) -> bool:
        """Tell whether the step's iMIS holds what the dead process was writing."""
        return bool(self.imis(step).record["Mode"])

    def die(self, step: Step) -> None:
        """Have a service die in the middle of a write to the step's environment."""
        more = kill_points.surroundings(self.folder, step.point) if step.point else {}
        with running(self.folder, *self._serve, surroundings=more) as service:
            assert service.call("GET", mode(step), self.token).json() == {"mode": "disabled"}
            if step.fault is not None:
                self.imis(step).faults.add(replace(step.fault))
                threading.Thread(target=self._kill, args=(service, step)).start()
            with pytest.raises(httpx.TransportError):
                service.call("PUT", mode(step), self.token, json={"mode": "test_mode"})
            assert service.process.wait(FREE_SECONDS) == -signal.SIGKILL, service.printed

    def _kill(self, service: Running, step: Step) -> None:
        counters = self.imis(step).counters
        _until(lambda: counters.as_dict()[step.when] == 1)
        service.process.kill()

    def restarted(self) -> Any:
        """Start the service on the same data."""
        return running(self.folder, *self._serve)

    @property
    def _serve(self) -> tuple[str, ...]:
        return ("serve", "--config", str(self.config), "--port", "0")


def mode(step: Step) -> str:
    """Give the address of a step's document."""
    return f"/v1/environments/{step.name}/imis/oidc-authentication"


def _until(done: Any, seconds: float = FREE_SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.01)


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulation]:
    names = [each.name for each in STEPS]
    with Simulation(tmp_path_factory.mktemp("many"), names) as simulation:
        yield simulation


@pytest.fixture(params=DATABASES)
def server(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, str]:
    """Give the registry's `server:` options that choose the database."""
    if request.param == "sqlite":
        return {}
    keys = {"fingerprint_key_file": secrets.token_hex(32), "audit_key_file": new_key_pem()}
    for name, content in keys.items():
        (tmp_path / name).write_text(content, "utf-8")
        (tmp_path / name).chmod(0o600)
    url = request.getfixturevalue("database_url")
    return {name: str(tmp_path / name) for name in keys} | {"database_url": url}


@pytest.fixture
def scene(many: Simulation, server: dict[str, str], tmp_path: Path) -> Scene:
    for each in many.environments:
        many.imis(each).reset(state=True)
    document = registry_document(many, tmp_path)
    document["server"] |= server
    file = tmp_path / "imis-sso.yaml"
    file.write_text(yaml.safe_dump(document, sort_keys=False), "utf-8")
    made = command("token", "create", "ci", "--scope", "admin", "--config", str(file))
    return Scene(tmp_path, many, file, made.out.strip())


def test_killed_at_every_step(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """R7: what became of the write is read, never guessed, and nobody waits over 30 seconds."""
    for step in STEPS:
        scene.die(step)
    _until(lambda: not any(scene.imis(each).counters._in_flight for each in STEPS))
    truth = {each: scene.taken(each) for each in STEPS}
    assert [each.name for each in STEPS if each.taken not in (None, truth[each])] == []
    with scene.restarted() as service:
        monkeypatch.setenv("IMIS_SSO_URL", service.ready["base_url"])
        monkeypatch.setenv("IMIS_SSO_TOKEN", scene.token)
        for step in STEPS:
            _is_known_after_the_restart(scene, service, step, taken=truth[step])
            _can_be_written_again(scene, service, step, taken=truth[step])
            told = command("audit", "verify", step.name)
            assert (told.code, told.err) == (0, ""), told


def _is_known_after_the_restart(scene: Scene, service: Running, step: Step, *, taken: bool) -> None:
    """The first request is a plain GET; a lease of the dead may keep it from settling at once."""
    expected = _expected(step, taken=taken)

    def settled() -> bool:
        answer = service.call("GET", mode(step), scene.token)
        assert answer.json() == {"mode": "test_mode" if taken else "disabled"}
        return _outcomes(scene, service, step) == expected

    _until(settled)
    assert scene.imis(step).counters.writes <= 1, "a write is never sent twice"


def _expected(step: Step, *, taken: bool) -> list[tuple[str, bool]]:
    if step.outcome == "no line":
        return []
    return [("applied" if taken else "not-applied", step.outcome == "settled")]


def _outcomes(scene: Scene, service: Running, step: Step) -> list[tuple[str, bool]]:
    lines = _lines(scene, service, step)
    kinds = [each["kind"] for each in lines]
    assert kinds in ([], ["intent"], ["intent", "outcome"])
    assert len({each["write"] for each in lines}) <= 1
    facts = [each["facts"] for each in lines if each["kind"] == "outcome"]
    return [(each["result"], each.get("settled", False)) for each in facts]


def _lines(scene: Scene, service: Running, step: Step) -> list[dict[str, Any]]:
    path = f"/v1/environments/{step.name}/changes?order=oldest"
    items: list[dict[str, Any]] = service.call("GET", path, scene.token).json()["items"]
    return items


def _can_be_written_again(scene: Scene, service: Running, step: Step, *, taken: bool) -> None:
    wanted = "enabled" if taken else "test_mode"
    started = time.monotonic()
    path = f"{mode(step)}?force={str(taken).lower()}"
    answer = service.call("PUT", path, scene.token, json={"mode": wanted})
    assert (answer.status_code, answer.json()) == (200, {"mode": wanted})
    assert time.monotonic() - started < FREE_SECONDS
    last = _lines(scene, service, step)[-1]
    assert (last["kind"], last["facts"]["result"]) == ("outcome", "applied")
