"""The connector behind which a person is."""

from imis_sso.connectors.assisted.connector import Assisted

__all__ = ["Assisted"]
