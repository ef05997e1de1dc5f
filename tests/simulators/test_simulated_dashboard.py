"""The dashboard's conventions (product facts 4.1, 4.2, 4.5), seen without a browser."""

from __future__ import annotations

import re

import httpx
import pytest

from imis_sso.simulators import CloudSsoModel, Fault, Variant
from imis_sso.simulators.cloud_sso.model import CloudSsoModel as Model
from imis_sso.simulators.openid.keys import SigningKey

LOGIN = "/account/login"
SETTINGS = "/directories/imis"
INPUT = "ctl00$Main$txtReturn"
TOKEN = "__RequestVerificationToken"
REDIRECT = "https://members.example.org/"


def anti_forgery(page: httpx.Response) -> str:
    found = re.search(f'name="{TOKEN}" value="([^"]+)"', page.text)
    assert found
    return found[1]


def log_in(client: httpx.Client, model: CloudSsoModel, **changes: str) -> httpx.Response:
    form = {
        "username": model.username,
        "password": model.password,
        "cloud_id": model.cloud_id,
        "next": "/",
        TOKEN: anti_forgery(client.get(LOGIN)),
    }
    return client.post(LOGIN, data=form | changes)


@pytest.fixture
def signed_in(sso_client: httpx.Client, cloud_sso: CloudSsoModel) -> httpx.Client:
    """A client that is signed in to the dashboard; counters start after it."""
    assert log_in(sso_client, cloud_sso).status_code == 303
    cloud_sso.reset()
    return sso_client


def save(client: httpx.Client, value: str, **changes: str) -> httpx.Response:
    form = {TOKEN: anti_forgery(client.get(SETTINGS)), INPUT: value}
    return client.post(SETTINGS, data=form | changes)


def is_login_page(answer: httpx.Response) -> bool:
    return answer.status_code == 200 and 'name="cloud_id"' in answer.text


# Log-in


def test_session_cookie_is_out_of_reach(sso_client: httpx.Client, cloud_sso: CloudSsoModel) -> None:
    answer = log_in(sso_client, cloud_sso)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    cookie = answer.headers["Set-Cookie"].lower()
    assert {"httponly", "secure", "samesite=lax"} <= {part.strip() for part in cookie.split(";")}
    assert cloud_sso.counters.logins == 1


@pytest.mark.parametrize("wrong", ["username", "password", "cloud_id"])
def test_wrong_credentials_show_an_error(
    sso_client: httpx.Client, cloud_sso: CloudSsoModel, wrong: str
) -> None:
    answer = log_in(sso_client, cloud_sso, **{wrong: "wrong"})
    assert is_login_page(answer)
    assert "The user name, password or Cloud ID is incorrect." in answer.text
    assert "Set-Cookie" not in answer.headers
    assert (cloud_sso.counters.logins, cloud_sso.counters.refused_logins) == (0, 1)


def test_one_refused_log_in_does_not_lock_out(
    sso_client: httpx.Client, cloud_sso: CloudSsoModel
) -> None:
    log_in(sso_client, cloud_sso, password="wrong")
    assert log_in(sso_client, cloud_sso).status_code == 303


def test_repeated_refusals_lock_out_even_the_right_password(
    sso_client: httpx.Client, cloud_sso: CloudSsoModel
) -> None:
    for _ in range(2):
        log_in(sso_client, cloud_sso, password="wrong")
    answer = log_in(sso_client, cloud_sso)
    assert is_login_page(answer)
    assert re.search(r"Your account is locked\. Try again in (29|30) seconds\.", answer.text)
    assert (cloud_sso.counters.logins, cloud_sso.counters.refused_logins) == (0, 3)


def test_lock_out_grows_and_ends() -> None:
    now = [1000.0]
    model = Model("one", "https://127.0.0.1:1", Variant(), SigningKey(), clock=lambda: now[0])
    right = (model.username, model.password, model.cloud_id)
    lengths = []
    for _ in range(4):
        assert model.log_in("wrong", "wrong", "wrong") is None
        lengths.append(model.lockout_left())
        now[0] += model.lockout_left()
    assert lengths == [0.0, 30.0, 60.0, 120.0]
    assert model.log_in(*right) is not None
    assert model.log_in("wrong", "wrong", "wrong") is None
    assert model.lockout_left() == 0.0


def test_changed_credentials_lift_a_lock_out(
    sso_client: httpx.Client, cloud_sso: CloudSsoModel
) -> None:
    for _ in range(2):
        log_in(sso_client, cloud_sso, password="wrong")
    cloud_sso.patch({"password": "another"})
    assert log_in(sso_client, cloud_sso).status_code == 303


