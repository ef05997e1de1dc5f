"""What an auditor gets: one file that needs nothing of ours (contract section 7)."""

from __future__ import annotations

from pathlib import Path


def verifier() -> str:
    """Give the text of the stand-alone verifier."""
    return Path(__file__).with_name("verify_audit.py").read_text("utf-8")
