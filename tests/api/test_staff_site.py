"""The whole API in front of an iMIS that is served by its Staff site (contract 1, 1.1, 1.2)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from api_answers import PARTNER_SECRET, PARTNER_SOURCE, bring_into_agreement, errors_of, refused
from service_bench import (
    BASE,
    CLIENT,
    MODE,
    OPENID_CONNECT,
    Bench,
    bench_for,
    registry_document,
)
from sqlalchemy import delete
from test_named_secrets import BUILT_IN, _names, version_of

from imis_sso.domain.access import Scope
from imis_sso.services.secrets import Shown
from imis_sso.simulators import Fault, Simulation
from imis_sso.store.tables import METADATA

pytestmark = [pytest.mark.anyio, pytest.mark.browser]

LICENCE, VERIFICATION = f"{BASE}/imis/licence", f"{BASE}/verification"
SECRETS = {"partner": {"source": f"env:{PARTNER_SOURCE}", "for": ["imis/openid-connect"]}}
CODES = "IMIS_SSO_TEST_CODES"
"""The environment variable of the secret of one-time codes (`imis.totp`)."""
FORM = "/Staff/Settings/Contacts/OpenIDConnect.aspx"


@pytest.fixture(scope="module")
async def staffed(
    running: Simulation, tmp_path_factory: pytest.TempPathFactory, anyio_backend: str
) -> AsyncIterator[Bench]:
    """A service of this module, and the sessions it keeps; REST refuses whoever asks."""
    assert anyio_backend == "asyncio"
    place = tmp_path_factory.mktemp("staffed")
    imis = registry_document(running, place, "imis_staff_site")["environments"]["test"]["imis"]
    change = {"secrets": SECRETS, "edits_while_enabled": "verified"}
    change |= {"imis": imis | {"totp": f"env:{CODES}"}}
    async with bench_for(running, place, change, imis_connector="imis_staff_site") as bench:
        yield bench


@pytest.fixture
async def desk(staffed: Bench, fresh: Simulation, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """The service with nothing recorded, the products as at their start."""
    fresh.imis("test").change_variant({"imis_rest": "forbidden"})
    monkeypatch.setenv(PARTNER_SOURCE, PARTNER_SECRET)
    address = f"otpauth://totp/imis?secret={fresh.imis('test').totp_secret}&period=1"
    monkeypatch.setenv(CODES, address)
    async with staffed.service.store.database.begin() as connection:
        for table in METADATA.sorted_tables:
            await connection.execute(delete(table))
    for pair in staffed.service.pairs.values():
        for circuit in pair.circuits.values():
            circuit._close()
    return staffed


async def put(desk: Bench, path: str, body: dict[str, Any], **parameters: str) -> dict[str, Any]:
    answer = await desk.client.put(path, json=body, params=parameters)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def agreed(desk: Bench) -> dict[str, Any]:
    """Bring both halves into agreement: what the page shows of the secret is a mask, so push it."""
    body = await desk.agreeing()
    answer = await desk.client.put(OPENID_CONNECT, json=body)
    assert (answer.status_code, answer.headers["upstream-writes"]) == (200, "1"), answer.text
    desk.cloud_sso.patch({"redirect_url": desk.redirect_url})
    return body


async def known(desk: Bench, mode: int = 0, ref: str = BUILT_IN) -> None:
    """Have a person bring both halves into agreement, and know the secret that the page hides."""
    bring_into_agreement(desk, mode)
    if ref != BUILT_IN:
        desk.imis.change(ClientSecret=PARTNER_SECRET)
    secret = desk.imis.record["ClientSecret"]
    await desk.service.pairs["test"].secrets.remember(Shown(ref, version_of(desk, secret)))
    desk.imis.reset()


async def checks(desk: Bench, **parameters: str) -> dict[str, str]:
    answer = await desk.client.get(VERIFICATION, params=parameters)
    assert answer.status_code == 200, answer.text
    return {each["id"]: each["status"] for each in answer.json()["checks"]}


async def test_from_a_half_finished_page_to_a_live_pair_and_down_again(desk: Bench) -> None:
    """Every gate on the way; the licence is a check that tells, at last."""
    body = await agreed(desk)
    again = await desk.client.put(OPENID_CONNECT, json=body)
    assert again.headers["upstream-writes"] == "0"
    assert desk.imis.record["ClientSecret"] == desk.cloud_sso.client_secret
    refused(await desk.client.put(MODE, json={"mode": "enabled"}), 409, "transition-refused")
    logins = desk.imis.counters.logins
    await put(desk, MODE, {"mode": "test_mode"})
    assert desk.imis.counters.logins - logins >= 2  # proved before and after
    found = await checks(desk, probe="active")
    assert found["licence.openid-connect"] == found["client.secret-matches"] == "passed"
    assert "failed" not in found.values()
    await put(desk, MODE, {"mode": "enabled"})
    assert desk.imis.record["Mode"] == 2
    desk.cloud_sso.faults.add(Fault("reset", times=None))
    for mode, number in (("test_mode", 1), ("disabled", 0)):
        await put(desk, MODE, {"mode": mode})
        assert desk.imis.record["Mode"] == number


async def test_a_log_in_gives_the_code_whose_secret_the_registry_names(desk: Bench) -> None:
    """`imis.totp`, from its source to the page that asks for it."""
    desk.imis.patch({"totp_period": 1})
    desk.imis.change_variant({"staff_second_factor": "totp"})
    desk.imis.expire_sessions()
    desk.imis.reset()
    answer = await desk.client.get(OPENID_CONNECT)
    assert answer.status_code == 200, answer.text
    assert (desk.imis.counters.logins, desk.imis.counters.refused_logins) == (1, 0)


async def test_reading_and_reach(desk: Bench) -> None:
    document = (await desk.client.get(OPENID_CONNECT, params={"include": "meta"})).json()
    assert document["meta"]["unreachable"] == ["require_public_users", "tenant_id"]
    assert document["email_body"] == desk.imis.email_body.replace("\r\n", "\n")
    assert document["client_secret_version"] == ""
    answer = await desk.client.put(OPENID_CONNECT, json={"tenant_id": "t", "type": "entra_id"})
    refused(answer, 422, "unsupported-by-connector", "tenant_id")
    assert (await desk.client.get(LICENCE)).json() == {"openid_connect": "licensed"}
    desk.imis.patch({"licensed_features": ["Advanced Accounting"]})
    assert (await desk.client.get(LICENCE)).json() == {"openid_connect": "not_licensed"}
    bring_into_agreement(desk)
    assert (await checks(desk))["licence.openid-connect"] == "failed"


async def test_the_email_body_is_written_and_patched_away(desk: Bench) -> None:
    """Contract C6, C10: line ends LF in documents, and nothing else changed."""
    await known(desk, ref="partner")
    body = {"email_body": "Hello,\n\n  <b>you</b> \u00e4\n"}
    assert (await put(desk, OPENID_CONNECT, body))["email_body"] == body["email_body"]
    assert desk.imis.email_body == "Hello,\r\n\r\n  <b>you</b> \u00e4\r\n"
    answer = await desk.client.patch(OPENID_CONNECT, json={"email_body": None})
    assert (answer.json()["email_body"], desk.imis.email_body) == ("", "")
    answer = await desk.client.put(OPENID_CONNECT, json={"email_body": "a\r\nb"})
    refused(answer, 422, "not-canonical", "email_body")


async def test_a_dry_run_writes_nothing(desk: Bench) -> None:
    await known(desk, ref="partner")
    found = await put(desk, OPENID_CONNECT, {"name": "Other"}, dry_run="true", include="meta")
    assert found["meta"]["changes"] == [{"field": "name", "before": "Cloud SSO", "after": "Other"}]
    assert desk.imis.counters.writes == 0


# The secret


async def test_a_hidden_secret_goes_back_with_every_write(desk: Bench) -> None:
    """Product facts 3.5: whatever the product does with an untouched box, it holds the secret."""
    desk.imis.change_variant({"staff_untouched_secret": "wipes"})
    version = version_of(desk, PARTNER_SECRET)
    await put(desk, OPENID_CONNECT, _names("partner", version))
    await put(desk, OPENID_CONNECT, {"name": "Other"})
    assert desk.imis.record["ClientSecret"] == PARTNER_SECRET
    shown = (await desk.client.get(OPENID_CONNECT)).json()
    assert (shown["client_secret_ref"], shown["client_secret_version"]) == ("partner", version)


async def test_without_a_source_no_write_risks_the_secret(desk: Bench) -> None:
    answer = await desk.client.put(OPENID_CONNECT, json={"name": "Other"})
    refused(answer, 424, "secret-unavailable")
    assert desk.imis.counters.writes == 0
    desk.imis.change(Mode=2)
    answer = await desk.caller(Scope.APPLY).put(MODE, json={"mode": "disabled"})
    assert answer.status_code == 200, answer.text
    assert "push the secret again" in answer.headers["imis-sso-notice"]


@pytest.mark.parametrize("does", ["keeps", "wipes"])
async def test_a_statement_that_is_wrong_is_found_out(
    desk: Bench, does: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`unread_secret: keeps` leaves the box alone; a mask that is gone is no success."""
    await put(desk, OPENID_CONNECT, _names("partner", version_of(desk, PARTNER_SECRET)))
    monkeypatch.setattr(type(desk.service.pairs["test"].policy), "keeps_unread", lambda *_: True)
    desk.imis.change_variant({"staff_untouched_secret": does})
    answer = await desk.client.put(OPENID_CONNECT, json={"name": "Other"})
    if does == "keeps":
        assert (answer.status_code, desk.imis.record["ClientSecret"]) == (200, PARTNER_SECRET)
        return
    problem = refused(answer, 424, "upstream-refused")
    assert "lost its client secret" in problem["detail"]
    assert answer.headers["upstream-writes"] == "1"
    shown = (await desk.client.get(OPENID_CONNECT)).json()
    assert (shown["name"], shown["client_secret_version"]) == ("Other", "")


