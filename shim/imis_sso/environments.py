"""The registry file: environments, connectors, named secrets and trust pins (contract 5).

The rooms behind this door are in `registry/`.
"""

from __future__ import annotations

from imis_sso.domain.configuration import ConfigurationError, ConfigurationFault
from imis_sso.registry.audit import AuditSection, SinkSection
from imis_sso.registry.callers import CallerSection
from imis_sso.registry.doors import ASSISTED, INTERACTIVE
from imis_sso.registry.halves import CloudSsoSection, ImisSection
from imis_sso.registry.load import Registry, check_sources, load
from imis_sso.registry.model import (
    EgressSection,
    EnvironmentConfig,
    EnvironmentSection,
    NamedSecret,
    TenantSection,
)
from imis_sso.registry.server import ServerOptions, ServerSection, TlsSection

__all__ = [
    "ASSISTED",
    "INTERACTIVE",
    "AuditSection",
    "CallerSection",
    "CloudSsoSection",
    "ConfigurationError",
    "ConfigurationFault",
    "EgressSection",
    "EnvironmentConfig",
    "EnvironmentSection",
    "ImisSection",
    "NamedSecret",
    "Registry",
    "ServerOptions",
    "ServerSection",
    "SinkSection",
    "TenantSection",
    "TlsSection",
    "check_sources",
    "load",
]
