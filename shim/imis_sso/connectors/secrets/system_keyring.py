"""Secrets in the operating system's own keyring, by the optional package `keyring`."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial


async def read_keyring(service: str, user: str) -> str:
    """Give the password of a user of a service.

    Raises ValueError, saying why in words that hold neither of them. May never end: a locked
    keyring asks somebody at the screen.
    """
    return await _in_own_thread(partial(_password, service, user))


def _password(service: str, user: str) -> str:
    try:
        import keyring
        from keyring.errors import KeyringLocked, NoKeyringError
    except ModuleNotFoundError:
        raise ValueError("keyrings need one more package: install imis-sso[keyring]") from None
    try:
        found = keyring.get_password(service, user)
    except NoKeyringError:
        raise ValueError("there is no keyring that this process may use") from None
    except KeyringLocked:
        raise ValueError("its keyring is locked") from None
    except Exception as error:  # noqa: BLE001  # backends raise whatever their system raises
        raise ValueError(f"its keyring failed ({type(error).__name__})") from None
    if found is None:
        raise ValueError("its keyring has no such entry")
    return found


async def _in_own_thread(call: Callable[[], str]) -> str:
    """Do as `asyncio.to_thread`, with a thread that keeps no process from ending."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[str] = loop.create_future()

    def settle(outcome: str | ValueError) -> None:
        if future.done():
            return
        if isinstance(outcome, str):
            future.set_result(outcome)
        else:
            future.set_exception(outcome)

    def work() -> None:
        outcome: str | ValueError
        try:
            outcome = call()
        except ValueError as error:
            outcome = error
        with suppress(RuntimeError):  # the loop may have ended meanwhile
            loop.call_soon_threadsafe(settle, outcome)

    threading.Thread(target=work, name="keyring", daemon=True).start()
    return await future
