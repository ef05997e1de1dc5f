"""`imis-sso check`: a site's sign-in seen from outside; no account, no service, no secret."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest
from command_line import Ended, command, process

from imis_sso.simulators import CloudSsoModel, ImisModel, Simulation, follow_recipe
from imis_sso.simulators.faults import Fault


@pytest.fixture(autouse=True)
def _recipe(simulation: Simulation) -> None:
    follow_recipe(simulation, "test")


@pytest.fixture
def options(simulation: Simulation, imis: ImisModel, cloud_sso: CloudSsoModel) -> list[str]:
    """What a simulated site needs besides its address: it is private, its authority a throw-away."""
    hosts = [urlsplit(each.base_url).netloc for each in (imis, cloud_sso)]
    return ["--ca-file", str(simulation.ca_file), *(f"--allow={each}" for each in hosts)]


def found(ended: Ended) -> dict[str, str]:
    """Give the outcome of each check."""
    return {each["id"]: each["status"] for each in ended.json["checks"]}


def test_a_right_pair_passes(imis: ImisModel, cloud_sso: CloudSsoModel, options: list[str]) -> None:
    """From the front page: the link, the form that asks for an address, then the provider."""
    ended = command("check", imis.base_url, "--json", *options)
    assert ended.code == 0, ended
    report: dict[str, Any] = ended.json
    assert report["passed"] is True
    assert report["issuer"] == cloud_sso.issuer
    assert report["client_id"] == cloud_sso.client_id
    assert report["redirect_url"] == f"{imis.base_url}/"
    assert set(found(ended)) == {
        "site.sign-in",
        "site.request",
        "site.redirect-url",
        "discovery.reachable",
        "discovery.issuer-consistent",
        "jwks.usable",
        "redirect.registered",
        "expiry",
    }
    assert "failed" not in found(ended).values()


def test_nothing_is_written_and_nobody_signs_in(
    imis: ImisModel, cloud_sso: CloudSsoModel, options: list[str]
) -> None:
    imis.counters.reset()
    cloud_sso.counters.reset()
    before = imis.held(), cloud_sso.held()
    command("check", f"{imis.base_url}/sign-in", *options)
    assert (imis.held(), cloud_sso.held()) == before
    assert imis.counters.writes == cloud_sso.counters.writes == 0


def test_an_unregistered_redirect_url_fails(
    imis: ImisModel, cloud_sso: CloudSsoModel, options: list[str]
) -> None:
    cloud_sso.patch({"redirect_url": f"{imis.base_url}/x"})
    ended = command("check", imis.base_url, "--json", *options)
    assert ended.code == 2
    assert found(ended)["redirect.registered"] == "failed"


def test_a_report_to_share(imis: ImisModel, options: list[str]) -> None:
    ended = command("check", imis.base_url, "--markdown", *options)
    assert ended.code == 0
    assert ended.out.startswith("# Sign-in of https://127.0.0.1:")
    assert "| passed | `jwks.usable` |" in ended.out


def test_a_site_whose_sign_in_leads_nowhere(imis: ImisModel, options: list[str]) -> None:
    """That is no verdict: exit code 1."""
    imis.change(Mode="Disabled")
    ended = command("check", imis.base_url, *options)
    assert ended.code == 1
    assert "sends nobody to a provider" in ended.words
    assert "No sign-in at a provider was found" in ended.err


def test_a_certificate_that_is_not_trusted_fails(imis: ImisModel) -> None:
    host = urlsplit(imis.base_url).netloc
    ended = command("check", imis.base_url, "--json", "--allow", host)
    assert ended.code == 2
    assert found(ended) == {"site.sign-in": "failed"}


def test_an_address_in_a_private_network_is_not_asked(
    simulation: Simulation, imis: ImisModel
) -> None:
    """Target S3: unless --allow names it."""
    imis.counters.reset()
    ended = command("check", imis.base_url, "--ca-file", str(simulation.ca_file))
    assert ended.code == 1
    assert "it was not asked" in ended.words
    assert imis.counters.requests == 0


@pytest.mark.parametrize("given", ["http://members.example.org", "https://", "ftp://x"])
def test_what_is_no_site_is_refused(given: str) -> None:
    ended = command("check", given)
    ended.failed(f'"{given}" is no address of a site: give https://HOST, or https://HOST/PAGE.')


def test_a_provider_that_answers_nonsense_proves_nothing(
    imis: ImisModel, cloud_sso: CloudSsoModel, options: list[str]
) -> None:
    cloud_sso.faults.add(
        Fault("status", {"path": "/oauth2/authorize"}, None, params={"status": 500})
    )
    ended = command("check", imis.base_url, "--json", *options)
    assert found(ended)["redirect.registered"] == "skipped"


def test_it_runs_as_a_command_of_its_own(imis: ImisModel, options: list[str]) -> None:
    """Without a registry, a store, or a service."""
    ended = process("check", imis.base_url, *options)
    assert ended.code == 0, ended
    assert "check passed" in ended.words
