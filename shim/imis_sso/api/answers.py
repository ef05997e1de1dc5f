"""Answers: documents in canonical bytes, problems as RFC 9457 says (contract C13, C30)."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from imis_sso.api.query import Query
from imis_sso.domain.canonical import canonical_json
from imis_sso.domain.ledger import StoreUnavailable
from imis_sso.domain.problems import AuditUnavailable, Problem, Unauthenticated
from imis_sso.services.order import Outcome
from imis_sso.services.read import Reading

NOTICE_HEADER: Final = "Imis-Sso-Notice"
WRITES_HEADER: Final = "Upstream-Writes"
PROBLEM_TYPE: Final = "application/problem+json"
_NO_MARKUP: Final = {ord("<"): "\\u003c", ord(">"): "\\u003e"}
_TAG: Final = re.compile(r'(?:W/)?"[^"]*"')


def json_answer(
    value: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Answer a value in canonical JSON."""
    return Response(canonical_json(value), status, headers, "application/json")


def etags(request: Request, header: str) -> tuple[str, ...] | None:
    """Read a list of entity tags (RFC 9110 13.1); None where the header is absent.

    The star stands alone or not at all. A weak tag is kept as it is, so that it never matches ours,
    which are strong, where the strong comparison is asked for.
    """
    values = request.headers.getlist(header)
    if not values:
        return None
    given = ",".join(values).strip()
    return ("*",) if given == "*" else tuple(_TAG.findall(given))


def found_answer(request: Request, value: Mapping[str, Any]) -> Response:
    """Answer a GET of what is no settings document, with its ETag, or 304 (contract C34)."""
    body = canonical_json(value)
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    if _known(etag, etags(request, "if-none-match")):
        return Response(status_code=304, headers={"ETag": etag})
    return Response(body, 200, {"ETag": etag}, "application/json")


def read_answer(reading: Reading, query: Query, if_none_match: tuple[str, ...] | None) -> Response:
    """Answer a GET: the document, or 304 where the caller has it already (contract C34)."""
    if _known(reading.etag, if_none_match):
        return Response(status_code=304, headers={"ETag": reading.etag})
    return json_answer(_body(reading, query, {}), headers={"ETag": reading.etag})


def _known(etag: str, tags: tuple[str, ...] | None) -> bool:
    # RFC 9110 13.1.2: for If-None-Match a weak tag is as good as a strong one.
    known = [each.removeprefix("W/") for each in tags or ()]
    return etag in known or "*" in known


def write_answer(outcome: Outcome, query: Query) -> Response:
    """Answer a write or its dry run with the full document (contract C2, C15)."""
    more: dict[str, Any] = {
        "changes": [each.as_dict() for each in outcome.changes],
        "gates": list(outcome.gates),
        "undecided": list(outcome.undecided),
        "notices": list(outcome.notices),
    }
    headers = {"ETag": outcome.reading.etag, WRITES_HEADER: str(outcome.writes)}
    if outcome.notices:
        headers[NOTICE_HEADER] = " ".join(outcome.notices)
    return json_answer(_body(outcome.reading, query, more), headers=headers)


def released_answer(outcome: Outcome | None) -> Response:
    """Answer a DELETE: nothing but how often the product was written, and what to tell (C5)."""
    headers = {WRITES_HEADER: str(outcome.writes if outcome else 0)}
    if outcome and outcome.notices:
        headers[NOTICE_HEADER] = " ".join(outcome.notices)
    return Response(status_code=204, headers=headers)


def _body(reading: Reading, query: Query, more: Mapping[str, Any]) -> dict[str, Any]:
    document = reading.document.model_dump()
    if query.fields is not None:
        document = {key: document[key] for key in query.fields}
    if query.meta:
        meta = {"etag": reading.etag, "unreachable": list(reading.unreachable)}
        document["meta"] = meta | dict(more)
    return document


def problem_answer(problem: Problem, method: str, request_id: str) -> Response:
    """Answer a problem: one short object, `detail` first, no secret (contract C30, C31)."""
    body: dict[str, Any] = {
        "detail": problem.detail,
        "type": f"/problems/{problem.slug}",
        "title": problem.title,
        "status": problem.status,
        "errors": [each.as_dict() for each in problem.errors],
        "request_id": request_id,
    }
    headers = {}
    if problem.retry_after is not None:
        headers["Retry-After"] = str(problem.retry_after)
    if isinstance(problem, Unauthenticated):
        headers["WWW-Authenticate"] = 'Bearer realm="imis-sso"'
    if method in ("PUT", "PATCH", "DELETE", "POST"):
        headers[WRITES_HEADER] = str(problem.upstream_writes)
    return Response(_problem_bytes(body, method), problem.status, headers, PROBLEM_TYPE)


def store_problem(error: StoreUnavailable) -> Problem:
    """Give the problem for a store that cannot be used before anything reached a product."""
    return AuditUnavailable(f"The service's own store cannot be used ({error}).")


def _problem_bytes(body: dict[str, Any], method: str) -> bytes:
    if method == "DELETE" and body["status"] == 404:  # noqa: PLR2004
        # restapi 2 takes the digits 404 anywhere in a DELETE's error for "already gone" (C30);
        # RFC 9457 lets `status` be left out.
        del body["status"]
    # What a product says must not be markup, whoever shows this answer (targets S5).
    text = json.dumps(body, ensure_ascii=False).translate(_NO_MARKUP)
    return (text.replace("404", "40\\u0034") if method == "DELETE" else text).encode()
