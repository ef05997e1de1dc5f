"""The OpenAPI document says what the service does: contract section 1, targets S4."""

from __future__ import annotations

import re
from typing import Any

import pytest
from api_answers import bring_into_agreement
from route_table import decisions
from service_bench import BASE, CLIENT, MODE, OPENID_CONNECT, REDIRECT, Bench

from imis_sso.domain.decisions import Decision
from imis_sso.domain.problems import problem_types
from imis_sso.domain.resources import RESOURCES

pytestmark = pytest.mark.anyio

HTML_PAGES = {"/docs", "/problems", "/problems/{slug}", "/openapi.json"}
METHODS = {"get", "put", "patch", "delete", "post"}


@pytest.fixture
async def document(settled: Bench) -> dict[str, Any]:
    answer = await settled.anybody().get("/openapi.json")
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def conforms(value: object, schema: dict[str, Any], where: str = "$") -> None:
    """Check a value against the parts of JSON Schema that the document uses, and no others."""
    known = {
        "type", "properties", "required", "additionalProperties", "items", "enum", "anyOf",
        "title", "description", "default", "format", "writeOnly", "const",
    }  # fmt: skip
    assert schema.keys() <= known, f"{where}: {schema.keys() - known}"
    if "anyOf" in schema:
        types = {"null": None}
        options = [
            each
            for each in schema["anyOf"]
            if (types.get(each.get("type"), 0) is None) == (value is None)
        ]
        conforms(value, options[0], where)
    kinds = {"object": dict, "array": list, "string": str, "boolean": bool, "integer": int}
    if schema.get("type") in kinds:
        assert isinstance(value, kinds[schema["type"]]), where
    assert "enum" not in schema or value in schema["enum"], where
    if isinstance(value, dict):
        properties = schema.get("properties", {})
        assert set(schema.get("required", ())) <= value.keys(), where
        if schema.get("additionalProperties") is False:
            assert value.keys() <= properties.keys(), where
        for key, each in value.items():
            conforms(each, properties.get(key, {}), f"{where}.{key}")
    if isinstance(value, list):
        for number, each in enumerate(value):
            conforms(each, schema.get("items", {}), f"{where}[{number}]")


def _schema(
    document: dict[str, Any], method: str, path: str, status: str = "200"
) -> dict[str, Any]:
    content = document["paths"][path][method]["responses"][status]["content"]
    (schema,) = [each["schema"] for each in content.values()]
    found: dict[str, Any] = schema
    return found


async def test_every_route_is_documented(settled: Bench, document: dict[str, Any]) -> None:
    """contract section 1: the routes that answer JSON, no more and no fewer."""
    documented = {
        (method.upper(), path) for path, methods in document["paths"].items() for method in methods
    }
    assert documented == {each for each in decisions(settled.app) if each[1] not in HTML_PAGES}


async def test_the_document_is_well_formed(document: dict[str, Any]) -> None:
    """OpenAPI 3.1."""
    assert document["openapi"].startswith("3.1")
    assert document["info"]["title"] == "imis-sso"
    identities = []
    for path, methods in document["paths"].items():
        assert methods.keys() <= METHODS
        in_path = set(re.findall(r"{(\w+)}", path))
        for operation in methods.values():
            identities.append(operation["operationId"])
            parameters = operation.get("parameters", [])
            declared = {each["name"] for each in parameters if each["in"] == "path"}
            assert declared == in_path
            names = [(each["in"], each["name"]) for each in parameters]
            assert len(names) == len(set(names))
            assert operation["summary"]
            assert operation["tags"]
            assert all(re.fullmatch(r"[1-5]\d\d|default", each) for each in operation["responses"])
            assert all(each["description"] for each in operation["responses"].values())
    assert len(identities) == len(set(identities))
    assert "$ref" not in str(document["paths"])


async def test_what_needs_a_token_says_so(settled: Bench, document: dict[str, Any]) -> None:
    """contract C40."""
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    for (method, path), decision in decisions(settled.app).items():
        if path in HTML_PAGES:
            continue
        operation = document["paths"][path][method.lower()]
        assert operation["x-decision"] == decision
        assert ("security" in operation) == (decision is not Decision.OPEN)
        assert ("401" in operation["responses"]) == (decision is not Decision.OPEN)


