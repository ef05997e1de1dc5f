"""What the connectors assume is in the catalogue of claims, so that the doctor can tell of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from imis_sso.domain.claims import claim

CONNECTORS = Path(__file__).resolve().parents[2] / "shim/imis_sso/connectors"
_MARK = re.compile(r"\b(?:Inferred|Unknown): ")

#: Files that rest on something inferred or unknown, and the claims that it is.
RESTS_ON: dict[str, tuple[str, ...]] = {
    "browser/log_in.py": ("cloud-sso.silent-refusal",),
    "browser/state.py": ("cloud-sso.saved-session",),
    "browser/structure.py": ("cloud-sso.shown-fields",),
    "cloud_sso_dashboard/connector.py": ("cloud-sso.right-dashboard",),
    "cloud_sso_dashboard/pages/imis-sso-settings.yaml": (
        "cloud-sso.secret-shown",
        "cloud-sso.shows-cloud-id",
        "cloud-sso.save",
    ),
    "cloud_sso_dashboard/directories.py": ("cloud-sso.untouched-secret",),
    "cloud_sso_dashboard/pages/directory.yaml": (
        "cloud-sso.directory-labels",
        "cloud-sso.untouched-secret",
    ),
    "cloud_sso_dashboard/pages/log-in.yaml": (
        "cloud-sso.log-in-labels",
        "cloud-sso.log-in-steps",
        "cloud-sso.refusal-words",
    ),
    "imis_rest/connector.py": ("imis.list-whole",),
    "imis_rest/login.py": ("imis.token-life",),
    "imis_rest/mapping.py": ("imis.defaults-omitted", "imis.claims-text"),
    "imis_rest/names.py": ("imis.organisation-name",),
    "imis_staff_site/licence.py": ("staff.licence-words",),
    "imis_staff_site/pages/about-imis.yaml": ("staff.about-names",),
    "imis_staff_site/pages/log-in.yaml": ("staff.log-in",),
    "imis_staff_site/pages/openid-connect.yaml": (
        "imis.secret-shown",
        "staff.fields-by-type",
        "staff.save",
    ),
    "oidc/page.py": ("imis.sign-in-page",),
}


def marked() -> set[str]:
    files = (each for each in CONNECTORS.rglob("*") if each.suffix in {".py", ".yaml", ".js"})
    found = {each for each in files if _MARK.search(each.read_text("utf-8"))}
    return {each.relative_to(CONNECTORS).as_posix() for each in found}


def test_whatever_rests_on_an_assumption_names_its_claims() -> None:
    """A new `# Inferred:` or `# Unknown:` belongs into `domain/claims.py`, and here."""
    assert marked() == RESTS_ON.keys()


@pytest.mark.parametrize("name", sorted({each for claims in RESTS_ON.values() for each in claims}))
def test_what_the_code_rests_on_is_a_claim_that_a_tenant_has_to_confirm(name: str) -> None:
    assert claim(name).is_open or claim(name).mark == "V"
