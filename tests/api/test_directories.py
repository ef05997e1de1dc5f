"""Directories through the API, over the simulated dashboard (contract 1.3, C45)."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from service_bench import BASE, Bench, bench_for
from sqlalchemy import delete

from imis_sso.domain.access import Scope
from imis_sso.simulators import Simulation
from imis_sso.simulators.cloud_sso.directories import Directory
from imis_sso.simulators.faults import Fault
from imis_sso.store.tables import METADATA

DIRECTORIES = f"{BASE}/cloud-sso/directories"
STAFF = f"{DIRECTORIES}/staff"
pytestmark = [pytest.mark.anyio, pytest.mark.browser]


@pytest.fixture(scope="module")
async def standing(
    running: Simulation, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Bench]:
    host = urlsplit(running.environments["test"].directory_url).netloc
    takers = ["cloud-sso/directories/staff", "cloud-sso/directories/members"]
    secrets: dict[str, Any] = {}
    own = urlsplit(running.environments["test"].cloud_sso_url).netloc
    with pytest.MonkeyPatch.context() as patch:
        for name, client in running.directory("test").clients.items():
            patch.setenv(f"SECRET_OF_{name.upper()}", client.client_secret)
            source = {"source": f"env:SECRET_OF_{name.upper()}", "for": takers, "hosts": [host]}
            secrets[f"{name}-secret"] = source
        patch.setenv("SECRET_OF_ELSEWHERE", "another secret")
        source = {"source": "env:SECRET_OF_ELSEWHERE", "for": takers[:1]}
        secrets["elsewhere"] = source | {"hosts": ["login.example.org"]}
        change = {"secrets": secrets, "egress": {"allow": [host, own]}}
        place = tmp_path_factory.mktemp("directories")
        async with bench_for(running, place, change) as bench:
            yield bench


@pytest.fixture
async def bench(standing: Bench, fresh: Simulation) -> Bench:
    async with standing.service.store.database.begin() as connection:
        for table in METADATA.sorted_tables:
            await connection.execute(delete(table))
    fresh.directory("test").reset(state=True)
    return standing


def record(bench: Bench, key: str = "okta") -> Directory:
    return bench.cloud_sso.directories[key]


async def bind(bench: Bench, key: str = "staff", name: str = "Example org") -> httpx.Response:
    return await bench.client.post(f"{DIRECTORIES}/{key}/binding", json={"name": name})


async def version(bench: Bench, name: str = "okta-secret") -> str:
    return str((await bench.client.get(f"{BASE}/secrets/{name}")).json()["version"])


async def declared(bench: Bench, **changes: Any) -> dict[str, Any]:
    """Give a body that says what the simulated Okta's record holds."""
    told = record(bench)
    return {
        "authorization_url": told.authorization_url,
        "claims": dict(told.claims),
        "client_id": told.client_id,
        "client_secret_ref": "okta-secret",
        "client_secret_version": await version(bench),
        "discovery_domain": told.discovery_domain,
        "enable_pkce": told.enable_pkce,
        "enable_response_mode_form_post": told.enable_response_mode_form_post,
        "enable_token_endpoint_basic_auth": told.enable_token_endpoint_basic_auth,
        "issuer": told.issuer,
        "name": told.name,
        "scopes": told.scopes,
        "token_url": told.token_url,
        "userinfo_url": told.userinfo_url,
    } | changes


def without(bench: Bench, key: str = "okta") -> None:
    """Have the product be without one of its directories."""
    bench.cloud_sso.delete_directory(record(bench, key).number)