# A live pair


async def test_an_edit_that_breaks_a_live_pair_is_put_back(desk: Bench) -> None:
    """Contract 1.2: verified before and after, by the same page."""
    await known(desk, mode=2)
    before = desk.imis.record
    answer = await desk.client.put(OPENID_CONNECT, json={"client_id": "another"})
    refused(answer, 409, "activation-guard")
    assert desk.imis.record == before
    changes = {"changes": {"ProviderClientId": "broken"}}
    desk.imis.faults.add(Fault("write_altered", {"role": "write"}, params=changes))
    answer = await desk.client.put(OPENID_CONNECT, json={"type": "other"})
    problem = refused(answer, 409, "activation-guard")
    assert answer.headers["upstream-writes"] == "2", problem
    assert desk.imis.record["ProviderType"] == 1


async def test_whoever_is_shut_out_by_the_new_mode_puts_the_old_one_back(desk: Bench) -> None:
    """Product facts 3.1, 3.3: the living session does it."""
    await known(desk, mode=1)
    desk.imis.patch({"roles": ["RemoteService"]})
    desk.imis.change_variant({"imis_enabled_refuses_password": True})
    answer = await desk.client.put(MODE, json={"mode": "enabled"}, params={"force": "true"})
    problem = refused(answer, 424, "upstream-credentials-refused")
    assert "put back to test_mode" in problem["detail"]
    assert desk.imis.record["Mode"] == 1
    assert desk.imis.record["ClientSecret"] == desk.cloud_sso.client_secret


