"""`imis-sso pages`: what changed on a page, describing one by looking at it, accepting a change."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from command_line import Ended, Registry, command

from imis_sso.connectors.browser.page_schema import page_file_schema
from imis_sso.connectors.cloud_sso_dashboard.connector import SETTINGS, page_files
from imis_sso.domain.problems import UpstreamPageChanged
from imis_sso.environments import load
from imis_sso.services.closings import Closings
from imis_sso.settings import ServerSettings
from imis_sso.simulators import CloudSsoModel, Fault, Simulation
from imis_sso.storage import opened_store
from imis_sso.store.engine import SqlStore

browser = pytest.mark.browser
CONNECTOR = "cloud_sso_dashboard"
PLACE = f"{CONNECTOR}/{SETTINGS}"


def pages(*arguments: str, file: Path) -> Ended:
    return command("pages", *arguments, "--config", str(file))


def changed(model: CloudSsoModel, **params: str) -> None:
    fault = Fault("changed_page", {"path": "/directories/imis"}, times=None, params=dict(params))
    model.faults.replace([fault])


@asynccontextmanager
async def store_of(file: Path) -> AsyncIterator[SqlStore]:
    store = await opened_store(ServerSettings.resolve(load(file).server))
    yield store
    await store.aclose()


async def close_a_door(file: Path) -> None:
    """As the service does that met a changed page on a write: only a person opens it again."""
    async with store_of(file) as store:
        closings = Closings("test", "cloud-sso", store.facts)
        await closings.close("record", CONNECTOR, UpstreamPageChanged("changed"), for_good=True)


async def closed_doors(file: Path) -> list[str]:
    async with store_of(file) as store:
        return list(await Closings("test", "cloud-sso", store.facts).standing("record"))


def settings_of(told: Ended, environment: str = "test") -> dict[str, Any]:
    (found,) = [each for each in told.json["environments"] if each["environment"] == environment]
    (page,) = [each for each in found["pages"] if each["page"] == SETTINGS]
    return dict(page)


def test_the_schema_for_editors_is_that_of_the_models() -> None:
    """docs/page-file.schema.json: `imis-sso pages schema > docs/page-file.schema.json` renews it."""
    kept = Path(__file__).parents[2] / "docs" / "page-file.schema.json"
    assert json.loads(kept.read_text("utf-8")) == page_file_schema()
    assert command("pages", "schema").json == page_file_schema()


def test_every_key_of_the_schema_is_explained() -> None:
    text = (Path(__file__).parents[2] / "docs" / "page-files.md").read_text("utf-8")
    parts = page_file_schema()["$defs"].values()
    keys = {key for part in parts for key in part["properties"]}
    assert sorted(each for each in keys if f"| `{each}` |" not in text) == []


@browser
def test_a_change_is_told_and_accepted(registry: Registry, cloud_sso: CloudSsoModel) -> None:
    """2 where something changed: the expected label, the labels found, the nearest of them."""
    file = registry()
    told = pages("check", "test", file=file)
    assert told.code == 0, told
    assert f"test: {CONNECTOR}/log-in: as described." in told.out
    assert f"test: {PLACE}: as described, nothing accepted yet." in told.out
    asyncio.run(close_a_door(file))
    accepted = pages("accept", "test", file=file)
    assert (accepted.code, accepted.out.count(": accepted as ")) == (0, 2)
    lines = command("audit", "tail", "test", "--json", "--config", str(file)).out.splitlines()
    assert [json.loads(each)["kind"] for each in lines] == ["page", "page"]
    assert PLACE in {json.loads(each)["facts"]["page"] for each in lines}
    assert asyncio.run(closed_doors(file)) == []

    changed(cloud_sso, change="renamed", to="Return URL")
    told = pages("check", "test", "--json", file=file)
    assert told.code == 2
    (fault,) = settings_of(told)["faults"]
    assert (fault["part"], fault["expected"]) == ("redirect_url", ["Redirect URL"])
    assert fault["nearest"] == "Return URL"
    assert {"Client ID", "Return URL"} <= set(settings_of(told)["labels"])
    refused = pages("accept", "test", SETTINGS, file=file)
    assert refused.code == 1
    assert "is not as it is described" in refused.err
    assert cloud_sso.counters.writes == 0


@browser
def test_a_fleet_is_grouped_and_accepted_by_its_fingerprint(
    registry: Registry, simulation: Simulation
) -> None:
    file = registry()
    told = pages("check", "--fleet", "--json", file=file)
    assert told.code == 0, told
    assert [each.split(" ")[0] for each in told.err.splitlines()] == ["1/2", "2/2"]
    groups = {each["page"]: each for each in told.json["fingerprints"]}
    assert groups.keys() == {PLACE, f"{CONNECTOR}/directory"}
    group = groups[PLACE]
    assert group["environments"] == ["test", "prod"]
    simulation.cloud_sso("prod").change_variant({"cloud_sso_secret": "reveal"})
    accepted = pages("accept", "--fleet", group["fingerprint"], file=file)
    assert accepted.code == 0, accepted
    assert accepted.out == f"test: {PLACE}: accepted as {group['fingerprint']}.\n"


@browser
def test_a_page_is_recorded_for_review(
    registry: Registry, cloud_sso: CloudSsoModel, tmp_path: Path
) -> None:
    """What is recorded is a page file that works; no value of the page is in it."""
    file = registry()
    cloud_sso.patch({"redirect_url": "https://a-value-of-the-page.example.org/"})
    output = tmp_path / "pages" / CONNECTOR / f"{SETTINGS}.yaml"
    output.parent.mkdir(parents=True)
    told = pages("record", "test", SETTINGS, "--output", str(output), file=file)
    assert told.code == 0, told
    text = output.read_text("utf-8")
    for value in (cloud_sso.client_id, cloud_sso.client_secret, cloud_sso.redirect_url, "https://"):
        assert value not in text
    recorded = page_files(tmp_path / "pages").page(SETTINGS)
    assert recorded.fields["redirect_url"].kind == "text"
    assert recorded.fields["client_secret"].secret
    again = pages("record", "test", SETTINGS, "--output", str(output), file=file)
    again.failed(f"{output} is there already; it is not overwritten")

    changed(cloud_sso, change="renamed", to="Return URL")
    told = pages("record", "test", PLACE, file=file)
    assert '# "Redirect URL" was not found; the nearest label is "Return URL"' in told.out
    assert '#   {"label": "Return URL", "kind": "text"}' in told.out
    assert yaml.safe_load(told.out)["fields"].keys() == {
        "client_id", "client_secret", "discovery_url", "issuer", "redirect_url", "cloud_id",
    }  # fmt: skip


def test_what_cannot_be_looked_at(registry: Registry) -> None:
    file = registry()
    pages("check", file=file).failed("name an environment, or say --fleet")
    pages("check", "test", "--fleet", file=file).failed("name an environment, or say --fleet")
    pages("accept", file=file).failed("name an environment, or say --fleet with a fingerprint")
    pages("check", "tset", file=file).failed(
        f"there is no environment 'tset' in {file}; it has: test, prod"
    )
    pages("record", "test", "nothing", file=file).failed("'nothing' is not one page; there is: …")


def test_a_product_that_cannot_be_reached_is_no_verdict(registry: Registry) -> None:
    """1, not 2: nothing was looked at; nothing is accepted either."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        url = f"https://127.0.0.1:{bound.getsockname()[1]}"
    file = registry({"cloud_sso": {"url": url}})
    told = pages("check", "test", "--json", file=file)
    assert told.code == 1
    (found,) = told.json["environments"]
    assert found["pages"] == []
    assert all("Product unavailable" in each for each in found["failures"])
    told = pages("accept", "test", file=file)
    assert told.code == 1
    assert f"test: {PLACE}: Product unavailable" in told.err


