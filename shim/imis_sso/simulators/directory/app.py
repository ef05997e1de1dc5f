"""The application of one environment's simulated directories."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imis_sso.simulators.control import control_routes
from imis_sso.simulators.directory.routes import entries
from imis_sso.simulators.gate import product_app

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from imis_sso.simulators.directory.model import DirectoryModel


def directory_app(model: DirectoryModel) -> ASGIApp:
    """Build the application that serves the model: three providers and the control API."""
    return product_app(model, entries(model), control_routes(model))