async def test_a_directory_is_made_once_and_then_kept(bench: Bench) -> None:
    body = await declared(bench)
    without(bench)
    assert (await bench.client.get(STAFF)).status_code == 404
    tried = await bench.client.put(f"{STAFF}?dry_run=true", json=body)
    assert (tried.status_code, len(bench.cloud_sso.directories)) == (200, 2)
    made = await bench.client.put(STAFF, json=body)
    assert (made.status_code, made.headers.get("Upstream-Writes")) == (200, "1"), made.text
    assert made.json() == body
    stored = record(bench, "directory-4")
    assert stored.client_secret == bench.simulation.directory("test").clients["okta"].client_secret
    again = await bench.client.put(STAFF, json=body)
    assert again.headers["Upstream-Writes"] == "0"
    read = await bench.client.get(STAFF)
    assert read.content == made.content == again.content
    assert read.headers["ETag"] == made.headers["ETag"]
    registration = await bench.client.get(f"{STAFF}/registration")
    assert registration.json() == {"return_url": bench.cloud_sso.return_url}
    listed = await bench.client.get(DIRECTORIES)
    assert listed.json() == {"items": [{"id": "staff", "name": "Example org"}]}
    changes = (
        await bench.client.get(f"{BASE}/changes?resource=cloud-sso/directories/staff")
    ).json()
    kinds = [each["kind"] for each in changes["items"]]
    assert {"intent", "outcome"} <= set(kinds)


async def test_a_record_that_is_there_is_bound_and_then_read(bench: Bench) -> None:
    body = await declared(bench)
    refused = await bench.client.put(STAFF, json=body)
    assert refused.status_code == 409
    assert refused.json()["type"] == "/problems/already-exists"
    assert 'directories bind test staff "Example org"' in refused.json()["detail"]
    assert len(bench.cloud_sso.directories) == 3
    unbound = (await bench.client.get(f"{DIRECTORIES}?include=unbound")).json()["unbound"]
    assert [each["name"] for each in unbound] == [
        "Example user pool",
        "Example tenant",
        "Example org",
    ]
    bound = await bind(bench)
    assert bound.json()["issuer"] == record(bench).issuer, bound.text
    read = await bench.client.get(STAFF)
    assert read.json() == body
    other = await bind(bench, "members")
    assert (other.status_code, other.json()["type"]) == (409, "/problems/already-exists")
    put = await bench.client.put(STAFF, json=body)
    assert put.headers["Upstream-Writes"] == "0"


async def test_a_rename_in_the_dashboard_is_drift_of_the_same_record(bench: Bench) -> None:
    body = await declared(bench)
    await bind(bench)
    bench.cloud_sso.change_directory("okta", name="Renamed", issuer="https://elsewhere.example")
    read = await bench.client.get(STAFF)
    assert (read.json()["name"], read.json()["issuer"]) == ("Renamed", "https://elsewhere.example")
    repaired = await bench.client.put(STAFF, json=body)
    assert (repaired.status_code, repaired.headers["Upstream-Writes"]) == (200, "1"), repaired.text
    assert (record(bench).name, record(bench).number) == ("Example org", 3)
    assert len(bench.cloud_sso.directories) == 3


async def test_a_lost_record_id_is_found_again_by_issuer_and_client(bench: Bench) -> None:
    await bind(bench)
    moved = replace(record(bench), number=9, name="Moved")
    without(bench)
    bench.cloud_sso.directories["okta"] = moved
    assert (await bench.client.get(STAFF)).json()["name"] == "Moved"
    found = (await bench.client.get(f"{STAFF}/binding")).json()
    assert found["record"].endswith("/9")


async def test_records_that_are_opened_by_buttons_have_no_address(bench: Bench) -> None:
    bench.cloud_sso.change_variant({"cloud_sso_directory_rows": "buttons"})
    body = await declared(bench)
    assert (await bind(bench)).json()["record"] == ""
    bench.cloud_sso.change_directory("okta", name="Renamed")
    assert (await bench.client.get(STAFF)).json()["name"] == "Renamed"
    assert (await bench.client.put(STAFF, json=body)).status_code == 200
    assert record(bench).name == "Example org"


