"""The settings documents of both products."""

from imis_sso.domain.documents.base import Document, Setting, Values, flatten, nested
from imis_sso.domain.documents.cloud_sso import ImisClient, ImisSsoSettings
from imis_sso.domain.documents.directory import Claims, Directory, Registration
from imis_sso.domain.documents.licence import Licence
from imis_sso.domain.documents.oidc_authentication import OidcAuthentication
from imis_sso.domain.documents.openid_connect import OpenIDConnect

__all__ = [
    "Claims",
    "Directory",
    "Document",
    "ImisClient",
    "ImisSsoSettings",
    "Licence",
    "OidcAuthentication",
    "OpenIDConnect",
    "Registration",
    "Setting",
    "Values",
    "flatten",
    "nested",
]
