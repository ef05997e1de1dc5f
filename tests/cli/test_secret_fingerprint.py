"""`imis-sso secret fingerprint`: the versions that plans show (contract C20, C22)."""

from __future__ import annotations

import re

import pytest
from command_line import Registry, command, process

from imis_sso.simulators import CloudSsoModel, ImisModel

SOURCE = "IMIS_SSO_TEST_HANDOVER"
SECRETS = {"handover": {"source": f"env:{SOURCE}", "for": ["imis/openid-connect"]}}


@pytest.mark.browser
def test_typed_in_it_equals_what_the_api_shows(
    registry: Registry, cloud_sso: CloudSsoModel, imis: ImisModel
) -> None:
    """Of the secret that Cloud SSO shows, read from standard input and never printed."""
    config = ("--config", str(registry()))
    client = command("show", "test", "cloud-sso/imis-client", "--json", *config).json
    told = command("secret", "fingerprint", "test", *config, typed=f"{cloud_sso.client_secret}\n")
    assert (told.code, told.err) == (0, "")
    assert told.out == f"{client['client_secret_version']}\n"
    held = command("secret", "fingerprint", "test", *config, typed=imis.record["ClientSecret"])
    assert held.out != told.out
    page = command("show", "test", "imis/openid-connect", "--json", *config).json
    assert page["client_secret_version"] == held.out.strip()


def test_of_a_named_secret(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    """By name or from standard input: the same version; another environment's is another."""
    monkeypatch.setenv(SOURCE, "p@rtner+/=")
    config = ("--config", str(registry({"secrets": SECRETS})))
    named = command("secret", "fingerprint", "test", "handover", *config)
    assert re.fullmatch(r"v1-[0-9a-f]{16}\n", named.out)
    for typed in ("p@rtner+/=", "p@rtner+/=\n", "p@rtner+/=\r\n"):
        assert command("secret", "fingerprint", "test", *config, typed=typed).out == named.out
    assert command("secret", "fingerprint", "prod", *config, typed="p@rtner+/=").out != named.out
    told = command("secret", "fingerprint", "test", "handover", "--json", *config)
    assert told.json == {"environment": "test", "name": "handover", "version": named.out.strip()}


def test_the_secret_is_never_printed(registry: Registry) -> None:
    """Not by a real process either."""
    told = process("secret", "fingerprint", "test", "--config", str(registry()), typed="s3cret+/%")
    assert told.code == 0
    assert "s3cret" not in told.out + told.err


def test_what_cannot_be_fingerprinted(registry: Registry) -> None:
    config = ("--config", str(registry()))
    command("secret", "fingerprint", "test", *config, typed="").failed(
        "no secret was given on standard input"
    )
    command("secret", "fingerprint", "tset", *config, typed="x").failed("there is no environment…")
    command("secret", "fingerprint", "test", "nobody", *config).failed(
        "Not found: There is no secret…"
    )


def test_a_typed_secret_is_never_sent(registry: Registry) -> None:
    """A service is asked for names only."""
    told = command(
        "secret",
        "fingerprint",
        "test",
        "--url",
        "http://127.0.0.1:1",
        "--token",
        "t",
        typed="s3cret",
    )
    told.failed("a secret from standard input is fingerprinted with --config, never sent …")
    assert "s3cret" not in told.err
