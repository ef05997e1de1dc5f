"""`show`, `verify` and `diff` against a running service: what they print and how they end."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from command_line import ESCAPE, command, process
from service_process import Running

pytestmark = pytest.mark.browser

ROOT = "/v1/environments/test"
PATHS = (
    "imis/openid-connect",
    "imis/oidc-authentication",
    "imis/licence",
    "cloud-sso/imis-client",
    "cloud-sso/imis-sso-settings",
)


def _agree(at: Running) -> str:
    """Bring both halves of `test` into agreement through the API; gives the redirect."""
    redirect = f"{at.ready['environments']['test']['imis_url']}/"
    shown = at.call("GET", f"{ROOT}/cloud-sso/imis-client").json()
    body: dict[str, Any] = {
        "authority_url": shown["issuer"],
        "client_id": shown["client_id"],
        "client_secret_ref": "cloud-sso-imis-client",
        "client_secret_version": shown["client_secret_version"],
        "external_id_claim_type": "external_id",
        "name": "Cloud SSO",
        "redirect_login_url": redirect,
        "require_public_users": False,
        "set_login_hint": True,
        "tenant_id": "",
        "type": "okta",
        "user_authentication": {"claim_type": "staff", "claim_value": "1"},
        "well_known_url": shown["discovery_url"],
    }
    for path, content in (("imis/openid-connect", body),
                          ("cloud-sso/imis-sso-settings", {"redirect_url": redirect})):  # fmt: skip
        answer = at.call("PUT", f"{ROOT}/{path}", json=content)
        assert answer.status_code == 200, answer.text
    return redirect


def _lower(at: Running) -> None:
    answer = at.call("PUT", f"{ROOT}/imis/oidc-authentication", json={"mode": "disabled"})
    assert answer.status_code == 200, answer.text


def test_show_a_document(at: Running) -> None:
    """As the API gives it, and as rows for a person."""
    live = at.call("GET", f"{ROOT}/imis/openid-connect").json()
    assert command("show", "test", "imis/openid-connect", "--json").json == live
    told = command("show", "test", "imis/openid-connect")
    assert (told.code, told.err) == (0, "")
    assert "imis/openid-connect" in told.out
    assert (
        f'user_authentication.claim_type "{live["user_authentication"]["claim_type"]}"'
        in told.words
    )
    assert f"set_login_hint {json.dumps(live['set_login_hint'])}" in told.words
    assert live["client_secret_version"] in told.out


def test_show_all(at: Running) -> None:
    """Every document of both products; no secret in any of them (contract C20)."""
    told = command("show", "test", "--json")
    assert tuple(told.json) == tuple(sorted(PATHS))
    for path in PATHS:
        assert told.json[path] == at.call("GET", f"{ROOT}/{path}").json()
    plain = command("show", "test")
    assert [path for path in PATHS if path in plain.out] == list(PATHS)
    for product in ("imis", "cloud_sso"):
        assert at.ready["environments"]["test"][f"{product}_password"] not in told.out + plain.out


def test_nothing_is_coloured_in_a_pipe(at: Running) -> None:
    """Nor is any progress shown."""
    told = process("verify", "test", surroundings={"TERM": "xterm-256color"})
    assert ESCAPE not in told.out + told.err
    assert told.err == ""
    assert "Traceback" not in told.out


def test_verify_passes_and_fails_by_its_exit_code(at: Running) -> None:
    redirect = _agree(at)
    _lower(at)
    told = command("verify", "test")
    assert (told.code, told.err) == (0, "")
    assert "test: verification passed (active proof)." in told.out
    assert "client.secret-matches" in told.out
    answer = at.call("PUT", f"{ROOT}/imis/openid-connect", json={"redirect_login_url": ""})
    assert answer.status_code == 200, answer.text
    told = command("verify", "test")
    assert (told.code, told.err) == (2, "")
    assert "test: verification failed (active proof)." in told.out
    first = next(line for line in told.out.splitlines() if line.strip().startswith("failed"))
    assert "redirect.matches" in first
    assert redirect in told.out
    told = command("verify", "test", "--json")
    assert told.code == 2
    assert told.json == at.call("GET", f"{ROOT}/verification?probe=active").json()
    told = command("verify", "test", "--json", "--passive")
    assert (told.code, told.json["proof"]) == (2, "passive")


@pytest.fixture
def settings_file(at: Running, tmp_path: Path) -> Path:
    """A settings file of the stacks that says what is there once both halves agree."""
    redirect = _agree(at)
    _lower(at)
    file = tmp_path / "test.yaml"
    lines = ["environment: test", "openid_connect:", f"  redirect_login_url: {redirect}",
             "oidc_authentication:", "  mode: disabled", ""]  # fmt: skip
    file.write_text("\n".join(lines), "utf-8")
    return file


def test_diff_of_nothing(at: Running, settings_file: Path) -> None:
    told = command("diff", "test", "--settings", str(settings_file))
    assert (told.code, told.err) == (0, "")
    assert told.out == "test: the products hold what the file says.\n"
    told = command("diff", "test", "-s", str(settings_file), "--json")
    assert told.json == {"environment": "test", "changes": []}


def test_diff_names_each_field(at: Running, settings_file: Path) -> None:
    """Exit code 2, as Terraform's: there is a difference."""
    changes = {"name": "Someone", "user_authentication": {"claim_value": "2"}}
    assert at.call("PUT", f"{ROOT}/imis/openid-connect", json=changes).status_code == 200
    told = command("diff", "test", "--settings", str(settings_file), "--json")
    assert told.code == 2
    assert sorted(told.json["changes"], key=lambda each: each["field"]) == [
        {"resource": "imis/openid-connect", "field": "name",
         "before": "Someone", "after": "Cloud SSO"},
        {"resource": "imis/openid-connect", "field": "user_authentication.claim_value",
         "before": "2", "after": "1"},
    ]  # fmt: skip
    told = command("diff", "test", "--settings", str(settings_file))
    assert told.code == 2
    assert 'imis/openid-connect name "Someone" "Cloud SSO"' in told.words
    assert "test: 2 fields differ." in told.out


