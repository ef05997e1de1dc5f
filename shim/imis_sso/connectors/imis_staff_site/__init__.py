"""The Staff site of iMIS, driven by a browser: for tenants whose REST record cannot be used."""

from imis_sso.connectors.imis_staff_site.connector import ImisStaffSite

__all__ = ["ImisStaffSite"]
