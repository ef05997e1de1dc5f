"""Texts of others in a report in Markdown."""

from __future__ import annotations


def cell(text: str) -> str:
    """Give a text for a cell of a table: what a stranger says must not become markup."""
    for mark in ("\\", "|", "<", ">", "[", "]", "*", "_", "`"):
        text = text.replace(mark, f"\\{mark}")
    return " ".join(text.split())
