"""Secrets in the system's keyring, through a backend of keyring's own interface (C20, C21)."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends import fail
from keyring.errors import InitError, KeyringLocked

from imis_sso.connectors.secrets import resolve, resolve_off_loop
from imis_sso.domain.problems import SecretUnavailable
from imis_sso.domain.sources import SecretSource

SOURCE = SecretSource("entra", "keyring", "imis-sso/test", "svc")
CANARY = "canary+/=%:&~ü"


class InMemory(KeyringBackend):
    """A keyring that forgets; `failure` is raised in place of an answer, `held` waited for."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()
        self.entries: dict[tuple[str, str], str] = {}
        self.failure: Exception | None = None
        self.free = threading.Event()
        self.free.set()
        self.reads = 0

    def get_password(self, service: str, username: str) -> str | None:
        self.reads += 1
        self.free.wait(30)
        if self.failure is not None:
            raise self.failure
        return self.entries.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.entries[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.entries[service, username]


@pytest.fixture
def memory() -> Iterator[InMemory]:
    before = keyring.get_keyring()
    backend = InMemory()
    keyring.set_keyring(backend)
    yield backend
    backend.free.set()
    keyring.set_keyring(before)


def refused() -> str:
    with pytest.raises(SecretUnavailable) as caught:
        resolve(SOURCE)
    detail = caught.value.detail.removeprefix('The secret "entra" cannot be had: ')
    assert CANARY not in detail
    assert "svc" not in detail
    assert "imis-sso/" not in detail
    return detail


def test_an_entry_is_read_each_time(memory: InMemory) -> None:
    """C21."""
    for value in ("one", CANARY, " spaces stay \n"):
        keyring.set_password("imis-sso/test", "svc", value)
        assert resolve(SOURCE).reveal() == value
    keyring.delete_password("imis-sso/test", "svc")
    assert refused() == "its keyring has no such entry."


@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        (KeyringLocked(f"locked: {CANARY}"), "its keyring is locked."),
        (InitError(f"no D-Bus for {CANARY}"), "its keyring failed (InitError)."),
        (RuntimeError(CANARY), "its keyring failed (RuntimeError)."),
    ],
)
def test_a_keyring_that_fails(memory: InMemory, failure: Exception, reason: str) -> None:
    memory.failure = failure
    assert refused() == reason


def test_a_machine_without_a_keyring(memory: InMemory) -> None:
    keyring.set_keyring(fail.Keyring())
    assert refused() == "there is no keyring that this process may use."


@pytest.mark.parametrize(
    ("held", "reason"),
    [
        ("", "its source is empty."),
        ("****", "its source holds only mask characters (contract C24)."),
    ],
)
def test_entries_that_hold_no_secret(memory: InMemory, held: str, reason: str) -> None:
    keyring.set_password("imis-sso/test", "svc", held)
    assert refused() == reason


@pytest.mark.anyio
async def test_a_keyring_that_asks_somebody_is_not_waited_for(memory: InMemory) -> None:
    """And it is asked once, however many come meanwhile; its answer is there for who comes then."""
    keyring.set_password("imis-sso/test", "svc", CANARY)
    memory.free.clear()
    for _ in range(3):
        with pytest.raises(SecretUnavailable, match="did not answer in time"):
            await resolve_off_loop(SOURCE, 0.05)
    assert memory.reads == 1
    memory.free.set()
    assert (await resolve_off_loop(SOURCE)).reveal() == CANARY


def test_a_waiting_keyring_keeps_no_command_from_ending() -> None:
    program = """
import asyncio, keyring, threading
from keyring.backend import KeyringBackend
from imis_sso.connectors.secrets import resolve_off_loop
from imis_sso.domain.sources import SecretSource

class Asking(KeyringBackend):
    priority = 1
    def get_password(self, service, username):
        threading.Event().wait()
    set_password = delete_password = None

keyring.set_keyring(Asking())
try:
    asyncio.run(resolve_off_loop(SecretSource("a", "keyring", "s", "u"), 0.05))
except Exception as problem:
    print(problem.detail)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.stdout == 'The secret "a" cannot be had: its source did not answer in time.\n'


def test_without_the_package_it_is_said_what_to_install() -> None:
    program = """
import sys
sys.modules["keyring"] = None
from imis_sso.connectors.secrets import resolve
from imis_sso.domain.sources import SecretSource
try:
    resolve(SecretSource("a", "keyring", "s", "u"))
except Exception as problem:
    print(problem.detail)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == (
        'The secret "a" cannot be had: keyrings need one more package: install imis-sso[keyring].\n'
    )
