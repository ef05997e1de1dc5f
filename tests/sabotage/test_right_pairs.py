"""Right pairs are never called wrong, whatever their names, secrets, addresses and provider."""

from __future__ import annotations

import os
import string
from random import Random
from typing import Any

import pytest
from service_bench import Bench

from imis_sso.domain.checks import Status
from imis_sso.domain.observed import Observed
from imis_sso.domain.resources import Resource
from imis_sso.domain.secret import Secret
from imis_sso.services.verify import verify
from imis_sso.simulators import CloudSsoModel, Simulation, sign_in

pytestmark = pytest.mark.anyio

PAIRS = int(os.environ.get("IMIS_SSO_RIGHT_PAIRS", "1000"))
BATCHES = 8
WELL_KNOWN = "/.well-known/openid-configuration"
NAMES = string.ascii_letters + string.digits + "-._~"
HARD = NAMES + "+/=%:&#?;, '\"<>\\äß"
VARIANTS: dict[str, tuple[Any, ...]] = {
    "imis_defaults": ("omitted", "present"),
    "imis_enums": ("numbers", "names"),
    "imis_permission": ("bare", "result", "boxed"),
}


class Direct:
    """A way into the simulated Cloud SSO without a browser, for many verifications."""

    def __init__(self, connector: Any, cloud_sso: CloudSsoModel) -> None:
        self._connector, self._cloud_sso = connector, cloud_sso

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connector, name)

    async def read(self, _resource: Resource) -> Observed:
        """Give what the page shows."""
        model = self._cloud_sso
        values = {
            "client_id": model.client_id,
            "discovery_url": model.discovery_url,
            "issuer": model.issuer,
            "redirect_url": model.redirect_url,
        }
        return Observed(values, Secret(model.client_secret))


@pytest.fixture
def direct(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Bench:
    half = bench.service.pairs["test"].halves["cloud-sso"]
    monkeypatch.setattr(half, "connector", Direct(half.connector, bench.cloud_sso))
    monkeypatch.setattr(bench.service.pairs["test"].probes, "_pause", 0.0)
    return bench


def word(dice: Random, letters: str, least: int, most: int) -> str:
    return "".join(dice.choices(letters, k=dice.randint(least, most)))


def make_right(dice: Random, simulation: Simulation) -> None:
    """Set up both halves by the recipe, with whatever else may be different."""
    imis, cloud_sso = simulation.imis("test"), simulation.cloud_sso("test")
    imis.change_variant({name: dice.choice(values) for name, values in VARIANTS.items()})
    tenant = dice.choice(["", f"/{word(dice, NAMES, 1, 12).strip('.')}x"])
    slash = dice.choice(["", "/"])
    path = dice.choice(["", "", "iMIS/", word(dice, string.ascii_letters, 1, 20)])
    redirect = f"{imis.base_url}/{path}"
    cloud_sso.patch(
        {
            "client_id": word(dice, NAMES, 1, 40),
            "client_secret": word(dice, HARD, 1, 64).strip() or "s",
            "issuer": f"{cloud_sso.base_url}{tenant}{slash}",
            "discovery_url": f"{cloud_sso.base_url}{tenant}{WELL_KNOWN}",
            "token_methods": dice.choice(
                [
                    ["client_secret_basic"],
                    ["client_secret_post"],
                    ["client_secret_basic", "client_secret_post"],
                    ["private_key_jwt", "client_secret_post"],
                ]
            ),
            "signing_algorithm": dice.choice(["RS256", "RS512"]),
            "redirect_url": redirect,
        }
    )
    imis.change(
        Mode=dice.choice(["TestMode", "Enabled"]),
        ProviderName=word(dice, HARD, 1, 30),
        ProviderClientId=cloud_sso.client_id,
        ClientSecret=cloud_sso.client_secret,
        WellKnownUrl=cloud_sso.discovery_url,
        Authority=cloud_sso.issuer,
        RedirectLoginUri=redirect,
        RequirePublicUsers=dice.choice([True, False]),
    )


@pytest.mark.parametrize("batch", range(BATCHES))
async def test_a_right_pair_is_never_called_wrong(direct: Bench, batch: int) -> None:
    """0 false alarms in a thousand; `IMIS_SSO_RIGHT_PAIRS` sets how many there are."""
    for number in range(batch, PAIRS, BATCHES):
        dice = Random(number)
        make_right(dice, direct.simulation)
        verification = await verify(direct.service.pairs["test"], active=True)
        wrong = [each for each in verification.checks if each.status is Status.FAILED]
        assert verification.passed, (number, wrong)
        proved = {each.id for each in verification.checks if each.status is Status.PASSED}
        assert proved >= {"redirect.registered", "client.secret-accepted", "jwks.usable"}, number
        imis = direct.imis
        # The simulated iMIS takes people back at its base address only.
        if imis.record["RedirectLoginUri"] == f"{imis.base_url}/":
            outcome = await sign_in(direct.simulation, "test")
            assert (outcome.signed_in, outcome.staff) == (True, True), (number, outcome)
