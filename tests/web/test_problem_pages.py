"""The pages under `/problems` and `/docs`: contract C30, section 1; targets S5."""

from __future__ import annotations

import base64
import hashlib
import html
import re
from html.parser import HTMLParser
from urllib.parse import urlsplit

import httpx
import pytest
from service_bench import BASE, Bench, bench_for

from imis_sso.domain.problems import problem_types
from imis_sso.domain.resources import RESOURCES
from imis_sso.simulators import Simulation

pytestmark = pytest.mark.anyio

EMPTY = {"meta", "link", "br", "input", "img", "hr"}


@pytest.fixture(scope="module")
async def pages(tmp_path_factory: pytest.TempPathFactory):
    """The service in front of products that nobody ever starts: a page asks none of them."""
    simulation = Simulation(tmp_path_factory.mktemp("simulation"))
    async with bench_for(simulation, tmp_path_factory.mktemp("service")) as bench:
        yield bench
    simulation.stop()


class Balance(HTMLParser):
    """Reads a page strictly: every element that is opened is closed, in order."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.links: list[str] = []
        self.text: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag not in EMPTY:
            self.open.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]
        assert not any(name.startswith("on") for name, _ in attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag
        if tag not in ("code", "a", "span"):
            self.text.append(" ")

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] != "style":
            self.text.append(data)


def read(answer: httpx.Response) -> tuple[Balance, str]:
    """Parse a page; give what was found and its text with white space folded."""
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    page = Balance()
    page.feed(answer.text)
    page.close()
    assert page.open == []
    return page, " ".join("".join(page.text).split())


@pytest.mark.parametrize("slug", list(problem_types()))
async def test_every_problem_type_has_a_page(pages: Bench, slug: str) -> None:
    """contract C30: `type` is the address of a page that explains it."""
    problem = problem_types()[slug]
    page, text = read(await pages.anybody().get(f"/problems/{slug}"))
    assert problem.title in text
    assert f"Status {problem.status}" in text
    explained = " ".join((problem.__doc__ or "").replace("`", "").split())
    assert explained in text
    assert "`" not in text
    assert "/problems" in page.links


async def test_the_list_leads_to_every_page(pages: Bench) -> None:
    page, text = read(await pages.anybody().get("/problems"))
    assert [link.rpartition("/")[2] for link in page.links] == list(problem_types())
    assert all(each.title in text for each in problem_types().values())


async def test_the_documentation_names_every_field(pages: Bench) -> None:
    """targets, style: documentation as a test."""
    _, text = read(await pages.anybody().get("/docs"))
    for resource in RESOURCES:
        assert f"/v1/environments/{{env}}/{resource.path}" in text
        assert resource.summary in text
        for setting in resource.document.settings():
            assert f"{setting.path} {setting.label} " in text
            assert " ".join(setting.text.replace("`", "").split()) in text
            assert all(choice in text for choice in setting.choices)
    for key in ("client_secret", "client_secret_ref", "client_secret_version"):
        assert f"{key} Client Secret " in text


async def test_the_documentation_names_every_address_and_parameter(pages: Bench) -> None:
    """contract section 1, C14."""
    answer = await pages.anybody().get("/docs")
    _, text = read(answer)
    document = (await pages.anybody().get("/openapi.json")).json()
    for path, methods in document["paths"].items():
        assert html.escape(path) in answer.text
        assert all(method.upper() in text for method in methods)
    for name in ("fields", "include", "dry_run", "force", "on_destroy", "probe"):
        assert f"<code>{name}</code>" in answer.text


async def test_looking_twice_shows_the_same(pages: Bench) -> None:
    """The page must not use up what it is made from."""
    nobody = pages.anybody()
    before = (await nobody.get("/openapi.json")).content
    assert (await nobody.get("/docs")).text == (await nobody.get("/docs")).text
    assert (await nobody.get("/openapi.json")).content == before


async def test_every_link_leads_somewhere_of_ours(pages: Bench) -> None:
    for path in ("/docs", "/problems", "/problems/busy"):
        page, _ = read(await pages.anybody().get(path))
        for link in set(page.links):
            assert not urlsplit(link).netloc, "nothing is loaded from elsewhere"
            assert (await pages.anybody().get(link)).status_code == 200


async def test_pages_run_no_script(pages: Bench) -> None:
    """targets S5: CSP set, and nothing that would need more than it allows."""
    for path in ("/docs", "/problems", "/problems/activation-guard"):
        answer = await pages.anybody().get(path)
        page, _ = read(answer)
        assert not page.tags & {"script", "iframe", "object", "embed", "form", "img", "link"}
        policy = answer.headers["content-security-policy"]
        style = re.search(r"<style>(.*)</style>", answer.text, re.DOTALL)
        assert style is not None
        digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
        assert f"style-src 'sha256-{digest}';" in policy
        assert "unsafe" not in policy
        assert " style=" not in answer.text
        assert "default-src 'none'" in policy
        assert "script-src" not in policy
        assert "frame-ancestors 'none'" in policy


@pytest.mark.parametrize(
    "slug", ["nobody", "%3Cscript%3Ealert(1)%3C%2Fscript%3E", "x" * 500, "..%2f", "%00", "Busy"]
)
async def test_an_unknown_type_is_a_problem_itself(pages: Bench, slug: str) -> None:
    answer = await pages.anybody().get(f"/problems/{slug}")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "/problems/not-found"
    assert len(answer.content) < 600


@pytest.mark.parametrize(
    ("path", "status"), [("/docs", 200), ("/livez", 200), ("/openapi.json", 200), (f"{BASE}/status", 401), ("/x", 401)]
)  # fmt: skip
async def test_every_answer_has_the_security_headers(pages: Bench, path: str, status: int) -> None:
    """contract section 5; targets S5."""
    answer = await pages.anybody().get(path)
    assert answer.status_code == status
    expected = {
        "cache-control": "no-store",
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
    }
    assert expected.items() <= dict(answer.headers).items()
    assert answer.headers["content-security-policy"]
    assert answer.headers["x-request-id"].isalpha()
    assert "server" not in answer.headers


async def test_the_headers_are_on_answers_to_callers_too(pages: Bench) -> None:
    for path in (f"{BASE}/status", "/v1/environments", "/nowhere"):
        answer = await pages.client.get(path)
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
