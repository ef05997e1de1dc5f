"""The Staff site's conventions (product facts 2, 3.1, 3.4, 3.5), seen without a browser."""

from __future__ import annotations

import html
import re

import httpx
import pytest

from imis_sso.simulators import Fault, ImisModel
from imis_sso.simulators.imis.staff_form import MASK
from imis_sso.simulators.second_factor import SecondFactor, totp_code

HOME, SIGN_IN = "/Staff", "/Staff/SignIn.aspx"
ABOUT = "/Staff/Settings/About.aspx"
FORM = "/Staff/Settings/Contacts/OpenIDConnect.aspx"
NAME, PASSWORD, CODE = (f"ctl01$TemplateBody$Login1$f{each}" for each in (1, 2, 3))
PREFIX = "ctl01$TemplateBody$WebPartManager1$gwpste_container_ciSettings$ciSettings$"


def hidden(page: httpx.Response) -> dict[str, str]:
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page.text)
    return {name: html.unescape(value) for name, value in found}


def buttons(page: httpx.Response) -> list[str]:
    return re.findall(r"<button type=\"submit\"[^>]*>([^<]+)<", page.text)


def log_in(client: httpx.Client, model: ImisModel, **changes: str) -> httpx.Response:
    given = {NAME: model.username, PASSWORD: model.password}
    return client.post(SIGN_IN, data=hidden(client.get(SIGN_IN)) | given | changes)


@pytest.fixture
def signed_in(imis_client: httpx.Client, imis: ImisModel) -> httpx.Client:
    """A client that is signed in to the Staff site; counters start after it."""
    assert log_in(imis_client, imis).status_code == 303
    imis.reset()
    return imis_client


def shown(page: httpx.Response) -> dict[str, str]:
    """Give what a browser would send of the form, by the property's name."""
    sent: dict[str, str] = {}
    name = re.escape(PREFIX) + r"(\w+)"
    for select, inner in re.findall(
        f'<select[^>]* name="{name}"[^>]*>(.*?)</select>', page.text, re.DOTALL
    ):
        sent[select] = re.findall(r'value="(\d)" selected', inner)[0]
    for kind, field, value in re.findall(
        f'<input type="(\\w+)"[^>]* name="{name}"[^>]* value="([^"]*)"', page.text
    ):
        if kind != "checkbox":
            sent[field] = html.unescape(value)
    for field, value in re.findall(
        f'<textarea[^>]* name="{name}"[^>]*>(.*?)</textarea>', page.text, re.DOTALL
    ):
        sent[field] = (
            html.unescape(value).replace("\r\n", "\n").removeprefix("\n").replace("\n", "\r\n")
        )
    return sent


def save(client: httpx.Client, **changes: str) -> httpx.Response:
    page = client.get(FORM)
    fields = {PREFIX + name: value for name, value in (shown(page) | changes).items()}
    return client.post(FORM, data=hidden(page) | fields)


# Log-in


def test_whoever_is_not_signed_in_sees_the_log_in_page(
    imis_client: httpx.Client, imis: ImisModel
) -> None:
    answer = imis_client.get(FORM)
    assert (
        answer.headers["Location"]
        == f"{SIGN_IN}?ReturnUrl=%2FStaff%2FSettings%2FContacts%2FOpenIDConnect.aspx"
    )
    imis.change_variant({"staff_expiry": "in_place"})
    assert buttons(imis_client.get(FORM)) == ["Sign in"]


