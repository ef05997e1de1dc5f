"""Writing the page OpenID Connect: every field, every form of the page, the secret."""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import pytest
from staff_values import OTHER, QUESTION, SCRIPT, SINGLE, changed, held

from imis_sso.connectors import imis_staff_site
from imis_sso.connectors.imis_staff_site import ImisStaffSite
from imis_sso.domain.observed import Change
from imis_sso.domain.problems import (
    UnsupportedByConnector,
    UpstreamChanged,
    UpstreamPageChanged,
)
from imis_sso.domain.resources import OIDC_AUTHENTICATION, OPENID_CONNECT
from imis_sso.domain.secret import Secret, Unreadable
from imis_sso.simulators import ImisModel
from imis_sso.simulators.imis.staff_form import MASK

pytestmark = [pytest.mark.anyio, pytest.mark.browser]

NEW_SECRET = "n3w+/=%:&~<s>\"ecret'"


async def test_each_field_by_itself(staff: ImisStaffSite, staff_model: ImisModel) -> None:
    """What was declared is stored, and nothing else changes: secret and unknown properties too."""
    kept = {"ProviderId", "ClientSecret", "Appearance", "SortOrder", "SessionMinutes"}
    record, base = staff_model.record, await staff.read(OPENID_CONNECT)
    for written, (field, value) in enumerate(OTHER.items(), 1):
        expected = held(staff_model) | {field: value}
        await staff.write(OPENID_CONNECT, Change({field: value}), base)
        base = await staff.read(OPENID_CONNECT)
        assert held(staff_model) == expected == dict(base.values)
        assert staff_model.counters.stored == staff_model.counters.writes == written
    names = kept | {"RoleMappingKey"}
    assert {name: staff_model.record[name] for name in names} == {
        name: record[name] for name in names
    }


@pytest.mark.parametrize(
    "form",
    [
        {"staff_markup": "wrapped", "staff_save": "partial", "staff_options": "codes"},
        {"staff_markup": "table", "staff_type": "postback", "staff_save_button": "link"},
        {
            "staff_markup": "labelledby",
            "staff_type": "postback",
            "staff_save": "partial",
            "staff_confirm": True,
            "staff_labels": "decorated",
        },
        {"staff_save_delay": 0.6, "staff_toast_delay": 0.6, "staff_options": "vendor"},
        {"staff_secret": "shown", "staff_labels": "recased", "staff_type_hides": "addresses"},
        {**QUESTION, "staff_secret": "reveal", "staff_save_button": "link"},
        {**SCRIPT, **QUESTION, "staff_save": "partial", "staff_markup": "wrapped"},
        {**SINGLE, **QUESTION, "staff_type": "postback", "staff_navigation": "menu"},
        {**SINGLE, "staff_confirm": True, "staff_secret": "reveal", "staff_markup": "table"},
    ],
    ids=lambda each: "-".join(map(str, each.values())),
)
async def test_all_fields_at_once_in_every_form_of_the_page(
    staff: ImisStaffSite, staff_model: ImisModel, form: dict[str, object]
) -> None:
    """Product facts 3.5: markup, texts, what a Type does and how it is saved are unknown."""
    staff_model.change_variant(form)
    back = await changed(staff, Change(OTHER, Secret(NEW_SECRET)))
    assert held(staff_model) == dict(OTHER) == dict(back.values)
    assert staff_model.record["ClientSecret"] == NEW_SECRET
    assert staff_model.counters.stored == staff_model.counters.writes == 1


@pytest.mark.parametrize(
    "form",
    [
        {**SCRIPT, "staff_secret": "reveal", "staff_untouched_secret": "wipes"},
        {**SINGLE, "staff_type": "postback"},
    ],
    ids=["script", "single-page"],
)
async def test_what_was_not_meant_to_change_stays_on_a_page_that_scripts_make(
    staff: ImisStaffSite, staff_model: ImisModel, form: dict[str, object]
) -> None:
    """Every second field, and then the others: the rest of the record is as it was, each time."""
    staff_model.change_variant(form)
    fields = list(OTHER)
    for some in (fields[::2], fields[1::2]):
        change = {field: OTHER[field] for field in some}
        expected, record = held(staff_model) | change, staff_model.record
        back = await changed(staff, Change(change))
        assert held(staff_model) == expected == dict(back.values)
        assert staff_model.record["ClientSecret"] == record["ClientSecret"]
        assert staff_model.record["RoleMappingKey"] == record["RoleMappingKey"]
    assert staff_model.counters.stored == staff_model.counters.writes == 2


