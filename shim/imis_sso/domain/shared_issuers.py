"""Issuers that the whole world shares: a rule for one must say whose tokens it takes (C40).

Anybody with an account gets validly signed tokens of these, with a free choice of branch, workflow
and audience. What nobody else can have is the owner's name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

_ID: Final = r"\d+"
_OWNER_AND_MORE: Final = r"[^/:*]+/.*"
_NAME: Final = r"[^*]+"

SHARED_ISSUERS: Final[Mapping[str, Mapping[str, str]]] = {
    "token.actions.githubusercontent.com": {
        "repository": _OWNER_AND_MORE,
        "repository_id": _ID,
        "repository_owner": _NAME,
        "repository_owner_id": _ID,
        "sub": r"repo:[^/:*]+/.*",
    },
    "gitlab.com": {
        "namespace_id": _ID,
        "namespace_path": _NAME,
        "project_id": _ID,
        "project_path": _OWNER_AND_MORE,
        "sub": r"project_path:[^/:*]+/.*",
    },
    "app.terraform.io": {
        "sub": r"organization:[^/:*]+:.*",
        "terraform_organization_id": _NAME,
        "terraform_organization_name": _NAME,
        "terraform_workspace_id": _NAME,
    },
}
"""By host: the claims that name an owner, and what their condition must look like to do so."""


def owner_claims(issuer: str) -> tuple[str, ...]:
    """Give the claims of which one must be conditioned; none where the issuer is not shared."""
    return tuple(SHARED_ISSUERS.get(urlsplit(issuer).hostname or "", ()))


def names_owner(issuer: str, claims: Mapping[str, str]) -> bool:
    """Tell whether conditions say whose tokens are taken; an issuer of one's own needs none."""
    known = SHARED_ISSUERS.get(urlsplit(issuer).hostname or "")
    if known is None:
        return True
    return any(
        name in claims and re.fullmatch(form, claims[name]) is not None
        for name, form in known.items()
    )
