"""Keeps what a changed page looked like: labels and kinds, never a value (contract C20)."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from imis_sso.connectors.browser.survey import Survey
from imis_sso.domain.secret import Secret, redact

logger = logging.getLogger(__name__)

_MAX_FILES: Final = 20
_PREFIX: Final = "page-changed-"


def described(survey: Survey, url: str, problem: str, in_play: Sequence[Secret]) -> dict[str, Any]:
    """Give the structure of a page, redacted: what it is made of, and why it was kept.

    A label or button that holds a value of the page, or a secret in play, is left out.
    """
    labels = set(survey.field_labels())
    values = {each.value for each in survey.fields if each.value}
    names = [each.name for each in survey.actions if not any(v in each.name for v in values)]
    return {
        "problem": redact(problem, in_play),
        "path": urlsplit(url).path,
        "fields": [
            {"label": redact(each.label, in_play), "kind": each.kind}
            for each in survey.fields
            if each.label in labels
        ],
        "buttons_and_links": [redact(each, in_play) for each in names],
    }


async def keep(directory: Path, capture: Mapping[str, Any]) -> None:
    """Write a capture into a directory (0700, files 0600) and drop the oldest beyond twenty.

    A capture that cannot be written is logged and changes nothing else.
    """
    try:
        path = await asyncio.to_thread(_write, directory, capture)
    except OSError as error:
        logger.warning("no capture of the changed page: %s", error.strerror)
    else:
        logger.warning("the changed page is described in %s", path)


def _write(directory: Path, capture: Mapping[str, Any]) -> Path:
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    taken = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    path = directory / f"{_PREFIX}{taken}-{secrets.token_hex(3)}.json"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(capture, file, ensure_ascii=False, indent=2)
    for old in sorted(directory.glob(f"{_PREFIX}*.json"))[:-_MAX_FILES]:
        old.unlink(missing_ok=True)
    return path
