"""Tests that a document names as a proof, written `tests/folder/test_file.py::test_name`."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_NAMED = re.compile(r"`(tests/[\w/-]+\.py)::(\w+)`")
_NOT_RUN = ("skip", "skipif", "xfail")


def named(text: str) -> list[tuple[str, str]]:
    """Give file and name of every test that a text names."""
    return _NAMED.findall(text)


def not_there(text: str) -> list[str]:
    """Give the tests that a text names and that nobody runs: no such file, no such name, skipped."""
    return [f"{file}::{name}" for file, name in named(text) if name not in _tests(file)]


@cache
def _tests(file: str) -> frozenset[str]:
    path = ROOT / file
    if not path.name.startswith("test_") or not path.is_file():
        return frozenset()
    found = ast.walk(ast.parse(path.read_text("utf-8")))
    functions = [each for each in found if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)]
    return frozenset(
        each.name for each in functions if each.name.startswith("test") and not _skipped(each)
    )


def _skipped(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    marks = [ast.unparse(each).partition("(")[0] for each in function.decorator_list]
    return any(mark.rpartition(".")[2] in _NOT_RUN for mark in marks)
