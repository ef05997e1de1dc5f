"""A refused log-in is tried once, by whichever process, also after a restart (contract C47)."""

from __future__ import annotations

from pathlib import Path

import pytest

from imis_sso.connectors.base import LoginGuard
from imis_sso.domain.fingerprint import FingerprintKey
from imis_sso.domain.problems import UpstreamCredentialsRefused
from imis_sso.domain.secret import Secret
from imis_sso.store.engine import SqlStore, open_store
from imis_sso.store.login_guard import StoredLoginGuard

pytestmark = pytest.mark.anyio

KEY = FingerprintKey(b"k" * 32)
ADDRESS = "https://members.example.org"
WRONG = Secret("canary-wrong")


def guard(store: SqlStore) -> LoginGuard:
    """Give the guard of a connector."""
    return StoredLoginGuard(store.refused_logins, KEY, "imis", "test")


async def test_a_log_in_is_free_until_it_is_refused(store: SqlStore) -> None:
    login = guard(store)
    await login.check(ADDRESS, "svc", WRONG)
    await login.remember(ADDRESS, "svc", WRONG)
    await login.remember(ADDRESS, "svc", WRONG)
    with pytest.raises(UpstreamCredentialsRefused) as caught:
        await login.check(ADDRESS, "svc", WRONG)
    assert "imis-sso login test --retry" in caught.value.detail
    assert "canary" not in caught.value.detail


@pytest.mark.parametrize(
    ("address", "user", "password"),
    [
        (ADDRESS, "svc", "changed"),
        (ADDRESS, "other", "canary-wrong"),
        ("https://other.example.org", "svc", "canary-wrong"),
        (ADDRESS + "s", "vc", "canary-wrong"),
    ],
)
async def test_a_changed_credential_is_free(
    store: SqlStore, address: str, user: str, password: str
) -> None:
    login = guard(store)
    await login.remember(ADDRESS, "svc", WRONG)
    await login.check(address, user, Secret(password))
    with pytest.raises(UpstreamCredentialsRefused):
        await login.check(ADDRESS, "svc", WRONG)


async def test_another_process_knows_and_can_forget(store: SqlStore, tmp_path: Path) -> None:
    await guard(store).remember(ADDRESS, "svc", WRONG)
    other = await open_store(tmp_path / "data")
    with pytest.raises(UpstreamCredentialsRefused):
        await guard(other).check(ADDRESS, "svc", WRONG)
    assert await other.refused_logins.forget("test") == 1
    await other.aclose()
    await guard(store).check(ADDRESS, "svc", WRONG)


async def test_a_rotated_key_knows_and_renews_what_was_refused(store: SqlStore) -> None:
    """contract C25: also after the older key was dropped; another password is free."""
    await guard(store).remember(ADDRESS, "svc", WRONG)
    keys = [FingerprintKey(b"n" * 32, [b"k" * 32]), FingerprintKey(b"n" * 32)]
    for key in keys:
        login = StoredLoginGuard(store.refused_logins, key, "imis", "test")
        await login.check(ADDRESS, "svc", Secret("changed"))
        with pytest.raises(UpstreamCredentialsRefused):
            await login.check(ADDRESS, "svc", WRONG)


async def test_a_dropped_key_is_not_known(store: SqlStore) -> None:
    """contract C25: its loss forgets refused log-ins, too."""
    await guard(store).remember(ADDRESS, "svc", WRONG)
    lost = StoredLoginGuard(store.refused_logins, FingerprintKey(b"n" * 32), "imis", "test")
    await lost.check(ADDRESS, "svc", WRONG)


async def test_an_environments_memory_is_cleared_alone(store: SqlStore) -> None:
    refused = store.refused_logins
    await refused.remember("f1", "imis", "test")
    await refused.remember("f2", "cloud-sso", "test")
    await refused.remember("f3", "imis", "prod")
    assert await refused.forget("test") == 2
    assert await refused.forget("test") == 0
    assert [await refused.is_refused(each) for each in ("f1", "f2", "f3")] == [False, False, True]


async def test_neither_password_nor_user_reaches_the_disk(store: SqlStore, tmp_path: Path) -> None:
    await guard(store).remember(ADDRESS, "canary-user", WRONG)
    content = b"".join(each.read_bytes() for each in (tmp_path / "data").iterdir())
    assert b"refused_logins" in content
    assert b"canary" not in content
