"""HTTPS stand-ins for iMIS, Cloud SSO and directories, for the demo, for tests and for people.

They know nothing of the service, and import nothing of it.
"""

from __future__ import annotations

from imis_sso.simulators.cloud_sso.model import CloudSsoModel
from imis_sso.simulators.directory.model import DirectoryModel
from imis_sso.simulators.faults import Fault
from imis_sso.simulators.imis.model import ImisModel
from imis_sso.simulators.profile import Profile
from imis_sso.simulators.recipe import follow_recipe
from imis_sso.simulators.simulation import SimulatedEnvironment, Simulation
from imis_sso.simulators.variant import Variant
from imis_sso.simulators.visitor import Outcome, open_browser, sign_in

__all__ = [
    "CloudSsoModel",
    "DirectoryModel",
    "Fault",
    "ImisModel",
    "Outcome",
    "Profile",
    "SimulatedEnvironment",
    "Simulation",
    "Variant",
    "follow_recipe",
    "open_browser",
    "sign_in",
]
