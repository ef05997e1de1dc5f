"""Settings files: what they may say, and errors with file, line and key."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel
from stack_runs import ENVIRONMENTS, FULL, LEAST, PARTIAL
from terraform_runs import ROOT

from imis_sso_stacks.settings import OpenIDConnect, Settings
from imis_sso_stacks.settings_file import SettingsError, load_environments, load_settings

if TYPE_CHECKING:
    from pathlib import Path

    from imis_sso_stacks.settings_file import Problem

REDIRECT = "openid_connect: {redirect_login_url: https://x.example.org/}\n"
MODE = "oidc_authentication: {mode: disabled}\n"
START = "environment: e\n" + REDIRECT + MODE


def problems(folder: Path, text: str) -> list[Problem]:
    """Give the problems of a settings file ``e.yaml`` with this text."""
    file = folder / "e.yaml"
    file.write_text(text, "utf-8")
    with pytest.raises(SettingsError) as caught:
        load_settings(file)
    return caught.value.problems


def test_a_file_with_the_least_takes_the_documented_defaults(tmp_path: Path) -> None:
    """Contract 1.1: the recipe's values, else "" or false; what Cloud SSO shows is not said."""
    (tmp_path / "least.yaml").write_text(LEAST, "utf-8")
    page = load_settings(tmp_path / "least.yaml").openid_connect
    assert page.model_dump(exclude={"unmanaged"}) == {
        "authority_url": None,
        "client_id": None,
        "client_secret_ref": "cloud-sso-imis-client",
        "client_secret_version": None,
        "email_body": None,
        "external_id_claim_type": "external_id",
        "name": "Cloud SSO",
        "redirect_login_url": "https://members-test.example.org/",
        "require_public_users": False,
        "set_login_hint": True,
        "tenant_id": "",
        "type": "okta",
        "user_authentication": {"claim_type": "staff", "claim_value": "1"},
        "well_known_url": None,
    }


def test_every_key_of_the_contract_can_be_said(tmp_path: Path) -> None:
    """Contract 1.1: the keys of a settings file are the document's, and no others."""
    (tmp_path / "full.yaml").write_text(FULL, "utf-8")
    page = load_settings(tmp_path / "full.yaml").openid_connect
    said = yaml.safe_load(FULL)["openid_connect"]
    assert {key: value for key, value in page.model_dump().items() if key in said} == said
    assert set(OpenIDConnect.model_fields) - set(said) == {"client_secret_version", "unmanaged"}


def test_the_redirect_given_once_serves_both_halves(tmp_path: Path) -> None:
    """Product facts 2: the same value on both sides, byte for byte, unless stated otherwise."""
    for name, text in ENVIRONMENTS.items():
        (tmp_path / f"{name}.yaml").write_text(text, "utf-8")
    found = {one.environment: one.redirect_url for one in load_environments(tmp_path)}
    assert found == {
        "full": "https://other.example.org/",
        "least": "https://members-test.example.org/",
        "partial": None,
    }


def test_the_state_is_a_relative_file_unless_a_backend_is_given(tmp_path: Path) -> None:
    """An absolute path would be one of the machine that synthesised."""
    (tmp_path / "full.yaml").write_text(FULL, "utf-8")
    (tmp_path / "least.yaml").write_text(LEAST, "utf-8")
    kind, arguments = load_settings(tmp_path / "full.yaml").state
    assert (kind, arguments["use_lockfile"]) == ("s3", True)
    least = load_settings(tmp_path / "least.yaml").state
    assert least == ("local", {"path": "terraform.least.tfstate"})


