"""Secrets in environment variables."""

from __future__ import annotations

import os


def read_variable(name: str) -> str:
    """Give the value of an environment variable. Raises ValueError, saying why, if it is unset."""
    value = os.environ.get(name)
    if value is None:
        msg = "its environment variable is not set"
        raise ValueError(msg)
    return value
