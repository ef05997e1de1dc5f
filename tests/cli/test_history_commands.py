"""`history`, `diff --at`, `restore`, `repair`: going back, for a person at 3 a.m. (contract 7)."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from command_line import Registry, command
from service_process import Running

from imis_sso.simulators import CloudSsoModel, ImisModel

pytestmark = pytest.mark.browser
ROOT = "/v1/environments/test"
MODE, PAGE = f"{ROOT}/imis/oidc-authentication", f"{ROOT}/imis/openid-connect"
WHY = ("--reason", "it was better")


def _put(at: Running, path: str, **body: Any) -> None:
    answer = at.call("PUT", path, json=body)
    assert answer.status_code == 200, answer.text


def _newest(at: Running) -> dict[str, Any]:
    found: dict[str, Any] = at.call("GET", f"{ROOT}/snapshots?limit=1").json()["items"][0]
    return found


@pytest.fixture
def two(at: Running) -> Iterator[tuple[str, str]]:
    """Two states of the pair, one after the other: their snapshots."""
    _put(at, MODE, mode="disabled")
    _put(at, PAGE, name="zero")
    _put(at, PAGE, name="one", type="okta", tenant_id="")
    first = _newest(at)["id"]
    _put(at, PAGE, name="two")
    yield first, _newest(at)["id"]
    _put(at, MODE, mode="disabled")


def _name(at: Running) -> str:
    return str(at.call("GET", PAGE).json()["name"])


def test_history(at: Running, two: tuple[str, str]) -> None:
    told = command("history", "test", "--limit", "3", "--json")
    assert (told.code, told.err) == (0, "")
    assert [each["id"] for each in told.json][:2] == [two[1], two[0]]
    assert len(told.json) == 3
    table = command("history", "test", "--limit", "2").words
    assert two[0][:12] in table
    assert two[1][:12] in table
    assert "written" in table
    assert "imis/openid-connect" in table
    assert command("history", "prod").out == "prod: nothing was written or adopted yet.\n"
    command("history", "nowhere").failed("Not found: …")


def test_history_goes_through_its_pages(
    at: Running, two: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("imis_sso.cli.history.PAGE", 2)
    whole = command("history", "test", "--limit", "100000", "--json").json
    assert whole == at.call("GET", f"{ROOT}/snapshots?limit=200").json()["items"]
    assert len(whole) > 3
    assert command("history", "test", "--limit", "3", "--json").json == whole[:3]
    assert two[0] in {each["id"] for each in whole}


def test_diff_against_a_snapshot(at: Running, two: tuple[str, str]) -> None:
    assert command("diff", "test", "--at", "latest").code == 0
    told = command("diff", "test", "--at", two[0][:8], "--json")
    assert told.code == 2
    assert told.json["changes"] == [
        {"resource": "imis/openid-connect", "field": "name", "before": "two", "after": "one"}
    ]
    told = command("diff", "test", "--at", two[0])
    assert (told.code, told.err) == (2, "")
    assert "Snapshot says" in told.words
    assert "test: 1 field differ" in told.words
    command("diff", "test", "--at", "0000ffff").failed(
        "Not found: There is no snapshot '0000ffff'…"
    )
    assert command("diff", "test").code == 1
    assert command("diff", "test", "--at", "latest", "--settings", "x.yaml").code == 1


def test_a_dry_run_shows_and_writes_nothing(at: Running, two: tuple[str, str]) -> None:
    told = command("restore", "test", two[0], "--dry-run")
    assert (told.code, told.err) == (2, "")
    assert 'imis/openid-connect name "two" "one"' in told.words
    assert _name(at) == "two"
    assert command("restore", "test", two[1], "--dry-run").code == 0
    shown = command("restore", "test", two[0], "--dry-run", "--json")
    assert shown.code == 2
    assert shown.json["steps"] == [{"resource": "imis/openid-connect", "mode": None}]


def test_restore_asks_first(at: Running, two: tuple[str, str]) -> None:
    told = command("restore", "test", two[0], *WHY, typed="n\n")
    told.failed("test: nothing was restored")
    assert 'name "two" "one"' in told.words
    assert command("restore", "test", two[0], *WHY, typed="").code == 1
    assert _name(at) == "two"
    told = command("restore", "test", two[0], *WHY, typed="y\n")
    assert told.code == 0, told
    assert _name(at) == "one"
    assert _newest(at)["cause"] == "restored"
    back = told.words.rpartition("imis-sso restore test ")[2].partition(" ")[0]
    assert command("restore", "test", back, *WHY, "--yes").code == 0
    assert _name(at) == "two"


def test_without_a_difference_nothing_is_asked(at: Running, two: tuple[str, str]) -> None:
    told = command("restore", "test", two[1], *WHY)
    assert told.out == f"test: the products hold the snapshot {two[1]}.\n"
    assert told.code == 0
    assert _newest(at)["cause"] == "written"


def test_a_reason_is_asked_for(at: Running, two: tuple[str, str]) -> None:
    for arguments in ((), ("--reason", " ")):
        told = command("restore", "test", two[0], "--yes", *arguments)
        assert told.code == 1
        assert "--reason" in told.words
    assert _name(at) == "two"


def test_only_one_document(at: Running, two: tuple[str, str]) -> None:
    _put(at, MODE, mode="test_mode")
    told = command("restore", "test", two[0], *WHY, "-y", "--resource", "imis/openid-connect")
    assert told.code == 0, told
    assert _name(at) == "one"
    assert at.call("GET", MODE).json()["mode"] == "test_mode"
    told = command("restore", "test", two[0], *WHY, "-y", "--json")
    assert told.code == 0, told
    assert [each["mode"] for each in told.json["steps"]] == ["disabled"]
    command("restore", "test", two[0], *WHY, "-y", "-r", "imis/x").failed("Invalid settings: …")


def test_a_product_that_moved_while_we_asked_is_left(
    at: Running, two: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """contract C34: what was shown is what is restored, or nothing."""

    def meanwhile(_: str) -> bool:
        _put(at, PAGE, name="meanwhile")
        return True

    monkeypatch.setattr("typer.confirm", meanwhile)
    told = command("restore", "test", two[0], *WHY)
    told.failed("Precondition failed: The product moved since you looked: imis/openid-connect …")
    assert _name(at) == "meanwhile"


def test_repair_goes_back_to_what_we_wrote(at: Running, two: tuple[str, str]) -> None:
    """How a refreshed test database is put right."""
    imis = at.ready["environments"]["test"]["imis_url"]
    trust = ssl.create_default_context(cafile=at.ready["ca_file"])
    with httpx.Client(base_url=f"{imis}/_control/", verify=trust) as control:
        changed = control.patch("state", json={"record": {"ProviderName": "refreshed"}})
    assert changed.is_success, changed.text
    assert _name(at) == "refreshed"
    shown = command("repair", "test", "--to", "last-applied", "--dry-run")
    assert shown.code == 2
    told = command("repair", "test", "--to", "last-applied", "--yes")
    assert told.code == 0, told
    assert _name(at) == "two"
    assert command("repair", "test", "--to", "last-applied", "--yes").code == 0
    assert command("repair", "test", "--to", "yesterday").code == 1


def test_with_a_service_of_its_own(
    registry: Registry, imis: ImisModel, cloud_sso: CloudSsoModel
) -> None:
    """Without `--url`; and a secret that cannot come back shows in the exit code."""
    config = ("--config", str(registry()))
    told = command("mode", "test", "test_mode", *config)
    assert told.code == 0, told
    (found, *_) = command("history", "test", "--json", *config).json
    assert command("mode", "test", "disabled", *config).code == 0
    told = command("restore", "test", found["id"], *WHY, "-y", "--json", *config)
    assert told.code == 0, told
    assert imis.record["Mode"] == 1
    assert json.loads(told.out)["writes"] == 1
    assert cloud_sso.counters.writes == 0
