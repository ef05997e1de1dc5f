"""Reading Settings > Contacts > OpenID Connect, and About iMIS, in every form they may have."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from staff_values import SCRIPT, SINGLE, held

from imis_sso.connectors.imis_staff_site import ImisStaffSite
from imis_sso.connectors.imis_staff_site.licence import licensed
from imis_sso.connectors.imis_staff_site.pages import OPENID_CONNECT_PAGE
from imis_sso.domain.problems import NotFound, UpstreamNotLicensed, UpstreamPageChanged
from imis_sso.domain.resources import (
    IMIS_CLIENT,
    LICENCE,
    OIDC_AUTHENTICATION,
    OPENID_CONNECT,
)
from imis_sso.domain.secret import Secret, Unreadable
from imis_sso.simulators import Fault, ImisModel

pytestmark = [pytest.mark.anyio, pytest.mark.browser]

FORMS: list[dict[str, object]] = [
    {"staff_markup": "wrapped", "staff_options": "vendor", "staff_navigation": "menu"},
    {"staff_markup": "labelledby", "staff_options": "codes", "staff_labels": "recased"},
    {"staff_markup": "table", "staff_labels": "decorated"},
    {"staff_markup": "table", "staff_options": "vendor", "staff_type_hides": "addresses"},
    {**SCRIPT, "staff_markup": "table", "staff_labels": "decorated"},
    {**SINGLE, "staff_markup": "wrapped"},
    {**SINGLE, "staff_navigation": "menu", "staff_type_hides": "addresses"},
]


async def test_a_read_gives_every_field_verbatim(
    staff: ImisStaffSite, staff_model: ImisModel
) -> None:
    """Contract C10: nothing is trimmed, folded or cleaned up, but for the body's line ends."""
    odd = "  HTTPS://Members.Example.org:443/a b?x=<&>\u00e4 \u05d0\u05d1 \U0001f511 \"'  "
    staff_model.change(ProviderName=odd, WellKnownUrl=odd, SetLoginHint=True, Mode=1)
    staff_model.patch({"email_body": "\r\n one\r\n\r\n<two> &amp; \u00e4\r\n"})
    seen = await staff.read(OPENID_CONNECT)
    assert dict(seen.values) == held(staff_model)
    assert seen.values["email_body"] == "\n one\n\n<two> &amp; \u00e4\n"
    assert seen.values["name"] == odd
    assert seen.exists


@pytest.mark.parametrize("form", FORMS, ids=lambda each: "-".join(map(str, each.values())))
async def test_every_form_of_the_page_is_read(
    staff: ImisStaffSite, staff_model: ImisModel, form: dict[str, object]
) -> None:
    """Product facts 3.5: markup, options' texts, what scripts do, the way there are unknown."""
    staff_model.change_variant(form)
    staff._way._addresses.clear()
    seen = await staff.read(OIDC_AUTHENTICATION)
    assert dict(seen.values) == held(staff_model)


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        ({"staff_secret": "masked"}, Unreadable.MASKED),
        ({"staff_secret": "empty"}, Unreadable.ABSENT),
        ({"staff_secret": "shown"}, None),
        ({"staff_secret": "reveal"}, None),
        ({"staff_secret": "reveal", "staff_markup": "table", **SINGLE}, None),
    ],
    ids=str,
)
async def test_a_mask_is_never_a_secret(
    staff: ImisStaffSite,
    staff_model: ImisModel,
    shown: dict[str, object],
    expected: Unreadable | None,
) -> None:
    """Product facts 3.5: in clear, masked, behind a button or not at all: it is unknown."""
    staff_model.change_variant(shown)
    seen = await staff.read(OPENID_CONNECT)
    assert seen.secret == (expected or Secret(staff_model.record["ClientSecret"]))


async def test_entra_id_may_hide_the_addresses(
    staff: ImisStaffSite, staff_model: ImisModel
) -> None:
    """Product facts 3.5: a hidden field counts as absent."""
    staff_model.change_variant({"staff_type_hides": "addresses"})
    staff_model.change(ProviderType=0)
    seen = await staff.read(OPENID_CONNECT)
    hidden = {"authority_url", "well_known_url"}
    assert held(staff_model).keys() - seen.values.keys() == hidden
    assert seen.document_values(OPENID_CONNECT.document)["authority_url"] == ""


async def test_what_the_page_shows_is_what_rest_has_written(
    staff: ImisStaffSite, staff_model: ImisModel
) -> None:
    """It is one record; an iMIS without one shows an empty form."""
    staff_model.patch({"records": []})
    seen = await staff.read(OPENID_CONNECT)
    assert (seen.values["name"], seen.values["mode"], seen.values["type"]) == (
        "",
        "disabled",
        "entra_id",
    )
    staff_model.create({"ProviderName": "By REST", "ProviderType": 2})
    assert (await staff.read(OPENID_CONNECT)).values["name"] == "By REST"


async def test_a_warm_read_is_one_page_load_for_both_documents(
    staff: ImisStaffSite, staff_model: ImisModel
) -> None:
    """Contract C3, targets R4."""
    await staff.read(OPENID_CONNECT)
    staff_model.reset()
    await staff.read(OIDC_AUTHENTICATION)
    counters = staff_model.counters
    assert (counters.requests, counters.reads, counters.logins) == (1, 1, 0)
    assert OPENID_CONNECT.record == OIDC_AUTHENTICATION.record


