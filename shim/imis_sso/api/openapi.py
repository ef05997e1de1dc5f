"""What the OpenAPI document says of each settings route, derived from the declarations."""

from __future__ import annotations

from collections.abc import Container
from typing import Any, Final

from fastapi import FastAPI

from imis_sso.api import schemas
from imis_sso.api.parameters import (
    IDEMPOTENCY_KEY,
    answered,
    conditions,
    header_parameter,
    parameter,
)
from imis_sso.api.query import DELETE_PARAMETERS, READ_PARAMETERS, WRITE_PARAMETERS
from imis_sso.domain.decisions import Decision
from imis_sso.domain.documents import Document
from imis_sso.domain.problems import Problem, Unauthenticated, problem_types
from imis_sso.domain.resources import KEY, TEMPLATE, Resource

SECURITY_SCHEME: Final = "bearer"
SECURITY_SCHEMES: Final = {
    SECURITY_SCHEME: {
        "type": "http",
        "scheme": "bearer",
        "description": "A token made with `imis-sso token create`, or a JWT of a trusted issuer "
        "(C40). Each operation's `x-decision` names the scope that it needs.",
    }
}
_PROBLEM_CONTENT: Final = {"application/problem+json": {"schema": schemas.PROBLEM}}
_NOT_MODIFIED: Final = {"description": "The caller has it already (If-None-Match, C34)."}
_NEEDS_TOKEN: Final[list[dict[str, list[str]]]] = [{SECURITY_SCHEME: []}]
_READ_STATUSES: Final = frozenset({401, 403, 404, 413, 422, 424, 429, 500, 502, 503, 504})
# 405 is what operations answer that do not exist.
_WRITE_STATUSES: Final = frozenset({each.status for each in problem_types().values()} - {405})
_SERVICE_STATUSES: Final = frozenset({401, 403, 404, 413, 429, 500})
KEY_PARAMETER: Final = {
    "name": "id",
    "in": "path",
    "required": True,
    "description": "The operator's key of the item; it never changes (contract 1.3).",
    "schema": {"type": "string", "pattern": f"^{KEY.pattern}$"},
}
_OFFERED: Final = {
    "GET": READ_PARAMETERS,
    "PUT": WRITE_PARAMETERS,
    "PATCH": WRITE_PARAMETERS,
    "DELETE": DELETE_PARAMETERS,
}


def document_schema(document: type[Document]) -> dict[str, Any]:
    """Give the JSON Schema of a document as it is answered.

    A document is complete (contract C9); no key is required here, because `fields` projects it.
    """
    schema = _schema(document.model_json_schema())
    return schema | {
        "additionalProperties": False,
        "properties": schema["properties"] | {"meta": schemas.META},
    }


def body_schema(document: type[Document]) -> dict[str, Any]:
    """Give the JSON Schema of a body: any of the keys, and the write-only secret (C2, C24)."""
    schema = _schema(document.model_json_schema())
    secret = document.secret
    inline = {} if secret is None else {secret.inline: schemas.write_only(secret.label)}
    return schema | {"additionalProperties": False, "properties": schema["properties"] | inline}


def _schema(schema: dict[str, Any]) -> dict[str, Any]:
    # Schemas of nested documents are put in place, so that each route stands on its own.
    definitions = schema.pop("$defs", {})

    def resolved(value: Any) -> Any:
        if isinstance(value, list):
            return [resolved(each) for each in value]
        if not isinstance(value, dict):
            return value
        if "$ref" in value:
            return resolved(definitions[value["$ref"].rpartition("/")[2]])
        return {key: resolved(each) for key, each in value.items() if key != "x-marks"}

    result: dict[str, Any] = resolved(schema)
    return result


def operation(resource: Resource, method: str) -> dict[str, Any]:
    """Give the parameters and the body of an operation on a resource."""
    offered = [name for name in _OFFERED[method] if name != "force" or not resource.read_only]
    extra: dict[str, Any] = {
        "security": _NEEDS_TOKEN,
        "parameters": [parameter(name) for name in offered] + conditions(method),
        **(Decision.READ if method == "GET" else Decision.WRITE).stated(),
    }
    if TEMPLATE in resource.path:
        extra["parameters"].append(KEY_PARAMETER)
    if method in ("PUT", "PATCH"):
        extra["requestBody"] = _request_body(resource, method)
    return extra


def _request_body(resource: Resource, method: str) -> dict[str, Any]:
    schema = {"schema": body_schema(resource.document)}
    types = ["application/json"] + (["application/merge-patch+json"] if method == "PATCH" else [])
    return {"required": True, "content": dict.fromkeys(types, schema)}


