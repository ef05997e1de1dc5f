"""Reading a configuration file's text, so that nothing in its place ends in a traceback."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from imis_sso.domain.configuration import ConfigurationError, ConfigurationFault

MAX_BYTES: Final = 1_048_576


def read_text(file: Path) -> str:
    """Give the text of a UTF-8 file of at most 1 MiB.

    Raises ConfigurationError, in one line, where there is none: missing, a directory, forbidden,
    too large, not text.
    """
    try:
        with file.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise refusal(file, None, f"cannot be read: {error.strerror}") from None
    except ValueError:
        raise refusal(None, None, "the name of the file is not valid") from None
    if len(content) > MAX_BYTES:
        raise refusal(file, None, "is larger than 1 MiB, which no registry needs to be")
    return _decoded(file, content)


def _decoded(file: Path, content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise refusal(file, line, "is not a text file in UTF-8") from None


def refusal(file: Path | None, line: int | None, message: str) -> ConfigurationError:
    """Give the error for a file that cannot be used at all."""
    return ConfigurationError([ConfigurationFault(file, line, "", message)])
