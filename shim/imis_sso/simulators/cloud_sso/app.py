"""The application of one simulated Cloud SSO."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imis_sso.simulators.cloud_sso import provider, routes
from imis_sso.simulators.cloud_sso.federation import Federation
from imis_sso.simulators.control import action_route, control_routes
from imis_sso.simulators.gate import product_app

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from imis_sso.simulators.cloud_sso.model import CloudSsoModel


def cloud_sso_app(model: CloudSsoModel) -> ASGIApp:
    """Build the application that serves the model: dashboard, OpenID provider, control API."""

    def rotate() -> dict[str, str]:
        return {"client_secret": model.rotate_secret()}

    def approve() -> dict[str, int]:
        return {"approved": model.second_factor.approve()}

    control = [
        *control_routes(model),
        action_route("rotate-secret", rotate),
        action_route("approve-log-in", approve),
    ]
    federation = Federation(model)
    entries = [
        *routes.entries(model, federation),
        *federation.entries(),
        *provider.entries(model, federation),
    ]
    return product_app(model, entries, control)
