"""The CDK app: one stack for each settings file."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from cdktf import App

from imis_sso_stacks.pair import PairStack
from imis_sso_stacks.settings_file import SettingsError, load_environments

if TYPE_CHECKING:
    from pathlib import Path

logger = logging.getLogger(__name__)


def synthesise(environments: Path, out: Path) -> list[str]:
    """Write ``stacks/{environment}/cdk.tf.json`` and ``manifest.json`` below ``out``.

    Gives the names of the environments, in the manifest's order. Raises SettingsError, before
    anything is written, where a settings file is wrong or ``out`` cannot be made.
    """
    settings = load_environments(environments)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(f"{out}: cannot be written to: {error.strerror}") from None
    app = App(outdir=str(out))
    for one in settings:
        PairStack(app, one)
    app.synth()
    names = [one.environment for one in settings]
    logger.info("synthesised %s into %s", ", ".join(names), out)
    return names