# When the page or the save goes wrong


async def test_a_page_that_changed_is_not_written_to(desk: Bench) -> None:
    await known(desk, ref="partner")
    params = {"label": "Name", "change": "renamed", "to": "Title"}
    desk.imis.faults.add(Fault("changed_page", {"path": FORM}, times=None, params=params))
    problem = refused(
        await desk.client.put(OPENID_CONNECT, json={"name": "x"}), 424, "upstream-page-changed"
    )
    assert '"Name" is missing' in problem["detail"]
    assert desk.imis.counters.writes == 0


async def test_a_save_that_silently_does_nothing(desk: Bench) -> None:
    await known(desk, ref="partner")
    desk.imis.faults.add(Fault("write_dropped", {"role": "write"}))
    problem = refused(
        await desk.client.put(OPENID_CONNECT, json={"name": "x"}), 424, "upstream-refused", "name"
    )
    assert "'Cloud SSO'" in errors_of(problem)["name"]["detail"]


@pytest.mark.parametrize("errors", ["alert", "plain"])
async def test_a_save_that_answers_an_error_banner(desk: Bench, errors: str) -> None:
    await known(desk, ref="partner")
    desk.imis.change_variant({"staff_errors": errors})
    desk.imis.faults.add(Fault("error_banner", params={"message": "In use."}))
    answer = await desk.client.put(OPENID_CONNECT, json={"name": "x"})
    problem = refused(answer, 424, "upstream-refused", *(["name"] if errors == "plain" else []))
    assert ("In use." in problem["detail"]) == (errors == "alert")
    assert (await desk.client.get(OPENID_CONNECT)).json()["name"] == "Cloud SSO"


async def test_the_log_in_page_for_ever_in_place_of_the_form(desk: Bench) -> None:
    await desk.client.get(OPENID_CONNECT)
    desk.imis.faults.add(Fault("login_page", {"path": "/Staff/*"}, times=None))
    answer = await desk.client.get(OPENID_CONNECT)
    refused(answer, 502, "upstream-error")


async def test_no_secret_in_any_answer(desk: Bench) -> None:
    """Contract C20."""
    await known(desk)
    paths = (OPENID_CONNECT, MODE, LICENCE, CLIENT, VERIFICATION)
    said = [(await desk.client.get(path, params={"include": "meta"})).text for path in paths]
    secrets = (desk.imis.record["ClientSecret"], desk.imis.password, BUILT_IN + "=")
    assert not [each for each in secrets if each in "".join(said)]
