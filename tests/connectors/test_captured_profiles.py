"""A capture, loaded as a profile, makes simulated products that give the same capture again."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from lone_guard import LoneGuard
from staff_values import SINGLE

from imis_sso.connectors.base import Credential
from imis_sso.connectors.cloud_sso_dashboard import CloudSsoDashboard
from imis_sso.connectors.imis_rest import FairUse, ImisRest
from imis_sso.connectors.imis_staff_site import ImisStaffSite
from imis_sso.domain.examination import Door, Examination
from imis_sso.domain.secret import Secret
from imis_sso.simulators import CloudSsoModel, ImisModel, Profile, Simulation, Variant

pytestmark = pytest.mark.anyio
SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "capture.schema.json").read_text("utf-8"))
Capture = Mapping[str, Any]

TENANTS: dict[str, dict[str, object]] = {
    "as-seeded": {},
    "masked-names-present": {
        "imis_secret": "masked",
        "imis_enums": "names",
        "imis_defaults": "present",
        "imis_permission": "boxed",
        "imis_token_path": "/Asi.Scheduler_Members/token",
    },
    "several-active": {
        "imis_records": "several_active",
        "imis_secret": "absent",
        "imis_permission": "result",
        "imis_validate": "missing",
        "imis_token_path": "/asiScheduler/token",
    },
    "none": {"imis_records": "none"},
    "forbidden": {"imis_rest": "forbidden"},
    "not-implemented": {"imis_rest": "not_implemented"},
}
DASHBOARDS: dict[str, dict[str, object]] = {
    "wrapped-reveal": {
        "cloud_sso_markup": "wrapped",
        "cloud_sso_secret": "reveal",
        "cloud_sso_shown": "output",
        "cloud_sso_navigation": "cloud_sso",
    },
    "aria-copy": {
        "cloud_sso_markup": "aria_label",
        "cloud_sso_secret": "copy",
        "cloud_sso_login_button": "Sign In",
        "cloud_sso_render": "script",
    },
    "table-absent": {"cloud_sso_secret": "absent", "cloud_sso_markup": "table"},
}


@pytest.fixture
def imis(dashboard_simulation: Simulation) -> Iterator[ImisModel]:
    model = dashboard_simulation.imis("test")
    as_at_the_start(model)
    yield model
    as_at_the_start(model)


def as_at_the_start(model: ImisModel) -> None:
    model.behave(Profile().manners)
    model.change_variant(Variant().as_dict())
    model.reset(state=True)


STAFF_SITES: dict[str, dict[str, object]] = {
    "labelledby-codes": {
        "staff_markup": "labelledby",
        "staff_options": "codes",
        "staff_secret": "shown",
        "staff_labels": "recased",
        "staff_navigation": "menu",
        "staff_save_button": "link",
        "staff_log_in": "in_turn",
    },
    "table-vendor": {
        "staff_markup": "table",
        "staff_options": "vendor",
        "staff_secret": "empty",
        "staff_licences": "table",
    },
    "single-page-reveal": {
        **SINGLE,
        "staff_secret": "reveal",
    },
}


Capturing = Callable[[], Awaitable[Capture]]


@pytest.fixture
def capture_imis(imis: ImisModel, dashboard_simulation: Simulation) -> Capturing:
    """Captures the simulated iMIS by a connector of its own, set up for its token path."""

    async def credential() -> Credential:
        return Credential(imis.username, Secret(imis.password))

    async def capture() -> Capture:
        connector = ImisRest(
            imis.base_url,
            credential,
            NobodyRefused(),
            ca_file=dashboard_simulation.ca_file,
            token_path=imis.variant.imis_token_path,
            fair_use=FairUse(repeats=0),
            requests_per_second=1000,
        )
        try:
            return await captured(connector)
        finally:
            await connector.aclose()

    return capture


class NobodyRefused(LoneGuard):
    """Nobody was refused."""

    async def check(self, address: str, username: str, password: Secret) -> None:
        """Let everybody in."""


async def captured(*connectors: Any) -> Capture:
    doors = [
        Door("imis", each.name, configured=True, findings=tuple(await each.findings()))
        for each in connectors
    ]
    capture = Examination("test", tuple(doors)).capture()
    jsonschema.validate(capture, SCHEMA)
    return json.loads(json.dumps(capture))  # type: ignore[no-any-return]


@pytest.mark.parametrize("tenant", TENANTS)
async def test_a_captured_iMIS_is_one_to_the_next_capture(  # noqa: N802
    imis: ImisModel, capture_imis: Capturing, tenant: str
) -> None:
    imis.change_variant(TENANTS[tenant])
    first = await capture_imis()
    as_at_the_start(imis)
    assert (await capture_imis() == first) == (tenant == "as-seeded")
    profile = Profile.of(first)
    imis.change_variant(profile.variant)
    imis.behave(profile.manners)
    assert await capture_imis() == first
    assert imis.counters.writes == 0


async def test_a_tenant_unlike_any_variant_is_one_to_the_next_capture(
    imis: ImisModel, capture_imis: Capturing
) -> None:
    """Properties, envelopes and refusals that no variant knows."""
    capture: Any = await capture_imis()
    answers = capture["connectors"]["imis_rest"]
    answers["log-in"]["tells_life"] = False
    answers["metadata"] = {**answers["metadata"], "status": 404, "form": "text"}
    answers["metadata"] |= {"media_type": "text/plain"}
    del answers["metadata"]["body"], answers["metadata"]["declared"]
    record = answers["records"]["records"][0]["properties"]
    record |= {"RequireMfa": "boolean", "Weight": "number", "Tags": ["string"]}
    del record["Appearance"], record["StaffClaimValue"]
    del answers["records"]["body"]["NextPageLink"]
    settings = answers["system-settings"]["body"]
    settings["ProductVersion"] = settings.pop("Version")
    profile = Profile.of(capture)
    imis.change_variant(profile.variant)
    imis.behave(profile.manners)
    assert await capture_imis() == capture


@pytest.mark.browser
@pytest.mark.parametrize("tenant", DASHBOARDS)
async def test_a_captured_dashboard_is_one_to_the_next_capture(
    dashboard: CloudSsoDashboard, dashboard_model: CloudSsoModel, tenant: str
) -> None:
    dashboard_model.change_variant(DASHBOARDS[tenant])
    dashboard_model.expire_sessions()
    first = await captured(dashboard)
    assert set(first["connectors"]["cloud_sso_dashboard"]) == {
        "log-in-page",
        "imis-sso-settings-page",
    }
    dashboard_model.change_variant(Variant().as_dict())
    dashboard_model.change_variant(Profile.of(first).variant)
    dashboard_model.expire_sessions()
    assert await captured(dashboard) == first
    assert dashboard_model.counters.writes == 0


@pytest.mark.browser
@pytest.mark.parametrize("tenant", STAFF_SITES)
async def test_a_captured_staff_site_is_one_to_the_next_capture(
    staff: ImisStaffSite, staff_model: ImisModel, tenant: str
) -> None:
    staff_model.change_variant(STAFF_SITES[tenant])
    staff_model.expire_sessions()
    first = await captured(staff)
    shapes = {"log-in-page", "openid-connect-page", "about-imis-page"}
    assert set(first["connectors"]["imis_staff_site"]) == shapes
    staff_model.change_variant(Variant().as_dict())
    staff_model.change_variant(Profile.of(first).variant)
    staff_model.expire_sessions()
    assert await captured(staff) == first
    assert staff_model.counters.writes == 0
    assert staff_model.username not in json.dumps(first)


@pytest.mark.parametrize(
    ("text", "words"), [("{", "is not JSON"), ("[]", "no capture"), ('{"format": 2}', "format 1")]
)
def test_a_file_that_is_no_capture_is_refused(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "capture.json").write_text(text, "utf-8")
    with pytest.raises(ValueError, match=words):
        Profile.load(tmp_path)
