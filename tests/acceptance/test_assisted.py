"""A half in the hands of a person, through real Terraform: stop, do, confirm, apply, empty plan."""

from __future__ import annotations

import asyncio
import os
import subprocess
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from assisted_bench import by_person, cloud_sso_says, imis_says
from configurations import HclRestful
from plans import settles, words
from service_bench import Bench, bench_for
from service_process import COMMAND

from imis_sso.cli.hosting import address_of, hosted, listen
from imis_sso.domain.access import Scope
from imis_sso.simulators import Simulation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = [pytest.mark.acceptance, pytest.mark.anyio]

#: iMIS's number of each mode.
MODES = {"disabled": 0, "test_mode": 1}


@pytest.fixture(scope="module")
def products(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulation]:
    """Both simulated products, half-finished as a simulation starts."""
    with Simulation(tmp_path_factory.mktemp("products"), ["test"]) as simulation:
        yield simulation


@dataclass
class Person:
    """Who does what a step says, with the products' own pages, and says so on the command line."""

    bench: Bench
    loop: asyncio.AbstractEventLoop
    surroundings: dict[str, str]
    folder: Path

    def says(self, documents: dict[str, Any]) -> str:
        """Say what is there."""
        file = self.folder / "seen.yaml"
        file.write_text(yaml.safe_dump(documents), "utf-8")
        return self.command("confirm", "test", "--present", "--file", str(file))

    def does(self, resource: str) -> None:
        """Do a step: type what the declaration has into the page."""
        imis, cloud_sso = self.bench.imis, self.bench.cloud_sso
        if resource == "imis/openid-connect":
            imis.change(
                Authority=cloud_sso.issuer,
                ProviderClientId=cloud_sso.client_id,
                ClientSecret=cloud_sso.client_secret,
                RedirectLoginUri=self.bench.redirect_url,
                WellKnownUrl=cloud_sso.discovery_url,
                ProviderType=1,
                ProviderName="Cloud SSO",
                ExternalIdClaimType="external_id",
                StaffClaimType="staff",
                StaffClaimValue="1",
                SetLoginHint=True,
            )
        elif resource == "imis/oidc-authentication":
            imis.change(Mode=MODES["test_mode"])
        else:
            cloud_sso.patch({"redirect_url": self.bench.redirect_url})

    def waiting(self) -> dict[str, str]:
        """Give the ids of the steps that wait, by document."""
        steps = self.bench.service.pairs["test"].steps
        assert steps is not None
        found = asyncio.run_coroutine_threadsafe(steps.pending(), self.loop).result(10)
        return {resource: step.id for resource, step in found.items()}

    def command(self, *arguments: str) -> str:
        """Run `imis-sso` against the running service, and give what it printed."""
        done = subprocess.run(
            [*COMMAND, *arguments],
            env=os.environ | self.surroundings,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr


async def _with_service(
    bench: Bench, tmp_path: Path, story: Callable[[HclRestful, Person], None]
) -> None:
    """Have a story told in front of the service; Terraform and people need a thread of their own."""
    bound = listen("127.0.0.1", 0)
    token = bench.service.store.tokens.ephemeral("ci", Scope.ADMIN)
    url = address_of(bound)
    variables = {"TF_VAR_imis_sso_url": url, "TF_VAR_imis_sso_token": token}
    pair = SimpleNamespace(name="test", redirect_url=bench.redirect_url)
    surroundings = {"IMIS_SSO_URL": url, "IMIS_SSO_TOKEN": token}
    async with hosted(bench.app, bound):  # type: ignore[arg-type]
        service = SimpleNamespace(variables=variables)
        declared = await asyncio.to_thread(HclRestful, tmp_path, service, pair)  # type: ignore[arg-type]
        person = Person(bench, asyncio.get_running_loop(), surroundings, tmp_path)
        await asyncio.to_thread(story, declared, person)


def stops(declared: HclRestful, person: Person, expected: set[str]) -> list[str]:
    """Apply until nothing stops it; a person does and confirms each step. Gives the documents."""
    done: list[str] = []
    while set(done) != expected:
        out = words(declared.terraform.run("apply", "-auto-approve", expect=1))
        assert "A person has to do this" in out
        assert person.bench.cloud_sso.client_secret not in out
        for resource, step in person.waiting().items():
            assert f"imis-sso confirm test {step}" in out
            person.does(resource)
            told = person.command("confirm", "test", step, "--yes")
            assert f"Step {step} is confirmed by" in told
            done.append(resource)
    return done


@pytest.mark.parametrize("imis", ["imis_rest", "assisted"])
async def test_an_apply_stops_with_instructions_and_then_goes_through(
    products: Simulation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, imis: str
) -> None:
    """Cloud SSO by a person, and iMIS over REST or by a person, too."""
    by_rest = imis == "imis_rest"
    expected = {"cloud-sso/imis-sso-settings"}
    if not by_rest:
        expected |= {"imis/openid-connect", "imis/oidc-authentication"}
    products.imis("test").change(Mode=MODES["disabled"])
    products.cloud_sso("test").patch({"redirect_url": ""})

    def story(declared: HclRestful, person: Person) -> None:
        terraform = declared.terraform
        declared.set_mode("test_mode")
        untold = words(terraform.run("plan", "-input=false", expect=1))
        assert "Nobody has confirmed yet what Cloud SSO holds" in untold
        said = cloud_sso_says(person.bench) | ({} if by_rest else imis_says())
        assert "on record for" in person.says(said)

        assert len(stops(declared, person, expected)) == len(expected)
        terraform.run("apply", "-auto-approve")
        assert settles(terraform)
        record = person.bench.imis.state()["record"]
        assert record["Mode"] == MODES["test_mode"]
        assert person.bench.cloud_sso.redirect_url == person.bench.redirect_url
        verified = person.command("verify", "test")
        assert "redirect.registered" in verified

    async with bench_for(products, tmp_path, by_person(products, monkeypatch, imis)) as bench:
        await _with_service(bench, tmp_path, story)
