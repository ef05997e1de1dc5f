"""The stage: the service with its simulators, the two products' consoles, and Terraform."""

from __future__ import annotations

import json
import os
import shutil
import signal
import ssl
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Self

import httpx
import yaml

ROOT = Path(__file__).resolve().parents[2]
PLACE = ROOT / ".demo"
START_SECONDS = 30


class NotAsPromisedError(Exception):
    """A step did not show what it promises; its text says what was seen instead."""


class Stage:
    """Everything the steps act on. Entering starts the service; leaving stops it."""

    def __init__(self, *, keep: bool) -> None:
        self._keep = keep
        self._service: subprocess.Popen[bytes] | None = None
        self.log = PLACE / "service.log"
        self.ready: dict[str, Any] = {}

    def __enter__(self) -> Self:
        shutil.rmtree(PLACE, ignore_errors=True)
        PLACE.mkdir(mode=0o700)
        ready_file = PLACE / "ready.json"
        command = [sys.executable, "-m", "imis_sso", "serve", "--simulate", "--port", "0"]
        with self.log.open("wb") as log:
            self._service = subprocess.Popen(
                [*command, "--ready-file", str(ready_file)],
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.ready = self._wait_for(ready_file)
        return self

    def __exit__(self, *_: object) -> None:
        if self._service is None or (self._keep and self.ready):
            return
        self._service.terminate()
        try:
            self._service.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(self._service.pid, signal.SIGKILL)

    def _wait_for(self, ready_file: Path) -> dict[str, Any]:
        end = time.monotonic() + START_SECONDS
        while not ready_file.exists():
            ended = self._service is None or self._service.poll() is not None
            if ended or time.monotonic() > end:
                msg = f"the service did not start; see {self.log}"
                raise SystemExit(msg)
            time.sleep(0.05)
        ready: dict[str, Any] = json.loads(ready_file.read_text("utf-8"))
        return ready

    def left_running(self) -> list[str]:
        """Give the command lines of the service's processes that outlived it."""
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                session = int((entry / "stat").read_text("utf-8").rpartition(")")[2].split()[3])
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except (OSError, ValueError, IndexError):
                continue
            if self._service is not None and session == self._service.pid and command:
                found.append(command[:60])
        return found

    @property
    def pid(self) -> int:
        """Process id of the service."""
        return self._service.pid if self._service else 0

    @property
    def redirect_url(self) -> str:
        """The base address of the test environment's iMIS, with its slash."""
        return f"{self.ready['environments']['test']['imis_url']}/"

    @property
    def authority(self) -> Path:
        """The throw-away authority of the simulated products, as a file."""
        return Path(self.ready["ca_file"])

    def verify(self) -> tuple[int, dict[str, Any]]:
        """Run `imis-sso verify test`; give its exit code and what it found."""
        surroundings = {
            "IMIS_SSO_URL": self.ready["base_url"],
            "IMIS_SSO_TOKEN": self.ready["token"],
        }
        command = [sys.executable, "-m", "imis_sso", "verify", "test", "--json"]
        code, output = self._run(command, ROOT, surroundings, (0, 2))
        found: dict[str, Any] = json.loads(output)
        return code, found

    def shim(self, method: str, path: str, body: Any = None) -> httpx.Response:
        """Send one request to the service's API."""
        headers = {"Authorization": f"Bearer {self.ready['token']}"}
        url = f"{self.ready['base_url']}/v1/environments/test/{path}"
        return httpx.request(method, url, json=body, headers=headers, timeout=60)

    def console(self, product: str, method: str, what: str, body: Any = None) -> Any:
        """Do what a person at a product's own console does, by the simulator's control API."""
        url = f"{self.ready['environments']['test'][f'{product}_url']}/_control/{what}"
        trust = ssl.create_default_context(cafile=self.ready["ca_file"])
        answer = httpx.request(method, url, json=body, verify=trust, timeout=30)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def record(self) -> dict[str, Any]:
        """Give the record behind iMIS's OpenID Connect page, as iMIS holds it."""
        record: dict[str, Any] = self.console("imis", "GET", "state")["records"][0]
        return record

    def declare(self, **changes: Any) -> None:
        """Write the settings file of the test environment and synthesise its stack.

        `changes` are laid over the sections of the committed file.
        """
        committed = (ROOT / "cdktf" / "environments" / "test.yaml").read_text("utf-8")
        settings = yaml.safe_load(committed)
        settings["openid_connect"]["redirect_login_url"] = self.redirect_url
        for section, values in changes.items():
            settings[section] |= values
        folder = PLACE / "environments"
        folder.mkdir(exist_ok=True)
        (folder / "test.yaml").write_text(yaml.safe_dump(settings, sort_keys=False), "utf-8")
        places = {
            "IMIS_SSO_ENVIRONMENTS": str(folder),
            "IMIS_SSO_CDKTF_OUT": str(PLACE / "cdktf.out"),
        }
        self._run([sys.executable, str(ROOT / "cdktf" / "main.py")], ROOT, places, (0,))

    def terraform(self, *arguments: str, expect: tuple[int, ...] = (0,)) -> tuple[int, str]:
        """Run Terraform in the synthesised stack; give exit code and output."""
        surroundings = {
            "TF_VAR_imis_sso_url": self.ready["base_url"],
            "TF_VAR_imis_sso_token": self.ready["token"],
            "TF_IN_AUTOMATION": "1",
            "TF_CLI_ARGS": "-no-color",
        }
        folder = PLACE / "cdktf.out" / "stacks" / "test"
        return self._run(["terraform", *arguments], folder, surroundings, expect)

    def plan(self) -> tuple[int, list[tuple[str, str, str]]]:
        """Plan; give the exit code and each planned difference: field, before, after."""
        code, _ = self.terraform(
            "plan", "-input=false", "-detailed-exitcode", "-out=tfplan", expect=(0, 2)
        )
        _, shown = self.terraform("show", "-json", "tfplan")
        changes = json.loads(shown).get("resource_changes", [])
        return code, [row for each in changes for row in _differences(each)]

    def apply(self) -> None:
        """Apply the plan that was just made."""
        self.terraform("apply", "-input=false", "tfplan")

    @staticmethod
    def _run(
        command: list[str], folder: Path, more: dict[str, str], expect: tuple[int, ...]
    ) -> tuple[int, str]:
        done = subprocess.run(
            command,
            cwd=folder,
            env=os.environ | more,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        if done.returncode not in expect:
            msg = f"{' '.join(command[:2])} ended with {done.returncode}:\n"
            raise NotAsPromisedError(msg + (done.stdout + done.stderr)[-3000:])
        return done.returncode, done.stdout + done.stderr


def _differences(change: dict[str, Any]) -> list[tuple[str, str, str]]:
    if change["change"]["actions"] in (["no-op"], ["read"]):
        return []
    before = _flat((change["change"]["before"] or {}).get("body") or {})
    after = _flat((change["change"]["after"] or {}).get("body") or {})
    name = change["address"].partition(".")[2]
    return [
        (f"{name}.{path}", _shown(before.get(path)), _shown(value))
        for path, value in sorted(after.items())
        if before.get(path) != value
    ]


def _flat(value: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, each in value.items():
        if isinstance(each, dict):
            flat |= _flat(each, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = each
    return flat


def _shown(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
