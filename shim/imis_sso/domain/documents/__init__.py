"""The settings documents of both products."""

from imis_sso.domain.documents.base import Document, Setting, Values, flatten, nested
from imis_sso.domain.documents.cloud_sso import ImisClient, ImisSsoSettings
from imis_sso.domain.documents.licence import Licence
from imis_sso.domain.documents.oidc_authentication import OidcAuthentication
from imis_sso.domain.documents.openid_connect import OpenIDConnect

__all__ = [
    "Document",
    "ImisClient",
    "ImisSsoSettings",
    "Licence",
    "OidcAuthentication",
    "OpenIDConnect",
    "Setting",
    "Values",
    "flatten",
    "nested",
]
