"""An environment of the registry, as typed and immutable models (contract 5)."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from imis_sso.domain.hosts import host_of
from imis_sso.domain.mode_age import DAYS
from imis_sso.domain.resources import Destroy, Product
from imis_sso.registry.halves import CloudSsoSection, ImisSection
from imis_sso.registry.kinds import (
    Authorities,
    Day,
    FilePath,
    Host,
    Name,
    ProxyPlace,
    SecretName,
    Source,
    SsoHost,
    Taker,
    Text,
    UserAgent,
    Writes,
)
from imis_sso.registry.section import Section


class OnDestroy(enum.StrEnum):
    """What DELETE does by itself; a directory is deleted on purpose only (contract C5, 1.3)."""

    RETAIN = Destroy.RETAIN
    DISABLE = Destroy.DISABLE
    RESTORE = Destroy.RESTORE


Edits = Literal["verified", "test_mode_only"]
Rehearsing = Literal["required", "not-required"]


def _immutable(value: Mapping[str, Any]) -> Mapping[str, Any]:
    return MappingProxyType(dict(value))


class TenantSection(Section):
    """What the products must say they are before anything is written (contract C46)."""

    organisation: Text | None = Field(
        default=None, description="Licensed organisation, as iMIS reports it."
    )
    provider_id: Text | None = Field(
        default=None, description="Id of the OpenIDProvider record, as iMIS reports it."
    )
    cloud_id: Text | None = Field(default=None, description="Cloud ID, as Cloud SSO reports it.")

    def pins(self) -> dict[str, str]:
        """Give the pins that are set, by key."""
        return self.model_dump(exclude_none=True)


class EgressSection(Section):
    """Addresses that verification may fetch although they are private (contract 6)."""

    allow: tuple[Host, ...] = Field(
        default=(), strict=False, description="Entries `host[:port]`; for simulators and tests."
    )


class NamedSecret(Section):
    """A secret that callers may name, and where it may go (contract C21)."""

    source: Source = Field(description="Where the secret is, for example `env:NAME`.")
    documents: tuple[Taker, ...] = Field(
        alias="for",
        min_length=1,
        strict=False,
        description="Documents that it may be written into.",
    )
    hosts: tuple[Host, ...] = Field(
        default=(),
        strict=False,
        description="For a directory's secret: hosts that all of its addresses must be on (C45).",
    )
    expires: Day | None = Field(
        default=None, description="Last day on which the secret is good, in UTC."
    )

    @model_validator(mode="after")
    def _hosts_for_directories(self) -> Self:
        if self.hosts and not any(each.startswith("cloud-sso/") for each in self.documents):
            msg = "hosts are for a secret that may go into a directory"
            raise ValueError(msg)
        return self


class EnvironmentSection(Section):
    """One environment of the file: one iMIS paired with one Cloud SSO."""

    imis: ImisSection = Field(description="The iMIS half.")
    cloud_sso: CloudSsoSection = Field(description="The Cloud SSO half.")
    production: bool = Field(
        default=False, description="Marks the environment as production (contract C44)."
    )
    writes: Writes = Field(
        default="refused", description="Observe-only until it is set to `allowed` (contract C44)."
    )
    strict_preconditions: bool = Field(
        default=False, description="Refuses changes that carry no `If-Match` (contract C34)."
    )
    edits_while_enabled: Edits | None = Field(
        default=None,
        description="Whether a live pair may be edited where the new values verify (contract 1.2).",
    )
    require_attestation: bool | None = Field(
        default=None,
        description="Whether only an attested sign-in lets the mode be raised to enabled (1.2).",
    )
    rehearsal: Rehearsing | None = Field(
        default=None,
        description="Whether a connector writes only where it was rehearsed on this version.",
    )
    on_destroy: Annotated[OnDestroy, Field(strict=False)] = Field(
        default=OnDestroy.RETAIN,
        description="What DELETE, hence `terraform destroy`, does (contract C5).",
    )
    sso_hosts: tuple[SsoHost, ...] = Field(
        default=(),
        strict=False,
        description="Hosts that authority and well-known addresses may name (contract C45).",
    )
    imis_hosts: tuple[Host, ...] | None = Field(
        default=None,
        strict=False,
        description="Hosts that the redirect may name; default: that of `imis.url` (contract C45).",
    )
    tenant: TenantSection = Field(
        default=TenantSection(), description="Pins of the right tenant (contract C46)."
    )
    ca_file: Authorities | None = Field(
        default=None,
        description="Certificate authorities to trust besides the system's, in PEM form.",
    )
    proxy: ProxyPlace = Field(
        default=None, description="Proxy on the way to both products, or the source of its address."
    )
    user_agent: UserAgent = Field(
        default="", description="Words added to what the connectors call themselves."
    )
    browser_idle_minutes: int = Field(
        default=15,
        ge=1,
        le=1440,
        description="Minutes without use after which a connector's browser is ended.",
    )
    expiry_warning_days: tuple[Annotated[int, Field(ge=1, le=3650)], ...] = Field(
        default=(60, 30, 7),
        min_length=1,
        strict=False,
        description="Days before an expiry from which verification warns (contract 6).",
    )
    test_mode_days: int = Field(
        default=DAYS,
        ge=1,
        le=3650,
        description="Days of test mode from which verification warns (contract 6).",
    )
    egress: EgressSection = Field(
        default=EgressSection(), description="Private addresses that verification may fetch."
    )
    secrets: Annotated[Mapping[SecretName, NamedSecret], AfterValidator(_immutable)] = Field(
        default_factory=lambda: MappingProxyType({}), description="Secrets by name (contract C21)."
    )

    @model_validator(mode="after")
    def _one_cloud_id(self) -> Self:
        pinned = self.tenant.cloud_id
        if pinned is not None and pinned != self.cloud_sso.cloud_id:
            msg = "tenant.cloud_id is not cloud_sso.cloud_id: nothing could ever be written"
            raise ValueError(msg)
        return self


class EnvironmentConfig(EnvironmentSection):
    """An environment with its name, every default filled in, every secret with its name.

    `pages_dir` is that of the file's `server:` mapping.
    """

    name: Name
    pages_dir: FilePath | None = None
    imis_hosts: tuple[Host, ...]
    edits_while_enabled: Edits
    rehearsal: Rehearsing
    require_attestation: bool

    @classmethod
    def of(
        cls, name: str, section: EnvironmentSection, pages_dir: Path | None = None
    ) -> EnvironmentConfig:
        """Complete a section of the file."""
        values = {**dict(section), "pages_dir": pages_dir}
        if section.imis_hosts is None:
            values["imis_hosts"] = (host_of(section.imis.url),)
        # Production is careful unless its operator says otherwise (contract 1.2).
        if section.edits_while_enabled is None:
            values["edits_while_enabled"] = "test_mode_only" if section.production else "verified"
        if section.rehearsal is None:
            values["rehearsal"] = "required" if section.production else "not-required"
        if section.require_attestation is None:
            values["require_attestation"] = section.production
        values["secrets"] = MappingProxyType(
            {key: _named(key, secret) for key, secret in section.secrets.items()}
        )
        return cls.model_construct(name=name, **values)

    def half(self, product: Product) -> ImisSection | CloudSsoSection:
        """Give the section of a product."""
        return self.imis if product == "imis" else self.cloud_sso

    @property
    def writable(self) -> bool:
        """Whether the operator has allowed writes (contract C44)."""
        return self.writes == "allowed"


def _named(name: str, secret: NamedSecret) -> NamedSecret:
    return secret.model_copy(update={"source": replace(secret.source, name=name)})
