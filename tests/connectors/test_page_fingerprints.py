"""What a page is made of, whatever it holds; a change blocks a write until a person accepted it."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lone_facts import LoneFacts

from imis_sso.connectors.browser.description import PageDescription
from imis_sso.connectors.browser.fingerprint import Fingerprint, changes, fingerprint
from imis_sso.connectors.browser.page_memory import SEEN, PageMemory, PageWatch
from imis_sso.connectors.browser.structure import compare
from imis_sso.connectors.browser.survey import Survey, survey_of
from imis_sso.connectors.browser.way import View
from imis_sso.connectors.cloud_sso_dashboard import CloudSsoDashboard
from imis_sso.connectors.cloud_sso_dashboard.connector import SETTINGS
from imis_sso.domain.observed import Change
from imis_sso.domain.problems import UpstreamPageChanged
from imis_sso.domain.resources import IMIS_SSO_SETTINGS
from imis_sso.simulators import CloudSsoModel

pytestmark = pytest.mark.anyio

PAGE = PageDescription.model_validate(
    {
        "open": [["Page"]],
        "fields": {
            "text": {"label": "Text", "kind": "text", "synonyms": ["Words"]},
            "type": {"label": "Type", "kind": "select", "texts": {"a": "A", "b": "B"}},
            "more": {"label": "More", "kind": "text", "optional": True},
        },
        "save": {"button": ["Save", "Store"]},
    }
)
NAME = "page"
FORM = "post /page"


def seen(label: str, kind: str = "text", **other: Any) -> dict[str, Any]:
    plain = {"value": "", "checked": False, "filled": False, "options": [], "objection": ""}
    form = {"target": "o", "required": False, "sends": FORM}
    return {"label": label, "kind": kind, **plain, **form, **other}


def button(name: str, sends: str = FORM) -> dict[str, Any]:
    return {"name": name, "enabled": True, "href": "", "target": "o", "sends": sends}


TEXT, TYPE = seen("Text"), seen("Type", "select", options=["A", "B"])
EXTRA = seen("Extra 1", "checkbox")


def survey(*fields: dict[str, Any], buttons: tuple[dict[str, Any], ...] = ()) -> Survey:
    rest: dict[str, Any] = {"alerts": [], "statuses": [], "markers": []}
    page = {"origin": "o", "document": "1", "loaded": True}
    actions = list(buttons or (button("Save"), button("Cancel")))
    return survey_of({**page, **rest, "fields": list(fields), "actions": actions})


def taken(found: Survey) -> Fingerprint:
    return fingerprint(PAGE, found, compare(PAGE.fields, found))


USUAL = survey(TEXT, TYPE, EXTRA)
CHANGED: dict[str, tuple[Survey, str, str]] = {
    "renamed": (survey(seen("Words"), TYPE, EXTRA), "text", 'is called "words" now'),
    "required": (survey(seen("Text", required=True), TYPE, EXTRA), "text", "must be filled in now"),
    "elsewhere": (survey(seen("Text", sends="post /x"), TYPE, EXTRA), "text", "is sent elsewhere"),
    "away": (survey(seen("Text", target="p"), TYPE, EXTRA), "text", "is sent elsewhere"),
    "options": (
        survey(TEXT, seen("Type", "select", options=["A", "B", "C"]), EXTRA),
        "type",
        'other options now (new: "c")',
    ),
    "button": (
        survey(TEXT, TYPE, EXTRA, buttons=(button("Store"), button("Cancel"))),
        "save",
        'the button "save" is called "store" now',
    ),
    "sending": (
        survey(TEXT, TYPE, EXTRA, buttons=(button("Save", "get /page"), button("Cancel"))),
        "save",
        "the form is sent elsewhere",
    ),
    "asked": (survey(TEXT, TYPE, EXTRA, seen("Terms", required=True)), "save", "must be filled in"),
    "new-field": (survey(TEXT, TYPE, EXTRA, seen("Another")), "rest", '"Another" is new'),
    "gone-field": (survey(TEXT, TYPE), "rest", '"Extra 1" is gone'),
    "new-button": (
        survey(TEXT, TYPE, EXTRA, buttons=(button("Save"), button("Cancel"), button("Reset"))),
        "rest",
        '"Reset" is new',
    ),
}


@pytest.mark.parametrize("name", CHANGED)
def test_a_change_is_said_with_the_part_it_is_of(name: str) -> None:
    now, part, said = CHANGED[name]
    found = [each for each in changes(taken(USUAL), taken(now)) if each.part == part]
    assert any(said in each.text for each in found), found
    assert taken(now).digest != taken(USUAL).digest


VALUES = st.text(max_size=12)


@settings(max_examples=150, deadline=None)
@given(VALUES, VALUES, st.booleans(), st.integers(0, 9999), st.randoms())
def test_a_fingerprint_is_the_same_whatever_the_values_numbers_and_order(
    text: str, extra: str, checked: bool, number: int, chance: random.Random
) -> None:
    fields = [
        {**TEXT, "value": text, "label": "TEXT"},
        {**TYPE, "value": "B", "options": ["B", "A"]},
        {**EXTRA, "value": extra, "checked": checked, "label": f"Extra {number}"},
    ]
    buttons = [button("save"), button("Cancel")]
    chance.shuffle(fields)
    chance.shuffle(buttons)
    now = taken(survey(*fields, buttons=tuple(buttons)))
    assert now.digest == taken(USUAL).digest
    assert changes(taken(USUAL), now) == ()
    assert changes(Fingerprint.of_json(taken(USUAL).as_json()), now) == ()


def test_no_value_is_kept_of_a_page() -> None:
    """Contract C20: a label that shows a secret is kept as a digest alone."""
    secret = "5ecret-of-the-page"
    kept = taken(survey({**TEXT, "value": secret}, TYPE, seen(f"Key {secret}")))
    assert secret not in str(kept.as_json())
    (change,) = changes(taken(survey(TEXT, TYPE)), kept)
    assert change.text == "something that is not described is new"


def view(found: Survey) -> View:
    return View(found, compare(PAGE.fields, found))


def watch(facts: LoneFacts) -> PageWatch:
    return PageWatch(PageMemory(facts, "test", "connector"), "The product")


async def test_the_first_sight_is_accepted_and_a_change_where_a_write_goes_blocks() -> None:
    """Whichever process saw it first; another field's change is a warning."""
    facts = LoneFacts()
    await watch(facts).reading(NAME, PAGE, view(USUAL))
    for name, (now, part, said) in CHANGED.items():
        touched = {"type"} if part == "type" else {"text"}
        if part == "rest":
            await watch(facts).writing(NAME, PAGE, view(now), touched)
            assert facts.content(f"connector/{NAME}{SEEN}")["changes"], name
            continue
        with pytest.raises(UpstreamPageChanged, match="pages accept test page") as caught:
            await watch(facts).writing(NAME, PAGE, view(now), touched)
        assert said in caught.value.detail
        assert "Nothing was written" in caught.value.detail
        if part != "save":
            await watch(facts).writing(NAME, PAGE, view(now), {"more"})
    await watch(facts).reading(NAME, PAGE, view(USUAL))
    assert not facts.knows(f"connector/{NAME}{SEEN}")


