"""Where a provider's discovery document may be, seen from its authorization endpoint."""

from __future__ import annotations

import pytest

from imis_sso.domain.public_verdicts import WELL_KNOWN, Asked


@pytest.mark.parametrize(
    ("endpoint", "bases"),
    [
        ("https://s", ["https://s"]),
        ("https://s/authorize", ["https://s"]),
        ("https://s:1/x/y/authorize", ["https://s:1/x/y", "https://s:1/x", "https://s:1"]),
        (
            "https://s/a/b/c/d/e/authorize",
            [f"https://s{each}" for each in ("/a/b/c/d/e", "/a/b/c/d", "/a/b/c", "/a/b", "")],
        ),
    ],
)
def test_an_issuer_lies_above_its_endpoint(endpoint: str, bases: list[str]) -> None:
    """Discovery 1.0 section 4: at most five are asked, the root always."""
    assert list(Asked("", endpoint, {}).candidates()) == [base + WELL_KNOWN for base in bases]
