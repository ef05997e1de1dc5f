"""The registry's sections, as typed and immutable models (contract 5)."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, PlainValidator, model_validator
from pydantic_settings import NoDecode

from imis_sso.domain.hosts import host_of
from imis_sso.domain.mode_age import DAYS
from imis_sso.domain.resources import Destroy, Product
from imis_sso.domain.sources import SecretSource
from imis_sso.registry.callers import CallerSection
from imis_sso.registry.database_url import DatabaseUrl
from imis_sso.registry.doors import (
    CloudSsoCodes,
    CloudSsoConnectors,
    CloudSsoPassword,
    Doorway,
    ImisCodes,
    ImisConnectors,
    ImisPassword,
    Permission,
    User,
    judged,
)
from imis_sso.registry.kinds import (
    Address,
    Authorities,
    Day,
    FilePath,
    FilePaths,
    Host,
    Name,
    ProxyPlace,
    SecretName,
    SignInPath,
    Source,
    SsoHost,
    StaffPath,
    Taker,
    Text,
    TokenPath,
    UnreadSecret,
    UserAgent,
    Writes,
    source,
)
from imis_sso.registry.section import Section
from imis_sso.registry.vault import VaultSection

DatabasePassword = Annotated[SecretSource, PlainValidator(source("database_password"))]
LogLevel = Literal["debug", "info", "warning", "error"]


class OnDestroy(enum.StrEnum):
    """What DELETE does by itself; a directory is deleted on purpose only (contract C5, 1.3)."""

    RETAIN = Destroy.RETAIN
    DISABLE = Destroy.DISABLE
    RESTORE = Destroy.RESTORE


Edits = Literal["verified", "test_mode_only"]
Rehearsing = Literal["required", "not-required"]


def _immutable(value: Mapping[str, Any]) -> Mapping[str, Any]:
    return MappingProxyType(dict(value))


class TlsSection(Section):
    """Certificate and key that the service itself shows; without them it speaks plain HTTP."""

    certificate: FilePath = Field(
        description="File with the certificate and its chain, in PEM form (contract C42)."
    )
    key: FilePath = Field(
        description="File with its key, in PEM form, not encrypted, closed to others."
    )


class ServerOptions(Section):
    """Settings of the server. The environment and the command line win over the file."""

    host: Text = Field(default="127.0.0.1", description="Address to listen on (contract C42).")
    port: int = Field(default=8080, ge=0, le=65535, description="Port; 0 picks a free one.")
    data_dir: FilePath | None = Field(
        default=None,
        description="Folder for the database and the server key; `~/.local/share/imis-sso`.",
    )
    database_url: Annotated[DatabaseUrl | None, NoDecode] = Field(
        default=None,
        description="PostgreSQL database that replicas share; without it SQLite in `data_dir`.",
    )
    database_password: Annotated[DatabasePassword | None, NoDecode] = Field(
        default=None, description="Source of the database user's password."
    )
    fingerprint_key_file: FilePath | None = Field(
        default=None, description="File that holds the server key (contract C25)."
    )
    fingerprint_key_previous: FilePaths = Field(
        default=(), description="Files, or folders of files, with server keys before it."
    )
    audit_key_file: FilePath | None = Field(
        default=None,
        description="File with the Ed25519 key that signs the audit trail's checkpoints.",
    )
    log_level: LogLevel = Field(default="info", description="How much is logged.")
    snapshots_keep: int = Field(
        default=500, ge=50, description="Entries of each environment's history that are kept."
    )
    snapshots_days: int = Field(
        default=400, ge=1, description="Days that an entry of the history is kept."
    )
    rate_limit: int = Field(
        default=200, ge=100, description="Requests a second for each token (contract C43)."
    )
    waiting_writes: int = Field(
        default=100,
        ge=10,
        description="Writes that may wait for one product here; more are `busy` (contract C32).",
    )
    tls: TlsSection | None = Field(
        default=None, description="Certificate and key, for HTTPS without a proxy (contract C42)."
    )


class ServerSection(ServerOptions):
    """The file's `server:` mapping: besides the settings, what only the file may say."""

    callers: tuple[CallerSection, ...] = Field(
        default=(), strict=False, description="Callers of trusted issuers (contract C40)."
    )
    pages_dir: FilePath | None = Field(
        default=None, description="Folder with page files in place of the built-in ones."
    )
    vault: VaultSection | None = Field(
        default=None, description="Where `vault:` sources are (contract C21)."
    )


