"""The connector `imis_rest` against a simulated iMIS in all its variants (product facts 3.5)."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import pytest

from imis_sso.connectors.imis_rest import ImisRest
from imis_sso.domain.documents import OpenIDConnect
from imis_sso.domain.observed import Change, Observed
from imis_sso.domain.problems import (
    UnsupportedByConnector,
    UpstreamNotLicensed,
    UpstreamPageChanged,
    UpstreamRefused,
    WrongTenant,
)
from imis_sso.domain.resources import (
    IMIS_SSO_SETTINGS,
    OIDC_AUTHENTICATION,
    OPENID_CONNECT,
    OPENID_PROVIDER,
)
from imis_sso.domain.secret import Secret, Unreadable

if TYPE_CHECKING:
    from imis_rest_bench import Bench

pytest_plugins = ("imis_rest_bench",)
pytestmark = pytest.mark.anyio

NEW_SECRET = 'n3w+/=%:&~ "quoted" <tag> é'
RECIPE: dict[str, str | bool] = {
    "authority_url": "https://sso.example.org",
    "client_id": "3f1c",
    "external_id_claim_type": "external_id",
    "name": "Cloud SSO",
    "redirect_login_url": "https://members.example.org/",
    "require_public_users": True,
    "set_login_hint": True,
    "tenant_id": "",
    "type": "okta",
    "user_authentication.claim_type": "staff",
    "user_authentication.claim_value": "1",
    "well_known_url": "https://sso.example.org/.well-known/openid-configuration",
}
UNKNOWN = ("SortOrder", "Appearance", "SessionMinutes", "RoleMappingKey")


def _without_defaults(record: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in record.items() if value not in (0, False, None)}


@pytest.fixture
async def imis(bench: Bench) -> AsyncIterator[ImisRest]:
    connector = bench.connector()
    yield connector
    await connector.aclose()


async def test_reads_every_field_of_the_record_verbatim(bench: Bench, imis: ImisRest) -> None:
    """Contract C10; product facts 3.2 for the names."""
    seen = await imis.read(OPENID_CONNECT)
    assert seen.exists
    assert seen.values["authority_url"] == bench.stored["Authority"]
    assert seen.values["name"] == "Single sign-on"
    assert seen.values["mode"] == "disabled"
    assert seen.values["type"] == "okta"
    assert seen.values["set_login_hint"] is False
    assert seen.values["user_authentication.claim_value"] == "true"


async def test_reaches_everything_but_the_email_body(imis: ImisRest) -> None:
    """Contract 1.1: the REST record has no e-mail body."""
    unreachable = imis.reach.unreachable(OPENID_PROVIDER.name, OpenIDConnect)
    assert unreachable == ("email_body",)
    assert set((await imis.read(OPENID_CONNECT)).values) == imis.reach.fields["openid-provider"]


@pytest.mark.parametrize("enums", ["numbers", "names"])
@pytest.mark.parametrize("defaults", ["omitted", "present"])
@pytest.mark.parametrize("secret", ["clear", "masked", "absent"])
async def test_changes_every_field_and_reads_it_back(
    bench: Bench, imis: ImisRest, enums: str, defaults: str, secret: str
) -> None:
    """Product facts 3.5: whatever form the record is shown in."""
    bench.vary(imis_enums=enums, imis_defaults=defaults, imis_secret=secret)
    seen = await bench.change(imis, RECIPE, NEW_SECRET)
    assert seen.values == {**RECIPE, "mode": "disabled"}
    assert bench.stored["ClientSecret"] == NEW_SECRET
    back = await bench.change(imis, {"require_public_users": False, "name": ""}, NEW_SECRET)
    assert back.values == {**RECIPE, "mode": "disabled", "require_public_users": False, "name": ""}


@pytest.mark.parametrize("status", [200, 201, 202, 204])
async def test_takes_every_status_of_success(bench: Bench, imis: ImisRest, status: int) -> None:
    """Product facts 3.3."""
    bench.vary(imis_put_status=status)
    assert (await bench.change(imis, {"client_id": "new"})).values["client_id"] == "new"
    assert bench.model.counters.writes == 1


@pytest.mark.parametrize("enums", ["numbers", "names"])
async def test_what_no_document_names_goes_back_as_it_came(
    bench: Bench, imis: ImisRest, enums: str
) -> None:
    """Contract 1.1; product facts 3.5: nested objects and boxed values, byte for byte."""
    bench.vary(imis_enums=enums)
    bench.model.change(Nested={"$type": "A.B", "Z": [1, 2.50, None, "é<&>"], "A": {"$type": "C"}})
    before = bench.stored
    await bench.change(imis, {"name": "Cloud SSO"})
    after = bench.stored
    assert after.pop("ProviderName") == "Cloud SSO"
    assert before.pop("ProviderName") == "Single sign-on"
    for name in (*UNKNOWN, "Nested", "ClientSecret", "ProviderId"):
        assert json.dumps(after[name]) == json.dumps(before[name])
    assert _without_defaults(after) == _without_defaults(before)


@pytest.mark.parametrize(
    ("shown", "expected"), [("masked", Unreadable.MASKED), ("absent", Unreadable.ABSENT)]
)
async def test_never_sends_a_mask(
    bench: Bench, imis: ImisRest, shown: str, expected: Unreadable
) -> None:
    """Product facts 3.5: a secret that was not readable is left out, never sent as its mask."""
    bench.vary(imis_secret=shown, imis_unread_secret="keeps")
    before = bench.stored["ClientSecret"]
    seen = await bench.change(imis, {"name": "x"})
    assert seen.secret is expected
    assert bench.stored["ClientSecret"] == before


async def test_a_secret_read_in_clear_is_sent_back(bench: Bench, imis: ImisRest) -> None:
    before = bench.stored["ClientSecret"]
    seen = await bench.change(imis, {"name": "x"})
    assert seen.secret == Secret(before)
    assert bench.stored["ClientSecret"] == before


async def test_an_unread_secret_is_wiped_only_if_the_product_does_so(
    bench: Bench, imis: ImisRest
) -> None:
    """Contract 1.2: lowering writes the record without the secret where there is no other way."""
    bench.vary(imis_secret="masked", imis_unread_secret="wipes")
    await bench.change(imis, {"mode": "disabled"}, resource=OIDC_AUTHENTICATION)
    assert bench.stored.get("ClientSecret") is None


async def test_pushes_a_secret_alone(bench: Bench, imis: ImisRest) -> None:
    before, seen = bench.stored, await bench.change(imis, {}, NEW_SECRET)
    assert seen.secret == Secret(NEW_SECRET)
    assert _without_defaults(bench.stored) == _without_defaults(
        {**before, "ClientSecret": NEW_SECRET}
    )


async def test_a_changing_write_is_three_requests(bench: Bench, imis: ImisRest) -> None:
    """Targets R4, P3."""
    await imis.read(OPENID_CONNECT)
    bench.model.counters.reset()
    await bench.change(imis, {"name": "x"})
    assert bench.model.counters.requests == 3
    assert bench.model.counters.writes == 1


async def test_the_first_read_is_one_log_in_and_one_request(bench: Bench, imis: ImisRest) -> None:
    """Targets R4."""
    await imis.read(OPENID_CONNECT)
    assert bench.model.counters.by_route == {"GET /api/OpenIDProvider": 1, "POST /token": 1}


async def test_the_mode_is_part_of_the_same_record(bench: Bench, imis: ImisRest) -> None:
    """Contract 1.2."""
    for number, mode in enumerate(("disabled", "test_mode", "enabled")):
        seen = await bench.change(imis, {"mode": mode}, resource=OIDC_AUTHENTICATION)
        assert seen.values["mode"] == mode
        assert bench.stored.get("Mode", 0) == number


@pytest.mark.parametrize("where", ["body", "header", "list-only"])
async def test_the_first_write_creates_the_record(bench: Bench, imis: ImisRest, where: str) -> None:
    """Product facts 3.5; contract 1.1: defaults of the recipe, mode disabled."""
    bench.vary(imis_records="none", imis_post_id=where)
    assert not (await imis.read(OPENID_CONNECT)).exists
    seen = await bench.change(imis, {"client_id": "3f1c"}, NEW_SECRET)
    defaults = {path: value for path, value in OpenIDConnect.defaults().items() if value != ""}
    assert seen.exists
    assert seen.values == {
        **dict.fromkeys(imis.reach.fields["openid-provider"], ""),
        **defaults,
        "client_id": "3f1c",
        "mode": "disabled",
    }
    assert bench.stored["ClientSecret"] == NEW_SECRET
    assert bench.stored["ProviderType"] == 1
    assert len(bench.model.records) == 1


async def test_nothing_is_made_up_where_there_is_no_record(bench: Bench, imis: ImisRest) -> None:
    """Contract C4: the service, not the connector, knows the defaults."""
    bench.vary(imis_records="none")
    seen = await imis.read(OPENID_CONNECT)
    assert (seen.exists, seen.values, seen.secret) == (False, {}, Unreadable.ABSENT)


async def test_several_records_need_a_pin(bench: Bench, imis: ImisRest) -> None:
    """Product facts 3.5: a clear error naming them."""
    bench.vary(imis_records="several")
    with pytest.raises(UpstreamRefused, match="provider_id") as refused:
        await imis.read(OPENID_CONNECT)
    for record in bench.model.records:
        assert record["ProviderId"] in refused.value.detail


async def test_the_only_active_record_is_the_one(bench: Bench, imis: ImisRest) -> None:
    """Product facts 3.5; and it stays in hand when we lower its mode."""
    bench.vary(imis_records="several_active")
    seen = await imis.read(OPENID_CONNECT)
    assert seen.values["name"] == "Members (2021)"
    lowered = await bench.change(imis, {"mode": "disabled"}, resource=OIDC_AUTHENTICATION)
    assert lowered.values["name"] == "Members (2021)"
    assert lowered.values["mode"] == "disabled"


async def test_a_pinned_record_is_the_one(bench: Bench) -> None:
    bench.vary(imis_records="several_active")
    first = bench.model.records[0]
    imis = bench.connector(provider_id=first["ProviderId"])
    assert (await bench.change(imis, {"client_id": "x"})).values["client_id"] == "x"
    assert bench.model.records[0]["ProviderClientId"] == "x"
    assert bench.model.records[1]["ProviderClientId"] == "imis-trial-2021"
    await imis.aclose()


@pytest.mark.parametrize("records", ["one", "none"])
async def test_a_pinned_record_that_is_missing_is_the_wrong_tenant(
    bench: Bench, records: str
) -> None:
    """Contract C46: names what is there."""
    bench.vary(imis_records=records)
    imis = bench.connector(provider_id="not-there")
    with pytest.raises(WrongTenant, match="not-there") as refused:
        await imis.read(OPENID_CONNECT)
    assert all(record["ProviderId"] in refused.value.detail for record in bench.model.records)
    await imis.aclose()


async def test_reads_a_long_list_page_by_page(bench: Bench) -> None:
    """Product facts 3.3: lists come in pages, one after the other."""
    bench.model.patch({"records": [{"ProviderName": str(each)} for each in range(250)]})
    imis = bench.connector(provider_id=bench.model.records[249]["ProviderId"])
    assert (await imis.read(OPENID_CONNECT)).values["name"] == "249"
    assert bench.model.counters.reads == 3
    await imis.aclose()


async def test_a_property_of_an_unknown_value_is_named(bench: Bench, imis: ImisRest) -> None:
    """Nothing is guessed from a value that the contract type does not have."""
    bench.model.change(SetLoginHint="maybe")
    with pytest.raises(UpstreamPageChanged, match="SetLoginHint") as changed:
        await imis.read(OPENID_CONNECT)
    assert "maybe" not in changed.value.detail


@pytest.mark.parametrize("echo", ["plain", "echo"])
async def test_validation_errors_name_our_fields_and_no_secret(
    bench: Bench, imis: ImisRest, echo: str
) -> None:
    """Product facts 3.5; contract C20."""
    bench.vary(imis_errors=echo)
    before = bench.stored
    with pytest.raises(UpstreamRefused) as refused:
        await bench.change(
            imis, {"redirect_login_url": "http://x/", "authority_url": "ftp://x"}, NEW_SECRET
        )
    assert [each.field for each in refused.value.errors] == ["authority_url", "redirect_login_url"]
    assert "https://" in refused.value.errors[0].detail or echo == "echo"
    said = f"{refused.value.detail} {refused.value.errors}"
    for secret in (NEW_SECRET, before["ClientSecret"], bench.model.password):
        assert secret not in said
        assert json.dumps(secret)[1:-1] not in said
    assert bench.stored == before


async def test_plain_text_refusals_are_bounded_and_clean(bench: Bench, imis: ImisRest) -> None:
    """Contract C30: no upstream HTML, no secret."""
    text = f"No: <b>alert</b> {NEW_SECRET} " + "x" * 500
    bench.fault("status", "write", status=400, body=text)
    with pytest.raises(UpstreamRefused, match="alert") as refused:
        await bench.change(imis, {"name": "x"}, NEW_SECRET)
    assert "<" not in refused.value.detail
    assert NEW_SECRET not in refused.value.detail
    assert len(refused.value.detail) < 300


async def test_a_page_of_html_is_not_passed_on(bench: Bench, imis: ImisRest) -> None:
    """Contract C30."""
    bench.fault("status", "write", status=400, body="<html><script>alert(1)</script>")
    with pytest.raises(UpstreamRefused, match="status 400") as refused:
        await bench.change(imis, {"name": "x"})
    assert "alert" not in refused.value.detail


@pytest.mark.parametrize("kind", ["forbidden", "missing", "not_implemented"])
async def test_a_record_not_served_over_rest_is_said_in_plain_words(
    bench: Bench, imis: ImisRest, kind: str
) -> None:
    """Product facts 3.2: offer the other connectors."""
    bench.vary(imis_rest=kind)
    with pytest.raises(UpstreamNotLicensed, match=r"Staff site.*assisted"):
        await imis.read(OPENID_CONNECT)


async def test_a_missing_role_is_said_in_plain_words(bench: Bench, imis: ImisRest) -> None:
    bench.model.patch({"roles": ["RemoteService"]})
    with pytest.raises(UpstreamNotLicensed, match="SysAdmin"):
        await imis.read(OPENID_CONNECT)


async def test_a_duplicate_is_refused(bench: Bench, imis: ImisRest) -> None:
    """Product facts 3.3: 409."""
    bench.fault("status", "write", status=409, body="A record of this identity exists already")
    with pytest.raises(UpstreamRefused, match="exists already"):
        await bench.change(imis, {"name": "x"})


async def test_a_record_removed_meanwhile_is_refused(bench: Bench, imis: ImisRest) -> None:
    base = await imis.read(OPENID_CONNECT)
    bench.vary(imis_records="none")
    with pytest.raises(UpstreamRefused, match="removed"):
        await imis.write(OPENID_CONNECT, Change({"name": "x"}), base)


async def test_success_with_a_failed_validation_is_a_refusal(bench: Bench, imis: ImisRest) -> None:
    """Product facts 3.5: a validation result may come with 200."""
    body = {"IsValid": False, "Errors": {"$values": [{"FieldName": "Mode", "Message": "no"}]}}
    bench.fault("status", "write", status=200, body=body)
    with pytest.raises(UpstreamRefused) as refused:
        await bench.change(imis, {"name": "x"})
    assert [each.as_dict() for each in refused.value.errors] == [{"field": "mode", "detail": "no"}]


@pytest.mark.parametrize("name", ["SortOrder", "no name <b>"])
async def test_an_unknown_property_is_blamed_by_its_own_name(
    bench: Bench, imis: ImisRest, name: str
) -> None:
    """Product facts 3.5: names are passed on, if they are names."""
    body = {"Errors": {"$values": [{"FieldName": name, "FieldValue": "v4lue", "Message": "no"}]}}
    bench.fault("status", "write", status=400, body=body)
    with pytest.raises(UpstreamRefused) as refused:
        await bench.change(imis, {"name": "x"})
    assert refused.value.errors[0].field == ("SortOrder" if name == "SortOrder" else "")
    assert "v4lue" not in refused.value.detail


async def test_the_email_body_is_beyond_it(bench: Bench, imis: ImisRest) -> None:
    """Contract 1.1."""
    base = await imis.read(OPENID_CONNECT)
    with pytest.raises(UnsupportedByConnector, match="email_body"):
        await imis.write(OPENID_CONNECT, Change({"email_body": "x"}), base)
    assert bench.model.counters.writes == 0


async def test_serves_no_other_record(imis: ImisRest) -> None:
    with pytest.raises(ValueError, match="cloud-sso"):
        await imis.read(IMIS_SSO_SETTINGS)
    with pytest.raises(TypeError, match="has read"):
        await imis.write(OPENID_CONNECT, Change({"name": "x"}), Observed(values={}))