async def test_a_single_page_is_reached_without_loading_documents(
    staff_maker: Callable[..., ImisStaffSite], staff_model: ImisModel
) -> None:
    """The menu is pressed and what it shows is fetched; a document would be fetched besides."""
    staff_model.change_variant(SINGLE)
    connector = staff_maker()
    try:
        assert (await connector.read(OPENID_CONNECT)).values == held(staff_model)
    finally:
        await connector.aclose()
    by_route = staff_model.counters.by_route
    pages = ("Settings/Default", "Settings/Contacts", "Settings/Contacts/OpenIDConnect")
    assert [by_route[f"GET /Staff/{each}.aspx"] for each in pages] == [1, 1, 1]


async def test_the_reach_is_what_the_page_file_names(staff: ImisStaffSite) -> None:
    """Product facts 3.5: labels nobody knows are out of reach, and there is nothing else."""
    name = OPENID_CONNECT.record.name
    missing = staff.reach.unreachable(name, OPENID_CONNECT.document)
    assert set(missing) == {"tenant_id", "require_public_users"}
    assert not staff.reach.unreachable(name, OIDC_AUTHENTICATION.document)
    assert not staff.reach.unreachable(LICENCE.record.name, LICENCE.document)
    with pytest.raises(NotFound, match="cloud-sso/imis-client"):
        await staff.read(IMIS_CLIENT)


async def test_an_unknown_text_of_an_option_is_no_value(
    staff: ImisStaffSite, staff_model: ImisModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    fields = dict(staff._page.fields)
    texts = {"disabled": ("Off",), "test_mode": ("Testing",), "enabled": ("On",)}
    fields["mode"] = fields["mode"].model_copy(update={"texts": texts})
    page = staff._page.model_copy(update={"fields": fields})
    monkeypatch.setitem(staff._files._pages, OPENID_CONNECT_PAGE, page)
    with pytest.raises(UpstreamPageChanged, match='"OIDC authentication" shows a text'):
        await staff.read(OPENID_CONNECT)
    assert staff_model.counters.writes == 0


@pytest.mark.parametrize("render", [{}, SINGLE], ids=["server", "single-page"])
@pytest.mark.parametrize("listed", ["list", "table"])
async def test_the_licence_is_an_entry_of_the_list(
    staff: ImisStaffSite, staff_model: ImisModel, listed: str, render: dict[str, object]
) -> None:
    """Product facts 3.4: the same words in the navigation, and elsewhere, count for nothing."""
    staff_model.change_variant({"staff_licences": listed, **render})
    assert (await staff.read(LICENCE)).values == {"openid_connect": "licensed"}
    staff_model.patch({"licensed_features": ["Advanced Accounting"]})
    assert (await staff.read(LICENCE)).values == {"openid_connect": "not_licensed"}


async def test_without_the_list_the_licence_is_unknown(
    staff: ImisStaffSite, staff_model: ImisModel
) -> None:
    staff_model.change_variant({"staff_licences": "absent"})
    assert (await staff.read(LICENCE)).values == {"openid_connect": "unknown"}


@pytest.mark.parametrize(
    ("features", "expected"),
    [
        ("Advanced Accounting\n openid connect ", "licensed"),
        ("Advanced Accounting", "not_licensed"),
        ("", "unknown"),
        ("Advanced Accounting\nOpenID Connect | Expired", "unknown"),
        ("OpenID Connect (not licensed)", "unknown"),
    ],
)
def test_only_an_entry_of_the_name_alone_is_a_licence(features: str, expected: str) -> None:
    assert licensed(features) == expected


async def test_a_page_that_nobody_bought_is_told_from_one_that_changed(
    staff: ImisStaffSite, staff_model: ImisModel
) -> None:
    """Product facts 2: without the licence the page may be missing."""
    staff_model.change_variant({"staff_unlicensed": "hidden"})
    staff_model.patch({"licensed_features": ["Advanced Accounting"]})
    staff._way._addresses.clear()
    with pytest.raises(UpstreamNotLicensed, match="does not list OpenID Connect"):
        await staff.read(OPENID_CONNECT)


async def test_the_tenant_is_read_once_a_session(
    staff: ImisStaffSite, staff_model: ImisModel
) -> None:
    """Contract C46."""
    staff_model.expire_sessions()
    await staff.read(OPENID_CONNECT)
    told = {"organisation": staff_model.organisation, "version": staff_model.version}
    assert await staff.tenant() == told
    staff_model.reset()
    assert await staff.tenant() == told
    assert staff_model.counters.requests == 0


async def test_findings_say_what_held(staff: ImisStaffSite, staff_model: ImisModel) -> None:
    """Product facts 2, 3.4, 3.5: claim by claim, nothing is saved."""
    told = {each.claim: each for each in await staff.findings()}
    for claim in ("staff.log-in", "staff.page", "staff.save", "staff.licence-list"):
        assert told[claim].held, claim
    assert told["recipe.licence"].answer == "licensed"
    assert told["staff.about-names"].held
    staff_model.change_variant({"staff_licences": "absent", "staff_secret": "shown"})
    staff_model.faults.add(Fault("changed_page", params={"label": "Email body"}, times=None))
    changed = {each.claim: each for each in await staff.findings()}
    assert changed["staff.page"].held is False
    assert 'nearest: "Email body (new)"' in changed["staff.page"].answer
    assert changed["staff.licence-list"].held is False
    assert staff_model.record["ClientSecret"] not in str(changed)
    assert staff_model.counters.writes == 0


def test_a_write_and_its_read_back_fit_the_deadline(staff_warm: ImisStaffSite) -> None:
    """Contract C33."""
    assert (staff_warm.name, staff_warm.write_seconds) == ("imis_staff_site", 24)
