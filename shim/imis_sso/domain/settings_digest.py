"""One digest of all that sign-in depends on: was exactly this verified? (section 6). Pure."""

from __future__ import annotations

import hashlib
from typing import Any

from imis_sso.domain.canonical import canonical_json
from imis_sso.domain.documents import Document
from imis_sso.domain.verdicts import Halves


def settings_digest(halves: Halves) -> str:
    """Give the SHA-256, in hexadecimal, of the sign-in-critical fields of both halves.

    The mode is no part of it, and neither is the name under which the secret goes: a secret is in
    it as its keyed fingerprint. What Cloud SSO shows is in it as a whole, and every directory that
    goes by a key.
    """
    content: dict[str, dict[str, Any]] = {
        "imis/openid-connect": _critical(halves.openid_connect),
        "cloud-sso/imis-client": halves.imis_client.model_dump(),
        "cloud-sso/imis-sso-settings": _critical(halves.imis_sso_settings),
    }
    for key, directory in sorted(halves.directories.items()):
        content[f"cloud-sso/directories/{key}"] = _critical(directory)
    return hashlib.sha256(canonical_json(content)).hexdigest()


def _critical(document: Document) -> dict[str, str | bool]:
    values = document.values()
    found = {each.path: values[each.path] for each in document.settings() if each.critical}
    keys = document.secret
    return found if keys is None else found | {keys.version: document.model_dump()[keys.version]}
