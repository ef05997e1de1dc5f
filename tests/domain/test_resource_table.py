"""The table of resources is the whole surface (contract section 1)."""

from __future__ import annotations

import re

import pytest

from imis_sso.domain.documents import (
    ImisClient,
    ImisSsoSettings,
    Licence,
    OidcAuthentication,
    OpenIDConnect,
)
from imis_sso.domain.resources import (
    BUILT_IN_SECRET,
    PRODUCT_TITLES,
    PRODUCTS,
    RESOURCES,
    Destroy,
    Gate,
    Resource,
    SecretRole,
    find,
)


def test_the_table_is_the_contracts() -> None:
    """contract section 1, C5."""
    table = {
        each.path: (each.document, each.read_only, each.destroy, each.gate) for each in RESOURCES
    }
    retain, disable, restore = Destroy.RETAIN, Destroy.DISABLE, Destroy.RESTORE
    assert table == {
        "imis/openid-connect": (OpenIDConnect, False, (retain, restore), None),
        "imis/oidc-authentication": (
            OidcAuthentication,
            False,
            (retain, disable, restore),
            Gate.ACTIVATION,
        ),
        "imis/licence": (Licence, True, (retain,), None),
        "cloud-sso/imis-client": (ImisClient, True, (retain,), None),
        "cloud-sso/imis-sso-settings": (ImisSsoSettings, False, (retain, restore), None),
    }


def test_documents_of_one_record_share_it() -> None:
    """contract 1.2, C3."""
    records = {each.path: each.record for each in RESOURCES}
    assert records["imis/openid-connect"] is records["imis/oidc-authentication"]
    assert records["cloud-sso/imis-client"] is records["cloud-sso/imis-sso-settings"]
    assert records["imis/openid-connect"].secret is SecretRole.SETTABLE
    assert records["cloud-sso/imis-client"].secret is SecretRole.SHOWN


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda each: each.path)
def test_an_entry(resource: Resource) -> None:
    """contract C1: the last path segment is the id."""
    assert re.fullmatch(r"[a-z0-9-]+", resource.name)
    assert find(resource.path) is resource
    assert resource.record.product == resource.product
    assert resource.destroy[0] is Destroy.RETAIN
    assert resource.summary.endswith(".")
    fields = [each.path for each in resource.document.settings()]
    assert len(fields) == len(set(fields))


def test_paths_of_one_record_do_not_overlap() -> None:
    """A field belongs to exactly one document of its record."""
    seen = [
        (each.record.name, setting.path)
        for each in RESOURCES
        for setting in each.document.settings()
    ]
    assert len(seen) == len(set(seen))


@pytest.mark.parametrize("path", ["", "imis", "imis/", "imis/about-imis", "openid-connect"])
def test_what_is_not_in_the_table_is_not_found(path: str) -> None:
    assert find(path) is None


def test_names_of_products_and_of_the_built_in_secret() -> None:
    """contract C21."""
    assert list(PRODUCTS) == list(PRODUCT_TITLES) == ["imis", "cloud-sso"]
    assert BUILT_IN_SECRET == "cloud-sso-imis-client"
