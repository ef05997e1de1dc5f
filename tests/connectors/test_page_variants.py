"""Pages in every form that a vendor may give them: read right, written right, or not at all.

One warm browser for all; a short settling time, for the simulated pages are quick.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from imis_sso.connectors.cloud_sso_dashboard import CloudSsoDashboard
from imis_sso.connectors.cloud_sso_dashboard.connector import SETTINGS, page_files
from imis_sso.domain.observed import Change
from imis_sso.domain.problems import UpstreamPageChanged
from imis_sso.domain.resources import IMIS_SSO_SETTINGS
from imis_sso.domain.secret import Secret
from imis_sso.simulators import CloudSsoModel, Fault

pytestmark = [pytest.mark.anyio, pytest.mark.browser]

OLD, NEW = "https://old.example.org/", "https://members.example.org/"
TO_NEW = Change({"redirect_url": NEW})
# Labels that are tied to their fields, scripts and questions of the browser have their turn in
# test_cloud_sso_dashboard_read.py and test_cloud_sso_dashboard_write.py.
FORMS: dict[str, dict[str, object]] = {
    "labelled-by-reference": {"cloud_sso_markup": "aria_labelledby"},
    "table": {"cloud_sso_markup": "table"},
    "table-of-outputs": {"cloud_sso_markup": "table", "cloud_sso_shown": "output"},
    "script": {"cloud_sso_render": "script", "cloud_sso_markup": "aria_labelledby"},
    "single-page": {"cloud_sso_render": "single_page"},
    "single-page-menu": {"cloud_sso_render": "single_page", "cloud_sso_navigation": "cloud_sso"},
    "question-of-the-page": {"cloud_sso_confirm": True, "cloud_sso_question": "page"},
    "single-page-question": {
        "cloud_sso_render": "single_page",
        "cloud_sso_confirm": True,
        "cloud_sso_question": "page",
    },
    "hidden-secret-in-a-table": {"cloud_sso_secret": "reveal", "cloud_sso_markup": "table"},
    "reversed": {"cloud_sso_order": "reversed"},
    "decoys": {"cloud_sso_decoys": True},
    "decoys-in-a-reversed-table": {
        "cloud_sso_decoys": True,
        "cloud_sso_order": "reversed",
        "cloud_sso_markup": "table",
    },
}
OTHER_LABELS = {
    "client_id": "Client identifier",
    "client_secret": "Shared secret",
    "discovery_url": "Well-Known URL",
    "issuer": "Issuer URL",
    "redirect_url": "Redirect URI",
}
QUICK = {"cloud_sso_render_delay": 0.02, "cloud_sso_toast_delay": 0.02}
Make = Callable[..., CloudSsoDashboard]


@pytest.mark.parametrize("form", FORMS)
async def test_every_form_of_the_page_is_read_and_written(
    quick: CloudSsoDashboard, dashboard_model: CloudSsoModel, form: str
) -> None:
    """Product facts 4.5: markup, rendering, order, questions and the secret's display are unknown."""
    dashboard_model.change_variant({**QUICK, **FORMS[form]})
    base = await quick.read(IMIS_SSO_SETTINGS)
    assert dict(base.values) == {
        "client_id": dashboard_model.client_id,
        "discovery_url": dashboard_model.discovery_url,
        "issuer": dashboard_model.issuer,
        "redirect_url": OLD,
    }
    assert base.secret == Secret(dashboard_model.client_secret)
    await quick.write(IMIS_SSO_SETTINGS, TO_NEW, base)
    assert (dashboard_model.redirect_url, dashboard_model.counters.stored) == (NEW, 1)
    assert (await quick.read(IMIS_SSO_SETTINGS)).values["redirect_url"] == NEW


async def test_a_single_page_is_reached_without_loading_documents(
    dashboard_maker: Make, dashboard_model: CloudSsoModel
) -> None:
    """The menu is pressed and what it shows is fetched; a document would be fetched besides."""
    dashboard_model.change_variant({**QUICK, "cloud_sso_render": "single_page"})
    connector = dashboard_maker()
    try:
        await connector.read(IMIS_SSO_SETTINGS)
        by_route = dashboard_model.counters.by_route
        assert (by_route["GET /directories"], by_route["GET /directories/imis"]) == (1, 1)
    finally:
        await connector.aclose()


async def test_other_labels_need_only_a_page_file(
    quick: CloudSsoDashboard,
    dashboard_maker: Make,
    dashboard_model: CloudSsoModel,
    tmp_path: Path,
) -> None:
    """Brought up to date without a release: `pages_dir`."""
    text = (Path(page_files.__code__.co_filename).parent / "pages" / f"{SETTINGS}.yaml").read_text()
    for name, label in OTHER_LABELS.items():
        text = text.replace(f"  {name}: {{", f"  {name}: {{synonyms: {label}, ")
    own = tmp_path / CloudSsoDashboard.name / f"{SETTINGS}.yaml"
    own.parent.mkdir()
    own.write_text(text, "utf-8")
    dashboard_model.change_variant({"cloud_sso_labels": "other"})
    with pytest.raises(UpstreamPageChanged, match='"Redirect URL" is missing'):
        await quick.read(IMIS_SSO_SETTINGS)
    connector = dashboard_maker(pages_dir=tmp_path, settle_seconds=0.3)
    try:
        base = await connector.read(IMIS_SSO_SETTINGS)
        await connector.write(IMIS_SSO_SETTINGS, TO_NEW, base)
    finally:
        await connector.aclose()
    assert dashboard_model.redirect_url == NEW


CHANGES = ("renamed", "missing", "doubled", "retyped")
# A write touches one field of the page, and the button that saves it.
TOUCHED = [("Redirect URL", change) for change in CHANGES] + [("Save Settings", "renamed")]
# Every markup has its turn, field by field, in test_changed_fields.py.
CHANGED_FORMS = ("table", "script", "single-page", "question-of-the-page", "decoys")


@pytest.mark.parametrize(("label", "change"), TOUCHED)
@pytest.mark.parametrize("form", CHANGED_FORMS)
async def test_whatever_changes_where_a_write_goes_stops_it(
    quick: CloudSsoDashboard, dashboard_model: CloudSsoModel, form: str, label: str, change: str
) -> None:
    """Product facts 4.5: `upstream-page-changed` and 0 writes, in every form of the page."""
    dashboard_model.change_variant({**QUICK, **FORMS[form]})
    base = await quick.read(IMIS_SSO_SETTINGS)
    fault = Fault("changed_page", times=None, params={"change": change, "label": label})
    dashboard_model.faults.add(fault)
    with pytest.raises(UpstreamPageChanged, match=f'"{label}" is') as caught:
        await quick.write(IMIS_SSO_SETTINGS, TO_NEW, base)
    assert "Nothing was written" in caught.value.detail
    assert dashboard_model.counters.writes == 0
    assert dashboard_model.redirect_url == OLD
