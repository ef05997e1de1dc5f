"""Every source is read anew, without a restart: named secrets and passwords (C21, C22, C47)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keyring
import pytest
from api_answers import Another, refused, settle
from keyring.backend import KeyringBackend
from service_bench import BASE, CLIENT, OPENID_CONNECT, Bench
from vault_stand_in import Vault, vault_stand_in

from imis_sso.domain.secret import Secret
from imis_sso.simulators import Simulation

pytestmark = pytest.mark.anyio

VARIABLE = "IMIS_SSO_TEST_CHANGING"
VAULT_PATH = "/v1/kv/data/sso/test"
ENTRY = ("imis-sso", "changing")
Put = Callable[[str], Any]


class Memory(KeyringBackend):
    """A keyring in memory."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()
        self.entries: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.entries.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.entries[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.entries[service, username]


@pytest.fixture
def vault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Vault]:
    monkeypatch.setenv("VAULT_TOKEN", "s.good")
    with vault_stand_in(tmp_path) as running:
        yield running


@pytest.fixture
def server(vault: Vault) -> dict[str, Any]:
    """The registry's `server:` with that Vault."""
    entry = {"address": vault.address, "ca_file": str(vault.ca_file), "token": "env:VAULT_TOKEN"}
    return {"vault": entry}


@pytest.fixture(params=["env", "file", "vault", "keyring"])
def changing(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    vault: Vault,
) -> Iterator[tuple[str, Put]]:
    """A source of each kind, and what puts another value there."""
    memory, before = Memory(), keyring.get_keyring()
    keyring.set_keyring(memory)
    file = tmp_path / "changing"
    kinds: dict[str, tuple[str, Put]] = {
        "env": (f"env:{VARIABLE}", lambda value: monkeypatch.setenv(VARIABLE, value)),
        "file": (f"file:{file}", lambda value: file.write_text(value + "\n", "utf-8")),
        "vault": (
            "vault:kv/sso/test#f",
            lambda value: vault.secrets.__setitem__(VAULT_PATH, {"f": value}),
        ),
        "keyring": (
            f"keyring:{ENTRY[0]}/{ENTRY[1]}",
            lambda value: memory.set_password(*ENTRY, value),
        ),
    }
    yield kinds[request.param]
    keyring.set_keyring(before)


def _version(bench: Bench, secret: str) -> str:
    return bench.service.pairs["test"].secrets.version(Secret(secret))


async def test_a_changed_secret_is_seen_at_the_next_use(
    another: Another, changing: tuple[str, Put], server: dict[str, Any]
) -> None:
    """C21: read, pushed, refused and pushed again, by one running service."""
    source, put = changing
    put("first")
    secrets = {"one": {"source": source, "for": ["imis/openid-connect"]}}
    async with another({"secrets": secrets}, server) as bench:
        await settle(bench)
        for value in ("first", "second+/=%:&~ü"):
            put(value)
            shown = (await bench.client.get(f"{BASE}/secrets/one")).json()
            assert shown == {"name": "one", "version": _version(bench, value)}
            names = {"client_secret_ref": "one", "client_secret_version": shown["version"]}
            put(f"{value} changed meanwhile")
            answer = await bench.client.put(OPENID_CONNECT, json=names)
            refused(answer, 409, "secret-version-changed")
            put(value)
            assert (await bench.client.put(OPENID_CONNECT, json=names)).status_code == 200
            assert bench.imis.record["ClientSecret"] == value


async def test_a_changed_password_of_imis_is_tried_at_once(
    another: Another,
    changing: tuple[str, Put],
    server: dict[str, Any],
    fresh: Simulation,
    request: pytest.FixtureRequest,
) -> None:
    """C47: the refused one is not tried again, and a changed credential clears that."""
    source, put = changing
    right = fresh.environments["test"].imis_password
    put("wrong")
    place = fresh.environments["test"]
    imis = {
        "url": place.imis_url,
        "connector": "imis_rest",
        "username": place.imis_username,
        "password": source,
    }
    async with another({"imis": imis}, server) as bench:
        # What this run wrote is searched for secrets in the end; the password does not stay.
        request.addfinalizer(lambda: put("gone"))
        for _ in range(3):
            answer = await bench.client.get(f"{BASE}/imis/oidc-authentication")
            refused(answer, 424, "upstream-credentials-refused")
            assert "wrong" not in answer.text
        assert bench.imis.counters.requests == 1
        put(right)
        answer = await bench.client.get(f"{BASE}/imis/oidc-authentication")
        assert answer.status_code == 200, answer.text


@pytest.mark.browser
async def test_a_changed_password_of_cloud_sso_is_tried_at_once(
    another: Another, fresh: Simulation, tmp_path: Path
) -> None:
    """C47."""
    async with another() as bench:
        file = tmp_path / "test-cloud_sso"
        file.write_text("wrong", "utf-8")
        for _ in range(2):
            refused(await bench.client.get(CLIENT), 424, "upstream-credentials-refused")
        file.write_text(fresh.environments["test"].cloud_sso_password, "utf-8")
        assert (await bench.client.get(CLIENT)).status_code == 200


@pytest.mark.parametrize("scheme", ["env", "file", "vault", "keyring"])
async def test_a_caller_never_sees_place_or_path(
    another: Another, scheme: str, server: dict[str, Any], vault: Vault, tmp_path: Path
) -> None:
    """C20, C21: the name and the reason alone, also for a password."""
    hidden = {
        "env": ("env:HIDDEN_PLACE", "HIDDEN_PLACE"),
        "file": (f"file:{tmp_path}/hidden/place", "hidden"),
        "vault": ("vault:hidden/place#field", "hidden"),
        "keyring": ("keyring:hidden/place", "hidden"),
    }
    source, word = hidden[scheme]
    secrets = {"one": {"source": source, "for": ["imis/openid-connect"]}}
    async with another({"secrets": secrets}, server) as bench:
        answer = await bench.client.get(f"{BASE}/secrets/one")
        detail = refused(answer, 424, "secret-unavailable")["detail"]
        assert detail.startswith('The secret "one" cannot be had: ')
        for told in (word, str(tmp_path), vault.address, vault.address.rpartition(":")[2]):
            assert told not in answer.text
