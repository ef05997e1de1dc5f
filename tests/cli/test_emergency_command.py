"""`imis-sso emergency`: at three in the morning, with whatever still works (contract 1.2)."""

from __future__ import annotations

import os
import re
import resource
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from command_line import Registry, command, process
from service_process import COMMAND, Running

from imis_sso.simulators import CloudSsoModel, Fault, ImisModel, Simulation

DATABASE = "imis-sso.sqlite3"
MODES = {"disabled": 0, "test_mode": 1, "enabled": 2}


@pytest.fixture
def live(simulation: Simulation, imis: ImisModel, cloud_sso: CloudSsoModel) -> ImisModel:
    """iMIS with the recipe, and enabled."""
    redirect = f"{simulation.environments['test'].imis_url}/"
    imis.change(
        Mode=2,
        ProviderType=1,
        ProviderClientId=cloud_sso.client_id,
        ClientSecret=cloud_sso.client_secret,
        WellKnownUrl=cloud_sso.discovery_url,
        Authority=cloud_sso.issuer,
        RedirectLoginUri=redirect,
        ExternalIdClaimType="external_id",
        SetLoginHint=True,
        StaffClaimType="staff",
        StaffClaimValue="1",
    )
    cloud_sso.redirect_url = redirect
    return imis


def dead(cloud_sso: CloudSsoModel) -> None:
    for role in ("read", "page", "login", "protocol"):
        cloud_sso.faults.add(Fault("reset", {"role": role}, times=None))


def mode_of(imis: ImisModel) -> int:
    return int(imis.record.get("Mode", 0))


@pytest.fixture
def spoilt(registry: Registry, tmp_path: Path) -> Path:
    """A registry whose store is there and cannot be used; `mend` puts it right again."""
    config = str(registry())
    assert command("token", "list", "-c", config).code == 0
    database = tmp_path / "data" / DATABASE
    database.rename(database.with_name("kept"))
    database.write_bytes(b"no database" * 500)
    return tmp_path


def mend(place: Path) -> None:
    database = place / "data" / DATABASE
    database.with_name("kept").replace(database)
    for each in ("-wal", "-shm"):
        database.with_name(DATABASE + each).unlink(missing_ok=True)


@pytest.mark.browser
def test_a_pair_that_works(registry: Registry, live: ImisModel) -> None:
    registry()
    told = command("emergency", "test")
    assert told.code == 0, told
    assert told.out.startswith("test: nothing is broken.\n")
    assert "Mode now: enabled. No hold." in told.out
    assert "-> enabled: Staff sign in through Cloud SSO only." in told.out
    assert "System administrators always keep iMIS credentials" in told.out
    assert mode_of(live) == 2


@pytest.mark.browser
def test_lowered_with_the_store_spoilt_and_cloud_sso_dead_then_held_released_and_raised(
    spoilt: Path, live: ImisModel, cloud_sso: CloudSsoModel
) -> None:
    """Must show of the issue: the hold lies in the signed spool meanwhile."""
    dead(cloud_sso)
    told = command("emergency", "test", "--lower", "disabled", "--reason", "nobody gets in")
    assert told.code == 2, told
    assert "test: the mode was LOWERED to disabled." in told.out
    assert "lies in the signed spool" in told.out
    assert "The store cannot be opened" in told.err
    assert "BROKEN: sso.discovery, cloud-sso.dashboard." in told.out
    assert mode_of(live) == 0
    assert (spoilt / "data" / "spool" / "test.jsonl").exists()
    held = "Held after an emergency: Raising the mode of test is held by cli.…"
    mend(spoilt)
    command("mode", "test", "test_mode").failed(held)
    command("mode", "test", "test_mode", "--force").failed(held)
    assert mode_of(live) == 0
    assert not (spoilt / "data" / "spool" / "test.jsonl").exists()
    told = command("emergency", "test", "--release", "--reason", "mended")
    assert "(nobody gets in) is released" in told.out
    assert command("mode", "test", "test_mode").code == 0
    assert mode_of(live) == 1


def test_while_the_store_is_spoilt_the_spool_holds(spoilt: Path, live: ImisModel) -> None:
    """Raising would be stopped by the trail anyway; the hold is what is said."""
    assert command("mode", "test", "disabled").code == 0
    assert mode_of(live) == 0
    told = command("mode", "test", "test_mode")
    assert told.code == 1
    assert mode_of(live) == 0
    assert (spoilt / "data" / "spool" / "test.jsonl").exists()


@pytest.mark.browser
def test_where_imis_is_gone_the_step_is_printed_and_the_hold_set(
    registry: Registry, live: ImisModel
) -> None:
    config = str(registry({"imis": {"url": "https://127.0.0.1:1"}, "imis_hosts": ["127.0.0.1"]}))
    told = command("emergency", "test", "--lower", "test_mode", "-c", config)
    assert told.code == 2, told
    assert "the mode was NOT lowered" in told.out
    step = next(each for each in told.out.splitlines() if each.startswith("DO THIS BY HAND"))
    for said in (
        "https://127.0.0.1:1",
        "Settings > Contacts > OpenID Connect",
        '"OIDC authentication" to "Test mode"',
        "system administrator",
    ):
        assert said in step
    assert "a hold is set" in told.out
    assert "BROKEN: imis.reachable" in told.out
    registry()
    live.change(Mode=0)
    command("mode", "test", "test_mode").failed("Held after an emergency: …")


