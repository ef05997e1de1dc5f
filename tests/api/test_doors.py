"""Several ways into one product: the first that is able serves, and nothing widens silently."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from api_answers import Another, bring_into_agreement, refused
from assisted_bench import CONNECTORS, STEPS, by_person, cloud_sso_says, done, say, waiting
from service_bench import BASE, MODE, OPENID_CONNECT, Bench

from imis_sso.domain.access import Scope
from imis_sso.services import closings
from imis_sso.services.closings import forget_closings
from imis_sso.simulators import Simulation
from imis_sso.simulators.faults import Fault

pytestmark = pytest.mark.anyio

EVERYTHING: dict[str, Any] = {"email_body": "Dear member"}


@pytest.fixture
async def bench(
    another: Another, fresh: Simulation, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Bench]:
    """iMIS over REST, else by a person; Cloud SSO by a person, who has said what it holds."""
    async with another(by_person(fresh, monkeypatch, ["imis_rest", "assisted"])) as found:
        bring_into_agreement(found)
        await say(found, **cloud_sso_says(found))
        yield found


def forbids(bench: Bench, role: str, status: int = 403) -> None:
    """Have iMIS refuse every request of a role from now on."""
    bench.imis.faults.add(Fault("status", {"role": role}, times=None, params={"status": status}))


async def doors(bench: Bench, resource: str = "imis/openid-connect") -> dict[str, Any]:
    """Give what `/status` says of a document."""
    answer = (await bench.client.get(f"{BASE}/status")).json()
    found: dict[str, Any] = next(
        each for each in answer["resources"] if each["resource"] == resource
    )
    return found


def states(entry: dict[str, Any]) -> dict[str, str]:
    return {each["connector"]: each["state"] for each in entry["doors"]}


async def test_the_first_that_is_able_serves(bench: Bench) -> None:
    """The licence is none that REST can list: a person says it."""
    assert (await bench.client.get(OPENID_CONNECT)).json()["name"] == "Cloud SSO"
    page, licence = await doors(bench), await doors(bench, "imis/licence")
    assert (page["connector"], page["unreachable"]) == ("imis_rest", ["email_body"])
    assert states(page) == {"imis_rest": "serves", "assisted": "next"}
    assert states(licence) == {"imis_rest": "cannot-reach", "assisted": "serves"}


async def test_a_door_that_is_closed_on_a_write_leads_to_the_next_within_the_request(
    bench: Bench,
) -> None:
    """The person is shown the difference to what was read a moment ago; nothing was written."""
    await bench.client.get(OPENID_CONNECT)
    forbids(bench, "write")
    answer = await bench.client.put(OPENID_CONNECT, json={"name": "Members"})
    body = refused(answer, 409, "manual-step-required", "name")
    assert body["detail"].startswith("A person has to do this in the Staff site of iMIS")
    assert "imis_rest: iMIS forbids the service account" in body["detail"]
    assert answer.headers["upstream-writes"] == "0"
    page = await doors(bench)
    assert states(page) == {"imis_rest": "closed", "assisted": "serves"}
    closed = page["doors"][0]
    assert closed["detail"].startswith("upstream-not-licensed: iMIS forbids")
    assert (closed["since"] is not None, closed["again"]) == (True, None)
    assert page["unaccepted"] == ["email_body"]

    # The person did it: the values beside it are those that were read over REST.
    bench.imis.change(ProviderName="Members")
    await done(bench, (await waiting(bench))[0]["id"])
    written = await bench.client.put(OPENID_CONNECT, json={"name": "Members"})
    assert (written.status_code, written.headers["upstream-writes"]) == (200, "0")
    document = written.json()
    assert document["client_id"] == bench.cloud_sso.client_id
    assert document["email_body"] == ""


async def test_it_stays_closed_until_somebody_opens_it(bench: Bench) -> None:
    """A read proves nothing of a write: neither time nor a restart opens it, `login --retry` does."""
    await bench.client.get(OPENID_CONNECT)
    forbids(bench, "write")
    await bench.client.put(OPENID_CONNECT, json={"name": "Members"})
    requests = bench.imis.counters.requests
    await bench.client.get(MODE)
    assert bench.imis.counters.requests == requests
    bench.imis.faults.clear()
    assert await forget_closings(bench.service.store.facts, "test") == 1
    answer = await bench.client.put(OPENID_CONNECT, json={"name": "Members"})
    assert (answer.status_code, answer.headers["upstream-writes"]) == (200, "1")


async def test_a_door_closed_on_a_read_is_tried_again_after_a_while(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    forbids(bench, "read", 501)
    refused(await bench.client.get(MODE), 409, "manual-step-required")
    closed = (await doors(bench, "imis/oidc-authentication"))["doors"][0]
    assert closed["again"] is not None
    bench.imis.faults.clear()
    refused(await bench.client.get(MODE), 409, "manual-step-required")
    later = closings.datetime.now(closings.UTC) + closings.AGAIN
    monkeypatch.setattr(
        bench.service.pairs["test"].doors["imis"]._closings, "_clock", lambda: later
    )
    assert (await bench.client.get(MODE)).json() == {"mode": "disabled"}
    assert states(await doors(bench))["imis_rest"] == "serves"


@pytest.mark.parametrize(("status", "slug"), [(500, "upstream-error"), (429, "upstream-unava")])
async def test_a_failing_product_closes_nothing(bench: Bench, status: int, slug: str) -> None:
    await bench.client.get(OPENID_CONNECT)
    forbids(bench, "read", status)
    answer = await bench.client.get(OPENID_CONNECT)
    assert answer.json()["type"].startswith(f"/problems/{slug}")
    assert states(await doors(bench))["imis_rest"] == "serves"


async def test_refused_values_close_nothing(bench: Bench) -> None:
    """Another door would meet the same refusal, or get round it."""
    await bench.client.get(OPENID_CONNECT)
    forbids(bench, "write", 400)
    answer = await bench.client.put(OPENID_CONNECT, json={"name": "Members"})
    refused(answer, 424, "upstream-refused")
    assert states(await doors(bench))["imis_rest"] == "serves"


async def test_reach_widens_only_where_it_is_accepted(bench: Bench) -> None:
    """contract 1.1: `imis-sso connectors accept`, by an administrator, on the trail."""
    await bench.client.get(OPENID_CONNECT)
    forbids(bench, "write")
    await bench.client.put(OPENID_CONNECT, json={"name": "Members"})
    await done(bench, "1")
    answer = await bench.client.put(OPENID_CONNECT, json=EVERYTHING)
    body = refused(answer, 422, "unsupported-by-connector", "email_body")
    assert "connectors accept" in body["detail"]
    caller = bench.caller(Scope.APPLY)
    refused(await caller.post(f"{CONNECTORS}/accept", json={}), 403, "forbidden")
    accepted = (await bench.client.post(f"{CONNECTORS}/accept", json={})).json()["items"]
    assert [(each["resource"], each["unaccepted"]) for each in accepted] == [
        ("imis/openid-connect", ["email_body"])
    ]
    (line,) = (await bench.client.get(f"{BASE}/changes", params={"kind": "reach"})).json()["items"]
    assert line["facts"]["documents"]["imis/openid-connect"]["gained"] == ["email_body"]
    answer = await bench.client.put(OPENID_CONNECT, json=EVERYTHING)
    refused(answer, 409, "manual-step-required", "email_body")
    assert (await bench.client.post(f"{CONNECTORS}/accept", json={})).json() == {"items": []}


async def test_reach_that_was_accepted_is_missed(bench: Bench) -> None:
    """contract 1.1: neither shown nor written; the mode is another document, and can be lowered."""
    await bench.client.get(OPENID_CONNECT)
    forbids(bench, "write")
    await bench.client.put(OPENID_CONNECT, json={"name": "Members"})
    await done(bench, "1")
    await bench.client.post(f"{CONNECTORS}/accept", json={})
    bench.imis.faults.clear()
    bench.imis.change(Mode=1)
    await forget_closings(bench.service.store.facts, "test")  # REST is back
    for answer in (
        await bench.client.get(OPENID_CONNECT),
        await bench.client.put(OPENID_CONNECT, json={"name": "A"}),
    ):
        refused(answer, 424, "reach-changed", "email_body")
    requests = bench.imis.counters.requests
    listed = (await bench.client.get(CONNECTORS)).json()["items"][0]
    assert bench.imis.counters.requests == requests
    assert (listed["connector"], listed["lost"]) == ("imis_rest", ["email_body"])
    lowered = await bench.client.put(MODE, json={"mode": "disabled"})
    assert (lowered.status_code, lowered.headers["upstream-writes"]) == (200, "1")
    await bench.client.post(f"{CONNECTORS}/accept", json={})
    assert (await bench.client.get(OPENID_CONNECT)).status_code == 200


async def test_lowering_takes_any_door(bench: Bench) -> None:
    """contract 1.2: a product that does not answer leaves the person, who is told what to do."""
    await bench.client.get(OPENID_CONNECT)
    bench.imis.change(Mode=2)
    forbids(bench, "write", 503)
    answer = await bench.client.put(MODE, json={"mode": "disabled"})
    body = refused(answer, 409, "manual-step-required", "mode")
    assert 'set "OIDC authentication" to "Disabled"' in body["detail"]
    assert "imis_rest: iMIS is too busy" in body["detail"]
    refused(await bench.client.put(OPENID_CONNECT, json={"name": "A"}), 503, "upstream-unavailable")
    (step,) = await waiting(bench)
    assert (await bench.client.get(f"{STEPS}/{step['id']}")).json() == step