WRONG = {
    "unknown key": (START + "opnid: {}\n", 4, "opnid", "unknown key"),
    "near key": (
        "environment: e\nopenid_connect:\n  redirect_login_uri: https://x/\n" + MODE,
        3,
        "openid_connect.redirect_login_uri",
        "unknown key, did you mean redirect_login_url?",
    ),
    "near nested key": (
        "environment: e\nopenid_connect:\n  redirect_login_url: ''\n"
        "  user_authentication:\n    claim_typ: staff\n" + MODE,
        5,
        "openid_connect.user_authentication.claim_typ",
        "unknown key, did you mean claim_type?",
    ),
    "secret": (
        "environment: e\nopenid_connect:\n  redirect_login_url: ''\n  client_secret: S3\n" + MODE,
        4,
        "openid_connect.client_secret",
        "a secret never stands in a settings file: name one by client_secret_ref",
    ),
    "number for text": (
        "environment: e\nopenid_connect:\n  redirect_login_url: ''\n"
        "  user_authentication: {claim_value: 1}\n" + MODE,
        4,
        "openid_connect.user_authentication.claim_value",
        "must be text: put it in quotes",
    ),
    "text for yes": (
        'environment: e\nopenid_connect:\n  redirect_login_url: ""\n  set_login_hint: "yes"\n'
        + MODE,
        4,
        "openid_connect.set_login_hint",
        "must be true or false",
    ),
    "unknown type": (
        'environment: e\nopenid_connect:\n  redirect_login_url: ""\n  type: Okta\n' + MODE,
        4,
        "openid_connect.type",
        "must be one of entra_id, okta or other",
    ),
    "unknown mode": (
        "environment: e\n" + REDIRECT + "oidc_authentication:\n  mode: test\n",
        4,
        "oidc_authentication.mode",
        "must be one of disabled, test_mode or enabled",
    ),
    "list for mapping": (
        START + "cloud_sso: []\n",
        4,
        "cloud_sso",
        "must be a mapping",
    ),
    "no mode": (
        "environment: e\n" + REDIRECT + "oidc_authentication: {}\n",
        3,
        "oidc_authentication.mode",
        "missing: one of disabled, test_mode, enabled (or list it under unmanaged)",
    ),
    "no redirect": (
        "environment: e\nopenid_connect: {}\n" + MODE,
        2,
        "openid_connect.redirect_login_url",
        "missing: the iMIS base address, https://…/ (or list it under unmanaged)",
    ),
    "no redirect for Cloud SSO": (
        "environment: e\nopenid_connect: {unmanaged: [redirect_login_url]}\n" + MODE,
        1,
        "cloud_sso.redirect_url",
        "missing: openid_connect leaves redirect_login_url unmanaged, so say it here",
    ),
    "no section": ("environment: e\n" + REDIRECT, 1, "oidc_authentication", "missing"),
    "set and unmanaged": (
        "environment: e\nopenid_connect:\n  redirect_login_url: ''\n  client_id: x\n"
        "  unmanaged:\n    - name\n    - client_id\n" + MODE,
        7,
        "openid_connect.unmanaged.1",
        "client_id is set as well: remove one of the two",
    ),
    "nested set and unmanaged": (
        "environment: e\nopenid_connect:\n  redirect_login_url: ''\n"
        "  user_authentication: {claim_type: role}\n"
        "  unmanaged: [user_authentication.claim_type]\n" + MODE,
        5,
        "openid_connect.unmanaged.0",
        "user_authentication.claim_type is set as well: remove one of the two",
    ),
    "other environment": (
        "environment: prod\n" + REDIRECT + MODE,
        1,
        "environment",
        "is 'prod', but the file is named e.yaml",
    ),
    "environment no segment": (
        "environment: E/1\n" + REDIRECT + MODE,
        1,
        "environment",
        "may hold lower-case letters, digits and hyphens only",
    ),
    "secret name no segment": (
        "environment: e\nopenid_connect:\n  redirect_login_url: ''\n"
        "  client_secret_ref: ../x\n" + MODE,
        4,
        "openid_connect.client_secret_ref",
        "may hold lower-case letters, digits and hyphens only",
    ),
    "empty value": (
        "environment: e\nopenid_connect:\n  name:\n" + MODE,
        3,
        "openid_connect.name",
        'has no value: remove the key, or write "" for none',
    ),
    "doubled key": (
        START + "environment: f\n",
        4,
        "environment",
        "stands here a second time",
    ),
    "two backends": (
        START + "backend:\n  s3: {}\n  local: {}\n",
        4,
        "backend",
        "may hold one entry only",
    ),
    "credential of a backend": (
        START + "backend:\n  s3:\n    bucket: b\n    secret_key: abc\n",
        7,
        "backend.s3.secret_key",
        "a credential does not belong in this file: give it by the environment",
    ),
    "endless": (
        "environment: &e [*e]\n",
        1,
        ".".join(["environment", *"00000000"]),
        "is nested too deeply",
    ),
    "no mapping": ("- e\n", 1, "", "must be a mapping"),
    "empty": ("", 1, "", "must be a mapping"),
    "not a date": (
        "environment: 2024-02-31\n",
        1,
        "",
        "not readable: day is out of range for month",
    ),
    "not YAML": (
        "environment: e\n}\n",
        2,
        "",
        "not readable as YAML: expected <block end>, but found '}'",
    ),
}


