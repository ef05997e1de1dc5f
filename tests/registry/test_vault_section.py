"""The section `server.vault` and the sources that need it (contract C21)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import trustme

from imis_sso.domain.sources import SecretSource, VaultLogIn, VaultServer
from imis_sso.environments import ConfigurationError, load
from imis_sso.settings import ServerSettings

Write = Callable[..., Path]
Faults = Callable[..., list[tuple[int | None, str, str]]]

SOURCE = "      password: 'vault:kv/sso/imis#pass word'"
ADDRESS = "address: https://vault.example.org:8200"
TOKEN = SecretSource("server.vault.token", "env", "VAULT_TOKEN")


def server(entries: str) -> str:
    """Give the first line of a registry file, with `server.vault` in the second."""
    return f"server:\n  vault: {{{entries}}}\nenvironments:"


def test_a_source_knows_its_server(write: Write, tmp_path: Path) -> None:
    trustme.CA().cert_pem.write_to_path(tmp_path / "ca.pem")
    entries = f"{ADDRESS}, token: 'env:VAULT_TOKEN', namespace: team, ca_file: ca.pem"
    registry = load(write(line1=server(entries), line7=SOURCE))
    vault = VaultServer("https://vault.example.org:8200", TOKEN, "team", tmp_path / "ca.pem")
    expected = SecretSource("imis.password", "vault", "kv/sso/imis", "pass word", vault)
    assert registry.environments["test"].imis.password == expected
    assert expected.place == "Vault kv/sso/imis#pass word"


@pytest.mark.parametrize(
    ("entries", "log_in"),
    [
        (
            "approle: {role_id: r1, secret_id: 'file:sid', mount: other}",
            ("other", ("role_id", "r1"), "secret_id", "sid"),
        ),
        (
            "kubernetes: {role: sso, token_file: jwt}",
            ("kubernetes", ("role", "sso"), "jwt", "jwt"),
        ),
    ],
)
def test_other_ways_in(write: Write, tmp_path: Path, entries: str, log_in: tuple) -> None:
    registry = load(write(line1=server(f"{ADDRESS}, {entries}"), line7=SOURCE))
    vault = registry.environments["test"].imis.password.vault
    mount, role, name, file = log_in
    assert vault is not None
    assert isinstance(vault.entry, VaultLogIn)
    assert (vault.entry.mount, vault.entry.role) == (mount, role)
    assert vault.entry.credential[0] == name
    assert vault.entry.credential[1].path == tmp_path / file


def test_a_named_secret_keeps_its_server(write: Write) -> None:
    secret = "    secrets: {a: {source: 'vault:kv/x#f', for: [imis/openid-connect]}}"
    registry = load(write(secret, line1=server(f"{ADDRESS}, token: 'env:VAULT_TOKEN'")))
    source = registry.environments["test"].secrets["a"].source
    assert (source.name, source.vault) == (
        "a",
        VaultServer("https://vault.example.org:8200", TOKEN),
    )


def test_a_keyrings_entry(write: Write) -> None:
    """The user is what stands after the last slash."""
    registry = load(write(line7="      password: 'keyring:imis-sso/test/svc'"))
    password = registry.environments["test"].imis.password
    assert password == SecretSource("imis.password", "keyring", "imis-sso/test", "svc")
    assert password.place == "keyring imis-sso/test/svc"


def test_the_servers_own_settings_do_not_mind(write: Write) -> None:
    registry = load(write(line1=server(f"{ADDRESS}, token: 'env:VAULT_TOKEN'")))
    assert ServerSettings.resolve(registry.server).port == 8080


ONE = "needs exactly one of token, approle and kubernetes"


@pytest.mark.parametrize(
    ("entries", "key", "message"),
    [
        ("token: 'env:T'", ".address", "is missing"),
        ("address: http://127.0.0.1:8200, token: 'env:T'", ".address", "https"),
        (ADDRESS, "", ONE),
        (f"{ADDRESS}, token: 'env:T', kubernetes: {{role: r}}", "", ONE),
        (f"{ADDRESS}, token: s.canary", ".token", 'must name a source, "env:NAME" or "file:PATH";'),
        (f"{ADDRESS}, token: 'vault:kv/x#f'", ".token", 'must name a source, "env:NAME" or "file'),
        (f"{ADDRESS}, token: 'env:T', ca_file: none.pem", ".ca_file", "No such file"),
        (f"{ADDRESS}, approle: {{role_id: r}}", ".approle.secret_id", "is missing"),
        (f"{ADDRESS}, kubernetes: {{role: r, mount: ../x}}", ".kubernetes.mount", "hyphens"),
        (f"{ADDRESS}, tokn: 'env:T'", ".tokn", 'the nearest known one is "token"'),
    ],
)
def test_faults_of_the_section(faults: Faults, entries: str, key: str, message: str) -> None:
    """A fault of the section is told once, not again for each source that needs it."""
    found = faults(line1=server(entries), line7=SOURCE)
    assert [(line, name) for line, name, _ in found] == [(2, f"server.vault{key}")]
    assert message in found[0][2]
    assert "canary" not in found[0][2]


def test_every_source_that_needs_it_is_named(write: Write) -> None:
    secret = "    secrets: {a: {source: 'vault:kv/x#f', for: [imis/openid-connect]}}"
    with pytest.raises(ConfigurationError) as caught:
        load(write(secret, line7=SOURCE))
    assert [(each.line, each.key) for each in caught.value.faults] == [
        (7, "environments.test.imis.password"),
        (15, "environments.test.secrets.a.source"),
    ]
