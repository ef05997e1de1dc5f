"""The operator's page files in place of the built-in ones, and what is refused of them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from imis_sso.connecting import PAGES, check_pages
from imis_sso.connectors.browser.page_reading import PageFileError
from imis_sso.connectors.cloud_sso_dashboard.connector import SETTINGS, page_files
from imis_sso.domain.configuration import ConfigurationError

BUILT_IN = Path(page_files.__code__.co_filename).with_name("pages")
SETTINGS_FILE, LOG_IN_FILE = (
    f"cloud_sso_dashboard/{SETTINGS}.yaml",
    "cloud_sso_dashboard/log-in.yaml",
)
Put = Callable[[str, str], Path]


@pytest.fixture
def put(tmp_path: Path) -> Put:
    """Writes a file of the operator's folder; its text starts from the built-in one of the name."""

    def write(name: str, text: str) -> Path:
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, "utf-8")
        return file

    return write


def built_in(name: str = SETTINGS_FILE) -> str:
    return (BUILT_IN / Path(name).name).read_text("utf-8")


def faults_of(folder: Path) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        check_pages(folder)
    return str(caught.value).splitlines()


def test_without_a_folder_every_page_is_the_built_in_one(tmp_path: Path) -> None:
    check_pages(None)
    check_pages(tmp_path)
    for pages in PAGES.values():
        for name in pages(tmp_path).names:
            assert pages(tmp_path).page(name) == pages(None).page(name)
            assert not pages(tmp_path).is_own(name)


def test_an_operators_file_takes_the_place_of_the_built_in_one(tmp_path: Path, put: Put) -> None:
    put(
        SETTINGS_FILE,
        built_in().replace("redirect_url: {", "redirect_url: {synonyms: Return URL, "),
    )
    check_pages(tmp_path)
    files = page_files(tmp_path)
    assert files.page(SETTINGS).fields["redirect_url"].names == ("Redirect URL", "Return URL")
    assert files.is_own(SETTINGS)
    assert files.log_in == page_files().log_in
    put(LOG_IN_FILE, built_in(LOG_IN_FILE).replace("submit: [Log In", "submit: [Enter"))
    check_pages(tmp_path)
    assert page_files(tmp_path).log_in.submit[0] == "Enter"


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("kind: text", "kind: txt", "fields.redirect_url.kind: Input should be"),
        ("open: [", "opn: [", "opn: Extra inputs"),
        ("  issuer: {kind: shown}\n", "", "fields.issuer: is missing"),
        (", secret: true, reveal: [Show, Reveal]", "", "fields.client_secret: must be as secret"),
        ("issuer: {kind: shown}", "issuer: {kind: checkbox}", "fields.issuer: a checkbox"),
        ("  issuer:", "  isuer:", "fields: the model has no isuer"),
        ("save: {", "save: [", "while parsing"),
    ],
)
def test_a_broken_file_is_named_with_its_key(
    tmp_path: Path, put: Put, before: str, after: str, said: str
) -> None:
    """A field may be found elsewhere; what it means, and how secret it is, stays."""
    assert before in built_in()
    file = put(SETTINGS_FILE, built_in().replace(before, after))
    assert any(f"server.pages_dir: {file}: {said}" in each for each in faults_of(tmp_path))
    with pytest.raises(PageFileError):
        page_files(tmp_path).page(SETTINGS)


def test_a_page_that_is_written_needs_a_way_to_save_it(tmp_path: Path, put: Put) -> None:
    file = put(SETTINGS_FILE, built_in().partition("\nsave:")[0])
    assert faults_of(tmp_path) == [f"server.pages_dir: {file}: save: is missing"]


def test_every_fault_is_said_at_once_and_no_file_is_passed_over(tmp_path: Path, put: Put) -> None:
    """A file that nobody reads must not look as if it were in force."""
    typo = put("cloud_sso_dashboard/imis-sso-setings.yaml", built_in())
    stranger = put("cloud_sso/x.yaml", built_in()).parent
    broken = put(LOG_IN_FILE, "fields: {}\nsubmit: Go\n")
    put("cloud_sso_dashboard/.hidden", "left alone")
    found = faults_of(tmp_path)
    assert len(found) == 3
    for path in (typo, stranger, broken):
        assert any(f"{path}: " in each for each in found)


def test_files_that_cannot_be_read(tmp_path: Path, put: Put) -> None:
    assert faults_of(tmp_path / "absent") == [
        f"server.pages_dir: {tmp_path / 'absent'}: is no folder"
    ]
    file = put(SETTINGS_FILE, "")
    file.write_bytes(b"\xff\xfe")
    assert "is not in UTF-8" in faults_of(tmp_path)[0]
    file.write_text("#" * 300_000)
    assert "is larger than 256 KiB" in faults_of(tmp_path)[0]
    if os.geteuid():
        file.chmod(0)
        assert "cannot be read: Permission denied" in faults_of(tmp_path)[0]
