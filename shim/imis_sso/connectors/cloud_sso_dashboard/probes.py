"""What a real dashboard shows, judged against what is said of it (product facts 4.1, 4.2, 4.5)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from imis_sso.connectors.browser import judging
from imis_sso.connectors.browser.description import PageDescription
from imis_sso.connectors.browser.looking import Seen
from imis_sso.connectors.browser.way import View
from imis_sso.domain.observed import Finding
from imis_sso.domain.problems import Problem, UpstreamPageChanged
from imis_sso.domain.resources import DIRECTORIES, IMIS_CLIENT, IMIS_SSO_SETTINGS
from imis_sso.domain.secret import ObservedSecret

PAGE: Final = "imis-sso-settings-page"
"""Name of the page's shape in a capture."""
SUBJECT: Final = judging.Subject(
    "iMIS SSO Settings",
    "the dashboard",
    log_in="cloud-sso.log-in",
    labels="cloud-sso.log-in-labels",
    way="cloud-sso.navigation",
    page="cloud-sso.page",
    save="cloud-sso.save",
    secret="cloud-sso.secret-shown",  # noqa: S106  # a claim
    paths=(IMIS_CLIENT.path, IMIS_SSO_SETTINGS.path),
)
_SECRET_ASK: Final = "Where can the client secret of iMIS be read by an administrator?"  # noqa: S105
_NO_API: Final = Finding(
    "Is there an interface besides the dashboard?",
    "none is known",
    claim="cloud-sso.no-api",
    ask="Is there an interface, other than the dashboard, by which these can be read?",
)


def findings(
    page: PageDescription,
    view: View,
    seen: Seen,
    secret: ObservedSecret | None,
    cloud_id: tuple[str, str],
) -> Sequence[Finding]:
    """Judge the page; `cloud_id` is the one shown, `""` for none, and the one configured.

    `secret` is None where the page could not be read.
    """
    shown = () if secret is None else (judging.secret_shown(SUBJECT, secret, _SECRET_ASK),)
    return (
        *judging.entered(SUBJECT, seen),
        *judging.reached(SUBJECT, PAGE, page, view, seen),
        _inputs(page, view),
        _shown(view),
        *shown,
        *_cloud_id(*cloud_id),
        _NO_API,
    )


def directories(count: int) -> Sequence[Finding]:
    """Say that the list of directories was read, and the first of them, if there is one."""
    question = "Can the directories be read as their page is described?"
    said = f"yes: {count} listed, and the first one's form fits" if count else "the list is empty"
    held = True if count else None
    return (
        Finding(
            question,
            said,
            held,
            claim="cloud-sso.directories",
            need="read",
            resources=(DIRECTORIES.path,),
        ),
        Finding(
            "Does saving a directory keep a secret that was not touched?",
            "not known: what was read goes back with every save",
            claim="cloud-sso.untouched-secret",
            need="write",
            resources=(DIRECTORIES.path,),
        ),
    )


def no_directories(problem: Problem) -> Finding:
    """Say that the directories cannot be read; a name among them is nobody's business."""
    changed = isinstance(problem, UpstreamPageChanged)
    return Finding(
        "Can the directories be read as their page is described?",
        problem.detail if changed else f"no: {problem.title}",
        held=False if changed else None,
        claim="cloud-sso.directory-labels",
        need="read",
        resources=(DIRECTORIES.path,),
        ask="What are the list of directories, its controls and its fields called?",
    )


def _inputs(page: PageDescription, view: View) -> Finding:
    expected = {name for name, each in page.fields.items() if each.writable}
    seen = {
        name
        for name, each in view.comparison.seen.items()
        if each.kind in {"text", "textarea", "select", "checkbox"} and name in page.fields
    }
    labels = [page.fields[name].label for name in sorted(seen - expected)]
    text = f"no: {', '.join(labels)} can be edited" if labels else "yes"
    question = "Is Redirect URL the only input?"
    return Finding(question, text, not labels, claim="cloud-sso.one-input")


def _shown(view: View) -> Finding:
    warnings = view.comparison.warnings
    text = "; ".join(warnings) or "yes"
    question = "Are the values that are shown closed to editing?"
    return Finding(question, text, not warnings, claim="cloud-sso.shown-fields")


def _cloud_id(shown: str, configured: str) -> Sequence[Finding]:
    question, right = "Does the page name its Cloud ID?", "Is it the right dashboard?"
    if not shown:
        open_still = "not told by the page; the log-in was for the configured one"
        return (
            Finding(question, "no", held=False, claim="cloud-sso.shows-cloud-id"),
            Finding(right, open_still, claim="cloud-sso.right-dashboard"),
        )
    same = shown == configured
    text = "yes" if same else "NO: it names another Cloud ID"
    return (
        Finding(question, "yes", held=True, claim="cloud-sso.shows-cloud-id"),
        Finding(right, text, same, claim="cloud-sso.right-dashboard", need="read"),
    )
