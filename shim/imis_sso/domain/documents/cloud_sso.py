"""Cloud SSO > External Directories > iMIS SSO Settings (product facts 4.2)."""

from __future__ import annotations

from typing import ClassVar

from imis_sso.domain.documents.base import Document, SecretKeys, setting
from imis_sso.domain.forms import BaseUrl, HttpsUrl, Text


class ImisClient(Document):
    """What Cloud SSO shows of its client for iMIS; `""` for what it does not show."""

    secret: ClassVar[SecretKeys | None] = SecretKeys("client_secret", "Client Secret")

    client_id: Text = setting(
        "Client ID", default="", text="Client identifier that iMIS must present."
    )
    client_secret_version: str = setting(
        "Client Secret", default="", text="Keyed fingerprint of the secret that Cloud SSO shows."
    )
    discovery_url: HttpsUrl = setting(
        "Discovery (Well-Known) URL",
        default="",
        text="Address of the discovery document; goes to iMIS as Well-Known URL.",
    )
    issuer: HttpsUrl = setting(
        "Issuer", default="", text="Issuer of the provider; goes to iMIS as Authority URL."
    )


class ImisSsoSettings(Document):
    """The one input of the page: where Cloud SSO sends people back to."""

    redirect_url: BaseUrl = setting(
        "Redirect URL",
        default="",
        critical=True,
        trust="imis",
        text="Base address of iMIS, equal to its Redirect login URL byte for byte.",
    )