async def test_a_write_is_one_load_and_one_save(
    staff: ImisStaffSite, staff_model: ImisModel
) -> None:
    """Targets R4; the second load is the product's own redirect after the save."""
    base = await staff.read(OPENID_CONNECT)
    staff_model.reset()
    await staff.write(OPENID_CONNECT, Change({"name": "New"}), base)
    address = "/Staff/Settings/Contacts/OpenIDConnect.aspx"
    assert staff_model.counters.by_route == {f"GET {address}": 2, f"POST {address}": 1}


async def test_line_ends_are_a_browsers(staff: ImisStaffSite, staff_model: ImisModel) -> None:
    """Product facts 3.5: the only normalisation there is."""
    await changed(staff, Change({"email_body": "one\n\ntwo\n"}))
    assert staff_model.email_body == "one\r\n\r\ntwo\r\n"


# The secret


@pytest.mark.parametrize(
    ("does", "left"), [("keeps", Unreadable.MASKED), ("wipes", Unreadable.ABSENT)]
)
async def test_an_untouched_password_box_goes_back_as_it_is(
    staff: ImisStaffSite, staff_model: ImisModel, does: str, left: Unreadable
) -> None:
    """Product facts 3.5: no mask is typed; what the product does then is told, not guessed."""
    staff_model.change_variant({"staff_untouched_secret": does})
    secret = staff_model.record["ClientSecret"]
    back = await changed(staff, Change({"name": "New"}))
    assert back.secret is left
    assert staff_model.record.get("ClientSecret") == (secret if does == "keeps" else None)
    assert staff_model.record.get("ClientSecret") != MASK
    found = {each.question: each for each in await staff.findings()}
    told = found["Does a save keep the client secret when its box was not touched?"]
    assert told.held is (None if does == "keeps" else False)


@pytest.mark.parametrize("shown", ["masked", "empty", "shown", "reveal"])
async def test_a_secret_is_typed_where_the_change_has_one(
    staff: ImisStaffSite, staff_model: ImisModel, shown: str
) -> None:
    staff_model.change_variant({"staff_secret": shown, "staff_untouched_secret": "wipes"})
    back = await changed(staff, Change({"name": "New"}, Secret(NEW_SECRET)))
    assert staff_model.record["ClientSecret"] == NEW_SECRET
    expected = {"masked": Unreadable.MASKED, "empty": Unreadable.ABSENT}
    assert back.secret == expected.get(shown, Secret(NEW_SECRET))


@pytest.mark.parametrize(
    "form",
    [{"staff_type": "postback"}, {**SINGLE, "staff_type": "postback"}],
    ids=["server", "single-page"],
)
async def test_a_secret_that_can_be_shown_is_never_wiped(
    staff: ImisStaffSite, staff_model: ImisModel, form: dict[str, object]
) -> None:
    """Product facts 3.5: no mask is sent, also after the page came anew for another Type."""
    staff_model.change_variant(
        {**form, "staff_secret": "reveal", "staff_untouched_secret": "wipes"}
    )
    secret = staff_model.record["ClientSecret"]
    back = await changed(staff, Change({"type": "other", "name": "New"}))
    assert (back.secret, staff_model.record["ClientSecret"]) == (Secret(secret), secret)
    assert (back.values["type"], staff_model.record["ProviderName"]) == ("other", "New")


async def test_a_secret_alone_can_be_written(staff: ImisStaffSite, staff_model: ImisModel) -> None:
    before = held(staff_model)
    await changed(staff, Change({}, Secret(NEW_SECRET)))
    assert (staff_model.record["ClientSecret"], held(staff_model)) == (NEW_SECRET, before)


