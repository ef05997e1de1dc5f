"""Whether iMIS is licensed for OpenID Connect (product facts 3.4)."""

from __future__ import annotations

from typing import Literal

from imis_sso.domain.documents.base import Document, setting

Licensed = Literal["licensed", "not_licensed", "unknown"]


class Licence(Document):
    """The entry of iMIS's list of licensed features; `unknown` where it cannot be told."""

    openid_connect: Licensed = setting(
        "OpenID Connect",
        default="unknown",
        text="`licensed` or `not_licensed` as iMIS lists it; `unknown` where the connector has no "
        "way to the list: over REST none is known.",
    )