async def test_every_problem_is_documented(settled: Bench, document: dict[str, Any]) -> None:
    """contract section 4: each type, where it can be met; 405 is met where nothing is."""
    said = ""
    for (method, path), decision in decisions(settled.app).items():
        if decision is Decision.OPEN or path in HTML_PAGES:
            continue
        responses = document["paths"][path][method.lower()]["responses"]
        for status, each in responses.items():
            if status[0] in "45d":
                assert "application/problem+json" in each["content"]
            said += each["description"]
        assert {"401", "403", "429", "500"} <= responses.keys()
        if method != "GET":
            assert {"400", "409", "412", "415", "422", "424", "503", "504"} <= responses.keys()
    missing = [slug for slug in problem_types() if f"`{slug}`" not in said]
    assert missing == ["method-not-allowed"]


async def test_each_document_is_described_from_its_declaration(document: dict[str, Any]) -> None:
    """contract 1.1: label, default and meaning of each field, and no internals."""
    for resource in RESOURCES:
        path = f"/v1/environments/{{env}}/{resource.path}"
        properties = _schema(document, "get", path)["properties"]
        assert [*properties] == [*resource.document.model_fields, "meta"]
        for setting in resource.document.settings():
            place = {"properties": properties}
            for part in setting.path.split("."):
                place = place["properties"][part]
            assert place["title"] == setting.label
            assert place["default"] == setting.default
            assert place["description"] == setting.text
    assert "x-marks" not in str(document)


async def test_bodies_may_be_partial_and_carry_the_secret(document: dict[str, Any]) -> None:
    """contract C2, C6, C24."""
    operations = document["paths"]["/v1/environments/{env}/imis/openid-connect"]
    put, patch = (operations[each]["requestBody"]["content"] for each in ("put", "patch"))
    assert list(put) == ["application/json"]
    assert sorted(patch) == ["application/json", "application/merge-patch+json"]
    schema = put["application/json"]["schema"]
    assert "required" not in schema
    assert schema["properties"]["client_secret"]["writeOnly"] is True
    assert (
        "client_secret"
        not in _schema(document, "get", "/v1/environments/{env}/imis/openid-connect")["properties"]
    )


@pytest.mark.browser
async def test_answers_are_as_the_document_says(bench: Bench) -> None:
    """targets S4, in small: real answers against the schemas."""
    document = (await bench.anybody().get("/openapi.json")).json()
    bring_into_agreement(bench)
    client = bench.client
    requests: list[tuple[str, str, dict[str, str], Any]] = [
        ("get", path, params, None)
        for path in (OPENID_CONNECT, MODE, CLIENT, REDIRECT)
        for params in ({}, {"include": "meta"})
    ] + [
        ("get", path, {}, None)
        for path in (
            "/livez", "/readyz", "/version", "/v1/healthz", "/v1/environments", BASE, f"{BASE}/imis",
            f"{BASE}/cloud-sso", f"{BASE}/secrets", f"{BASE}/secrets/partner",
            f"{BASE}/verification", f"{BASE}/status", f"{BASE}/emergency",
        )
    ] + [
        ("put", OPENID_CONNECT, {"include": "meta"}, {"name": "Members"}),
        ("patch", OPENID_CONNECT, {"fields": "name"}, {"name": None}),
        ("put", OPENID_CONNECT, {"include": "meta", "dry_run": "true"}, {"name": "X"}),
        ("put", OPENID_CONNECT, {}, {"name": " x"}),
        ("put", MODE, {}, {"mode": "enabled"}),
        ("delete", MODE, {}, {"mode": "x"}),
        ("post", f"{BASE}/emergency", {}, {"reason": "r", "mode": "disabled"}),
        ("post", f"{BASE}/emergency", {}, {}),
        ("get", f"{BASE}/status", {}, None),
        ("post", f"{BASE}/hold/release", {}, {"reason": "r"}),
        ("post", f"{BASE}/hold/release", {}, {"reason": "r"}),
        ("get", f"{BASE}/secrets/nobody", {}, None),
    ]  # fmt: skip
    for method, path, params, body in requests:
        answer = await client.request(method, path, params=params, json=body)
        template = path.replace(BASE, "/v1/environments/{env}")
        template = re.sub(r"secrets/.+", "secrets/{name}", template)
        conforms(answer.json(), _schema(document, method, template, str(answer.status_code)), path)
