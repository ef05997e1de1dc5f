"""Which CDK for Terraform the stacks run on: `cdktf`, or its maintained continuation `cdktn`."""

from __future__ import annotations

import importlib
import os
import shutil
import sys

VARIABLE = "IMIS_SSO_CDKTF_LIBRARY"
LIBRARIES = ("cdktf", "cdktn")


class LibraryError(Exception):
    """The library that was asked for cannot be used; its text is one line."""


def select_library() -> str:
    """Make ``import cdktf`` give the library that the environment variable names.

    To be called before anything imports ``cdktf``. Both libraries have the same class names, so
    the stacks know only one. Gives the name; raises LibraryError where the name is unknown, the
    library is not installed, or Node, which it runs on, is missing.
    """
    name = os.environ.get(VARIABLE) or LIBRARIES[0]
    if name not in LIBRARIES:
        raise LibraryError(f"{VARIABLE} must be one of {', '.join(LIBRARIES)}, not {name!r}")
    node = os.environ.get("JSII_NODE", "node")
    if shutil.which(node) is None:
        raise LibraryError(f"{name} needs Node 20 or later: {node} is not on PATH")
    # Node 20 works and is what many distributions carry; its banner would bury our own lines.
    os.environ.setdefault("JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION", "20")
    try:
        sys.modules["cdktf"] = importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise LibraryError(f"{error.name} is not installed: pip install {name}") from None
    return name
