"""A page that asks for an e-mail address before it sends the browser on (product facts 3.1)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imis_sso.connectors.oidc.sign_in_form import NOBODY, address_form

PAGE = "https://members.example.org/sign-in"
WEB_FORMS = """<html><body><form method="post" action="./SignIn.aspx" id="aspnetForm">
<input type="hidden" name="__VIEWSTATE" value="dDw&amp;x=="><input type=hidden name=__EVENTTARGET>
<label for="ctl01_Email">E-mail</label><input id="ctl01_Email" name="ctl01$Email" type="email">
<input type="submit" name="ctl01$Go" value="Next"><input type="submit" name="other" value="iMIS">
</form></body></html>"""


def test_it_is_sent_as_a_browser_would() -> None:
    form = address_form(WEB_FORMS, PAGE)
    assert form is not None
    assert form.action == "https://members.example.org/SignIn.aspx"
    assert form.filled(NOBODY) == {
        "__VIEWSTATE": "dDw&x==",
        "__EVENTTARGET": "",
        "ctl01$Go": "Next",
        "ctl01$Email": NOBODY,
    }


@pytest.mark.parametrize(
    ("page", "why"),
    [
        ('<form method="post"><input name="q" type="text"></form>', "a search is no sign-in"),
        ('<form><input name="email" type="email"></form>', "a GET puts the address into logs"),
        (
            '<form method="post"><input name="user"><input type="password" name="p"></form>',
            "a password is asked for with it: that is iMIS's own sign-in",
        ),
        (
            '<form method="post" action="https://elsewhere.example.com/"><input name="email">',
            "another host",
        ),
        ('<form method="post"></form><input name="email" type="email">', "outside of the form"),
        (
            '<form method="post"><input name="email" type="email" disabled></form>',
            "it cannot be filled in",
        ),
        ("", "nothing there"),
    ],
    ids=lambda value: value if " " in value and "<" not in value else "",
)
def test_other_forms_are_left_alone(page: str, why: str) -> None:
    assert address_form(page, PAGE) is None, why


def test_a_field_for_the_user_name_is_one_for_the_address() -> None:
    page = '<form method=POST><input name="x" autocomplete="username"><button>Go</button></form>'
    form = address_form(page, PAGE)
    assert form is not None
    assert form.filled(NOBODY) == {"x": NOBODY}


@given(st.text())
def test_any_text_is_read_without_an_error(page: str) -> None:
    """A page of a stranger never ends a verification."""
    found = address_form(page, PAGE)
    assert found is None or found.asks_for_address()


@given(st.text(alphabet="<>/=\"' forminputypeailm", max_size=200))
def test_any_markup_is_read_without_an_error(page: str) -> None:
    found = address_form(page, PAGE)
    assert found is None or found.asks_for_address()
