"""What the connectors assume is in the catalogue of claims, so that the doctor can tell of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from imis_sso.domain.claims import claim

CONNECTORS = Path(__file__).resolve().parents[2] / "shim/imis_sso/connectors"
_MARK = re.compile(r"\b(?:Inferred|Unknown): ")

#: Files that rest on something inferred or unknown: the claims it is, one for each mark.
RESTS_ON: dict[str, tuple[str, ...]] = {
    "browser/log_in.py": ("cloud-sso.silent-refusal",),
    "browser/structure.py": ("cloud-sso.shown-fields",),
    "cloud_sso_dashboard/connector.py": ("cloud-sso.right-dashboard",),
    "cloud_sso_dashboard/pages/imis-sso-settings.yaml": (
        "cloud-sso.secret-shown",
        "cloud-sso.shows-cloud-id",
        "cloud-sso.save",
    ),
    "cloud_sso_dashboard/pages/log-in.yaml": (
        "cloud-sso.log-in-labels",
        "cloud-sso.refusal-words",
    ),
    "imis_rest/connector.py": ("imis.list-whole",),
    "imis_rest/login.py": ("imis.token-life",),
    "imis_rest/mapping.py": ("imis.defaults-omitted", "imis.claims-text"),
    "imis_rest/names.py": ("imis.organisation-name",),
    "oidc/page.py": ("imis.sign-in-page",),
}


def marked() -> dict[str, int]:
    files = (each for each in CONNECTORS.rglob("*") if each.suffix in {".py", ".yaml", ".js"})
    counts = {
        str(each.relative_to(CONNECTORS)): len(_MARK.findall(each.read_text("utf-8")))
        for each in files
    }
    return {name: count for name, count in counts.items() if count}


def test_every_mark_has_its_claim() -> None:
    """A new `# Inferred:` or `# Unknown:` belongs into `domain/claims.py`, and here."""
    assert marked() == {name: len(claims) for name, claims in RESTS_ON.items()}


@pytest.mark.parametrize("name", sorted({each for claims in RESTS_ON.values() for each in claims}))
def test_what_the_code_rests_on_is_a_claim(name: str) -> None:
    assert claim(name).section