async def test_deleting_is_refused_with_the_reason_unless_forced(bench: Bench) -> None:
    await bind(bench)
    body = await declared(bench)
    await bench.client.put(STAFF, json=body)
    kept = await bench.client.delete(STAFF)
    assert (kept.status_code, len(bench.cloud_sso.directories)) == (204, 3)
    assert (await bench.client.get(STAFF)).status_code == 200
    for query in ("on_destroy=delete", "on_destroy=delete&dry_run=true"):
        refused = await bench.client.delete(f"{STAFF}?{query}")
        assert refused.status_code == 409
        assert refused.json()["type"] == "/problems/directory-protected"
        assert "strangers" in refused.json()["detail"]
    low = bench.caller(Scope.APPLY)
    assert (await low.delete(f"{STAFF}?on_destroy=delete&force=true")).status_code == 403
    assert len(bench.cloud_sso.directories) == 3
    gone = await bench.client.delete(f"{STAFF}?on_destroy=delete&force=true")
    assert (gone.status_code, gone.headers["Upstream-Writes"]) == (204, "1"), gone.text
    assert len(bench.cloud_sso.directories) == 2
    assert (await bench.client.get(STAFF)).status_code == 404
    again = await bench.client.delete(f"{STAFF}?on_destroy=delete&force=true")
    assert (again.status_code, again.headers["Upstream-Writes"]) == (204, "0")


async def test_trust_pins_are_those_of_the_secret(bench: Bench) -> None:
    await bind(bench)
    body = await declared(bench)
    wrong = await bench.client.put(STAFF, json=body | {"token_url": "https://evil.example/token"})
    assert wrong.status_code == 422
    assert wrong.json()["type"] == "/problems/untrusted-host"
    assert "secrets.okta-secret.hosts" in wrong.json()["detail"]
    # Another secret would go where the addresses lead, though these do not change.
    named = {
        "client_secret_ref": "elsewhere",
        "client_secret_version": await version(bench, "elsewhere"),
    }
    refused = await bench.client.patch(STAFF, json=named)
    assert refused.status_code == 422
    assert {each["field"] for each in refused.json()["errors"]} >= {"token_url", "issuer"}
    assert record(bench).client_secret != "another secret"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"scopes": "profile email"}, "scopes"),
        ({"claims": {"staff": ["staff"]}}, "claims.staff"),
        ({"claims": {"staff": "groups"}}, "claims.staff"),
        ({"token_url": "http://login.example.org/token"}, "token_url"),
        ({"issuer": ""}, "issuer"),
        ({"nmae": "x"}, "nmae"),
    ],
)
async def test_what_is_not_valid_is_refused(bench: Bench, change: Any, field: str) -> None:
    await bind(bench)
    answer = await bench.client.put(STAFF, json=change)
    assert answer.status_code == 422
    assert [each["field"] for each in answer.json()["errors"]] == [field]


async def test_one_directory_too_many_is_not_made(bench: Bench) -> None:
    body = await declared(bench)
    without(bench)
    pair = bench.service.pairs["test"]
    object.__setattr__(pair, "policy", replace(pair.policy, directory_limit=2))
    answer = await bench.client.put(STAFF, json=body)
    object.__setattr__(pair, "policy", replace(pair.policy, directory_limit=None))
    assert (answer.status_code, "directory_limit allows 2" in answer.text) == (422, True)
    bench.cloud_sso.patch({"directory_limit": 2})
    refused = await bench.client.put(STAFF, json=body)
    assert refused.status_code == 424
    assert len(bench.cloud_sso.directories) == 2


@pytest.mark.parametrize("shows", ["masked", "absent"])
async def test_a_hidden_secret_is_never_wiped(bench: Bench, shows: str) -> None:
    bench.cloud_sso.change_variant({"cloud_sso_directory_secret": shows})
    await bind(bench)
    secret = record(bench).client_secret
    refused = await bench.client.patch(STAFF, json={"name": "Other"})
    assert (refused.status_code, record(bench).client_secret) == (424, secret)
    answer = await bench.client.patch(
        STAFF,
        json={"client_secret_ref": "okta-secret", "client_secret_version": await version(bench)},
    )
    assert answer.status_code == 200, answer.text
    renamed = await bench.client.patch(STAFF, json={"name": "Other"})
    assert (renamed.status_code, record(bench).name) == (200, "Other"), renamed.text
    assert record(bench).client_secret == secret


