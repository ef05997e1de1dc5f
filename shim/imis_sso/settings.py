"""Settings of the server itself: file, environment variables and command line, in this order.

A command-line flag wins over an environment variable, which wins over the registry file's
`server:` mapping, which wins over the default.
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Self

from pydantic import BeforeValidator, Field, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, EnvSettingsSource, NoDecode, SettingsConfigDict

from imis_sso.domain.configuration import ConfigurationError, ConfigurationFault
from imis_sso.registry.explain import sentence
from imis_sso.registry.kinds import FilePath, FilePaths
from imis_sso.registry.server import ServerOptions

ENV_PREFIX = "IMIS_SSO_"
SHARED_KEYS = ("fingerprint_key_file", "audit_key_file")
"""Whoever shares a database has to share these too (contract C25)."""


def default_data_dir() -> Path:
    """Give `imis-sso` in the user's data folder (XDG Base Directory Specification)."""
    configured = Path(os.environ.get("XDG_DATA_HOME", ""))
    if configured.is_absolute():
        return configured / "imis-sso"
    try:
        return Path.home() / ".local" / "share" / "imis-sso"
    except RuntimeError:
        return Path("imis-sso-data").absolute()


def _split(value: Any) -> Any:
    # An environment variable holds several paths as PATH does.
    return value.split(os.pathsep) if isinstance(value, str) else value


class ServerSettings(ServerOptions, BaseSettings):
    """What the server runs with. Make it with `resolve`, which explains what is wrong."""

    model_config: ClassVar[SettingsConfigDict] = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        strict=False,
        env_prefix=ENV_PREFIX,
        env_nested_delimiter="_",
        env_ignore_empty=True,
    )

    data_dir: FilePath = Field(
        default_factory=default_data_dir,
        description=ServerOptions.model_fields["data_dir"].description,
    )
    fingerprint_key_previous: Annotated[FilePaths, NoDecode, BeforeValidator(_split)] = Field(
        default=(),
        description=ServerOptions.model_fields["fingerprint_key_previous"].description,
    )

    @classmethod
    def resolve(
        cls, options: ServerOptions | None = None, flags: Mapping[str, Any] | None = None
    ) -> Self:
        """Combine the file's options, the environment and the flags that were given.

        `flags` are by the name of the setting; None stands for "not given". Raises
        ConfigurationError with a fault for each value that cannot be used, naming the flag or
        variable it came from.
        """
        given = {name: value for name, value in (flags or {}).items() if value is not None}
        file = _stated(options or ServerOptions())
        try:
            settings = cls(**(file | EnvSettingsSource(cls)() | given))
        except ValidationError as error:
            faults = [_fault(each, given) for each in error.errors(include_url=False)]
            raise ConfigurationError(faults) from None
        lacking = [name for name in SHARED_KEYS if getattr(settings, name) is None]
        if settings.database_url is not None and lacking:
            raise ConfigurationError([_not_shared(name) for name in lacking])
        return settings

    @property
    def on_loopback(self) -> bool:
        """Whether only this machine can reach the service (contract C42)."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


def _not_shared(name: str) -> ConfigurationFault:
    msg = "must be set where database_url is: all who share the database share this key"
    return ConfigurationFault(None, None, name, msg)


def _stated(options: ServerOptions) -> dict[str, Any]:
    """Give what the file states, as it was read: `model_dump` would take values apart."""
    stated = options.model_fields_set & ServerOptions.model_fields.keys()
    values = {name: getattr(options, name) for name in stated}
    return {name: value for name, value in values.items() if value is not None}


def _fault(error: ErrorDetails, flags: Mapping[str, Any]) -> ConfigurationFault:
    location = tuple(str(each) for each in error["loc"])
    flag = f"--{location[0].replace('_', '-')}" if location else ""
    given = bool(location) and location[0] in flags
    place = flag if given else f"{ENV_PREFIX}{'_'.join(location).upper()}"
    return ConfigurationFault(None, None, place, sentence(error, ServerOptions, location))
