"""The doctor's report, in Markdown: redacted, and fit to be sent to a vendor."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from imis_sso.cli.markdown import cell

if TYPE_CHECKING:
    from imis_sso.domain.examination import Door, Examination
    from imis_sso.domain.observed import Finding

HELD: Final = {True: "held", False: "did not hold", None: "open"}
_FOUND_THERE: Final = re.compile(r" \(the page has [^)]*\)")
"""What a page has in place of what is sought may be somebody's name."""


def markdown(examination: Examination) -> str:
    """Give the report without any name, address or account of the tenant's."""
    from imis_sso.domain.examination import without

    lines = [
        "# Ways into iMIS and Cloud SSO: what was found",
        "",
        "Nothing was written. Names, addresses and accounts are left out on purpose.",
        "",
        *_capabilities(examination),
        *(line for door in examination.doors for line in _door(door)),
        *_questions(examination),
    ]
    return without("\n".join(lines), examination.private) + "\n"


def _capabilities(examination: Examination) -> Iterator[str]:
    yield from (
        "| way in | configured | resource | what works | never reached |",
        "|---|---|---|---|---|",
    )
    for door in examination.doors:
        configured = "yes" if door.configured else "no"
        for path, capability in door.capabilities().items():
            beyond = ", ".join(f"`{each}`" for each in door.unreachable(path))
            yield f"| `{door.connector}` | {configured} | `{path}` | {capability} | {beyond} |"
    yield ""


def _door(door: Door) -> Iterator[str]:
    version = f", version {cell(door.version)}" if door.version else ""
    yield from (f"## {door.connector}{version}", "")
    if door.untried:
        yield from (f"{door.untried[:1].upper()}{door.untried[1:]}.", "")
        return
    yield from ("| question | found | | claim |", "|---|---|---|---|")
    for each in door.findings:
        found = cell(_FOUND_THERE.sub("", each.answer))
        yield f"| {cell(each.question)} | {found} | {HELD[each.held]} | {_claim(each)} |"
    yield ""


def _claim(finding: Finding) -> str:
    from imis_sso.domain.claims import MARKS, claim

    if not finding.claim:
        return ""
    said = claim(finding.claim)
    return f"`{said.id}`, {MARKS[said.mark]} (product facts {said.section})"


def _questions(examination: Examination) -> Iterator[str]:
    from imis_sso.domain.resources import PRODUCT_TITLES

    asked = list(examination.questions())
    if not asked:
        return
    yield from ("## What we ask", "")
    for product, text in asked:
        yield f"- {PRODUCT_TITLES[product]}: {cell(_FOUND_THERE.sub('', text))}"
