"""Synthesise the stacks: ``python cdktf/main.py`` is the whole step, no CDKTF CLI is needed.

Environment variables: ``IMIS_SSO_ENVIRONMENTS``, the folder of the settings files (default
``environments`` beside this file); ``IMIS_SSO_CDKTF_OUT``, where to write (default
``CDKTF_OUTDIR``, which the CDKTF CLI sets, else ``cdktf.out`` beside this file);
``IMIS_SSO_CDKTF_LIBRARY``, ``cdktf`` (default) or ``cdktn``.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from imis_sso_stacks.library import LibraryError, select_library
from imis_sso_stacks.settings_file import SettingsError

HERE = Path(__file__).resolve().parent


def _folder(default: str, *variables: str) -> Path:
    given = (os.environ.get(variable) for variable in variables)
    return Path(next(filter(None, given), HERE / default)).absolute()


def main() -> int:
    """Give the exit code: 0, or 1 after one line for each thing that is wrong."""
    environments = _folder("environments", "IMIS_SSO_ENVIRONMENTS")
    out = _folder("cdktf.out", "IMIS_SSO_CDKTF_OUT", "CDKTF_OUTDIR")
    try:
        select_library()
        # Only now: the line above decides which library this import gets.
        from imis_sso_stacks.app import synthesise

        names = synthesise(environments, out)
    except (LibraryError, SettingsError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"{', '.join(names)}: written to {out}/stacks\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