def responses(resource: Resource, method: str) -> dict[int | str, dict[str, Any]]:
    """Give the answers of an operation: the document, or the problems by status."""
    answers = _success("The full document.", document_schema(resource.document))
    written = () if method == "GET" else ("Upstream-Writes",)
    answers[200]["headers"] = answered("ETag", *written)
    if method == "GET":
        answers[304] = _NOT_MODIFIED
    if method == "DELETE":
        answers[204] = {
            "description": "Let go; nothing is answered.",
            "headers": answered(*written),
        }
    else:
        answers[200]["links"] = {"document": _link(f"/v1/environments/{{env}}/{resource.path}")}
    _add_problems(answers, _READ_STATUSES if method == "GET" else _WRITE_STATUSES)
    return answers


def getting(
    schema: dict[str, Any],
    *parameters: str,
    asks_products: bool = False,
    needs: Decision = Decision.READ,
    item: str = "",
) -> dict[str, Any]:
    """Give what a route says of itself that needs a token and is no settings document.

    `item` is the address of a collection's items, where they have one of the same shape.
    """
    answers = _success("What was asked for.", schema)
    answers[200]["headers"] = answered("ETag")
    answers[304] = _NOT_MODIFIED
    if item:
        name = item.rpartition("{")[2].rstrip("}")
        answers[200]["links"] = {"item": _link(item, **{name: "$response.body#/items/0/id"})}
    _add_problems(answers, _READ_STATUSES if asks_products else _SERVICE_STATUSES)
    # Also keeps FastAPI from promising its own 422, which we never answer.
    answers["default"] = {"description": "Any other problem.", "content": _PROBLEM_CONTENT}
    offered = [parameter(name) for name in parameters] + conditions("GET")
    extra = {"security": _NEEDS_TOKEN, "parameters": offered, **needs.stated()}
    return {"response_model": None, "responses": answers, "openapi_extra": extra}


def posting(
    schema: dict[str, Any], body: dict[str, Any], *parameters: str, needs: Decision
) -> dict[str, Any]:
    """Give what a route says of itself that acts on a whole environment (contract section 1)."""
    answers = _success("What was done, or would be.", schema)
    answers[200]["headers"] = answered("Upstream-Writes")
    _add_problems(answers, _WRITE_STATUSES)
    content = {"application/json": {"schema": body}}
    extra = {
        **needs.stated(),
        "security": _NEEDS_TOKEN,
        "parameters": [*map(parameter, parameters), header_parameter("X-Change-Reason")],
        "requestBody": {"required": True, "content": content},
    }
    return {"response_model": None, "responses": answers, "openapi_extra": extra}


def _link(path: str, **found: str) -> dict[str, Any]:
    """Say where to go on from an answer, with parameters of the request or of the answer."""
    names = [each.partition("}")[0] for each in path.split("{")[1:]]
    parameters = {name: f"$request.path.{name}" for name in names} | found
    pointer = path.replace("/", "~1")
    return {"operationRef": f"#/paths/{pointer}/get", "parameters": parameters}


def open_to_all(schema: dict[str, Any]) -> dict[str, Any]:
    """Give what a route says of itself that everybody may ask."""
    return {
        "response_model": None,
        "responses": _success("What was asked for.", schema),
        "openapi_extra": Decision.OPEN.stated(),
    }


class Described(FastAPI):
    """An application whose OpenAPI document also says how to authenticate."""

    def openapi(self) -> dict[str, Any]:
        """Give the OpenAPI document."""
        document = super().openapi()
        document.setdefault("components", {})["securitySchemes"] = SECURITY_SCHEMES
        for path, operations in document["paths"].items():
            if "post" in operations and path.startswith("/v1/"):
                _add_idempotency_key(operations["post"])
        return document


def _add_idempotency_key(operation: dict[str, Any]) -> None:
    """Describe the header that every POST takes (contract C35)."""
    parameters = operation.setdefault("parameters", [])
    if all(each["name"] != IDEMPOTENCY_KEY["name"] for each in parameters):
        parameters.append(IDEMPOTENCY_KEY)


def _success(description: str, schema: dict[str, Any]) -> dict[int | str, dict[str, Any]]:
    content = {"application/json": {"schema": schema}}
    return {200: {"description": description, "content": content}}


def _add_problems(answers: dict[int | str, dict[str, Any]], statuses: Container[int]) -> None:
    for problem in problem_types().values():
        if problem.status in statuses:
            _add_problem(answers, problem)


def _add_problem(answers: dict[int | str, dict[str, Any]], problem: type[Problem]) -> None:
    known = answers.get(problem.status)
    if known is None:
        answers[problem.status] = {
            "description": f"{problem.title} (`{problem.slug}`)",
            "content": _PROBLEM_CONTENT,
        }
        if problem.default_retry_after is not None:
            answers[problem.status]["headers"] = answered("Retry-After")
        if problem is Unauthenticated:
            answers[problem.status]["headers"] = answered("WWW-Authenticate")
    else:
        known["description"] += f"; {problem.title.lower()} (`{problem.slug}`)"
