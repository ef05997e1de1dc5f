"""The page files of the Staff site, with the labels of the models."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from imis_sso.connectors.browser.page_files import PageFiles, labels_of
from imis_sso.domain.documents import OidcAuthentication, OpenIDConnect

OPENID_CONNECT_PAGE: Final = "openid-connect"
ABOUT_PAGE: Final = "about-imis"
LICENSED_FEATURES: Final = "licensed_features"
ORGANISATION: Final = "organisation"
VERSION: Final = "version"


def page_files(pages_dir: Path | None = None) -> PageFiles:
    """Give the pages of the Staff site (product facts 2, 3.4), labels from the models.

    The operator's files in `pages_dir` take the place of the built-in ones.
    """
    labels = labels_of(OpenIDConnect, OidcAuthentication)
    about = {
        LICENSED_FEATURES: "Licensed features",
        ORGANISATION: "Licensed to",
        VERSION: "Version",
    }
    return PageFiles(
        __package__, pages_dir, labels={OPENID_CONNECT_PAGE: labels, ABOUT_PAGE: about}
    )
