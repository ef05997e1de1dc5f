"""Resolving a source to its secret, anew each time: a rotated secret is seen at once."""

from __future__ import annotations

import asyncio
import re
from functools import partial
from typing import Final

from imis_sso.connectors.secrets.flights import Flights
from imis_sso.connectors.secrets.local import read_local, read_local_off_loop
from imis_sso.connectors.secrets.system_keyring import read_keyring
from imis_sso.domain.problems import SecretUnavailable
from imis_sso.domain.secret import Secret, is_mask
from imis_sso.domain.sources import SecretSource

SECONDS: Final = 10.0
"""How long a source may take, log-in included."""

# Bytes of an environment variable that are no UTF-8 arrive as lone surrogates.
_UNFIT: Final = re.compile("[\x00\ud800-\udfff]")
_LOCAL: Final = frozenset({"env", "file"})
_flights: Final[Flights[str]] = Flights()


def resolve(source: SecretSource) -> Secret:
    """Read a secret from its source; not to be called from within an event loop.

    Raises `SecretUnavailable` with the secret's name and the reason, never with its content or its
    place, because callers of the API see it.
    """
    if source.scheme not in _LOCAL:
        return asyncio.run(resolve_off_loop(source))
    try:
        return _usable(read_local(source))
    except ValueError as reason:
        raise _unavailable(source, reason) from None


async def resolve_off_loop(source: SecretSource, seconds: float = SECONDS) -> Secret:
    """Do as `resolve`, from within an event loop and within so many seconds."""
    try:
        async with asyncio.timeout(seconds):
            return _usable(await _flights.join(source, partial(_read, source)))
    except TimeoutError:
        raise _unavailable(source, "its source did not answer in time") from None
    except ValueError as reason:
        raise _unavailable(source, reason) from None


async def _read(source: SecretSource) -> str:
    if source.scheme == "vault":
        # Imported late: most registries name no Vault, and commands start quicker without it.
        from imis_sso.connectors.secrets.vault import read_vault

        return await read_vault(source)
    if source.scheme == "keyring":
        return await read_keyring(source.location, source.field)
    return await read_local_off_loop(source)


def _unavailable(source: SecretSource, reason: object) -> SecretUnavailable:
    return SecretUnavailable(f'The secret "{source.name}" cannot be had: {reason}.')


def _usable(value: str) -> Secret:
    if not value:
        raise ValueError("its source is empty")
    if _UNFIT.search(value):
        raise ValueError("its source is not text in UTF-8, or holds a NUL character")
    if is_mask(value):
        raise ValueError("its source holds only mask characters (contract C24)")
    return Secret(value)
