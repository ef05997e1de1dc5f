"""`Idempotency-Key` on POST, by the layer that every route below `/v1` has: contract C35."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from api_answers import refused
from fastapi import FastAPI
from service_bench import Bench
from sqlalchemy import select, text
from starlette.requests import Request
from starlette.responses import Response

from imis_sso.api.answers import json_answer, problem_answer
from imis_sso.api.entrance import Entrance
from imis_sso.api.idempotency import IdempotentPosts
from imis_sso.api.limits import RateLimit
from imis_sso.domain.access import Scope
from imis_sso.domain.problems import Busy, Forbidden, Held, Problem, RateLimited
from imis_sso.store.engine import SqlStore, open_store
from imis_sso.store.tables import IDEMPOTENCY

pytestmark = pytest.mark.anyio

PATH = "/v1/count"
KEY = {"Idempotency-Key": "run-17"}


class Desk:
    """A small application behind the same layers as the service, and its callers."""

    def __init__(self, store: SqlStore) -> None:
        self.store = store
        self.done = 0
        self.fails: Exception | None = None
        self.goes_on = asyncio.Event()
        self.goes_on.set()
        self.app = FastAPI()
        self.app.add_api_route("/v1/{place:path}", self._count, methods=["POST", "PUT", "GET"])
        self.app.add_api_route("/elsewhere", self._count, methods=["POST"])
        self.app.add_exception_handler(Problem, _answer)
        self.app.add_middleware(IdempotentPosts, store=store.idempotency)
        self.app.add_middleware(
            Entrance,
            authenticate=store.tokens.find,
            limit=RateLimit(10_000),
            openings=frozenset(),
        )
        self.client = self.caller("ci")

    async def _count(self, request: Request) -> Response:
        await self.goes_on.wait()
        self.done += 1
        if self.fails is not None:
            raise self.fails
        body = (await request.body()).decode()
        return json_answer({"done": self.done, "body": body}, 202, {"ETag": f'"{self.done}"'})

    def caller(self, name: str) -> httpx.AsyncClient:
        headers = {"Authorization": f"Bearer {self.store.tokens.ephemeral(name, Scope.ADMIN)}"}
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url="http://desk", headers=headers)


async def _answer(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return problem_answer(error, request.method, request.state.request_id)


@asynccontextmanager
async def _desk(folder: Path) -> AsyncIterator[Desk]:
    store = await open_store(folder)
    yield Desk(store)
    await store.aclose()


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with _desk(tmp_path / "data") as found:
        yield found


async def test_the_same_again_is_done_once(desk: Desk) -> None:
    """Status, headers and body; told apart by a header and by its own request id."""
    first = await desk.client.post(PATH, json={"a": "ä"}, headers=KEY)
    again = await desk.client.post(PATH, json={"a": "ä"}, headers=KEY)
    assert desk.done == 1
    assert (first.status_code, first.json()["done"]) == (202, 1)
    assert (again.status_code, again.content) == (first.status_code, first.content)
    own = {"x-request-id", "idempotency-replayed"}
    kept = [{k: v for k, v in each.headers.items() if k not in own} for each in (first, again)]
    assert kept[0] == kept[1]
    assert again.headers["etag"] == '"1"'
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    assert first.headers["x-request-id"] != again.headers["x-request-id"]


async def test_it_is_given_again_after_a_restart(tmp_path: Path) -> None:
    """And by another replica: the store is what they share."""
    async with _desk(tmp_path) as first:
        answer = await first.client.post(PATH, content=b"x", headers=KEY)
    async with _desk(tmp_path) as second:
        again = await second.client.post(PATH, content=b"x", headers=KEY)
        assert (again.content, second.done) == (answer.content, 0)


@pytest.mark.parametrize(
    ("path", "body"), [(PATH, b"y"), (f"{PATH}?dry_run=true", b"x"), ("/v1/other", b"x")]
)
async def test_another_request_under_the_key(desk: Desk, path: str, body: bytes) -> None:
    await desk.client.post(PATH, content=b"x", headers=KEY)
    found = refused(
        await desk.client.post(path, content=body, headers=KEY), 422, "idempotency-mismatch"
    )
    assert "run-17" in found["detail"]
    assert desk.done == 1


async def test_while_the_first_is_running(desk: Desk) -> None:
    asked = await _running(desk)
    refused(await desk.client.post(PATH, content=b"x", headers=KEY), 409, "in-progress")
    desk.goes_on.set()
    done = await asked
    assert done.status_code == 202
    assert (await desk.client.post(PATH, content=b"x", headers=KEY)).content == done.content
    assert desk.done == 1


async def test_of_many_at_once_one_is_done(desk: Desk) -> None:
    """Double clicks and retries: 20 callers, one effect, one answer."""
    work = (desk.client.post(PATH, content=b"x", headers=KEY) for _ in range(20))
    answers = await asyncio.gather(*work)
    assert desk.done == 1
    assert {each.status_code for each in answers} <= {202, 409}
    assert len({each.content for each in answers if each.status_code == 202}) == 1


async def test_a_key_is_the_callers_own(desk: Desk) -> None:
    """Another caller learns nothing by trying keys."""
    await desk.client.post(PATH, content=b"x", headers=KEY)
    other = await desk.caller("other").post(PATH, content=b"y", headers=KEY)
    assert (other.status_code, other.json()["done"]) == (202, 2)


async def test_without_a_key_each_is_done(desk: Desk) -> None:
    for _ in range(3):
        assert (await desk.client.post(PATH, content=b"x")).status_code == 202
    assert desk.done == 3


@pytest.mark.parametrize("method", ["PUT", "GET"])
async def test_other_methods_take_no_notice(desk: Desk, method: str) -> None:
    """PUT repeats itself safely anyhow."""
    for _ in range(2):
        assert (await desk.client.request(method, PATH, headers=KEY)).status_code == 202
    assert desk.done == 2


@pytest.mark.parametrize("key", ["", "x" * 256, "ä", "a\tb", "\x7f"])
async def test_a_key_that_is_none(desk: Desk, key: str) -> None:
    answer = await desk.client.post(PATH, headers={"Idempotency-Key": key.encode("utf-8")})
    refused(answer, 422, "invalid-settings", "Idempotency-Key")
    assert desk.done == 0


async def test_two_keys_are_none(desk: Desk) -> None:
    headers = [("Idempotency-Key", "a"), ("Idempotency-Key", "b")]
    answer = await desk.client.post(PATH, headers=headers)
    refused(answer, 422, "invalid-settings", "Idempotency-Key")


@pytest.mark.parametrize("key", ["x", "x" * 255, "~ !", '"8e03978e-40d5-43dd-bc93-6894a57f9324"'])
async def test_keys_of_every_shape(desk: Desk, key: str) -> None:
    for _ in range(2):
        answer = await desk.client.post(PATH, headers={"Idempotency-Key": key})
        assert answer.status_code == 202
    assert desk.done == 1


async def test_a_refusal_is_an_answer_too(desk: Desk) -> None:
    desk.fails = Held("Held.")
    first = await desk.client.post(PATH, headers=KEY)
    desk.fails = None
    again = await desk.client.post(PATH, headers=KEY)
    assert again.content == first.content
    assert (again.status_code, desk.done) == (409, 1)


@pytest.mark.parametrize(
    "error", [Busy("Busy."), RateLimited("Slow."), Forbidden("No."), KeyError()]
)
async def test_what_is_to_be_tried_again_is_not_kept(desk: Desk, error: Exception) -> None:
    """contract C31: `Retry-After` must be worth following; and a scope may be given meanwhile."""
    desk.fails = error
    failed = await desk.client.post(PATH, headers=KEY)
    assert failed.status_code >= 400
    desk.fails = None
    assert (await desk.client.post(PATH, headers=KEY)).status_code == 202
    assert desk.done == 2


async def test_a_caller_without_token_holds_no_key(desk: Desk) -> None:
    stranger = httpx.AsyncClient(transport=httpx.ASGITransport(desk.app), base_url="http://desk")
    refused(await stranger.post(PATH, headers=KEY), 401, "unauthenticated")
    assert (await desk.client.post(PATH, headers=KEY)).status_code == 202


async def test_only_below_v1(desk: Desk) -> None:
    for _ in range(2):
        assert (await desk.client.post("/elsewhere", headers=KEY)).status_code == 202
    assert desk.done == 2


async def test_an_answer_that_cannot_be_kept_is_given_all_the_same(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    """What was done is done: the store failing after it changes nothing of the answer."""
    asked = await _running(desk)
    async with desk.store.database.begin() as connection:
        await connection.execute(text("DROP TABLE idempotency"))
    desk.goes_on.set()
    assert (await asked).status_code == 202
    assert "could not be kept" in caplog.text
    refused(await desk.client.post(PATH, headers=KEY), 503, "audit-unavailable")
    assert desk.done == 1


async def _running(desk: Desk) -> asyncio.Task[httpx.Response]:
    """Begin a request that goes on when the desk does."""
    desk.goes_on.clear()
    asked = asyncio.create_task(desk.client.post(PATH, content=b"x", headers=KEY))
    claims = 0
    while claims == 0:
        assert not asked.done(), asked.result().text
        async with desk.store.database.connect() as connection:
            claims = len((await connection.execute(select(IDEMPOTENCY.c.key))).all())
    return asked


async def test_the_service_itself_has_the_layer(settled: Bench) -> None:
    """Whatever POST routes it has: an unusable key is refused before any of them."""
    answer = await settled.client.post("/v1/environments", headers={"Idempotency-Key": ""})
    refused(answer, 422, "invalid-settings", "Idempotency-Key")
    answer = await settled.client.post("/v1/environments", headers=KEY)
    refused(answer, 405, "method-not-allowed")
    again = await settled.client.post("/v1/environments", headers=KEY)
    assert again.headers["idempotency-replayed"] == "true"
    answer = await settled.client.post("/v1/environments", headers=KEY, content=b"x")
    refused(answer, 422, "idempotency-mismatch")