def test_a_code_comes_after_the_password_and_is_good_once(
    imis_client: httpx.Client, imis: ImisModel
) -> None:
    """RFC 6238 section 5.2; without the password nobody is asked for one."""
    imis.change_variant({"staff_second_factor": "totp"})
    now = 4_000_000_000
    imis.second_factor = SecondFactor(lambda: now)
    code = totp_code(imis.totp_secret, now // imis.totp_period)

    def answered(first: httpx.Response, code: str) -> httpx.Response:
        return imis_client.post(SIGN_IN, data=hidden(first) | {CODE: code})

    assert buttons(answered(imis_client.get(SIGN_IN), code)) == ["Sign in"]
    assert buttons(log_in(imis_client, imis)) == ["Verify"]
    asked = log_in(imis_client, imis)
    assert imis.counters.logins == 0
    wrong = answered(asked, "000000" if code != "000000" else "000001")
    assert "The verification code is incorrect." in wrong.text
    assert answered(wrong, code).headers["Location"] == HOME
    assert (imis.counters.logins, imis.counters.refused_logins) == (1, 1)
    assert "is incorrect" in answered(log_in(imis_client, imis), code).text
    imis_client.patch("/_control/state", json={"totp_period": 60})
    assert imis_client.get("/_control/state").json()["totp_period"] == 60


@pytest.mark.parametrize("target", ["https://attacker.example.net/", "//a", "/_control/state"])
def test_a_log_in_leads_nowhere_else(
    imis_client: httpx.Client, imis: ImisModel, target: str
) -> None:
    assert log_in(imis_client, imis, ReturnUrl=target).headers["Location"] == HOME


def test_a_log_in_is_refused_and_counted(imis_client: httpx.Client, imis: ImisModel) -> None:
    answer = log_in(imis_client, imis, **{PASSWORD: "wrong"})
    assert "is incorrect" in answer.text
    assert "Set-Cookie" not in answer.headers
    assert (imis.counters.logins, imis.counters.refused_logins) == (0, 1)
    assert log_in(imis_client, imis, __VIEWSTATE="other").status_code == 500


@pytest.mark.parametrize(
    ("mode", "variant", "offered"),
    [
        (0, {"staff_log_in": "together"}, ["Sign in"]),
        (0, {"staff_log_in": "in_turn"}, ["Next"]),
        (1, {}, ["Continue with Single sign-on", "Sign in with iMIS credentials"]),
        (2, {"staff_choice": "after"}, ["Next"]),
    ],
)
def test_the_mode_decides_what_is_asked_first(
    imis_client: httpx.Client,
    imis: ImisModel,
    mode: int,
    variant: dict[str, str],
    offered: list[str],
) -> None:
    """Product facts 3.1: with a provider the e-mail, and a choice for administrators."""
    imis.change(Mode=mode)
    imis.change_variant(variant)
    first = imis_client.get(SIGN_IN)
    assert buttons(first) == offered
    assert ("E-mail" in first.text) == bool(mode)


def test_enabled_lets_only_administrators_in_and_sends_others_on(
    imis_client: httpx.Client, imis: ImisModel
) -> None:
    imis.change(Mode=2)
    assert log_in(imis_client, imis).status_code == 303
    imis.patch({"roles": ["RemoteService"]})
    assert "Only system administrators" in log_in(imis_client, imis).text
    first = hidden(imis_client.get(SIGN_IN))
    answer = imis_client.post(SIGN_IN, data=first | {NAME: imis.username, "provider": "1"})
    assert answer.headers["Location"] == f"{imis.record['Authority']}/"


# The form


def test_the_page_and_the_record_are_one(signed_in: httpx.Client, imis: ImisModel) -> None:
    """What REST writes the page shows, and what is saved REST reads; all else is kept."""
    imis.change(ProviderName='<"&\u00e4>', Mode=1)
    before = imis.record
    page = signed_in.get(FORM)
    assert (shown(page)["ProviderName"], shown(page)["Mode"]) == ('<"&\u00e4>', "1")
    changes = {"ProviderType": "2", "StaffClaimValue": "1", "EmailBody": "a\r\nb"}
    assert save(signed_in, **changes).headers["Location"] == FORM
    expected = before | {"ProviderType": 2, "StaffClaimValue": "1", "RequirePublicUsers": False}
    assert {name: imis.record.get(name) for name in expected} == expected
    assert imis.email_body == "a\r\nb"
    assert "Your changes have been saved." in signed_in.get(FORM).text
    assert "Your changes have been saved." not in signed_in.get(FORM).text
    assert (imis.counters.writes, imis.counters.stored) == (1, 1)


def test_a_save_makes_the_record_that_was_missing(signed_in: httpx.Client, imis: ImisModel) -> None:
    imis.patch({"records": []})
    save(signed_in, ProviderName="First")
    assert (len(imis.records), imis.record["ProviderName"]) == (1, "First")


@pytest.mark.parametrize(
    ("kind", "does", "held"),
    [
        ("masked", "keeps", True),
        ("masked", "wipes", False),
        ("empty", "keeps", True),
        ("empty", "wipes", False),
        ("shown", "wipes", True),
        ("reveal", "wipes", False),
    ],
)
def test_an_untouched_secret_is_kept_or_wiped(
    signed_in: httpx.Client, imis: ImisModel, kind: str, does: str, held: bool
) -> None:
    """Product facts 3.5; the mask is never stored."""
    imis.change_variant({"staff_secret": kind, "staff_untouched_secret": does})
    secret = imis.record["ClientSecret"]
    expected = {"empty": "", "shown": secret}.get(kind, MASK)
    assert shown(signed_in.get(FORM))["ClientSecret"] == expected
    save(signed_in)
    assert imis.record.get("ClientSecret") == (secret if held else None)
    save(signed_in, ClientSecret="another")
    assert imis.record["ClientSecret"] == "another"


def test_the_secret_behind_the_dots_is_for_the_page_alone(
    signed_in: httpx.Client, imis: ImisModel
) -> None:
    state = hidden(signed_in.get(FORM))
    assert signed_in.post(f"{FORM}/reveal", data=state).status_code == 500
    imis.change_variant({"staff_secret": "reveal"})
    assert imis.record["ClientSecret"] not in html.unescape(signed_in.get(FORM).text)
    assert signed_in.post(f"{FORM}/reveal").status_code == 500
    shown = signed_in.post(f"{FORM}/reveal", data=state).json()
    assert shown == {"value": imis.record["ClientSecret"]}


def test_a_single_page_has_nothing_in_its_documents(
    signed_in: httpx.Client, imis: ImisModel
) -> None:
    imis.change_variant({"staff_render": "single_page"})
    assert "ciSettings" not in signed_in.get(FORM).text
    assert "ciSettings" in signed_in.get(FORM, headers={"X-Requested-With": "fetch"}).text


@pytest.mark.parametrize("state", ["__VIEWSTATE", "__EVENTVALIDATION"])
def test_hidden_state_is_checked(signed_in: httpx.Client, imis: ImisModel, state: str) -> None:
    page = signed_in.get(FORM)
    fields = {PREFIX + name: value for name, value in shown(page).items()}
    spoilt = hidden(page) | fields | {state: "other"}
    assert signed_in.post(FORM, data=spoilt).status_code == 500
    assert signed_in.post(FORM, data=hidden(page)).status_code == 500
    wrong = hidden(page) | fields | {f"{PREFIX}Mode": "7"}
    assert signed_in.post(FORM, data=wrong).status_code == 500
    assert imis.counters.stored == 0


def test_a_changed_type_is_shown_and_not_stored(signed_in: httpx.Client, imis: ImisModel) -> None:
    page = signed_in.get(FORM)
    fields = shown(page) | {"ProviderType": "0", "ClientSecret": "typed", "ProviderName": "New"}
    data = hidden(page) | {PREFIX + name: value for name, value in fields.items()}
    again = shown(signed_in.post(f"{FORM}/refresh", data=data))
    assert (again["ProviderType"], again["ProviderName"], again["ClientSecret"]) == (
        "0",
        "New",
        MASK,
    )
    assert (imis.counters.writes, imis.counters.stored) == (0, 0)


def test_a_refusal_shows_what_was_typed(signed_in: httpx.Client, imis: ImisModel) -> None:
    answer = save(signed_in, Authority="http://plain.example.org", ClientSecret="typed")
    assert "Authority URL must begin with https://." in answer.text
    assert shown(answer)["Authority"] == "http://plain.example.org"
    assert "typed" not in answer.text
    imis.faults.add(Fault("error_banner", params={"message": "In use."}))
    assert "In use." in save(signed_in).text
    assert imis.counters.stored == 0


@pytest.mark.parametrize(
    ("kind", "held"), [("write_dropped", "Single sign-on"), ("write_altered", "x (altered)")]
)
def test_a_save_that_is_not_what_it_seems(
    signed_in: httpx.Client, imis: ImisModel, kind: str, held: str
) -> None:
    imis.faults.add(Fault(kind))
    assert save(signed_in, ProviderName="x").status_code == 303
    assert imis.record["ProviderName"] == held


def test_a_session_that_ends_mid_write_stores_nothing(
    signed_in: httpx.Client, imis: ImisModel
) -> None:
    imis.faults.add(Fault("expire_session", {"method": "POST"}))
    assert save(signed_in, ProviderName="x").headers["Location"].startswith(SIGN_IN)
    assert imis.counters.stored == 0
    signed_in.get(HOME)
    log_in(signed_in, imis)
    signed_in.post("/_control/expire-sessions")
    assert signed_in.get(HOME).status_code == 303


def test_ids_are_others_every_time_and_unlike_the_labels(signed_in: httpx.Client) -> None:
    first, second = (set(re.findall(r'id="(ctl01_\w+)"', signed_in.get(FORM).text)) for _ in "ab")
    assert len(first) == 15
    assert first.isdisjoint(second)


# About iMIS


@pytest.mark.parametrize("kind", ["list", "table", "absent"])
def test_licensed_features_are_entries_of_a_list(
    signed_in: httpx.Client, imis: ImisModel, kind: str
) -> None:
    """Product facts 3.4: the words are in the navigation, too, whatever is licensed."""
    imis.change_variant({"staff_licences": kind})
    imis.patch({"licensed_features": ["Advanced Accounting"]})
    page = signed_in.get(ABOUT).text
    assert ("Licensed features" in page) == (kind != "absent")
    assert ">OpenID Connect</a>" in page
    assert not re.search(r"<(li|td)>OpenID Connect<", page)
    imis.change_variant({"staff_unlicensed": "hidden"})
    assert ">OpenID Connect</a>" not in signed_in.get(ABOUT).text
