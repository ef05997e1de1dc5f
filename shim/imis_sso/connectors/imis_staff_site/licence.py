"""Reads from the list of licensed features whether OpenID Connect is on it. Pure."""

from __future__ import annotations

from typing import Final

from imis_sso.domain.documents.licence import Licensed

# Inferred: the entry is called as the licence is (product facts 2).
_FEATURE: Final = "openid connect"


def licensed(features: str) -> Licensed:
    """Judge a list, an entry a line: only an entry that says this and nothing else counts.

    An empty list, or an entry that says more than the name (such as "expired"), tells nothing.
    """
    entries = [each.strip().casefold() for each in features.splitlines() if each.strip()]
    if _FEATURE in entries:
        return "licensed"
    if not entries or any(_FEATURE in each for each in entries):
        return "unknown"
    return "not_licensed"
