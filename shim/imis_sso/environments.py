"""The registry file: environments, connectors, named secrets and trust pins (contract 5).

The rooms behind this door are in `registry/`.
"""

from __future__ import annotations

from imis_sso.domain.configuration import ConfigurationError, ConfigurationFault
from imis_sso.registry.load import Registry, check_sources, load
from imis_sso.registry.model import (
    AuditSection,
    CloudSsoSection,
    EgressSection,
    EnvironmentConfig,
    EnvironmentSection,
    ImisSection,
    NamedSecret,
    ServerOptions,
    SinkSection,
    TenantSection,
)

__all__ = [
    "AuditSection",
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
    "SinkSection",
    "TenantSection",
    "check_sources",
    "load",
]
