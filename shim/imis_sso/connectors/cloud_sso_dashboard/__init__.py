"""The dashboard of Cloud SSO, driven by a browser: it has no management API (product facts 4)."""

from imis_sso.connectors.cloud_sso_dashboard.connector import CloudSsoDashboard

__all__ = ["CloudSsoDashboard"]
