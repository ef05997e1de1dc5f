"""Every secret source is resolved once before it is needed, and nothing of it is shown."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import keyring
import pytest
from keyring.backends import fail
from vault_stand_in import gone, vault_stand_in

from imis_sso.connectors.secrets import resolve
from imis_sso.environments import check_sources, load

Write = Callable[..., Path]


@pytest.fixture
def file(write: Write) -> Path:
    """Give a registry file with four sources, in lines 7, 13, 17 and 19."""
    return write(
        "    secrets:",
        "      kept:",
        "        source: 'file:kept'",
        "        for: [imis/openid-connect]",
        "      other: {source: 'env:OTHER', for: [imis/openid-connect]}",
    )


def test_all_that_cannot_be_had_is_named_with_line_key_and_place(
    file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("IMIS_PASSWORD", "OTHER"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "kept").mkdir()
    expected = f"""\
{file}:7: environments.test.imis.password: The secret "imis.password" cannot be had: \
its environment variable is not set. (environment variable IMIS_PASSWORD)
{file}:13: environments.test.cloud_sso.password: The secret "cloud_sso.password" cannot be had: \
its file cannot be read: No such file or directory. (file {tmp_path / "cloud-password"})
{file}:17: environments.test.secrets.kept.source: The secret "kept" cannot be had: \
its file cannot be read: it is not a regular file. (file {tmp_path / "kept"})
{file}:19: environments.test.secrets.other.source: The secret "other" cannot be had: \
its environment variable is not set. (environment variable OTHER)"""
    assert "\n".join(map(str, check_sources(load(file), resolve))) == expected


def test_nothing_is_said_where_all_resolve(
    file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("IMIS_PASSWORD", "OTHER"):
        monkeypatch.setenv(name, "canary")
    for name in ("cloud-password", "kept"):
        (tmp_path / name).write_text("canary\n", "utf-8")
    registry = load(file)
    assert check_sources(registry, resolve) == []
    assert "canary" not in repr(registry)


def test_vault_and_keyring_are_asked_too(
    write: Write, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The operator is told the place, in the same line."""
    monkeypatch.setenv("VAULT_TOKEN", "s.good")
    before = keyring.get_keyring()
    keyring.set_keyring(fail.Keyring())
    with vault_stand_in(tmp_path) as vault:
        vault.answer = gone()
        entries = f"address: {vault.address}, ca_file: '{vault.ca_file}', token: 'env:VAULT_TOKEN'"
        file = write(
            line1=f"server: {{vault: {{{entries}}}}}\nenvironments:",
            line7="      password: 'vault:kv/sso#password'",
            line13="      password: 'keyring:imis-sso/admin'",
        )
        found = check_sources(load(file), resolve)
    keyring.set_keyring(before)
    assert [str(each) for each in found] == [
        (
            f'{file}:8: environments.test.imis.password: The secret "imis.password" cannot be had: '
            "its latest version in Vault was deleted. (Vault kv/sso#password)"
        ),
        (
            f'{file}:14: environments.test.cloud_sso.password: The secret "cloud_sso.password" cannot '
            "be had: there is no keyring that this process may use. (keyring imis-sso/admin)"
        ),
    ]
