"""S6: the service works without root on a file system that it cannot write to.

These are the image's surroundings without an engine: a mount namespace of its own, in which all but
one folder is read-only, and a user that owns nothing else and can become nobody else.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import yaml
from service_bench import registry_document
from service_process import COMMAND, running

from imis_sso.simulators import Simulation

USER = 10001
#: A test machine may keep Python where only its owner can look; the right to write is taken away.
READING = "-all,+dac_read_search"
CONFINE = f"""
set -e
mount --make-rprivate /
mount --bind "$1" "$1"
mount -o remount,bind,ro /
export TMPDIR="$1"
shift
exec setpriv --reuid {USER} --regid {USER} --clear-groups --no-new-privs \\
    --inh-caps={READING} --ambient-caps={READING} --bounding-set={READING} "$@"
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """Give the one folder that can be written to; the way to it is open to everybody."""
    made = Path(tempfile.mkdtemp(prefix="imis-sso-confined-"))
    made.chmod(0o755)
    with suppress(PermissionError):
        os.chown(made, USER, USER)
    yield made
    shutil.rmtree(made)


@pytest.fixture
def confined(folder: Path) -> list[str]:
    """Give the command that confines another one."""
    command = ["unshare", "--mount", "sh", "-c", CONFINE, "confine", str(folder)]
    tried = subprocess.run(
        [*command, "touch", str(folder / "tried")], check=False, capture_output=True
    )
    if tried.returncode:
        pytest.skip(f"no mount namespace can be made here: {tried.stderr.decode().strip()}")
    return command


def test_it_is_confined(folder: Path, confined: list[str]) -> None:
    """The test's own means: nothing but the folder can be written to."""
    for place, writable in ((folder, True), (folder.parent, False), ("/", False)):
        done = subprocess.run(
            [*confined, "touch", f"{place}/new"], check=False, capture_output=True
        )
        assert (done.returncode == 0) == writable, (place, done.stderr)


def test_it_serves_and_writes_without_root_on_a_read_only_file_system(
    folder: Path, confined: list[str], tmp_path: Path
) -> None:
    """Target S6."""
    with Simulation(tmp_path / "simulation") as simulation:
        document = registry_document(simulation, folder)
        document["server"] = {"port": 0, "data_dir": str(folder / "data")}
        ca_file = folder / "ca.pem"
        for environment in document["environments"].values():
            shutil.copy(environment["ca_file"], ca_file)
            environment["ca_file"] = str(ca_file)
        registry = folder / "imis-sso.yaml"
        registry.write_text(yaml.safe_dump(document))
        address = "/v1/environments/test/imis/oidc-authentication"
        create = ["token", "create", "ci", "--scope", "apply", "-c", str(registry), "--json"]
        token = json.loads(subprocess.check_output([*confined, *COMMAND, *create]))["token"]
        imis = simulation.imis("test")
        imis.change(Mode=1)
        with running(folder, "serve", "-c", str(registry), within=confined) as service:
            status = Path(f"/proc/{service.process.pid}/status").read_text("utf-8")
            written = service.call("PUT", address, token, json={"mode": "disabled"})
            read = service.call("GET", address, token)
    assert f"Uid:\t{USER}\t{USER}\t{USER}\t{USER}" in status
    assert imis.record["Mode"] == 0
    assert (written.status_code, read.json()) == (200, {"mode": "disabled"}), written.text
