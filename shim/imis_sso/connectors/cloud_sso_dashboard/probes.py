"""What a real dashboard shows, judged against what is said of it (product facts 4.1, 4.2, 4.5)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from imis_sso.connectors.browser.description import PageDescription
from imis_sso.connectors.browser.looking import Seen
from imis_sso.connectors.browser.structure import find_button
from imis_sso.connectors.browser.way import View
from imis_sso.domain.observed import Finding
from imis_sso.domain.problems import Problem, UpstreamCredentialsRefused, UpstreamPageChanged
from imis_sso.domain.secret import ObservedSecret, Secret, Unreadable

PAGE: Final = "imis-sso-settings-page"
_LOG_IN: Final = "Does the dashboard let the service in?"
_LABELS: Final = "Is the log-in page as it is described?"
_WAY: Final = "Does the way to the page lead there?"
_READ: Final = "Can the page iMIS SSO Settings be read as it is described?"
_ASK_API: Final = "Is there an interface, other than the dashboard, by which these can be read?"
_SECRET_WORDS: Final = {
    Unreadable.MASKED: "no: only a mask of it is to be seen",
    Unreadable.ABSENT: "no: the page does not show it",
}


def unreached(problem: Problem, seen: Seen, *, accepted: bool) -> Sequence[Finding]:
    """Say at which door it ended: the log-in, its page, or the way to the page."""
    refused = isinstance(problem, UpstreamCredentialsRefused)
    changed = isinstance(problem, UpstreamPageChanged)
    shape = seen.shapes.get("unexpected-page")
    held = False if refused or changed else None
    if accepted:
        ask = "What is the page iMIS SSO Settings called now, and where is it?" if changed else ""
        entered = Finding(_LOG_IN, "yes", held=True, claim="cloud-sso.log-in", need="read")
        gone = Finding(
            _WAY, problem.detail, held, "cloud-sso.navigation", "read", ask=ask, shape=shape
        )
        return (entered, *_labels(seen), gone)
    finding = Finding(_LOG_IN, problem.detail, held, "cloud-sso.log-in", "read", shape=shape)
    return (finding, *_labels(seen))


def reached(
    page: PageDescription,
    view: View,
    seen: Seen,
    secret: ObservedSecret | None,
    cloud_id: tuple[str, str],
) -> Sequence[Finding]:
    """Judge the page itself; `cloud_id` is the one shown, `""` for none, and the one configured.

    `secret` is None where the page could not be read.
    """
    faults = tuple(view.comparison.faults.values())
    ask = "What did these fields become: " + "; ".join(faults) + "?" if faults else ""
    return (
        Finding(_LOG_IN, "yes", held=True, claim="cloud-sso.log-in", need="read"),
        *_labels(seen),
        Finding(_WAY, "yes", held=True, claim="cloud-sso.navigation", need="read"),
        Finding(
            _READ,
            "; ".join(faults) or "yes",
            not faults,
            claim="cloud-sso.page",
            need="read",
            ask=ask,
            shape=seen.shapes.get(PAGE),
        ),
        _saving(page, view),
        _inputs(page, view),
        _shown(view),
        *(() if secret is None else (_secret(secret),)),
        *_cloud_id(*cloud_id),
        Finding("Is there an interface besides the dashboard?", "none is known",
            claim="cloud-sso.no-api", ask=_ASK_API),
    )  # fmt: skip


def _labels(seen: Seen) -> Sequence[Finding]:
    shape = seen.shapes.get("log-in-page")
    if shape is None:
        return ()
    return (Finding(_LABELS, "yes", held=True, claim="cloud-sso.log-in-labels", shape=shape),)


def _saving(page: PageDescription, view: View) -> Finding:
    names = page.save.button if page.save else ()
    found = find_button(names, view.survey) if names else "it is described without a button"
    fits = not isinstance(found, str) or found.endswith("cannot be pressed")
    text = "yes; what saving asks and says, only a rehearsal proves" if fits else str(found)
    question = "Is there one button that saves the page?"
    ask = "" if fits else "How is the page saved?"
    return Finding(question, text, fits, claim="cloud-sso.save", need="write", ask=ask)


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


def _secret(secret: ObservedSecret) -> Finding:
    readable = isinstance(secret, Secret)
    text = "yes" if isinstance(secret, Secret) else _SECRET_WORDS[secret]
    ask = "" if readable else "Where can the client secret of iMIS be read by an administrator?"
    question = "Does the page show the client secret?"
    return Finding(question, text, readable, claim="cloud-sso.secret-shown", ask=ask)


def _cloud_id(shown: str, configured: str) -> Sequence[Finding]:
    question = "Does the page name its Cloud ID?"
    if not shown:
        open_still = "not told by the page; the log-in was for the configured one"
        return (
            Finding(question, "no", held=False, claim="cloud-sso.shows-cloud-id"),
            Finding("Is it the right dashboard?", open_still, claim="cloud-sso.right-dashboard"),
        )
    same = shown == configured
    text = "yes" if same else "NO: it names another Cloud ID"
    return (
        Finding(question, "yes", held=True, claim="cloud-sso.shows-cloud-id"),
        Finding(
            "Is it the right dashboard?", text, same, claim="cloud-sso.right-dashboard", need="read"
        ),
    )
