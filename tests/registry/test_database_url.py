"""Where the shared database is: read, refused in a sentence, and never with its password."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from imis_sso.domain.database import DatabaseAddress
from imis_sso.domain.secret import Secret
from imis_sso.domain.sources import SecretSource
from imis_sso.environments import ConfigurationError, ServerOptions, load
from imis_sso.settings import ServerSettings
from imis_sso.storage import database_server

Write = Callable[..., Path]
URL = "postgresql://imis@db.example.org/sso"
PASSWORD = "canary"
SHAPE = "must be postgresql://USER@HOST[:PORT]/DATABASE"


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ServerOptions.model_fields:
        monkeypatch.delenv(f"IMIS_SSO_{name.upper()}", raising=False)


def server(**keys: str) -> str:
    """Give the first line of a registry file with these server settings, and the two keys."""
    keys |= {"fingerprint_key_file": "key", "audit_key_file": "audit"}
    pairs = ", ".join(f'{key}: "{value}"' for key, value in keys.items())
    return f"server: {{{pairs}}}\nenvironments:"


@pytest.mark.parametrize(
    "url",
    [
        URL,
        "postgresql://imis@db.example.org:5433/sso?sslmode=verify-full&sslrootcert=/etc/ca.pem",
        "postgresql://imis@/sso?host=/run/postgresql",
        "postgresql://imis@[::1]:5432/sso",
        "postgresql://imis@one,two/sso?target_session_attrs=read-write",
    ],
)
def test_urls_that_are_taken(write: Write, url: str) -> None:
    settings = ServerSettings.resolve(load(write(line1=server(database_url=url))).server)
    assert settings.database_url == DatabaseAddress(url)
    found = database_server(settings)
    assert found is not None
    assert (found.url, found.password) == (url, None)


@pytest.mark.parametrize(
    "url",
    [
        "mysql://imis@db/sso",
        "postgresql://db/sso",
        "postgresql://imis@db",
        "postgresql://imis@db/a/b",
        "postgresql://imis@/sso",
        "postgresql://imis@db:port/sso",
        "postgresql://imis@[::1/sso",
        "postgresql://imis@db/sso#x",
        "postgresql://imis@db/sso?sslmode",
        "sso.sqlite3",
    ],
)
def test_urls_of_another_shape(write: Write, url: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load(write(line1=server(database_url=url)))
    assert [each.message for each in caught.value.faults] == [SHAPE]


@pytest.mark.parametrize("option", ["password=canary", "passfile=/x", "options=-c", "sslmode2=a"])
def test_other_options_are_refused_without_being_repeated(write: Write, option: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load(write(line1=server(database_url=f"{URL}?{option}")))
    assert "and no others" in str(caught.value)
    assert "canary" not in str(caught.value)


def test_a_password_never_stands_in_the_file(write: Write) -> None:
    """Contract C21."""
    url = URL.replace("@", f":{PASSWORD}@")
    with pytest.raises(ConfigurationError) as caught:
        load(write(line1=server(database_url=url)))
    (fault,) = caught.value.faults
    assert fault.key == "server.database_url"
    assert "name its source in database_password" in fault.message
    assert "canary" not in str(caught.value)


async def test_the_variable_may_hold_one_and_nothing_shows_it(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMIS_SSO_DATABASE_URL", URL.replace("@", f":{PASSWORD}%40@"))
    settings = ServerSettings.resolve(load(write(line1=server(database_password="env:X"))).server)
    assert settings.database_url == DatabaseAddress(URL, Secret("canary@"))
    found = database_server(settings)
    assert found is not None
    assert found.password is not None
    assert (await found.password()).reveal() == "canary@"
    assert "canary" not in f"{settings!r} {settings.database_url} {found!r}"


async def test_the_password_comes_from_its_source_each_time(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = server(database_url=URL, database_password="file:secrets/db")
    registry = load(write(line1=line))
    expected = SecretSource("database_password", "file", str(tmp_path / "secrets/db"))
    assert (("server", "database_password"), expected) in list(registry.sources())
    found = database_server(ServerSettings.resolve(registry.server))
    assert found is not None
    assert found.password is not None
    (tmp_path / "secrets").mkdir()
    for password in ("first", "second"):
        (tmp_path / "secrets/db").write_text(f"{password}\n")
        assert (await found.password()).reveal() == password


def test_a_wrong_variable_is_named_and_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMIS_SSO_DATABASE_URL", f"mysql://imis:{PASSWORD}@db/sso")
    monkeypatch.setenv("IMIS_SSO_DATABASE_PASSWORD", "canary")
    with pytest.raises(ConfigurationError) as caught:
        ServerSettings.resolve()
    assert [each.key for each in caught.value.faults] == [
        "IMIS_SSO_DATABASE_URL",
        "IMIS_SSO_DATABASE_PASSWORD",
    ]
    assert "canary" not in str(caught.value)


def test_who_shares_the_database_shares_the_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Contract C25: a key of its own would show every secret as changed."""
    monkeypatch.setenv("IMIS_SSO_DATABASE_URL", URL)
    with pytest.raises(ConfigurationError) as caught:
        ServerSettings.resolve(flags={"audit_key_file": "/etc/audit"})
    assert str(caught.value).startswith("fingerprint_key_file: must be set where database_url is")


def test_without_it_the_store_is_in_the_data_directory() -> None:
    assert database_server(ServerSettings.resolve()) is None
