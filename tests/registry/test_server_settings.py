"""Where a server setting comes from, and what is said when it cannot be used."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from imis_sso.environments import ConfigurationError, ServerOptions, load
from imis_sso.settings import ServerSettings

Write = Callable[..., Path]


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ServerOptions.model_fields:
        monkeypatch.delenv(f"IMIS_SSO_{name.upper()}", raising=False)


@pytest.fixture
def options(write: Write) -> ServerOptions:
    """Give the server options of a file that sets the port and a relative folder."""
    server = "server: {port: 1001, data_dir: data, rate_limit: 300}\nenvironments:"
    return load(write(line1=server)).server


def test_defaults(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Contract C42: only this machine, unless told otherwise; C43: 200 requests a second."""
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    settings = ServerSettings.resolve()
    assert settings.model_dump() == {
        "host": "127.0.0.1",
        "port": 8080,
        "database_password": None,
        "database_url": None,
        "data_dir": tmp_path / ".local/share/imis-sso",
        "fingerprint_key_file": None,
        "audit_key_file": None,
        "fingerprint_key_previous": (),
        "log_level": "info",
        "snapshots_keep": 500,
        "snapshots_days": 400,
        "rate_limit": 200,
        "waiting_writes": 100,
        "tls": None,
    }


def test_the_data_folder_follows_xdg(monkeypatch: pytest.MonkeyPatch) -> None:
    """XDG Base Directory Specification: a relative path is to be ignored."""
    monkeypatch.setenv("XDG_DATA_HOME", "/srv/data")
    assert ServerSettings.resolve().data_dir == Path("/srv/data/imis-sso")
    monkeypatch.setenv("XDG_DATA_HOME", "relative")
    assert ServerSettings.resolve().data_dir.parts[-3:] == (".local", "share", "imis-sso")


def test_a_user_without_home_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def homeless() -> Path:
        msg = "Could not determine home directory."
        raise RuntimeError(msg)

    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.setattr(Path, "home", homeless)
    monkeypatch.chdir(tmp_path)
    assert ServerSettings.resolve().data_dir == tmp_path / "imis-sso-data"


def test_the_file_wins_over_defaults_and_its_paths_start_from_its_folder(
    options: ServerOptions, tmp_path: Path
) -> None:
    settings = ServerSettings.resolve(options)
    assert (settings.port, settings.rate_limit) == (1001, 300)
    assert settings.data_dir == tmp_path / "data"


def test_variables_win_over_the_file(
    options: ServerOptions, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("IMIS_SSO_PORT", "1002")
    monkeypatch.setenv("IMIS_SSO_DATA_DIR", "elsewhere")
    monkeypatch.setenv("IMIS_SSO_LOG_LEVEL", "")
    settings = ServerSettings.resolve(options)
    assert (settings.port, settings.rate_limit, settings.log_level) == (1002, 300, "info")
    assert settings.data_dir == tmp_path / "elsewhere"


def test_tls_by_variables(
    options: ServerOptions, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Contract C42: two files, each by its own variable; one alone is named as the fault."""
    monkeypatch.setenv("IMIS_SSO_TLS_CERTIFICATE", str(tmp_path / "a.pem"))
    with pytest.raises(ConfigurationError, match=r"^IMIS_SSO_TLS_KEY: is missing$"):
        ServerSettings.resolve(options)
    monkeypatch.setenv("IMIS_SSO_TLS_KEY", str(tmp_path / "a.key"))
    tls = ServerSettings.resolve(options).tls
    assert tls is not None
    assert (tls.certificate, tls.key) == (tmp_path / "a.pem", tmp_path / "a.key")


def test_tls_by_file_starts_from_its_folder(write: Write, tmp_path: Path) -> None:
    server = "server: {tls: {certificate: a.pem, key: /b.key}}\nenvironments:"
    tls = ServerSettings.resolve(load(write(line1=server)).server).tls
    assert tls is not None
    assert (tls.certificate, tls.key) == (tmp_path / "a.pem", Path("/b.key"))


def test_flags_win_over_both(options: ServerOptions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMIS_SSO_PORT", "1002")
    settings = ServerSettings.resolve(options, {"port": 0, "host": None})
    assert (settings.port, settings.host) == (0, "127.0.0.1")


def test_a_wrong_variable_and_a_wrong_flag_are_named_and_not_repeated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("IMIS_SSO_PORT", "eighty")
    monkeypatch.setenv("IMIS_SSO_LOG_LEVEL", "loud")
    with pytest.raises(ConfigurationError) as caught:
        ServerSettings.resolve(flags={"rate_limit": 5, "data_dir": " "})
    assert sorted(str(caught.value).splitlines()) == [
        "--data-dir: must not begin or end with white space",
        "--rate-limit: must be at least 100",
        "IMIS_SSO_LOG_LEVEL: expected debug, info, warning or error, found another text",
        "IMIS_SSO_PORT: expected a whole number",
    ]


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.8.0.1", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),  # judged, not bound to
        ("::", False),
        ("192.0.2.1", False),
        ("imis-sso.example.org", False),
    ],
)
def test_who_can_reach_the_service(host: str, loopback: bool) -> None:
    """Contract C42: elsewhere than on loopback it needs tokens."""
    assert ServerSettings.resolve(flags={"host": host}).on_loopback is loopback


@pytest.mark.parametrize("given", ["old.key", "[old.key, older]", "[]"])
def test_previous_keys_are_one_path_or_several(write: Write, tmp_path: Path, given: str) -> None:
    """contract C25; from a variable they come as those of PATH do."""
    file = write(line1=f"server: {{fingerprint_key_previous: {given}}}\nenvironments:")
    names = {"old.key": ["old.key"], "[old.key, older]": ["old.key", "older"], "[]": []}[given]
    expected = tuple(tmp_path / each for each in names)
    assert ServerSettings.resolve(load(file).server).fingerprint_key_previous == expected


def test_previous_keys_from_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMIS_SSO_FINGERPRINT_KEY_PREVIOUS", "/a/old.key:/b/older")
    expected = (Path("/a/old.key"), Path("/b/older"))
    assert ServerSettings.resolve().fingerprint_key_previous == expected
    monkeypatch.setenv("IMIS_SSO_FINGERPRINT_KEY_PREVIOUS", "/a::/b")
    with pytest.raises(ConfigurationError, match="IMIS_SSO_FINGERPRINT_KEY_PREVIOUS: must not be"):
        ServerSettings.resolve()
