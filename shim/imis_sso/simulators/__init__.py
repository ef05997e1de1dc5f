"""HTTPS stand-ins for iMIS and Cloud SSO, for the demo, for tests and for people.

They know nothing of the service, and import nothing of it.
"""

from __future__ import annotations

from imis_sso.simulators.cloud_sso.model import CloudSsoModel
from imis_sso.simulators.faults import Fault
from imis_sso.simulators.imis.model import ImisModel
from imis_sso.simulators.simulation import SimulatedEnvironment, Simulation
from imis_sso.simulators.variant import Variant

__all__ = [
    "CloudSsoModel",
    "Fault",
    "ImisModel",
    "SimulatedEnvironment",
    "Simulation",
    "Variant",
]
