"""What the OpenAPI document says of each settings route, derived from the declarations."""

from __future__ import annotations

from typing import Any, Final

from imis_sso.api.query import DELETE_PARAMETERS, READ_PARAMETERS, WRITE_PARAMETERS
from imis_sso.domain.documents import Document
from imis_sso.domain.problems import Problem, problem_types
from imis_sso.domain.resources import Resource

PROBLEM_SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["detail", "type", "title", "errors", "request_id"],
    "properties": {
        "detail": {"type": "string"},
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "detail"],
                "properties": {
                    "field": {"type": "string"},
                    "detail": {"type": "string"},
                    "canonical": {"type": "string"},
                },
            },
        },
        "request_id": {"type": "string"},
    },
}
_BOOLEAN: Final = {"type": "string", "enum": ["true", "false"]}
_PARAMETERS: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "fields": ("Top-level names to answer, separated by commas (C14).", {"type": "string"}),
    "include": ("Adds `meta` to the answer (C8).", {"type": "string", "enum": ["meta"]}),
    "dry_run": ("Meets every gate and writes nothing (C15).", _BOOLEAN),
    "force": ("Overrides gates, never trust pins; scope `admin` (1.2).", _BOOLEAN),
    "on_destroy": ("What DELETE does (C5).", {"type": "string"}),
}
_OFFERED: Final = {
    "GET": READ_PARAMETERS,
    "PUT": WRITE_PARAMETERS,
    "PATCH": WRITE_PARAMETERS,
    "DELETE": DELETE_PARAMETERS,
}


def document_schema(document: type[Document], *, partial: bool = False) -> dict[str, Any]:
    """Give the JSON Schema of a document; `partial` for bodies, where every key may be absent.

    A body may carry the write-only secret (contract C24).
    """
    schema = _schema(document.model_json_schema())
    schema["additionalProperties"] = False
    if not partial:
        schema["required"] = sorted(schema["properties"])
    elif document.secret is not None:
        schema["properties"][document.secret.inline] = {
            "type": "string",
            "writeOnly": True,
            "title": document.secret.label,
        }
    return schema


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
        "parameters": [
            {
                "name": name,
                "in": "query",
                "required": False,
                "description": _PARAMETERS[name][0],
                "schema": _PARAMETERS[name][1],
            }
            for name in offered
        ]
    }
    if method in ("PUT", "PATCH"):
        extra["requestBody"] = _request_body(resource, method)
    return extra


def _request_body(resource: Resource, method: str) -> dict[str, Any]:
    schema = {"schema": document_schema(resource.document, partial=True)}
    types = ["application/json"] + (["application/merge-patch+json"] if method == "PATCH" else [])
    return {"required": True, "content": dict.fromkeys(types, schema)}


def responses(resource: Resource, method: str) -> dict[int | str, dict[str, Any]]:
    """Give the answers of an operation: the document, or the problems by status."""
    answers: dict[int | str, dict[str, Any]] = {}
    if method == "DELETE":
        answers[204] = {"description": "Let go; nothing is answered."}
    content = {"application/json": {"schema": document_schema(resource.document)}}
    answers[200] = {"description": "The full document.", "content": content}
    for problem in problem_types().values():
        _add_problem(answers, problem)
    return answers


def _add_problem(answers: dict[int | str, dict[str, Any]], problem: type[Problem]) -> None:
    known = answers.get(problem.status)
    if known is None:
        answers[problem.status] = {
            "description": problem.title,
            "content": {"application/problem+json": {"schema": PROBLEM_SCHEMA}},
        }
    else:
        known["description"] += f"; {problem.title.lower()}"
