"""How one real iMIS was seen to answer, for the simulated one to do alike (docs/captures.md).

A shape has names and types and no values: what is missing is made up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response

from imis_sso.simulators.imis.seeding import half_finished

if TYPE_CHECKING:
    from imis_sso.simulators.imis.wire import Record

WITHHELD = "…"
_TYPE = "$type"
_URLS = frozenset({"WellKnownUrl", "Authority", "RedirectLoginUri", "ProviderUri"})
_EXAMPLES: Mapping[str, Any] = {"boolean": True, "integer": 1, "number": 1.5, "null": None}
_SUCCESS = frozenset({200, 201, 202, 204})


@dataclass(frozen=True)
class Manners:
    """Answers by the names that captures give them, and the records' properties.

    Without any of them the simulated iMIS answers as its variant says, and nothing else.
    """

    answers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    records: tuple[Mapping[str, Any], ...] = ()
    tells_life: bool = True

    def refusal(self, name: str) -> Response | None:
        """Give what was seen in place of data: a refusal, or a web page; None where data came."""
        seen = self.answers.get(name, {})
        status = int(seen.get("status", 200))
        if status in _SUCCESS and seen.get("form", "json") == "json":
            return None
        headers = {}
        if seen.get("reason"):
            headers["X-Reason-Phrase"] = str(seen["reason"])
        if seen.get("challenge"):
            headers["WWW-Authenticate"] = "Bearer"
        if seen.get("form") == "json":
            return JSONResponse(example(seen.get("body")), status, headers)
        if seen.get("form") == "html":
            return HTMLResponse("<!doctype html><p>Refused</p>", status, headers)
        if seen.get("form") == "empty":
            return Response(status_code=status, headers=headers, media_type=seen["media_type"])
        return PlainTextResponse("Refused", status, headers)

    def dressed(self, name: str, document: Any) -> Any:
        """Give a document the properties and types that were seen."""
        seen = self.answers.get(name, {})
        return shaped(document, seen["body"]) if "body" in seen else document

    def seeded(self, base_url: str, secret: str) -> list[Record]:
        """Give records of the kinds that were seen; how many are active, the list told.

        Whether a record that shows no secret holds one is not known, so it does.
        """
        told = self.answers["records"].get("active", "—")
        active = {"one": 1, "several": 2}.get(told, 0)
        records = []
        for index, shape in enumerate(self.records, 1):
            record = record_of(shape, half_finished(base_url, secret, index))
            if shape["defaults"] == "present":  # else the record shows whether it is active
                record["Mode"] = int(index <= active)
            records.append(record | {"ClientSecret": secret})
        return records

    def declared(self) -> Mapping[str, str]:
        """Give the properties that the metadata declared, with their types."""
        found = self.answers.get("metadata", {}).get("declared", {})
        return {name: str(kind) for name, kind in found.items()}


def shaped(document: Any, shape: Any) -> Any:
    """Bring a document into a shape: its properties, and its types where they are others."""
    if isinstance(shape, Mapping):
        known = document if isinstance(document, Mapping) else {}
        return {name: _part(name, known, inner) for name, inner in _in_order(shape)}
    if isinstance(shape, list):
        kept = document if isinstance(document, list) else []
        return [shaped(each, shape[0]) for each in kept] if len(shape) == 1 else kept
    return document if kind_of(document) == shape else example(shape)


def record_of(shape: Mapping[str, Any], usual: Record) -> Record:
    """Make a record of the properties that were seen; `usual` lends its values."""
    properties = {name: each for name, each in shape["properties"].items() if name != _TYPE}
    plain = {name: each for name, each in properties.items() if name != WITHHELD}
    return {name: _value(name, each, usual) for name, each in plain.items()}


def example(shape: Any, name: str = "") -> Any:
    """Make up a value of a shape."""
    if isinstance(shape, Mapping):
        return {key: _part(key, {}, inner) for key, inner in _in_order(shape)}
    if isinstance(shape, list):
        return [example(each) for each in shape]
    if shape == "string":
        return "https://example.org/" if name in _URLS else "Example"
    return _EXAMPLES.get(str(shape))


def kind_of(value: Any) -> str:
    """Give the JSON type of a value, as shapes name it."""
    if value is None:
        return "null"
    kinds = {bool: "boolean", int: "integer", float: "number", str: "string"}
    return kinds.get(type(value), "object")


def _part(name: str, known: Mapping[str, Any], inner: Any) -> Any:
    if name == _TYPE:
        return inner
    return shaped(known[name], inner) if name in known else example(inner, name)


def _value(name: str, shape: Any, usual: Record) -> Any:
    # Enumerations are kept as numbers, whatever they are shown as.
    kind = "integer" if name in {"Mode", "ProviderType"} else shape
    found = usual.get(name)
    return found if found and kind_of(found) == kind else example(kind, name)


def _in_order(shape: Mapping[str, Any]) -> list[tuple[str, Any]]:
    # `$type` comes first on the wire (product facts 3.5).
    return sorted(shape.items(), key=lambda each: (each[0] != _TYPE, each[0]))