async def test_a_key_that_is_none_and_a_patch_of_nothing(bench: Bench) -> None:
    assert (await bench.client.put(f"{DIRECTORIES}/Staff", json={})).status_code == 422
    assert (await bench.client.patch(STAFF, json={"name": "x"})).status_code == 404
    empty = await bench.client.put(STAFF, json={})
    fields = [each["field"] for each in empty.json()["errors"]]
    assert (empty.status_code, "issuer" in fields, "name" in fields) == (422, True, True)


async def test_a_restore_brings_a_directory_back(bench: Bench) -> None:
    await bind(bench)
    body = await declared(bench)
    await bench.client.put(STAFF, json=body | {"scopes": "openid"})
    await bench.client.put(STAFF, json=body)
    moments = (await bench.client.get(f"{BASE}/snapshots")).json()["items"]
    before = next(each["id"] for each in reversed(moments) if each["cause"] == "written")
    wanted = {"reason": "test", "resources": ["cloud-sso/directories/staff"]}
    done = await bench.client.post(f"{BASE}/snapshots/{before}/restore", json=wanted)
    assert done.status_code == 200, done.text
    assert record(bench).scopes == "openid"


@pytest.mark.parametrize("change", ["renamed", "missing", "doubled"])
async def test_a_changed_form_is_never_saved(bench: Bench, change: str) -> None:
    await bind(bench)
    body = await declared(bench, name="Other")
    fault = {"kind": "changed_page", "match": {"path": "/directories/manage/*"}, "skip": 1}
    params = {"change": change, "label": "Token URL"}
    bench.cloud_sso.faults.add(Fault.from_json(fault | {"params": params}))
    answer = await bench.client.put(STAFF, json=body)
    assert (answer.status_code, bench.cloud_sso.counters.writes) == (424, 0), answer.text


async def checks(bench: Bench, query: str = "") -> dict[str, tuple[str, str]]:
    found = (await bench.client.get(f"{BASE}/verification{query}")).json()["checks"]
    return {
        each["id"]: (each["status"], each["detail"])
        for each in found
        if each["id"].startswith("directory.")
    }


async def test_a_directory_is_judged_by_its_own_issuer(bench: Bench) -> None:
    assert await checks(bench) == {}
    await bind(bench)
    found = await checks(bench, "?probe=active")
    assert list(found) == ["directory.staff.discovery", "directory.staff.secret-accepted"]
    assert {status for status, _ in found.values()} == {"passed"}, found
    passive = await checks(bench)
    assert passive["directory.staff.secret-accepted"][0] == "passed"  # nothing changed since
    bench.cloud_sso.change_directory("okta", client_secret="wrong", token_url="https://x.example/t")
    found = await checks(bench, "?probe=active")
    assert found["directory.staff.discovery"][0] == "failed"
    assert "token_url" in found["directory.staff.discovery"][1]
    # The secret is none of the registry's now, so it goes nowhere.
    assert found["directory.staff.secret-accepted"][0] == "skipped"
    bench.simulation.directory("test").clients["okta"].client_secret = "rotated"
    bench.cloud_sso.change_directory("okta", client_secret=os.environ["SECRET_OF_OKTA"])
    found = await checks(bench, "?probe=active")
    assert found["directory.staff.secret-accepted"][0] == "failed", found
    without(bench)
    assert (await checks(bench))["directory.staff.discovery"][0] == "failed"


async def test_a_live_pair_is_guarded_against_a_wrong_directory(bench: Bench) -> None:
    await bind(bench)
    await bench.go_live()
    host = urlsplit(bench.simulation.environments["test"].directory_url).netloc
    wrong = await bench.client.patch(STAFF, json={"token_url": f"https://{host}/token"})
    assert (wrong.status_code, wrong.json()["type"]) == (409, "/problems/activation-guard")
    assert "directory.staff.discovery" in wrong.text
    named = await bench.client.patch(STAFF, json={"name": "Staff"})
    assert (named.status_code, record(bench).name) == (200, "Staff")
    scopes = await bench.client.patch(STAFF, json={"scopes": "openid email profile"})
    assert scopes.status_code == 200, scopes.text
