"""Resolving a source to its secret, anew each time: a rotated secret is seen at once."""

from __future__ import annotations

import asyncio
import re
from typing import Final

from imis_sso.connectors.secrets.environment import read_variable
from imis_sso.connectors.secrets.file import read_secret_file
from imis_sso.domain.problems import SecretUnavailable
from imis_sso.domain.secret import Secret, is_mask
from imis_sso.domain.sources import SecretSource

# Bytes of an environment variable that are no UTF-8 arrive as lone surrogates.
_UNFIT: Final = re.compile("[\x00\ud800-\udfff]")


def resolve(source: SecretSource) -> Secret:
    """Read a secret from its source.

    Raises `SecretUnavailable` with the secret's name and the reason, never with its content or its
    place, because callers of the API see it.
    """
    try:
        return Secret(_usable(_read(source)))
    except ValueError as reason:
        msg = f'The secret "{source.name}" cannot be had: {reason}.'
        raise SecretUnavailable(msg) from None


async def resolve_off_loop(source: SecretSource) -> Secret:
    """Do as `resolve`, with a file read in a thread: a slow network mount stops nobody else."""
    if source.scheme == "env":
        return resolve(source)
    return await asyncio.to_thread(resolve, source)


def _read(source: SecretSource) -> str:
    if source.scheme == "env":
        return read_variable(source.location)
    return read_secret_file(source.path)


def _usable(value: str) -> str:
    if not value:
        msg = "its source is empty"
        raise ValueError(msg)
    if _UNFIT.search(value):
        msg = "its source is not text in UTF-8, or holds a NUL character"
        raise ValueError(msg)
    if is_mask(value):
        msg = "its source holds only mask characters (contract C24)"
        raise ValueError(msg)
    return value
