"""Under which names iMIS tells of itself (product facts 3.3).

Inferred: the names of the properties; only what they say is documented.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from imis_sso.connectors.imis_rest.wire import unbox

ORGANISATION: Final = (
    "LicensedOrganization",
    "LicensedOrganizationName",
    "LicensedOrganisation",
    "OrganizationName",
    "LicenseeName",
)
VERSION: Final = ("Version", "ProductVersion", "ImisVersion", "iMISVersion")


def told(settings: Mapping[str, object], names: Sequence[str]) -> str | None:
    """Give the first of several names that tells a text, None where none does."""
    found = (unbox(settings.get(name)) for name in names)
    return next((each for each in found if isinstance(each, str) and each), None)