def test_a_broken_page_file_is_a_fault_of_the_configuration(
    registry: Registry, tmp_path: Path
) -> None:
    """At the start of everything that would use it, with file and key."""
    file = registry(pages_dir=str(tmp_path / "own"))
    broken = tmp_path / "own" / CONNECTOR / f"{SETTINGS}.yaml"
    broken.parent.mkdir(parents=True)
    broken.write_text("open: [[A]]\nfields: {issuer: {kind: shwon}}\n", "utf-8")
    for arguments in (("check-config",), ("show", "test"), ("pages", "check", "test")):
        told = command(*arguments, "--config", str(file))
        told.failed(f"server.pages_dir: {broken}: fields.issuer.kind: …")


def test_an_emergency_goes_on_with_the_built_in_pages(registry: Registry, tmp_path: Path) -> None:
    """Contract 1.2: nothing of ours may stand in the way of lowering the mode."""
    file = registry(pages_dir=str(tmp_path / "absent"))
    told = command("mode", "test", "disabled", "--config", str(file))
    assert told.code == 0, told
    said = (
        f"the built-in page files are used: server.pages_dir: {tmp_path / 'absent'}: is no folder"
    )
    assert said in told.err
    told = command("show", "test", "imis/oidc-authentication", "--config", str(file))
    assert told.code == 1