def test_diff_of_a_file_with_a_mistake(at: Running, tmp_path: Path) -> None:
    file = tmp_path / "test.yaml"
    file.write_text("environment: test\noidc_authentication:\n  modus: enabled\n", "utf-8")
    told = command("diff", "test", "--settings", str(file))
    assert told.code == 1
    assert f"imis-sso: {file}:3: oidc_authentication.modus: unknown key" in told.err
    assert "Traceback" not in told.err


def test_what_the_service_refuses_is_told_in_its_words(at: Running) -> None:
    command("show", "elsewhere", "--url", at.ready["base_url"]).failed(
        "Not found: There is no environment 'elsewhere'; GET /v1/environments lists them."
    )
    command("verify", "test", "--token", "wrong").failed("Not authenticated: …")


@pytest.mark.parametrize(
    ("url", "token", "said"),
    [
        (
            "http://127.0.0.1:1",
            "t",
            "the service at http://127.0.0.1:1 does not answer: ConnectError",
        ),
        ("http://[::bad", "t", "--url 'http://[::bad' is no address; …"),
        ("nonsense", "t", "the service at nonsense/ does not answer: UnsupportedProtocol"),
        ("http://127.0.0.1:1", "tökén", "--token is no token of this service: …"),
        ("http://127.0.0.1:1", "a\nb", "--token is no token of this service: …"),
    ],
)
@pytest.mark.parametrize("name", ["show", "verify"])
def test_a_service_that_cannot_be_asked(name: str, url: str, token: str, said: str) -> None:
    command(name, "test", "--url", url, "--token", token).failed(said)


def test_something_else_that_answers(at: Running) -> None:
    """Not JSON, or not a settings document: no traceback."""
    url = f"{at.ready['base_url']}/docs?"
    told = command("show", "test", "imis/openid-connect", "--url", url)
    assert told.code == 1
    assert "Traceback" not in told.err
