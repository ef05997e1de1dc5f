"""The frame of every page, and the pages under `/problems` (contract C30)."""

from __future__ import annotations

import base64
import hashlib
import html
import inspect

from fastapi import APIRouter
from starlette.responses import HTMLResponse, Response

from imis_sso.domain.decisions import Decision
from imis_sso.domain.problems import NotFound, Problem, problem_types

routes = APIRouter(include_in_schema=False)

STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #8881; --accent: #0a62c4; }
@media (prefers-color-scheme: dark) { :root { --accent: #7ab7ff; } }
body { font: 16px/1.55 system-ui, sans-serif; max-width: 64rem; margin: 2.5rem auto;
  padding: 0 1.25rem 4rem; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 1rem; }
h2 { font-size: 1.3rem; margin: 3rem 0 .5rem; }
h3 { font-size: 1.05rem; margin: 2.2rem 0 .4rem; overflow-wrap: anywhere; }
a { color: var(--accent); } p { margin: .6rem 0; max-width: 46rem; }
code, .method { font: .88em ui-monospace, "SF Mono", Menlo, Consolas, monospace; }
code { background: var(--soft); padding: .1em .3em; border-radius: 4px; }
h3 code, td:first-child code { background: none; padding: 0; }
.facts { color: #888; margin: 0 0 1.2rem; } nav { margin: 2.5rem 0 0; }
.method { display: inline-block; padding: .05em .5em; margin-right: .3em;
  border: 1px solid var(--line); border-radius: 4px; font-weight: 600; }
.wide { overflow-x: auto; margin: .8rem 0; }
table { border-collapse: collapse; width: 100%; font-size: .93rem; }
th, td { text-align: left; vertical-align: top; padding: .45rem 1rem .45rem 0;
  border-bottom: 1px solid var(--line); }
th { font-weight: 600; } th, td:first-child { white-space: nowrap; }
"""


_STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
POLICY = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)


def page(title: str, body: str) -> HTMLResponse:
    """Put a body into the frame that every page has; its own style is all that it may load."""
    return HTMLResponse(
        headers={"Content-Security-Policy": POLICY},
        content=f'<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{html.escape(title)} · imis-sso</title><style>{STYLE}</style></head>"
        f"<body><main><h1>{html.escape(title)}</h1>{body}</main></body></html>",
    )


def prose(text: str) -> str:
    """Turn a docstring into paragraphs; back-ticks become code."""
    paragraphs = html.escape(inspect.cleandoc(text), quote=False).split("\n\n")
    return "".join(f"<p>{_code(each)}</p>" for each in paragraphs)


def table(heads: tuple[str, ...], rows: str) -> str:
    """Put rows under heads, in a frame that scrolls on a narrow screen."""
    head = "".join(f"<th>{each}</th>" for each in heads)
    body = f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody>"
    return f'<div class="wide"><table>{body}</table></div>'


def inline(text: str) -> str:
    """Escape a line of text; back-ticks become code."""
    return _code(html.escape(text, quote=False))


def _code(text: str) -> str:
    parts = text.split("`")
    return "".join(f"<code>{part}</code>" if i % 2 else part for i, part in enumerate(parts))


@routes.get("/problems", response_model=None, openapi_extra=Decision.OPEN.stated())
async def problem_list() -> Response:
    """List every problem type."""
    rows = "".join(
        f'<tr><td>{each.status}</td><td><a href="/problems/{slug}"><code>{slug}</code></a></td>'
        f"<td>{html.escape(each.title)}</td></tr>"
        for slug, each in problem_types().items()
    )
    return page("Problem types", table(("Status", "Type", "Title"), rows))


@routes.get("/problems/{slug}", response_model=None, openapi_extra=Decision.OPEN.stated())
async def problem_page(slug: str) -> Response:
    """Explain one problem type: what it means and what to do."""
    problem: type[Problem] | None = problem_types().get(slug)
    if problem is None:
        msg = f"There is no problem type {slug[:60]!r}; /problems lists them."
        raise NotFound(msg)
    facts = f'<p class="facts">Status {problem.status} · <code>/problems/{slug}</code></p>'
    back = '<nav><a href="/problems">All problem types</a> · <a href="/docs">API</a></nav>'
    return page(problem.title, facts + prose(problem.__doc__ or "") + back)