# Type and mode


async def test_a_field_that_another_type_shows_is_filled_in_with_it(
    staff: ImisStaffSite, staff_model: ImisModel
) -> None:
    for kind in ("script", "postback"):
        staff_model.reset(state=True)
        staff_model.change_variant({"staff_type_hides": "addresses", "staff_type": kind})
        staff_model.change(ProviderType=0)
        change = {"type": "okta", "authority_url": "https://sso.example.org"}
        back = await changed(staff, Change(change))
        assert back.values.items() >= change.items()
        assert staff_model.counters.stored == 1


async def test_a_field_that_the_type_hides_cannot_be_written(
    staff: ImisStaffSite, staff_model: ImisModel
) -> None:
    """A hidden field is absent: nothing is written into what nobody sees."""
    staff_model.change_variant({"staff_type_hides": "addresses"})
    base = await staff.read(OPENID_CONNECT)
    change = Change({"type": "entra_id", "authority_url": "https://sso.example.org"})
    with pytest.raises(UpstreamPageChanged, match='"Authority URL" is missing'):
        await staff.write(OPENID_CONNECT, change, base)
    assert staff_model.counters.writes == 0


async def test_the_mode_goes_up_and_down(staff: ImisStaffSite, staff_model: ImisModel) -> None:
    for mode in ("test_mode", "enabled", "test_mode", "disabled"):
        base = await staff.read(OIDC_AUTHENTICATION)
        await staff.write(OIDC_AUTHENTICATION, Change({"mode": mode}), base)
        assert held(staff_model)["mode"] == mode


# What is not written


async def test_an_edit_by_a_person_in_between_is_never_overwritten(
    staff: ImisStaffSite, staff_model: ImisModel
) -> None:
    """Contract section 7: the page that is saved must still show what the write is based on."""
    base = await staff.read(OPENID_CONNECT)
    staff_model.change(StaffClaimValue="somebody else's")
    with pytest.raises(UpstreamChanged, match="Claim value"):
        await staff.write(OPENID_CONNECT, Change({"name": "New"}), base)
    assert staff_model.counters.writes == 0


async def test_what_no_page_file_names_cannot_be_written(
    staff: ImisStaffSite, staff_model: ImisModel
) -> None:
    base = await staff.read(OPENID_CONNECT)
    with pytest.raises(UnsupportedByConnector, match="tenant_id"):
        await staff.write(OPENID_CONNECT, Change({"tenant_id": "t"}), base)
    assert staff_model.counters.writes == 0


async def test_a_page_file_that_names_more_reaches_more(
    staff_maker: Callable[..., ImisStaffSite], staff_model: ImisModel, tmp_path: Path
) -> None:
    """Product facts 3.5: whoever knows the labels of a tenant can have these fields, too."""
    built_in = files(imis_staff_site) / "pages" / "openid-connect.yaml"
    own = """
  tenant_id: {kind: text, label: Directory tenant, hidden_with: {type: [okta, other]}}
  require_public_users: {kind: checkbox, label: "Members sign in through it, too"}
save:"""
    (tmp_path / "imis_staff_site").mkdir()
    text = built_in.read_text("utf-8").replace("\nsave:", own)
    (tmp_path / "imis_staff_site" / "openid-connect.yaml").write_text(text, "utf-8")
    connector = staff_maker(pages_dir=tmp_path)
    try:
        name = OPENID_CONNECT.record.name
        assert not connector.reach.unreachable(name, OPENID_CONNECT.document)
        body = "a long line\n" * 5000
        change = {"type": "entra_id", "tenant_id": "t", "require_public_users": True}
        back = await changed(connector, Change(change | {"email_body": body}))
    finally:
        await connector.aclose()
    assert back.values.items() >= (change | {"email_body": body}).items()
    assert (staff_model.record["Tenant"], staff_model.record["RequirePublicUsers"]) == ("t", True)
