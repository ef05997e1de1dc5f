"""What a real Staff site shows, judged against what is said of it (product facts 2, 3.4, 3.5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from imis_sso.connectors.browser import judging
from imis_sso.connectors.browser.description import PageDescription
from imis_sso.connectors.browser.looking import Seen
from imis_sso.connectors.browser.way import View
from imis_sso.connectors.imis_staff_site.licence import licensed
from imis_sso.connectors.imis_staff_site.pages import LICENSED_FEATURES, VERSION
from imis_sso.domain.observed import Finding
from imis_sso.domain.problems import Problem
from imis_sso.domain.resources import LICENCE, OIDC_AUTHENTICATION, OPENID_CONNECT
from imis_sso.domain.secret import ObservedSecret, Secret

PAGE: Final = "openid-connect-page"
ABOUT: Final = "about-imis-page"
"""Names of the pages' shapes in a capture."""
SUBJECT: Final = judging.Subject(
    "OpenID Connect",
    "the Staff site of iMIS",
    log_in="staff.log-in",
    labels="staff.log-in",
    way="staff.page",
    page="staff.page",
    save="staff.save",
    secret="imis.secret-shown",  # noqa: S106  # a claim
    paths=(OPENID_CONNECT.path, OIDC_AUTHENTICATION.path),
)
ABOUT_SUBJECT: Final = replace(
    SUBJECT, title="About iMIS", way="staff.licence-list", page="staff.licence-list",
    paths=(LICENCE.path,),
)  # fmt: skip
_SECRET_ASK: Final = "Does saving the page keep a client secret whose box was not touched?"  # noqa: S105
_UNTOUCHED: Final = "Does a save keep the client secret when its box was not touched?"
_LISTED: Final = "Does About iMIS list the licence for OpenID Connect?"
_VERSION: Final = "Does About iMIS name the version?"


def page_findings(
    page: PageDescription, view: View, seen: Seen, secret: ObservedSecret | None, kept: bool | None
) -> Sequence[Finding]:
    """Judge the page OpenID Connect; `kept` is what a save has shown of an untouched secret."""
    found = [*judging.entered(SUBJECT, seen), *judging.reached(SUBJECT, PAGE, page, view, seen)]
    if secret is None:
        return found
    found.append(judging.secret_shown(SUBJECT, secret, _SECRET_ASK))
    missing = [each.label for name, each in page.fields.items() if name not in view.comparison.seen]
    hidden = f"not shown for this type: {', '.join(missing)}" if missing else "all are shown"
    found.append(Finding("Which fields does the page show?", hidden, claim="staff.fields-by-type"))
    return found if isinstance(secret, Secret) else [*found, _untouched(kept)]


def about_findings(
    page: PageDescription, view: View, seen: Seen, about: Mapping[str, str | bool] | None
) -> Sequence[Finding]:
    """Judge About iMIS: the list of what is licensed, and the version."""
    found = judging.reached(ABOUT_SUBJECT, ABOUT, page, view, seen)
    if about is None:
        return found
    told = licensed(str(about[LICENSED_FEATURES]))
    held = {"licensed": True, "not_licensed": False}.get(told)
    named = bool(about.get(VERSION))
    return [
        *found,
        Finding(_LISTED, told.replace("_", " "), held, claim="recipe.licence"),
        Finding(_VERSION, "yes" if named else "no", named, claim="staff.about-names"),
    ]


def lost(
    subject: judging.Subject, problem: Problem, seen: Seen, *, accepted: bool
) -> list[Finding]:
    """Say that a page was not reached; what was said of the log-in is not said again."""
    found = judging.unreached(subject, problem, seen, accepted=accepted)
    return [each for each in found if accepted is False or subject is SUBJECT or each.resources]


def _untouched(kept: bool | None) -> Finding:
    claim = "imis.unread-secret"
    if kept is None:
        return Finding(_UNTOUCHED, "not known: a rehearsal proves it", claim=claim)
    answer = (
        "the page still shows a mask after it; whether of the same secret, no page tells"
        if kept
        else "no: the mask is gone after it"
    )
    return Finding(_UNTOUCHED, answer, held=None if kept else False, claim=claim)