async def test_what_was_accepted_is_what_counts_from_then_on() -> None:
    facts = LoneFacts()
    memory = PageMemory(facts, "test", "connector")
    now, _, _ = CHANGED["required"]
    living = watch(facts)
    await living.writing(NAME, PAGE, view(USUAL), {"text"})
    with pytest.raises(UpstreamPageChanged):
        await living.writing(NAME, PAGE, view(now), {"text"})
    await memory.accept(NAME, taken(now), "cli.me")
    await living.writing(NAME, PAGE, view(now), {"text"})
    with pytest.raises(UpstreamPageChanged, match="need not be filled in any more"):
        await living.writing(NAME, PAGE, view(USUAL), {"text"})


async def test_a_field_that_comes_into_sight_is_known_from_then_on() -> None:
    """An optional field may depend on a value; its first sight is no change."""
    facts = LoneFacts()
    more = survey(TEXT, TYPE, EXTRA, seen("More"))
    await watch(facts).writing(NAME, PAGE, view(USUAL), {"text"})
    await watch(facts).writing(NAME, PAGE, view(more), {"more"})
    asked = survey(TEXT, TYPE, EXTRA, seen("More", required=True))
    with pytest.raises(UpstreamPageChanged, match='"more" must be filled in now'):
        await watch(facts).writing(NAME, PAGE, view(asked), {"more"})
    await watch(facts).writing(NAME, PAGE, view(USUAL), {"text"})


