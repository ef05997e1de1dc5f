"""The application of one simulated iMIS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imis_sso.simulators.control import control_routes
from imis_sso.simulators.gate import product_app
from imis_sso.simulators.imis import routes, sign_in, staff_site

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from imis_sso.simulators.imis.model import ImisModel


def imis_app(model: ImisModel) -> ASGIApp:
    """Build the application that serves the model: pages, REST wire, control API."""
    entries = [*sign_in.entries(model), *staff_site.entries(model), *routes.entries(model)]
    return product_app(model, entries, control_routes(model))