class ImisSection(Doorway):
    """Where iMIS is, and the service's own log-in there (product facts 3.3)."""

    url: Address = Field(description="iMIS base address.")
    connector: ImisConnectors = Field(
        description="Way into iMIS, or several in the order in which they are tried."
    )
    username: User = judged("Service account, with the roles RemoteService and SysAdmin.")
    password: ImisPassword = judged("Source of its password.")
    totp: ImisCodes = Field(
        default=None,
        description="Source of the secret of the Staff site's one-time codes, where it asks.",
    )
    automation_permitted_by: Permission = judged(
        "Who permitted that a program drives the Staff site, and when."
    )
    token_path: TokenPath = Field(
        default="/token", description="Path of the token endpoint; older installs differ."
    )
    provider_id: Text | None = Field(
        default=None,
        description="Which OpenIDProvider record is the page's, where there are several.",
    )
    # Inferred: where the Staff site lies (product facts 3.5).
    staff_path: StaffPath = Field(
        default="/Staff", description="Path of the Staff site, for the connector imis_staff_site."
    )
    sign_in_path: SignInPath = Field(
        default="/",
        description="Page that signing in begins at, for the check `imis.sign-in-page`.",
    )
    unread_secret: UnreadSecret | None = Field(
        default=None,
        description="States that this iMIS keeps a secret that a write leaves out.",
    )
    requests_per_second: int = Field(
        default=25, ge=1, le=1000, description="Requests to iMIS a second, at the most."
    )


ClientSecret = Annotated[SecretSource, PlainValidator(source("cloud_sso.client_secret"))]


class CloudSsoSection(Doorway):
    """Where Cloud SSO's dashboard is, and the service's own log-in there (product facts 4.1)."""

    url: Address = Field(description="Address of the dashboard.")
    connector: CloudSsoConnectors = Field(
        description="Way into Cloud SSO, or several in the order in which they are tried."
    )
    cloud_id: Text = Field(description="Cloud ID of this environment.")
    username: User = judged("User of the dashboard.")
    password: CloudSsoPassword = judged("Source of its password.")
    automation_permitted_by: Permission = judged(
        "Who permitted that a program drives the dashboard, and when."
    )
    totp: CloudSsoCodes = Field(
        default=None,
        description="Source of the secret of its one-time codes, where the log-in asks for them.",
    )
    client_secret: ClientSecret | None = Field(
        default=None,
        description="Source of the client secret that the page shows, for `assisted`.",
    )
    uses_per_second: int = Field(
        default=5, ge=1, le=1000, description="Reads and writes of its pages a second, at the most."
    )
    directory_limit: int | None = Field(
        default=None,
        ge=1,
        le=1000,
        description="Directories that the edition allows; one more is not made (contract 1.3).",
    )
    unread_secret: UnreadSecret | None = Field(
        default=None,
        description="`keeps`: a directory's form that hides its secret keeps one left alone in it.",
    )


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

    def half(self, product: Product) -> Doorway:
        """Give the section of a product."""
        return self.imis if product == "imis" else self.cloud_sso

    @property
    def writable(self) -> bool:
        """Whether the operator has allowed writes (contract C44)."""
        return self.writes == "allowed"


def _named(name: str, secret: NamedSecret) -> NamedSecret:
    return secret.model_copy(update={"source": replace(secret.source, name=name)})
