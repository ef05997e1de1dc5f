"""What `imis_rest` tells of a tenant, without writing (product facts 3.2, contract C46)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import pytest

from imis_sso.connectors.imis_rest import ImisRest
from imis_sso.domain.problems import UpstreamError
from imis_sso.domain.resources import OPENID_CONNECT

if TYPE_CHECKING:
    from imis_rest_bench import Bench, ScriptedImis

pytest_plugins = ("imis_rest_bench",)
pytestmark = pytest.mark.anyio


@pytest.fixture
async def imis(bench: Bench) -> AsyncIterator[ImisRest]:
    connector = bench.connector()
    yield connector
    await connector.aclose()


async def test_the_tenant_is_read_once_a_session(bench: Bench, imis: ImisRest) -> None:
    """Contract section 7 and C46."""
    assert await imis.tenant() == {"organisation": "Example Association (test)"}
    await imis.read(OPENID_CONNECT)
    known = {
        "organisation": "Example Association (test)",
        "provider_id": bench.stored["ProviderId"],
    }
    assert await imis.tenant() == known
    assert bench.model.counters.by_route["GET /api/SystemSettings/0"] == 1
    bench.model.expire_sessions()
    bench.model.patch({"organisation": "Another"})
    await imis.read(OPENID_CONNECT)
    assert (await imis.tenant())["organisation"] == "Another"
    assert bench.model.counters.by_route["GET /api/SystemSettings/0"] == 2


async def test_a_tenant_that_iMIS_does_not_tell_is_left_out(  # noqa: N802
    bench: Bench, imis: ImisRest
) -> None:
    bench.fault("status", "other", status=403)
    assert await imis.tenant() == {}


@pytest.mark.parametrize("permission", ["bare", "result", "boxed"])
async def test_findings_of_a_tenant_that_serves_it(
    bench: Bench, imis: ImisRest, permission: str
) -> None:
    """Product facts 3.2: the probes in their order, nothing written."""
    bench.vary(imis_permission=permission)
    found = await imis.findings()
    assert [each.held for each in found] == [True, True, True, True]
    assert list(bench.model.counters.by_route) == [
        "GET /api/OpenIDProvider",
        "GET /api/metadata/OpenIDProvider",
        "POST /api/OpenIDProvider/_haspermission/{action}",
        "POST /token",
    ]
    assert bench.model.counters.writes == 0


@pytest.mark.parametrize(("shown", "words"), [("masked", "mask"), ("absent", "none")])
async def test_findings_tell_how_the_secret_is_shown(
    bench: Bench, imis: ImisRest, shown: str, words: str
) -> None:
    bench.vary(imis_secret=shown)
    about: list[Any] = [each for each in await imis.findings() if "secret" in each.question]
    assert len(about) == 1
    assert words in about[0].answer


@pytest.mark.parametrize("kind", ["forbidden", "missing", "not_implemented"])
async def test_findings_of_a_tenant_that_does_not_serve_it(
    bench: Bench, imis: ImisRest, kind: str
) -> None:
    bench.vary(imis_rest=kind)
    found = await imis.findings()
    assert [each.held for each in found] == [False, False, False]
    assert all("Staff site" in each.answer for each in found)


async def test_findings_leave_open_what_could_not_be_asked(bench: Bench, imis: ImisRest) -> None:
    bench.fault("status", times=99, status=503)
    found = await imis.findings()
    assert [each.held for each in found] == [None, None, None]


async def test_a_tenant_that_cannot_be_read_is_an_error(bench: Bench, imis: ImisRest) -> None:
    """A pin is never taken as met because the answer failed."""
    bench.fault("status", "other", times=2, status=500)
    with pytest.raises(UpstreamError):
        await imis.tenant()
    assert await imis.tenant() == {"organisation": "Example Association (test)"}


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ('{"OrganizationName": "A"}', {"organisation": "A"}),
        ('{"LicensedOrganization": {"$type": "S", "$value": "B"}}', {"organisation": "B"}),
        ('{"LicensedOrganization": "", "LicenseeName": "C"}', {"organisation": "C"}),
        ('{"LicensedOrganization": 5}', {}),
        ("[]", {}),
    ],
)
async def test_the_organisation_is_found_under_several_names(
    scripted: ScriptedImis, body: str, told: dict[str, str]
) -> None:
    """Product facts 3.3: what the property is called is not documented."""
    scripted.script = [scripted.answer(body)]
    imis = scripted.connector()
    assert await imis.tenant() == told
    await imis.aclose()


async def test_findings_survive_answers_of_any_kind(scripted: ScriptedImis) -> None:
    """What cannot be found out is a finding too, never an error."""
    imis = scripted.connector()
    scripted.script = [scripted.answer("{}"), scripted.answer("{}"), scripted.answer("false")]
    assert [each.held for each in await imis.findings()] == [True, None, False]
    scripted.script = [scripted.answer("<html>"), scripted.answer("<html>")]
    assert [each.held for each in await imis.findings()] == [True, None, None]
    await imis.aclose()


async def test_findings_of_a_product_that_is_away(bench: Bench, imis: ImisRest) -> None:
    bench.fault("reset", times=99)
    assert [each.held for each in await imis.findings()] == [None, None, None]
    bench.model.faults.clear()
    bench.password = "wrong"
    await imis.aclose()
    assert [each.held for each in await imis.findings()] == [None, None, None]
    assert bench.model.counters.refused_logins == 1
