"""Generated pages, two thousand in a long run, rendered by the simulators and read by connectors.

The pages are put one after the other into one document of a real browser, several in one turn.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from long_runs import rounds

from imis_sso.connectors.browser.form import read_form
from imis_sso.connectors.browser.session import BrowserSession
from imis_sso.connectors.browser.structure import compare
from imis_sso.connectors.browser.survey import script, survey_of
from imis_sso.connectors.browser.tab import Tab
from imis_sso.connectors.browser.way import View
from imis_sso.connectors.cloud_sso_dashboard.connector import SETTINGS
from imis_sso.connectors.cloud_sso_dashboard.connector import page_files as dashboard_files
from imis_sso.connectors.imis_staff_site.pages import OPENID_CONNECT_PAGE
from imis_sso.connectors.imis_staff_site.pages import page_files as staff_files
from imis_sso.simulators import Variant
from imis_sso.simulators.cloud_sso import pages as dashboard_pages
from imis_sso.simulators.imis import staff_form, staff_pages

pytestmark = [pytest.mark.anyio, pytest.mark.browser]

PAGES_IN_A_TURN, TURNS = 10, rounds(100, 25)  # of each product
# As JSON in and out: the browser library takes long over nested values.
IN_ONE_DOCUMENT = """([pages, script]) => JSON.stringify(JSON.parse(pages).map((page) => {
  document.open();
  document.write(page);
  document.close();
  return eval(script)({ op: "look" });
}))"""

# What pages get wrong when they are written carelessly, and what eyes and parsers stumble over.
PIECES = (
    '"', "'", "<", ">", "&", "&amp;", "&#39;", "</textarea>", "</option>", "<script>", "<!--", "]]>",
    "{{ 7 * 7 }}", "%00", "\\", "`", "$", "é", "e\u0301", "ß", "Ω", "İ", "😀", "👩\u200d👩\u200d👧", "עברית",
    "العربية", "\u202eabc\u202c", "\u200f", "\u00a0", "\u2028", "\u3000", "ﷺ", "  ", " ", "x" * 1000,
)  # fmt: skip
CHARACTERS = st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"])
LINE = st.lists(st.one_of(st.sampled_from(PIECES), CHARACTERS), max_size=4).map("".join)
LINES = st.lists(st.one_of(LINE, st.just("\n")), max_size=4).map("".join)

Values = Mapping[str, str | bool]
Case = tuple[str, Values]


@st.composite
def staff_case(draw: Callable[..., Any]) -> Case:
    """Settings > Contacts > OpenID Connect: text, long text, lists, check boxes (product facts 2)."""
    variant = Variant(
        staff_markup=draw(st.sampled_from(["label_for", "wrapped", "labelledby", "table"])),
        staff_labels=draw(st.sampled_from(["documented", "decorated", "recased"])),
        staff_options=draw(st.sampled_from(["documented", "vendor", "codes"])),
    )
    modes, types = ("disabled", "test_mode", "enabled"), ("entra_id", "okta", "other")
    mode, kind, hint = draw(st.integers(0, 2)), draw(st.integers(0, 2)), draw(st.booleans())
    texts = {name: draw(LINE) for name in STAFF_TEXTS}
    body = draw(LINES)
    record = {STAFF_TEXTS[name]: text for name, text in texts.items()}
    record |= {"Mode": mode, "ProviderType": kind, "SetLoginHint": hint, "ClientSecret": "s"}
    model = SimpleNamespace(
        variant=variant, licensed_features=[staff_pages.LICENCE], organisation="An association"
    )
    rows = staff_form.rows_of(record, body, variant)
    page = staff_pages.form_page(model, rows, {}, None)  # type: ignore[arg-type]
    choices = {"mode": modes[mode], "type": types[kind], "set_login_hint": hint}
    return bytes(page.body).decode(), {**texts, **choices, "email_body": body}


STAFF_TEXTS = {
    "name": "ProviderName",
    "client_id": "ProviderClientId",
    "well_known_url": "WellKnownUrl",
    "authority_url": "Authority",
    "redirect_login_url": "RedirectLoginUri",
    "external_id_claim_type": "ExternalIdClaimType",
    "user_authentication.claim_type": "StaffClaimType",
    "user_authentication.claim_value": "StaffClaimValue",
}


@st.composite
def dashboard_case(draw: Callable[..., Any]) -> Case:
    """External Directories > iMIS SSO Settings, values in boxes or as text (product facts 4.2)."""
    variant = Variant(
        cloud_sso_markup=draw(
            st.sampled_from(["label_for", "wrapped", "aria_label", "aria_labelledby", "table"])
        ),
        cloud_sso_shown=draw(st.sampled_from(["input", "output"])),
        cloud_sso_order=draw(st.sampled_from(["usual", "reversed"])),
        cloud_sso_decoys=draw(st.booleans()),
    )
    values = {name: draw(LINE) for name in ("client_id", "discovery_url", "issuer", "redirect_url")}
    model: Any = SimpleNamespace(variant=variant, client_secret="s", **values)
    rows = dashboard_pages.settings_rows(model, values["redirect_url"])
    more = {"action": "/x", "reveal_action": "/y", "anti_forgery": "z", "notice": "", "error": ""}
    page = dashboard_pages.console_page(
        model, "settings.html", title="iMIS SSO Settings", rows=rows, save="Save Settings", **more
    )
    if variant.cloud_sso_shown == "output":
        # White space around a text that stands in no box cannot be told from that of the markup.
        shown = {name: text.strip(WHITE) for name, text in values.items()}
        values = {**shown, "redirect_url": values["redirect_url"]}
    return bytes(page.body).decode(), values


# What JavaScript trims (ECMA-262, WhiteSpace and LineTerminator).
WHITE = (
    "\t\n\v\f\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000\ufeff"
)
FILES = {"staff": (staff_files(), OPENID_CONNECT_PAGE), "dashboard": (dashboard_files(), SETTINGS)}
BOUNDS = settings(
    max_examples=TURNS,
    deadline=None,
    derandomize=True,
    # Without shrinking, which would take minutes; the first page that differs is said in full.
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


async def check(session: BrowserSession, site: Any, name: str, cases: list[Case]) -> None:
    files, page_name = FILES[name]
    page = files.page(page_name)
    site.pages["/page"] = "<p>blank</p>"

    async def work(tab: Tab) -> list[Values]:
        await tab.load(f"{site.origin}/page")
        written = json.dumps([html for html, _ in cases])
        looks = json.loads(await tab._page.evaluate(IN_ONE_DOCUMENT, [written, script()]))
        surveys = [survey_of(each) for each in looks]
        views = [View(each, compare(page.fields, each)) for each in surveys]
        return [(await read_form(tab, page, each)).values for each in views]

    found = await session.run(work, 60)
    for values, (_, expected) in zip(found, cases, strict=True):
        assert dict(values) == dict(expected)


@BOUNDS
@given(cases=st.lists(staff_case(), min_size=PAGES_IN_A_TURN, max_size=PAGES_IN_A_TURN))
async def test_every_value_of_the_staff_site_is_read_as_it_is(
    browser_session: BrowserSession, browser_server: Any, cases: list[Case]
) -> None:
    """Contract C10: verbatim, whatever it is."""
    await check(browser_session, browser_server, "staff", cases)


@BOUNDS
@given(cases=st.lists(dashboard_case(), min_size=PAGES_IN_A_TURN, max_size=PAGES_IN_A_TURN))
async def test_every_value_of_the_dashboard_is_read_as_it_is(
    browser_session: BrowserSession, browser_server: Any, cases: list[Case]
) -> None:
    """Contract C10: verbatim, whatever it is."""
    await check(browser_session, browser_server, "dashboard", cases)
