"""Directories by browser: every field of the form, and every way in which a save can go wrong."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from imis_sso.connectors.base import WriteUncertain
from imis_sso.connectors.cloud_sso_dashboard import CloudSsoDashboard
from imis_sso.domain.bindings import Binding
from imis_sso.domain.documents import Directory
from imis_sso.domain.observed import Change, Observed
from imis_sso.domain.problems import (
    UpstreamChanged,
    UpstreamError,
    UpstreamPageChanged,
    UpstreamRefused,
)
from imis_sso.domain.resources import DIRECTORIES, Resource
from imis_sso.domain.secret import Secret
from imis_sso.simulators import CloudSsoModel, Fault

pytestmark = [pytest.mark.anyio, pytest.mark.browser]

RECORD = "/directories/manage/3"
STAFF = DIRECTORIES.item("staff").bound(Binding(RECORD))
TO_NEW = Change({"scopes": "openid"})
LABELS = [*(each.label for each in Directory.settings()), "Client Secret"]
KINDS = itertools.cycle(("renamed", "missing", "doubled", "retyped"))


@pytest.fixture
def model(dashboard_model: CloudSsoModel) -> CloudSsoModel:
    """The simulated Cloud SSO with the three directories of its beginning."""
    dashboard_model.directories = dict(dashboard_model._directories)
    dashboard_model.patch({"directory_limit": 0})
    return dashboard_model


def spoil(model: CloudSsoModel, kind: str, path: str = RECORD, **params: str) -> None:
    model.faults.add(Fault(kind=kind, match={"path": path}, params=params))


async def test_every_value_goes_there_and_back(
    dashboard: CloudSsoDashboard, model: CloudSsoModel
) -> None:
    """Product facts 4.3: quotes, angle brackets, accents, right-to-left, long text, switches."""
    texts = ['"<b>&amp;', "é ü ß", "שלום", "x" * 2000, "a  b"]
    values: dict[str, Any] = {}
    for each, text in zip(Directory.settings(), itertools.cycle(texts), strict=False):
        values[each.path] = text if each.kind == "text" else not each.default
    change = Change(values, Secret('s3cr3t"<>&+ %'))
    base = await dashboard.read(STAFF)
    await dashboard.write(STAFF, change, base)
    seen = await dashboard.read(STAFF)
    assert {path: seen.values[path] for path in values} == values
    assert (seen.secret, seen.values["return_url"]) == (change.secret, model.return_url)
    assert model.counters.writes == 1
    await dashboard.write(STAFF, Change({"name": "Again"}), seen)
    assert model.directories["okta"].client_secret == 's3cr3t"<>&+ %'


@pytest.mark.parametrize(("label", "kind"), [(each, next(KINDS)) for each in LABELS])
async def test_a_field_that_is_not_as_described_stops_the_save(
    dashboard: CloudSsoDashboard, model: CloudSsoModel, label: str, kind: str
) -> None:
    """The form is saved as a whole, so every field of it counts."""
    base = await dashboard.read(STAFF)
    spoil(model, "changed_page", change=kind, label=label)
    with pytest.raises(UpstreamPageChanged, match=label):
        await dashboard.write(STAFF, TO_NEW, base)
    assert model.counters.writes == 0


async def test_a_persons_edit_in_between_is_not_overwritten(
    dashboard: CloudSsoDashboard, model: CloudSsoModel
) -> None:
    base = await dashboard.read(STAFF)
    model.change_directory("okta", client_id="a person's")
    with pytest.raises(UpstreamChanged, match="Client ID"):
        await dashboard.write(STAFF, TO_NEW, base)
    with pytest.raises(UpstreamChanged, match="another directory"):
        await dashboard.write(STAFF, Change(removes=True), base)
    assert model.counters.writes == 0


async def test_a_session_that_ends_is_renewed_and_the_save_done_once(
    dashboard: CloudSsoDashboard, model: CloudSsoModel
) -> None:
    base = await dashboard.read(STAFF)
    model.expire_sessions()
    spoil(model, "expire_session")
    await dashboard.write(STAFF, TO_NEW, base)
    assert model.directories["okta"].scopes == "openid"


async def test_a_save_that_stores_nothing_is_seen_by_reading(
    dashboard: CloudSsoDashboard, model: CloudSsoModel
) -> None:
    base = await dashboard.read(STAFF)
    spoil(model, "write_dropped")
    await dashboard.write(STAFF, TO_NEW, base)
    assert (await dashboard.read(STAFF)).values["scopes"] == base.values["scopes"]


async def test_an_error_banner_is_quoted(
    dashboard: CloudSsoDashboard, model: CloudSsoModel
) -> None:
    base = await dashboard.read(STAFF)
    with pytest.raises(WriteUncertain) as caught:
        await dashboard.write(STAFF, Change({"name": ""}), base)
    assert isinstance(caught.value.cause, UpstreamRefused)
    assert "Name is required." in caught.value.cause.detail
    assert model.directories["okta"].name == "Example org"


async def test_a_deletion_is_confirmed_and_the_list_tells(
    dashboard: CloudSsoDashboard, model: CloudSsoModel
) -> None:
    base = await dashboard.read(STAFF)
    spoil(model, "write_dropped", f"{RECORD}/delete")
    await dashboard.write(STAFF, Change(removes=True), base)
    assert (await dashboard.read(STAFF)).exists
    await dashboard.write(STAFF, Change(removes=True), base)
    assert not (await dashboard.read(STAFF)).exists
    assert set(model.directories) == {"cognito", "entra"}


@pytest.mark.parametrize("body", ["", "Not now."])
async def test_a_deletion_that_is_refused_is_told(
    dashboard: CloudSsoDashboard, model: CloudSsoModel, body: str
) -> None:
    base = await dashboard.read(STAFF)
    params = {"status": 409, "body": body}
    model.faults.add(Fault("status", {"path": f"{RECORD}/delete"}, params=params))
    with pytest.raises(WriteUncertain) as caught:
        await dashboard.write(STAFF, Change(removes=True), base)
    assert isinstance(caught.value.cause, UpstreamRefused)
    assert "answered the deletion with status 409" in caught.value.cause.detail
    assert "okta" in model.directories


async def test_records_that_come_after_the_way_to_add_one_are_waited_for(
    dashboard: CloudSsoDashboard, model: CloudSsoModel
) -> None:
    """A list that is taken for an empty one would have a directory made twice."""
    model.change_variant({"cloud_sso_render": "script", "cloud_sso_render_delay": 0.4})
    assert len((await dashboard.read(DIRECTORIES.listing)).entries) == 3


async def test_a_list_without_records_and_without_a_way_to_add(
    dashboard: CloudSsoDashboard, model: CloudSsoModel
) -> None:
    model.directories = {}
    seen = await dashboard.read(DIRECTORIES.listing)
    assert seen.entries == ()
    assert not (await dashboard.read(STAFF)).exists


async def test_the_rest_of_a_collection_is_not_the_dashboards(dashboard: CloudSsoDashboard) -> None:
    found: Resource = DIRECTORIES.item("staff").bound(Binding("", "Nobody's"))
    assert await dashboard.read(found) == Observed({}, exists=False)


async def test_two_that_could_be_meant_are_named(
    dashboard: CloudSsoDashboard, model: CloudSsoModel
) -> None:
    told = model.directories["okta"]
    model.change_directory("entra", issuer=told.issuer, client_id=told.client_id)
    lost = DIRECTORIES.item("staff").bound(Binding("", "", told.issuer, told.client_id))
    with pytest.raises(UpstreamRefused, match='"Example tenant", "Example org"'):
        await dashboard.read(lost)


async def test_the_log_in_page_in_place_of_a_form(
    dashboard: CloudSsoDashboard, model: CloudSsoModel
) -> None:
    spoil(model, "login_page")
    assert (await dashboard.read(STAFF)).values["name"] == "Example org"
    model.faults.add(Fault(kind="login_page", match={"path": RECORD}, times=None))
    with pytest.raises(UpstreamError, match="log-in page again"):
        await dashboard.read(STAFF)