async def test_a_store_that_cannot_be_asked_leaves_it_to_the_description(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Contract 1.2: lowering the mode must not wait for the store."""
    facts = LoneFacts()
    await watch(facts).reading(NAME, PAGE, view(USUAL))
    facts.broken = True
    await watch(facts).writing(NAME, PAGE, view(CHANGED["required"][0]), {"text"})
    assert "is not compared" in caplog.text


Make = Callable[..., CloudSsoDashboard]


@pytest.fixture(scope="module")
async def watched(
    dashboard_maker: Make, anyio_backend: str
) -> AsyncIterator[tuple[CloudSsoDashboard, LoneFacts]]:
    assert anyio_backend == "asyncio"
    facts = LoneFacts()
    memory = PageMemory(facts, "test", CloudSsoDashboard.name)
    connector = dashboard_maker(memory=memory, settle_seconds=0.3, captures_dir=None)
    yield connector, facts
    await connector.aclose()


OLD, NEW = "https://old.example.org/", "https://members.example.org/"
SAME_PAGES: list[dict[str, object]] = [
    {"cloud_sso_markup": "table"},
    {"cloud_sso_markup": "aria_labelledby", "cloud_sso_shown": "output"},
    {"cloud_sso_order": "reversed"},
    {"cloud_sso_render": "script", "cloud_sso_render_delay": 0.02},
    {"cloud_sso_confirm": True, "cloud_sso_question": "page"},
]


@pytest.mark.browser
async def test_one_page_has_one_fingerprint_in_every_markup(
    watched: tuple[CloudSsoDashboard, LoneFacts], dashboard_model: CloudSsoModel
) -> None:
    """Else a harmless change of the markup would stop every write."""
    connector, facts = watched
    await connector.read(IMIS_SSO_SETTINGS)
    first = facts.content(f"{CloudSsoDashboard.name}/{SETTINGS}")["fingerprint"]
    for form in SAME_PAGES:
        dashboard_model.change_variant(form)
        look = await connector.pages.look(SETTINGS)
        assert look.seen is not None
        assert (look.seen.digest, look.changed) == (first, ()), form
    dashboard_model.change_variant({"cloud_sso_render": "single_page"})
    look = await connector.pages.look(SETTINGS)
    assert {each.part for each in look.changed} == {"rest"}  # its menu is made of buttons
    dashboard_model.change_variant({"cloud_sso_render": "server"})
    dashboard_model.patch({"redirect_url": "https://another.example.org/"})
    look = await connector.pages.look(SETTINGS)
    assert look.seen is not None
    assert look.seen.digest == first


@pytest.mark.browser
async def test_a_change_of_the_live_page_blocks_until_it_is_accepted(
    watched: tuple[CloudSsoDashboard, LoneFacts],
    dashboard_model: CloudSsoModel,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """0 writes; the page still fits its description, so only the fingerprint can tell."""
    connector, facts = watched
    base = await connector.read(IMIS_SSO_SETTINGS)
    dashboard_model.change_variant({"cloud_sso_decoys": True})
    await connector.write(IMIS_SSO_SETTINGS, Change({"redirect_url": NEW}), base)
    assert '"Notes" is new' in caplog.text
    assert dashboard_model.redirect_url == NEW

    dashboard_model.change_variant({"cloud_sso_decoys": False, "cloud_sso_required": True})
    dashboard_model.reset()
    base = await connector.read(IMIS_SSO_SETTINGS)
    with pytest.raises(UpstreamPageChanged, match='"redirect url" must be filled in now'):
        await connector.write(IMIS_SSO_SETTINGS, Change({"redirect_url": OLD}), base)
    assert (dashboard_model.counters.writes, dashboard_model.redirect_url) == (0, NEW)
    look = await connector.pages.look(SETTINGS)
    assert not look.as_described
    await connector.pages.accept(look, "cli.me")
    await connector.write(IMIS_SSO_SETTINGS, Change({"redirect_url": OLD}), base)
    assert dashboard_model.redirect_url == OLD
    assert (await connector.pages.look(SETTINGS)).as_described
    facts.forget_all()
