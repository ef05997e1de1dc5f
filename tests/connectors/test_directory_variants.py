"""Directories in every form that a vendor may give their pages: done right, or not at all.

One warm browser for all; a short settling time, for the simulated pages are quick.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from imis_sso.connectors.cloud_sso_dashboard import CloudSsoDashboard
from imis_sso.domain.bindings import Binding
from imis_sso.domain.documents import Directory
from imis_sso.domain.observed import Change
from imis_sso.domain.problems import UpstreamPageChanged
from imis_sso.domain.resources import DIRECTORIES, Resource
from imis_sso.domain.secret import Secret
from imis_sso.simulators import CloudSsoModel, Fault

pytestmark = [pytest.mark.anyio, pytest.mark.browser]

# What a server renders, with questions of the browser, is in test_cloud_sso_directories.py.
FORMS: dict[str, dict[str, object]] = {
    "script": {"cloud_sso_render": "script", "cloud_sso_confirm": True},
    "single-page": {"cloud_sso_render": "single_page"},
    "question-of-the-page": {
        "cloud_sso_confirm": True,
        "cloud_sso_question": "page",
        "cloud_sso_directory_rows": "buttons",
        "cloud_sso_directory_secret": "reveal",
    },
    "single-page-question": {
        "cloud_sso_render": "single_page",
        "cloud_sso_navigation": "cloud_sso",
        "cloud_sso_confirm": True,
        "cloud_sso_question": "page",
    },
    "script-hidden-secret-in-a-table": {
        "cloud_sso_render": "script",
        "cloud_sso_question": "page",
        "cloud_sso_directory_rows": "buttons",
        "cloud_sso_directory_secret": "reveal",
        "cloud_sso_markup": "table",
    },
}
QUICK = {"cloud_sso_render_delay": 0.02, "cloud_sso_toast_delay": 0.02}
RECORD = "/directories/manage/3"
Make = Callable[..., CloudSsoDashboard]


def named(name: str) -> Resource:
    return DIRECTORIES.item("public").bound(Binding("", name))


def at(address: str) -> Resource:
    return DIRECTORIES.item("public").bound(Binding(address))


def filled_in(word: str, *, switches: bool) -> dict[str, Any]:
    """Give a value for every field of a directory."""
    return {
        each.path: f"{word} {each.path}" if each.kind == "text" else switches
        for each in Directory.settings()
    }


def shown(model: CloudSsoModel, values: dict[str, Any]) -> dict[str, Any]:
    return {**values, "return_url": model.return_url}


@pytest.fixture
def model(dashboard_model: CloudSsoModel) -> CloudSsoModel:
    """The simulated Cloud SSO with one directory."""
    dashboard_model.directories = {"okta": dashboard_model._directories["okta"]}
    dashboard_model.patch({"directory_limit": 0})
    return dashboard_model


@pytest.mark.parametrize("form", FORMS)
async def test_every_form_of_the_pages_lists_adds_changes_and_deletes(
    quick: CloudSsoDashboard, model: CloudSsoModel, form: str
) -> None:
    """Product facts 4.3, 4.5: rendering, questions and the secret's display are unknown."""
    model.change_variant({**QUICK, **FORMS[form]})
    others = dict(model.directories)

    first = filled_in("First", switches=True)
    nothing = await quick.read(named("First name"))
    assert not nothing.exists
    await quick.write(named("First name"), Change(first, Secret("first secret")), nothing)
    seen = await quick.read(named("First name"))
    assert (seen.values, seen.secret) == (shown(model, first), Secret("first secret"))

    second = filled_in("Second", switches=False)
    await quick.write(named("First name"), Change(second, Secret("second secret")), seen)
    seen = await quick.read(named("Second name"))
    assert (seen.values, seen.secret) == (shown(model, second), Secret("second secret"))

    (added,) = model.directories.keys() - others.keys()
    held = model.directories[added]
    await quick.write(named("Second name"), Change({"scopes": "openid"}), seen)
    assert model.directories[added] == held.changed({"scopes": "openid"})

    address = f"/directories/manage/{held.number}"
    await quick.write(at(address), Change(removes=True), await quick.read(at(address)))
    assert model.directories == others
    assert (model.counters.writes, model.counters.stored) == (4, 4)
    assert [each.name for each in (await quick.read(DIRECTORIES.listing)).entries] == [
        each.name for each in others.values()
    ]


# Every field has its turn in test_changed_fields.py.
@pytest.mark.parametrize(
    ("form", "label"), [("script", "Token URL"), ("single-page", "Client Secret")]
)
async def test_whatever_changes_where_a_write_goes_stops_it(
    quick: CloudSsoDashboard, model: CloudSsoModel, form: str, label: str
) -> None:
    """Product facts 4.5: `upstream-page-changed` and 0 writes."""
    model.change_variant({**QUICK, **FORMS[form]})
    before, base = model.directories["okta"], await quick.read(at(RECORD))
    change = Change({"token_url": "https://new.example.org", "enable_pkce": False}, Secret("new"))
    for kind in ("renamed", "missing", "doubled", "retyped"):
        params = {"change": kind, "label": label}
        model.faults.add(Fault("changed_page", params=params))
        with pytest.raises(UpstreamPageChanged, match=f'"{label}" is') as caught:
            await quick.write(at(RECORD), change, base)
        assert "Nothing was written" in caught.value.detail
    assert (model.counters.writes, model.directories["okta"]) == (0, before)