def test_log_in_needs_its_anti_forgery_token(
    sso_client: httpx.Client, cloud_sso: CloudSsoModel
) -> None:
    assert log_in(sso_client, cloud_sso, **{TOKEN: "wrong"}).status_code == 400
    assert cloud_sso.counters.logins + cloud_sso.counters.refused_logins == 0


@pytest.mark.parametrize(
    ("target", "location"),
    [(SETTINGS, SETTINGS), ("https://attacker.example.net/", "/"), ("//a", "/")],
)
def test_log_in_leads_back_to_where_one_was_going(
    sso_client: httpx.Client, cloud_sso: CloudSsoModel, target: str, location: str
) -> None:
    assert log_in(sso_client, cloud_sso, next=target).headers["Location"] == location


def test_log_out_ends_the_session(signed_in: httpx.Client) -> None:
    assert signed_in.get("/account/logout").headers["Location"] == LOGIN
    assert is_login_page(signed_in.get(SETTINGS))


# Sessions


@pytest.mark.parametrize("path", ["/", "/directories", SETTINGS])
def test_log_in_page_comes_in_place_of_any_page(sso_client: httpx.Client, path: str) -> None:
    answer = sso_client.get(path)
    assert is_login_page(answer)
    assert f'name="next" value="{path}"' in answer.text


def test_log_in_page_may_be_redirected_to(
    sso_client: httpx.Client, cloud_sso: CloudSsoModel
) -> None:
    cloud_sso.variant.cloud_sso_expiry = "redirect"
    answer = sso_client.get(SETTINGS)
    assert answer.status_code == 303
    assert answer.headers["Location"] == f"{LOGIN}?next=%2Fdirectories%2Fimis"


def test_sessions_end_when_told_and_with_time(
    signed_in: httpx.Client, cloud_sso: CloudSsoModel
) -> None:
    assert not is_login_page(signed_in.get(SETTINGS))
    signed_in.post("/_control/expire-sessions")
    assert is_login_page(signed_in.get(SETTINGS))
    cloud_sso.patch({"session_seconds": 0})
    log_in(signed_in, cloud_sso)
    assert is_login_page(signed_in.get(SETTINGS))


def test_session_that_ends_mid_write_stores_nothing(
    signed_in: httpx.Client, cloud_sso: CloudSsoModel
) -> None:
    cloud_sso.faults.add(Fault("expire_session", {"method": "POST"}))
    assert is_login_page(save(signed_in, REDIRECT))
    assert (cloud_sso.redirect_url, cloud_sso.counters.stored) == ("", 0)
    assert is_login_page(signed_in.get(SETTINGS))


def test_log_in_page_in_place_of_the_form_for_one_request(
    signed_in: httpx.Client, cloud_sso: CloudSsoModel
) -> None:
    cloud_sso.faults.add(Fault("login_page"))
    assert is_login_page(signed_in.get(SETTINGS))
    assert not is_login_page(signed_in.get(SETTINGS))


# Saving


def test_save_is_answered_by_a_redirect_and_a_notice_shown_once(
    signed_in: httpx.Client, cloud_sso: CloudSsoModel
) -> None:
    answer = save(signed_in, REDIRECT)
    assert (answer.status_code, answer.headers["Location"]) == (303, SETTINGS)
    assert cloud_sso.redirect_url == REDIRECT
    assert "Settings saved." in signed_in.get(SETTINGS).text
    assert "Settings saved." not in signed_in.get(SETTINGS).text


@pytest.mark.parametrize("token", ["", "wrong"])
def test_save_needs_the_sessions_own_anti_forgery_token(
    signed_in: httpx.Client, cloud_sso: CloudSsoModel, token: str
) -> None:
    assert save(signed_in, REDIRECT, **{TOKEN: token}).status_code == 400
    assert cloud_sso.redirect_url == ""


def test_save_without_the_input_is_refused(
    signed_in: httpx.Client, cloud_sso: CloudSsoModel
) -> None:
    cloud_sso.patch({"redirect_url": REDIRECT})
    form = {TOKEN: anti_forgery(signed_in.get(SETTINGS))}
    assert signed_in.post(SETTINGS, data=form).status_code == 400
    assert cloud_sso.redirect_url == REDIRECT


def test_refused_value_is_shown_beside_the_error(
    signed_in: httpx.Client, cloud_sso: CloudSsoModel
) -> None:
    answer = save(signed_in, "http://members.example.org/")
    assert answer.status_code == 200
    assert "Redirect URL must begin with https://." in answer.text
    assert 'value="http://members.example.org/"' in answer.text
    assert (cloud_sso.redirect_url, cloud_sso.counters.writes, cloud_sso.counters.stored) == (
        "",
        1,
        0,
    )