@pytest.mark.parametrize(("text", "line", "key", "words"), WRONG.values(), ids=WRONG.keys())
def test_an_error_names_file_line_and_key(
    tmp_path: Path, text: str, line: int, key: str, words: str
) -> None:
    """One line each: FILE:LINE: KEY: what is wrong."""
    found = problems(tmp_path, text)
    expected = f"{tmp_path}/e.yaml:{line}: {key + ': ' if key else ''}{words}"
    assert expected in map(str, found)
    assert all("\n" not in str(problem) for problem in found)


def test_a_secret_pasted_by_mistake_is_not_repeated(tmp_path: Path) -> None:
    """Contract C20: no secret in any error."""
    text = START.replace("https://x.example.org/", "'', client_secret: hunter2-canary")
    assert all("canary" not in str(problem) for problem in problems(tmp_path, text))


def test_all_problems_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    """Nobody repairs a settings file one error at a time."""
    (tmp_path / "e.yaml").write_text(START + "one: 1\ntwo: 2\n", "utf-8")
    (tmp_path / "f.yaml").write_text("three: 3\n", "utf-8")
    with pytest.raises(SettingsError) as caught:
        load_environments(tmp_path)
    places = [(problem.file.name, problem.line) for problem in caught.value.problems]
    assert places[:2] == [("e.yaml", 4), ("e.yaml", 5)]
    assert ("f.yaml", 1) in places


def test_a_second_file_of_an_environment_is_refused(tmp_path: Path) -> None:
    """Contract 8: one state per environment."""
    (tmp_path / "e.yaml").write_text(START, "utf-8")
    (tmp_path / "e.yml").write_text(START, "utf-8")
    with pytest.raises(SettingsError, match=r"e\.yml:1: a second settings file"):
        load_environments(tmp_path)


def test_a_folder_without_settings_says_so(tmp_path: Path) -> None:
    """One line, no traceback."""
    with pytest.raises(SettingsError, match="holds no settings file"):
        load_environments(tmp_path)
    with pytest.raises(SettingsError, match="No such file"):
        load_environments(tmp_path / "absent")


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"environment: \x00"])
def test_bytes_that_are_no_text_are_refused(tmp_path: Path, content: bytes) -> None:
    """Whatever stands in the file, the answer is an error with its name."""
    (tmp_path / "e.yaml").write_bytes(content)
    with pytest.raises(SettingsError, match=r"e\.yaml:1: "):
        load_settings(tmp_path / "e.yaml")


def test_a_folder_in_place_of_a_file_is_an_error(tmp_path: Path) -> None:
    """The operating system's word, with the name of the file."""
    (tmp_path / "e.yaml").mkdir()
    with pytest.raises(SettingsError, match=r"e\.yaml:1: Is a directory"):
        load_environments(tmp_path)


@pytest.mark.parametrize("name", ["test", "prod"])
def test_the_shipped_settings_files_load(name: str) -> None:
    """The files people start from are right."""
    folder = ROOT / "cdktf" / "environments"
    assert load_settings(folder / f"{name}.yaml").environment == name


def test_partly_unmanaged_is_allowed(tmp_path: Path) -> None:
    """Contract 8: ``unmanaged`` leaves a field to the product, the mode and the redirect too."""
    (tmp_path / "partial.yaml").write_text(PARTIAL, "utf-8")
    partial = load_settings(tmp_path / "partial.yaml")
    assert partial.oidc_authentication.mode is None
    assert "user_authentication.claim_type" in partial.openid_connect.unmanaged


def keys_of(section: type[BaseModel]) -> set[str]:
    """Give every key of a section and of the sections inside it."""
    found = set(section.model_fields)
    for field in section.model_fields.values():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            found |= keys_of(inner)
    return found


def test_every_key_is_documented() -> None:
    """A key that docs/stacks.md does not name is a key that nobody finds."""
    text = (ROOT / "docs" / "stacks.md").read_text("utf-8")
    assert {key for key in keys_of(Settings) if f"`{key}" not in text} == set()


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.dates(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers(), inner),
    max_leaves=6,
)
KEYS = st.sampled_from([*Settings.model_fields, "other"])


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.dictionaries(KEYS, JUNK))
def test_no_content_ends_in_anything_but_a_settings_error(
    tmp_path_factory: pytest.TempPathFactory, content: dict[str, object]
) -> None:
    """Any YAML is either settings or a list of problems, each with a line of the file."""
    file = tmp_path_factory.mktemp("any") / "e.yaml"
    file.write_text(yaml.safe_dump(content, allow_unicode=True), "utf-8")
    length = len(file.read_text("utf-8").splitlines())
    with pytest.raises(SettingsError) as caught:
        load_settings(file)
    assert all(1 <= problem.line <= length for problem in caught.value.problems)
