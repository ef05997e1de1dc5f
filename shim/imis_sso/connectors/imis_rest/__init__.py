"""iMIS by its REST interface (product facts 3.2-3.5)."""

from imis_sso.connectors.imis_rest.connector import ImisRest
from imis_sso.connectors.imis_rest.session import FairUse

__all__ = ["FairUse", "ImisRest"]
