"""Writes a capture: the shapes of a tenant's answers and pages, as docs/captures.md says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Final

from imis_sso.cli.console import Failure

if TYPE_CHECKING:
    from imis_sso.domain.examination import Examination

FILE: Final = "capture.json"


def write_capture(directory: Path, examination: Examination) -> Path:
    """Write the capture of an examination (folder 0700, file 0600); gives the file.

    Raises Failure where it cannot be written, and where it would hold a private word: no such word
    belongs into a shape, so that is a fault of ours and nothing may leave.
    """
    from imis_sso.domain.examination import holds_private

    capture = examination.capture()
    if holds_private(capture, examination.private):
        msg = "the capture would hold a name or an address of yours; nothing was written"
        raise Failure(msg)
    text = json.dumps(capture, indent=2, sort_keys=True, ensure_ascii=True) + "\n"
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = directory / FILE
        file.touch(mode=0o600)
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise Failure(f"{directory} cannot be written: {error.strerror}") from None
    return file
