"""`imis-sso login --interactive`: a person logs in in a window, and the service uses it."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest
from command_line import Registry, command
from playwright.async_api import Page

from imis_sso.cli.console import Failure
from imis_sso.cli.login import log_in_by_hand
from imis_sso.simulators import CloudSsoModel

CLIENT = "cloud-sso/imis-client"
BY_PERSON = {"cloud_sso": {"login": "interactive", "password": None, "username": None}}


@pytest.fixture
def by_person(registry: Registry) -> Path:
    """A registry whose Cloud SSO has no password, and a product that wants a telephone."""
    file = registry(BY_PERSON)
    lines = file.read_text("utf-8").splitlines(keepends=True)
    file.write_text("".join(each for each in lines if ": null" not in each), "utf-8")
    return file


class Visitor:
    """A person who logs in by what the pages say."""

    def __init__(self, model: CloudSsoModel) -> None:
        self._model = model

    async def sign_in(self, page: Page) -> None:
        """Fill in the form, and approve at the telephone."""
        await page.get_by_label("User Name").fill(self._model.username)
        await page.get_by_label("Password").fill(self._model.password)
        await page.get_by_label("Cloud ID").fill(self._model.cloud_id)
        await page.get_by_role("button", name="Log In").click()
        await page.get_by_text("Approve the request").wait_for()
        self._model.second_factor.approve()


@pytest.mark.browser
def test_a_log_in_by_hand_is_used_watched_and_forgotten(
    by_person: Path, cloud_sso: CloudSsoModel, capsys: pytest.CaptureFixture[str]
) -> None:
    cloud_sso.patch({"cookie_seconds": 7200})
    cloud_sso.change_variant({"cloud_sso_second_factor": "push"})
    at = ("--config", str(by_person))
    told = command("show", "test", CLIENT, *at)
    told.failed("Product needs a person to log in: Cloud SSO needs a person to log in: nobody …")
    assert "imis-sso login test --interactive" in told.err

    log_in_by_hand(by_person, "test", Visitor(cloud_sso), headless=True)
    said = capsys.readouterr()
    assert (
        "Cloud SSO: the log-in is kept, sealed with the server key, and used until 20" in said.out
    )
    shown = command("show", "test", CLIENT, *at)
    assert shown.code == 0
    assert cloud_sso.client_id in shown.out
    assert command("login", "test", *at).out == "iMIS: logged in.\nCloud SSO: logged in.\n"
    assert cloud_sso.counters.logins == 1

    with sqlite3.connect(by_person.parent / "data" / "imis-sso.sqlite3") as database:
        ((who, content),) = database.execute("select who, content from facts where kind = 'login'")
    assert who.startswith("cli.")
    held = command("offboard", who.removeprefix("cli."), "--json", *at)
    assert [each["product"] for each in held.json["log_ins"]] == ["cloud-sso"]
    assert held.code == 2
    assert "sealed" in content

    forgotten = command("offboard", who.removeprefix("cli."), "--yes", *at)
    assert "1 of 1 log-ins forgotten" in forgotten.err
    assert command("login", "test", "--forget", *at).out == (
        "test: no log-in of a person is kept.\n"
    )
    lines = command("audit", "tail", "test", "--json", *at).out.splitlines()
    told = [each["facts"] for each in map(json.loads, lines) if each["kind"] == "login"]
    assert sorted(each["log_in"] for each in told) == ["forgotten", "kept"]
    command("show", "test", CLIENT, *at).failed("Product needs a person to log in: …")


@pytest.mark.browser
def test_a_log_in_that_ended_is_said_to_have_ended(
    by_person: Path, cloud_sso: CloudSsoModel
) -> None:
    cloud_sso.change_variant({"cloud_sso_second_factor": "push"})
    at = ("--config", str(by_person))
    log_in_by_hand(by_person, "test", Visitor(cloud_sso), headless=True)
    cloud_sso.expire_sessions()
    told = command("show", "test", CLIENT, *at)
    told.failed(
        "Product needs a person to log in: Cloud SSO shows its log-in page: the log-in of …"
    )
    assert "--interactive" in told.err
    assert command("login", "test", "--forget", *at).code == 0
    assert cloud_sso.counters.refused_logins == 0


def test_where_nobody_logs_in_by_hand(registry: Registry) -> None:
    file = registry()
    with pytest.raises(Failure, match="login: interactive"):
        log_in_by_hand(file, "test", None, headless=True)  # type: ignore[arg-type]
    at = ("--config", str(file))
    command("login", "test", "--forget", "--retry", *at).failed("--forget is a command of its …")
    command("login", "tset", "--forget", *at).failed("there is no environment 'tset' in …")


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"cloud_sso": {"login": "by-hand"}}, "expected password or interactive"),
        ({"imis": {"login": "interactive"}}, "interactive is for a connector with a browser: …"),
        (
            {"cloud_sso": {"login": "interactive", "totp": "env:X"}},
            "is for a connector that logs …",
        ),
        ({"imis": {"totp": "env:X"}}, "is for a connector that logs in itself, with a browser …"),
    ],
)
def test_a_log_in_that_cannot_be(
    registry: Registry, change: dict[str, dict[str, str]], fault: str
) -> None:
    told = command("check-config", "--config", str(registry(change)))
    assert told.code == 1
    assert fault.removesuffix("…") in told.err