@pytest.mark.browser
def test_as_json_and_against_a_running_service(at: Running) -> None:
    told = command("emergency", "prod", "--hold", "--reason", "look out", "--json")
    assert told.code == 2, told
    assert told.json["pulled"]["outcome"] == "not-asked"
    assert told.json["report"]["hold"]["reason"] == "look out"
    assert told.json["report"]["broken"] is True
    told = command("emergency", "prod", "--release", "--reason", "done", "--json")
    assert told.json["released"]["reason"] == "look out"
    told = command("emergency", "prod", "--release", "--reason", "done")
    assert told.out == "prod: there is no hold.\n"


@pytest.mark.browser
def test_no_hold_on_request(registry: Registry, live: ImisModel) -> None:
    registry()
    told = command("emergency", "test", "--lower", "test_mode", "--no-hold")
    assert told.code == 0, told
    assert "a hold is set" not in told.out
    assert mode_of(live) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ("--release",),
        ("--release", "--reason", "r", "--lower", "disabled"),
        ("--release", "--reason", "r", "--hold"),
    ],
)
def test_a_release_stands_alone(registry: Registry, arguments: tuple[str, ...]) -> None:
    registry()
    command("emergency", "test", *arguments).failed("--release stands alone, and takes a --reason")


def test_what_cannot_run_ends_with_one(registry: Registry) -> None:
    registry()
    command("emergency", "nowhere").failed("Not found: …")
    command("emergency", "test", "--url", "http://127.0.0.1:1", "--token", "x").failed(
        "the service at http://127.0.0.1:1 does not answer: ConnectError"
    )


def _unprivileged(*arguments: str) -> list[str]:
    """Give a command line that file permissions bind, also where the tests run as root."""
    if os.geteuid() != 0:
        return list(arguments)
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        pytest.skip("as root, and without setpriv, every folder can be written")
    gone = "-dac_override,-dac_read_search"
    return [setpriv, f"--bounding-set={gone}", f"--inh-caps={gone}", *arguments]


def test_with_a_read_only_data_directory(
    registry: Registry, live: ImisModel, tmp_path: Path
) -> None:
    """Must show of the issue: the store read-only, as a file system that was remounted."""
    config = str(registry())
    assert command("token", "list", "-c", config).code == 0
    data, spool = tmp_path / "data", tmp_path / "spool"
    data.chmod(0o500)
    try:
        line = _unprivileged(
            *COMMAND, "mode", "test", "disabled", "-c", config, "--spool", str(spool)
        )
        done = subprocess.run(line, capture_output=True, text=True, check=False, timeout=90)
        if "Operation not permitted" in done.stderr and "setpriv" in done.stderr:
            pytest.skip("capabilities cannot be given up here")
    finally:
        data.chmod(0o700)
    assert done.returncode == 0, done
    assert f"what happens is kept in {spool}" in done.stderr
    assert "signed spool" in done.stdout
    assert mode_of(live) == 0
    assert not (data / "spool").exists()
    (data / "spool").mkdir(0o700)
    shutil.move(spool / "test.jsonl", data / "spool" / "test.jsonl")
    assert command("mode", "test", "test_mode", "-c", config).code == 0
    assert not (data / "spool" / "test.jsonl").exists(), "merged into the trail"


def test_with_a_full_disk(registry: Registry, live: ImisModel, tmp_path: Path) -> None:
    """Nothing at all can be written: neither trail nor spool, and the mode goes down."""
    config = str(registry())
    assert command("token", "list", "-c", config).code == 0

    def full() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))

    done = subprocess.run(
        [*COMMAND, "mode", "test", "disabled", "-c", config],
        capture_output=True,
        text=True,
        check=False,
        timeout=90,
        preexec_fn=full,
    )
    assert done.returncode == 0, done
    assert "mode changed from enabled to disabled" in done.stdout
    assert "only the log knows" in done.stdout
    assert mode_of(live) == 0
    for folder in re.findall(r"it is in (/\S+imis-sso-spool-\w+)", done.stderr):
        shutil.rmtree(folder)


def test_with_no_data_directory_at_all(registry: Registry, live: ImisModel, tmp_path: Path) -> None:
    blocked = tmp_path / "blocked"
    blocked.write_text("a file where a folder should be")
    config = str(registry(data_dir=str(blocked)))
    done: Any = process("mode", "test", "test_mode", "-c", config)
    assert done.code == 0, done
    assert mode_of(live) == 1
    (folder,) = re.findall(r"so it is in (/\S+?)\. ", done.err)
    assert (Path(folder) / "test.jsonl").exists()
    assert "audit key cannot be read" in done.err
    shutil.rmtree(folder)
