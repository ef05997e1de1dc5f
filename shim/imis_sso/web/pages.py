"""The pages under `/problems` and `/docs`, rendered on the server (contract C30, section 1)."""

from __future__ import annotations

import html
import inspect
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from imis_sso.domain.problems import NotFound, Problem, problem_types

routes = APIRouter(include_in_schema=False)

STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { line-height: 1.2; } h2 { margin-top: 2.5rem; border-bottom: 1px solid #8886; }
code { font: .9em ui-monospace, monospace; background: #8882; padding: .1em .3em;
  border-radius: 3px; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; } .wide { overflow-x: auto; }
th, td { text-align: left; vertical-align: top; padding: .35rem .8rem .35rem 0;
  border-bottom: 1px solid #8884; }
.method { font: bold .85em ui-monospace, monospace; }
"""


def page(title: str, body: str) -> HTMLResponse:
    """Put a body into the frame that every page has."""
    return HTMLResponse(
        f'<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{html.escape(title)} · imis-sso</title><style>{STYLE}</style></head>"
        f"<body><main><h1>{html.escape(title)}</h1>{body}</main></body></html>"
    )


def prose(text: str) -> str:
    """Turn a docstring into paragraphs; back-ticks become code."""
    paragraphs = html.escape(inspect.cleandoc(text), quote=False).split("\n\n")
    return "".join(f"<p>{_code(each)}</p>" for each in paragraphs)


def _code(text: str) -> str:
    parts = text.split("`")
    return "".join(f"<code>{part}</code>" if i % 2 else part for i, part in enumerate(parts))


@routes.get("/problems", response_model=None)
async def problem_list() -> Response:
    """List every problem type."""
    rows = "".join(
        f'<tr><td>{each.status}</td><td><a href="/problems/{slug}"><code>{slug}</code></a></td>'
        f"<td>{html.escape(each.title)}</td></tr>"
        for slug, each in problem_types().items()
    )
    head = "<tr><th>Status</th><th>Type</th><th>Title</th></tr>"
    return page("Problem types", f"<table><thead>{head}</thead><tbody>{rows}</tbody></table>")


@routes.get("/problems/{slug}", response_model=None)
async def problem_page(slug: str) -> Response:
    """Explain one problem type: what it means and what to do."""
    problem: type[Problem] | None = problem_types().get(slug)
    if problem is None:
        msg = f"There is no problem type {slug[:60]!r}; /problems lists them."
        raise NotFound(msg)
    facts = f"<p>Type <code>/problems/{slug}</code>, status {problem.status}.</p>"
    back = '<p><a href="/problems">All problem types</a></p>'
    return page(problem.title, facts + prose(problem.__doc__ or "") + back)


@routes.get("/docs", response_model=None)
async def docs(request: Request) -> Response:
    """Show the whole API in one page, made from its OpenAPI document."""
    document = request.app.openapi()
    intro = (
        '<p>Machine-readable: <a href="/openapi.json"><code>/openapi.json</code></a>. '
        'Errors: <a href="/problems">problem types</a>. '
        "Send <code>Authorization: Bearer …</code> with every request below <code>/v1</code>.</p>"
    )
    paths = "".join(_path(path, methods) for path, methods in sorted(document["paths"].items()))
    return page("imis-sso API", intro + paths)


def _path(path: str, methods: dict[str, Any]) -> str:
    lines = "".join(
        f'<p><span class="method">{method.upper()}</span> '
        f"{_code(html.escape(each.get('description') or each.get('summary', ''), quote=False))}</p>"
        for method, each in methods.items()
    )
    return f"<h2><code>{html.escape(path)}</code></h2>{lines}{_fields(methods.get('get', {}))}"


def _fields(get: dict[str, Any]) -> str:
    answer = get.get("responses", {}).get("200", {}).get("content", {}).get("application/json", {})
    properties = answer.get("schema", {}).get("properties", {})
    rows = "".join(_field(name, each) for name, each in properties.items())
    if not rows:
        return ""
    head = "<tr><th>Field</th><th>Page label</th><th>Default</th><th>Meaning</th></tr>"
    table = f"<table><thead>{head}</thead><tbody>{rows}</tbody></table>"
    return f'<div class="wide">{table}</div>'


def _field(name: str, schema: dict[str, Any]) -> str:
    inner = schema.get("properties")
    if inner:
        return "".join(_field(f"{name}.{key}", each) for key, each in inner.items())
    default = html.escape(repr(schema.get("default", "")).replace("'", '"'))
    return (
        f"<tr><td><code>{html.escape(name)}</code></td>"
        f"<td>{html.escape(schema.get('title', ''))}</td><td><code>{default}</code></td>"
        f"<td>{_code(html.escape(schema.get('description', ''), quote=False))}</td></tr>"
    )
