"""Write docs/evidence.md: what is said of the two products, and on which tenants it was confirmed.

The rows come from reports that `imis-sso doctor --evidence` wrote, one file for each tenant in
docs/evidence/. A file's name is what the tenant is called here: it names nobody.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imis_sso.domain.claims import CLAIMS, MARKS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from imis_sso.domain.claims import Claim

ROOT = Path(__file__).resolve().parents[1]
PAGE, REPORTS = ROOT / "docs" / "evidence.md", ROOT / "docs" / "evidence"
FORMAT = 1
_HEAD = """# Evidence

Everything that is assumed about iMIS and Cloud SSO, with its mark, and where a real tenant
confirmed it. This page is made by `script/evidence` from the catalogue in the code
(`domain/claims.py`) and from the redacted reports in [evidence/](evidence/README.md); a test holds
it equal to them. A report is made by `imis-sso doctor ENV --evidence FILE`, names no tenant, and
says for each claim only whether it held, with the date and the products' versions.

"""
_NONE = "**No tenant has confirmed anything yet**: no report is in `docs/evidence/`.\n"


def page(reports: Mapping[str, Mapping[str, Any]]) -> str:
    """Give the page for reports by the name of their tenant."""
    marks = "".join(f"- **{mark}** {meaning}\n" for mark, meaning in MARKS.items())
    known = _tenants(reports) if reports else _NONE
    rows = "".join(_row(each, reports) for each in CLAIMS)
    table = "| claim | mark | facts | what is said | rests on it | confirmed | did not hold |\n"
    return f"{_HEAD}{marks}\n{known}\n{table}|---|---|---|---|---|---|---|\n{rows}"


def _tenants(reports: Mapping[str, Mapping[str, Any]]) -> str:
    lines = ["| tenant | seen | iMIS | Cloud SSO's pages |", "|---|---|---|---|"]
    for name, report in sorted(reports.items()):
        versions = report["versions"]
        shown = [versions.get(each, "") or "not told" for each in ("imis", "cloud-sso")]
        lines.append(f"| {name} | {report['date']} | {shown[0]} | `{shown[1]}` |")
    return "\n".join(lines) + "\n"


def _row(claim: Claim, reports: Mapping[str, Mapping[str, Any]]) -> str:
    seen: dict[bool, list[str]] = defaultdict(list)
    for name, report in sorted(reports.items()):
        held = report["claims"].get(claim.id)
        if held is not None:
            seen[held].append(f"{name} ({report['date']})")
    held, lost = (", ".join(seen[each]) for each in (True, False))
    said = f"| {claim.mark} | {claim.section} | {claim.text} | {claim.affects} |"
    return f"| `{claim.id}` {said} {held} | {lost} |\n"


def reports_in(folder: Path) -> dict[str, dict[str, Any]]:
    """Read every report of a folder. Raises ValueError naming the file that is none."""
    found = {}
    for file in sorted(folder.glob("*.json")):
        report = json.loads(file.read_text("utf-8"))
        for fault in _faults(report):
            message = f"{file.name}: {fault}"
            raise ValueError(message)
        found[file.stem] = report
    return found


def _faults(report: Any) -> Iterator[str]:
    keys = {"format", "date", "versions", "claims"}
    if not isinstance(report, dict) or report.keys() != keys or report["format"] != FORMAT:
        yield f"is no report of format {FORMAT}"
        return
    unknown = sorted(report["claims"].keys() - {each.id for each in CLAIMS})
    if unknown:
        yield f"speaks of claims that are not known: {', '.join(unknown)}"
    if not all(isinstance(each, bool) for each in report["claims"].values()):
        yield "says of a claim neither true nor false"


def main() -> int:
    """Write the page."""
    PAGE.write_text(page(reports_in(REPORTS)), "utf-8")
    sys.stdout.write(f"{PAGE.relative_to(ROOT)} written\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