@pytest.mark.parametrize(("kind", "stored"), [("accepted", ""), ("refused", REDIRECT)])
def test_empty_redirect_url_is_accepted_or_refused(
    signed_in: httpx.Client, cloud_sso: CloudSsoModel, kind: str, stored: str
) -> None:
    cloud_sso.change_variant({"cloud_sso_empty_redirect": kind})
    cloud_sso.patch({"redirect_url": REDIRECT})
    answer = save(signed_in, "")
    assert cloud_sso.redirect_url == stored
    assert ("Redirect URL is required." in answer.text) == (kind == "refused")


@pytest.mark.parametrize(
    ("kind", "params", "stored"),
    [
        ("write_dropped", {}, ""),
        ("write_altered", {}, REDIRECT[:-1]),
        ("write_altered", {"value": "https://b/"}, "https://b/"),
    ],
)
def test_save_that_is_not_what_it_seems(
    signed_in: httpx.Client,
    cloud_sso: CloudSsoModel,
    kind: str,
    params: dict[str, str],
    stored: str,
) -> None:
    cloud_sso.faults.add(Fault(kind, params=params))
    assert save(signed_in, REDIRECT).status_code == 303
    assert "Settings saved." in signed_in.get(SETTINGS).text
    assert cloud_sso.redirect_url == stored


def test_answer_of_a_save_is_lost(signed_in: httpx.Client, cloud_sso: CloudSsoModel) -> None:
    cloud_sso.faults.add(Fault("answer_lost"))
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        save(signed_in, REDIRECT)
    assert cloud_sso.redirect_url == REDIRECT


def test_asynchronous_save_is_answered_in_json(
    signed_in: httpx.Client, cloud_sso: CloudSsoModel
) -> None:
    signed_in.headers["Accept"] = "application/json"
    assert save(signed_in, REDIRECT).json() == {"ok": True, "message": "Settings saved."}
    assert save(signed_in, "ftp://a").json()["ok"] is False
    assert cloud_sso.redirect_url == REDIRECT


# What the page holds


@pytest.mark.parametrize(
    ("kind", "is_in_page"), [("shown", True), ("reveal", False), ("copy", False), ("absent", False)]
)
def test_secret_is_in_the_page_only_where_it_is_shown(
    signed_in: httpx.Client, cloud_sso: CloudSsoModel, kind: str, is_in_page: bool
) -> None:
    cloud_sso.change_variant({"cloud_sso_secret": kind})
    cloud_sso.patch({"client_secret": "canary-secret"})
    page = signed_in.get(SETTINGS).text
    assert ("canary-secret" in page) == is_in_page
    assert (">Client Secret<" in page) == (kind != "absent")


@pytest.mark.parametrize(("kind", "status"), [("shown", 400), ("reveal", 200), ("absent", 400)])
def test_hidden_secret_is_given_to_the_signed_in_page_only(
    signed_in: httpx.Client, cloud_sso: CloudSsoModel, kind: str, status: int
) -> None:
    cloud_sso.change_variant({"cloud_sso_secret": kind})
    form = {TOKEN: anti_forgery(signed_in.get(SETTINGS))}
    assert signed_in.post("/directories/reveal", data=form).status_code == status
    assert signed_in.post("/directories/reveal", data={TOKEN: "wrong"}).status_code == 400
    cloud_sso.expire_sessions()
    assert is_login_page(signed_in.post("/directories/reveal", data=form))


def test_ids_are_others_every_time(signed_in: httpx.Client) -> None:
    first, second = (set(re.findall(r' id="(f\w{8})"', signed_in.get(SETTINGS).text)) for _ in "ab")
    assert len(first) == 5
    assert first.isdisjoint(second)


def test_values_are_escaped(signed_in: httpx.Client, cloud_sso: CloudSsoModel) -> None:
    cloud_sso.patch({"issuer": '"><script>alert(1)</script>'})
    assert "<script>alert" not in signed_in.get(SETTINGS).text


def test_pages_reads_and_writes_are_counted_apart(
    signed_in: httpx.Client, cloud_sso: CloudSsoModel
) -> None:
    signed_in.get("/")
    signed_in.get("/directories")
    save(signed_in, REDIRECT)
    counters = cloud_sso.counters
    assert (counters.requests, counters.page_loads) == (4, 3)
    assert (counters.reads, counters.writes, counters.stored) == (1, 1, 1)
    assert counters.by_route["POST /directories/imis"] == 1
