"""The page `/docs`: the whole API on one page, made from its declarations (section 1)."""

from __future__ import annotations

import json
from typing import Any, Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from imis_sso.domain.decisions import Decision
from imis_sso.domain.documents import Document, Setting
from imis_sso.domain.resources import RESOURCES, TEMPLATES, Resource
from imis_sso.web.pages import inline, page, table

routes = APIRouter(include_in_schema=False)

BASE: Final = "/v1/environments/{env}"
INTRO: Final = (
    "<p>Settings of iMIS OpenID Connect and Cloud SSO, one document for each address. Send "
    "<code>Authorization: Bearer …</code> with every request below <code>/v1</code>.</p>"
    '<p>Machine-readable: <a href="/openapi.json"><code>/openapi.json</code></a>. '
    'Errors: <a href="/problems">problem types</a>.</p>'
)
GUARDED: Final = "Guarded while the pair is enabled."


@routes.get("/docs", response_model=None, openapi_extra=Decision.OPEN.stated())
async def docs(request: Request) -> Response:
    """Show every document with its fields, every other address, every parameter."""
    paths: dict[str, Any] = request.app.openapi()["paths"]
    documented = {f"{BASE}/{each.path}": each for each in (*RESOURCES, *TEMPLATES)}
    documents = "".join(_document(each, paths[path]) for path, each in documented.items())
    others = {path: each for path, each in paths.items() if path not in documented}
    return page(
        "imis-sso API",
        f"{INTRO}<h2>Settings documents</h2>{documents}"
        f"<h2>Query parameters</h2>{_parameters(paths)}"
        f"<h2>Everything else</h2>{_others(others)}",
    )


def _document(resource: Resource, methods: dict[str, Any]) -> str:
    offered = "".join(f'<span class="method">{each.upper()}</span>' for each in methods)
    rows = "".join(
        _row(name, resource.document, settings) for name, settings in _fields(resource.document)
    )
    return (
        f"<h3><code>{BASE}/{resource.path}</code></h3><p>{inline(resource.summary)}</p>"
        f"<p>{offered}</p>{table(('Field', 'Page label', 'Values', 'Default', 'Meaning'), rows)}"
    )


def _fields(document: type[Document]) -> list[tuple[str, Setting | None]]:
    """Give every key by path, in order; None for those that speak of the secret."""
    found: dict[str, Setting | None] = {each.path: each for each in document.settings()}
    if document.secret is not None:
        keys = document.secret
        found |= {key: None for key in (keys.ref, keys.version) if key in document.model_fields}
        if keys.ref in document.model_fields:
            found[keys.inline] = None
    return sorted(found.items())


def _row(name: str, document: type[Document], setting: Setting | None) -> str:
    if setting is None:
        cells = _secret_cells(name, document)
    else:
        values = " ".join(f"`{each}`" for each in setting.choices) or _form(setting)
        text = f"{setting.text} {GUARDED}" if setting.critical else setting.text
        cells = (setting.label, values, f"`{json.dumps(setting.default)}`", text)
    return f"<tr><td><code>{name}</code></td>{''.join(f'<td>{inline(e)}</td>' for e in cells)}</tr>"


def _form(setting: Setting) -> str:
    if setting.kind == "boolean":
        return "`true` `false`"
    return setting.form.name if setting.form else ""


def _secret_cells(name: str, document: type[Document]) -> tuple[str, str, str, str]:
    info = document.model_fields.get(name)
    label = document.secret.label if document.secret else ""
    if info is None:
        return label, "text", "", "The secret itself: write-only, never answered."
    return label, "text", f"`{json.dumps(info.default)}`", info.description or ""


def _parameters(paths: dict[str, Any]) -> str:
    found: dict[str, dict[str, Any]] = {}
    for methods in paths.values():
        for method, operation in methods.items():
            for each in operation.get("parameters", []):
                if each["in"] == "query":
                    known = found.setdefault(each["name"], {"text": each["description"], "on": {}})
                    known["on"][method.upper()] = None
    rows = "".join(
        f"<tr><td><code>{name}</code></td><td>{', '.join(each['on'])}</td>"
        f"<td>{inline(each['text'])}</td></tr>"
        for name, each in found.items()
    )
    return table(("Parameter", "Methods", "Meaning"), rows)


def _others(paths: dict[str, Any]) -> str:
    rows = "".join(
        f'<tr><td><code>{path}</code></td><td><span class="method">{method.upper()}</span></td>'
        f"<td>{inline(each.get('description') or each.get('summary', ''))}</td></tr>"
        for path, methods in sorted(paths.items())
        for method, each in methods.items()
    )
    return table(("Address", "Method", "Meaning"), rows)
