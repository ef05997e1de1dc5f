"""A page that asks for an e-mail address before it sends the browser on (product facts 3.1)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imis_sso.connectors.oidc.page import NOBODY, Form, Page

HERE = "https://members.example.org/sign-in"
WEB_FORMS = """<html><body><form method="post" action="./SignIn.aspx" id="aspnetForm">
<input type="hidden" name="__VIEWSTATE" value="dDw&amp;x=="><input type=hidden name=__EVENTTARGET>
<label for="ctl01_Email">E-mail</label><input id="ctl01_Email" name="ctl01$Email" type="email">
<input type="submit" name="ctl01$Go" value="Next"><input type="submit" name="other" value="iMIS">
</form></body></html>"""


def address_form(text: str, address: str) -> Form | None:
    return Page(text, address).address_form()


def test_it_is_sent_as_a_browser_would() -> None:
    form = address_form(WEB_FORMS, HERE)
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
    assert address_form(page, HERE) is None, why


def test_a_field_for_the_user_name_is_one_for_the_address() -> None:
    page = '<form method=POST><input name="x" autocomplete="username"><button>Go</button></form>'
    form = address_form(page, HERE)
    assert form is not None
    assert form.filled(NOBODY) == {"x": NOBODY}


@given(st.text())
def test_any_text_is_read_without_an_error(page: str) -> None:
    """A page of a stranger never ends a verification."""
    found = address_form(page, HERE)
    assert found is None or found.asks_for_address()


@given(st.text(alphabet="<>/=\"' forminputypeailm", max_size=200))
def test_any_markup_is_read_without_an_error(page: str) -> None:
    found = address_form(page, HERE)
    assert found is None or found.asks_for_address()


@pytest.mark.parametrize(
    ("page", "link"),
    [
        (
            '<a href="/x">About</a> <a href="/y"> Sign <b>in</b></a>',
            "https://members.example.org/y",
        ),
        ('<a href="/SignIn.aspx?x=1"><img></a>', "https://members.example.org/SignIn.aspx?x=1"),
        ('<a href="go" aria-label="Log in"></a>', "https://members.example.org/go"),
        ('<a href="http://members.example.org/">Sign in</a>', None),
        ('<a>Sign in</a><a href="/blog">Our blog in short</a>', None),
    ],
)
def test_a_link_that_speaks_of_signing_in(page: str, link: str | None) -> None:
    assert Page(page, HERE).sign_in_link() == link
