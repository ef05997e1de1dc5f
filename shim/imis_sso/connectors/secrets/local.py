"""Secrets that are on this machine: environment variables and files."""

from __future__ import annotations

import asyncio

from imis_sso.connectors.secrets.environment import read_variable
from imis_sso.connectors.secrets.file import read_secret_file
from imis_sso.domain.sources import SecretSource


def read_local(source: SecretSource) -> str:
    """Give the text of an `env` or `file` source. Raises ValueError, saying why there is none."""
    if source.scheme == "env":
        return read_variable(source.location)
    return read_secret_file(source.path)


async def read_local_off_loop(source: SecretSource) -> str:
    """Do as `read_local`, with a file read in a thread: a slow network mount stops nobody else."""
    if source.scheme == "env":
        return read_local(source)
    return await asyncio.to_thread(read_local, source)
