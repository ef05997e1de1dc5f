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
    told = {"organisation": "Example Association (test)", "version": bench.model.version}
    assert await imis.tenant() == told
    await imis.read(OPENID_CONNECT)
    assert await imis.tenant() == told | {"provider_id": bench.stored["ProviderId"]}
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


async def held(imis: ImisRest) -> dict[str, bool | None]:
    """Whether each claim held; of two findings about one, the worse."""
    found: dict[str, bool | None] = {}
    for each in await imis.findings():
        found[each.claim] = each.held if found.get(each.claim, True) else found[each.claim]
    return found


@pytest.mark.parametrize("permission", ["bare", "result", "boxed"])
async def test_findings_of_a_tenant_that_serves_it(
    bench: Bench, imis: ImisRest, permission: str
) -> None:
    """Product facts 3.2: the probes in their order, nothing written."""
    bench.vary(imis_permission=permission)
    found = await held(imis)
    open_still = {"imis.unknown-properties", "imis.licence-over-rest"}
    assert {claim for claim, verdict in found.items() if verdict is None} == open_still
    assert False not in found.values()
    asked = [(each.visit.method, each.visit.path) for each in bench.model.log.attempts]
    entity = "/api/OpenIDProvider"
    assert asked == [
        ("POST", "/token"),
        ("GET", "/api/metadata/OpenIDProvider"),
        ("GET", entity),
        ("GET", f"{entity}/{bench.stored['ProviderId']}"),
        ("POST", f"{entity}/_haspermission/Update"),
        ("POST", f"{entity}/_validate"),
        ("GET", entity),
        ("GET", "/api/SystemSettings/0"),
    ]
    assert (bench.model.counters.writes, bench.model.counters.stored) == (0, 0)


@pytest.mark.parametrize(
    ("variant", "claim", "answer"),
    [
        ({"imis_secret": "masked"}, "imis.secret-shown", "mask"),
        ({"imis_secret": "absent"}, "imis.secret-shown", "holds none"),
        ({"imis_defaults": "present"}, "imis.defaults-omitted", "it is shown"),
        ({"imis_enums": "names"}, "imis.enum-form", "as names"),
        ({"imis_records": "several"}, "imis.which-record", "none is active"),
        ({"imis_validate": "missing"}, "imis.validate", "not implemented"),
    ],
)
async def test_findings_tell_the_manners_of_a_tenant(
    bench: Bench, imis: ImisRest, variant: dict[str, object], claim: str, answer: str
) -> None:
    bench.vary(**variant)
    (found,) = [each for each in await imis.findings() if each.claim == claim and not each.held]
    assert found.held is False
    assert answer in found.answer
    assert bench.model.counters.writes == 0


async def test_a_record_that_moves_while_it_is_validated_is_told(
    bench: Bench, imis: ImisRest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Product facts 3.5: what `_validate` really does is not known."""
    looks = []
    show = bench.model.shown

    def shown(attempt: Any) -> Any:
        looks.append(attempt)
        if len(looks) == 3:
            bench.model.change(ProviderName="Written by a dry run")
        return show(attempt)

    monkeypatch.setattr(bench.model, "shown", shown)
    assert (await held(imis))["imis.validate"] is False


@pytest.mark.parametrize("kind", ["forbidden", "missing", "not_implemented"])
async def test_findings_of_a_tenant_that_does_not_serve_it(
    bench: Bench, imis: ImisRest, kind: str
) -> None:
    bench.vary(imis_rest=kind)
    found = [each for each in await imis.findings() if each.held is False]
    refused = ["imis.metadata-served", "imis.record-served", "imis.permission"]
    assert [each.claim for each in found] == refused
    assert all("Staff site" in each.answer for each in found)
    assert all(each.ask for each in found)
    assert "POST /api/OpenIDProvider/_validate" not in bench.model.counters.by_route


async def test_findings_leave_open_what_could_not_be_asked(bench: Bench, imis: ImisRest) -> None:
    bench.fault("status", times=99, status=503)
    assert set((await held(imis)).values()) == {None}


async def test_a_tenant_that_cannot_be_read_is_an_error(bench: Bench, imis: ImisRest) -> None:
    """A pin is never taken as met because the answer failed."""
    bench.fault("status", "other", times=2, status=500)
    with pytest.raises(UpstreamError):
        await imis.tenant()
    assert (await imis.tenant())["organisation"] == "Example Association (test)"


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
    found = await held(imis)
    assert found["imis.metadata-served"] is True
    assert found["imis.record-served"] is None
    assert found["imis.permission"] is False
    scripted.script = [scripted.answer("<html>")]
    assert {each.held for each in await imis.findings() if each.need} == {True, None}
    scripted.script = [scripted.answer('{"Items": [{"ProviderId": 5, "Mode": "?"}]}')]
    assert (await held(imis))["imis.enumerations"] is False
    await imis.aclose()


async def test_findings_of_a_product_that_is_away(bench: Bench, imis: ImisRest) -> None:
    bench.fault("reset", times=99)
    assert await held(imis) == {"imis.token": None}
    bench.model.faults.clear()
    bench.password = "wrong"
    await imis.aclose()
    assert await held(imis) == {"imis.token": False}
    assert bench.model.counters.refused_logins == 1
