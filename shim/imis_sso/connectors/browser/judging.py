"""What was seen of a product's pages, as findings: log-in, way, page, save button."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from imis_sso.connectors.browser.description import PageDescription
from imis_sso.connectors.browser.looking import LOG_IN_SHAPE, UNEXPECTED_SHAPE, Seen
from imis_sso.connectors.browser.structure import find_button
from imis_sso.connectors.browser.way import View
from imis_sso.domain.observed import Finding
from imis_sso.domain.problems import (
    Problem,
    UpstreamCredentialsRefused,
    UpstreamLoginRequired,
    UpstreamPageChanged,
)
from imis_sso.domain.secret import ObservedSecret, Secret, Unreadable

_LABELS: Final = "Is the log-in page as it is described?"
_SAVING: Final = "Is there one button that saves the page?"
_SECRET: Final = "Does the page show the client secret?"  # noqa: S105  # a question
_SECRET_WORDS: Final = {
    Unreadable.MASKED: "no: only a mask of it is to be seen",
    Unreadable.ABSENT: "no: the page does not show it",
}


@dataclass(frozen=True)
class Subject:
    """One page of a product, and the claims that findings about it speak of.

    `title` and `where` name page and product for people; `paths` are the documents that need it,
    none for all of the connector's.
    """

    title: str
    where: str
    log_in: str
    labels: str
    way: str
    page: str
    save: str
    secret: str
    paths: tuple[str, ...] = ()

    @property
    def entrance(self) -> str:
        """The question whether we are let in."""
        return f"Does {self.where} let the service in?"

    @property
    def path(self) -> str:
        """The question whether the way leads to the page."""
        return f"Does the way to the page {self.title} lead there?"

    @property
    def fit(self) -> str:
        """The question whether the page can be read."""
        return f"Can the page {self.title} be read as it is described?"


def entered(subject: Subject, seen: Seen) -> list[Finding]:
    """Say that the log-in was accepted, and that its page is as it is described."""
    shape = seen.shapes.get(LOG_IN_SHAPE)
    labels = Finding(_LABELS, "yes", held=True, claim=subject.labels, shape=shape)
    let_in = Finding(subject.entrance, "yes", held=True, claim=subject.log_in, need="read")
    return [let_in, labels] if shape else [let_in]


def unreached(
    subject: Subject, problem: Problem, seen: Seen, *, accepted: bool
) -> Sequence[Finding]:
    """Say at which door it ended: the log-in, its page, or the way to the page."""
    refused = isinstance(problem, UpstreamCredentialsRefused | UpstreamLoginRequired)
    changed = isinstance(problem, UpstreamPageChanged)
    shape = seen.shapes.get(UNEXPECTED_SHAPE)
    held = False if refused or changed else None
    if not accepted:
        question, claim = subject.entrance, subject.log_in
        return [Finding(question, problem.detail, held, claim, "read", shape=shape)]
    ask = f"What is the page {subject.title} called now, and where is it?" if changed else ""
    gone = Finding(
        subject.path,
        problem.detail,
        held,
        claim=subject.way,
        need="read",
        resources=subject.paths,
        ask=ask,
        shape=shape,
    )
    return [*entered(subject, seen), gone]


def reached(
    subject: Subject, name: str, page: PageDescription, view: View, seen: Seen
) -> list[Finding]:
    """Judge the page that was reached: what fits, and how it would be saved."""
    faults = tuple(view.comparison.faults.values())
    ask = "What did these fields become: " + "; ".join(faults) + "?" if faults else ""
    paths = subject.paths
    found = [
        Finding(subject.path, "yes", held=True, claim=subject.way, need="read", resources=paths),
        Finding(
            subject.fit,
            "; ".join(faults) or "yes",
            not faults,
            claim=subject.page,
            need="read",
            resources=paths,
            ask=ask,
            shape=seen.shapes.get(name),
        ),
    ]
    return [*found, _saving(subject, page, view)] if page.save else found


def secret_shown(subject: Subject, secret: ObservedSecret, ask: str) -> Finding:
    """Say whether the page shows the client secret."""
    readable = isinstance(secret, Secret)
    text = "yes" if isinstance(secret, Secret) else _SECRET_WORDS[secret]
    asked = "" if readable else ask
    return Finding(_SECRET, text, readable, claim=subject.secret, ask=asked)


def _saving(subject: Subject, page: PageDescription, view: View) -> Finding:
    names = page.save.button if page.save else ()
    found = find_button(names, view.survey)
    fits = not isinstance(found, str) or found.endswith("cannot be pressed")
    text = "yes; what saving asks and says, only a rehearsal proves" if fits else str(found)
    ask = "" if fits else "How is the page saved?"
    return Finding(_SAVING, text, fits, subject.save, "write", subject.paths, ask)
