"""Page files: what they may say, and what is refused with file and key."""

from __future__ import annotations

import pytest

from imis_sso.connectors.browser.log_in import LogIn
from imis_sso.connectors.browser.page_reading import PageFileError, load_log_in, load_page
from imis_sso.connectors.cloud_sso_dashboard.connector import SETTINGS, page_files
from imis_sso.domain.documents import ImisClient, ImisSsoSettings

LABELS = {"text": "Text", "key": "Key", "type": "Type"}
GOOD = """
open: [[Section], [Page, Other name]]
fields:
  text: {kind: text, synonyms: Words}
  key: {label: Secret key, kind: shown, secret: true, reveal: [Show]}
  type: {kind: select, texts: {a: [A, Alpha], b: B}}
save: {button: Save, confirm: true, evidence: saved}
"""


def test_a_label_defaults_to_the_models_and_synonyms_add_to_it() -> None:
    page = load_page(GOOD, "page.yaml", LABELS)
    assert page.fields["text"].names == ("Text", "Words")
    assert page.fields["key"].names == ("Secret key",)
    assert page.fields["type"].texts == {"a": ("A", "Alpha"), "b": ("B",)}
    assert page.title == "Page"
    assert page.save is not None
    assert page.save.evidence == ("saved",)
    assert [name for name, field in page.fields.items() if field.writable] == ["text", "type"]


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("kind: text", "kind: number", "fields.text.kind"),
        ("synonyms: Words", "synonym: Words", "fields.text.synonym"),
        ("synonyms: Words", "synonyms: [type]", "text and type share the label"),
        ("synonyms: Words", "synonyms: ['']", "fields.text.synonyms.0"),
        ("text: {", "unknown: {", "the model has no unknown"),
        ("secret: true, ", "", "reveal is for a secret field"),
        ("secret: true", "secret: 'yes'", "fields.key.secret"),
        (", texts: {a: [A, Alpha], b: B}", "", "a select, and nothing else"),
        ("open: [[Section], [Page, Other name]]", "open: []", "a way to it"),
        ("open: [[Section], [Page, Other name]]", "open: [[]]", "open.0"),
        ("button: Save", "buttons: Save", "save.buttons"),
        ("save: {", "sav: {", "sav:"),
        ("confirm: true", "confirm: true, confirm: false", "the key confirm is there twice"),
        ("evidence: saved", "evidence: !!python/name:os.system x", "could not determine"),
        ("fields:", "fields: 3\nother:", "fields"),
        (GOOD, "- a list", "a page file is a mapping"),
        (GOOD, "[" * 100_000, "is nested too deeply"),
        (GOOD, "{", "page.yaml"),
    ],
)
def test_a_page_file_that_is_wrong_is_refused_by_file_and_key(
    before: str, after: str, said: str
) -> None:
    assert before in GOOD
    with pytest.raises(PageFileError) as caught:
        load_page(GOOD.replace(before, after), "page.yaml", LABELS)
    message = str(caught.value)
    assert said in message
    assert all(line.startswith("page.yaml: ") for line in message.splitlines())


LOG_IN = """
fields:
  username: {label: User, kind: text}
  password: {label: Password, kind: secret}
submit: Go
"""


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("password: {", "word: {", "the fields username and password"),
        ("kind: secret", "kind: text", "the password's kind is secret"),
        ("label: User", "label: password", "share the label"),
        ("submit: Go", "", "submit"),
    ],
)
def test_a_log_in_page_has_what_a_log_in_needs(before: str, after: str, said: str) -> None:
    assert load_log_in(LOG_IN, "log-in.yaml").submit == ("Go",)
    with pytest.raises(PageFileError, match=said):
        load_log_in(LOG_IN.replace(before, after), "log-in.yaml")


def test_the_built_in_page_has_the_labels_of_the_models() -> None:
    """Product facts 4.2: five labels, one of them the only input."""
    page = page_files().page(SETTINGS)
    keys = ImisClient.secret
    assert keys is not None
    for setting in (*ImisClient.settings(), *ImisSsoSettings.settings()):
        assert page.fields[setting.path].label == setting.label
    assert page.fields[keys.inline].label == keys.label
    assert [name for name, field in page.fields.items() if field.writable] == ["redirect_url"]


def test_the_built_in_log_in_asks_for_three_things() -> None:
    """Product facts 4.1: user name, password and Cloud ID."""
    assert page_files().log_in.fields.keys() == {"username", "password", "cloud_id"}
    with pytest.raises(ValueError, match="other fields than password, username"):
        LogIn(page_files().log_in, _never, _never, address="", others={})  # type: ignore[arg-type]


async def _never() -> None:
    raise AssertionError
