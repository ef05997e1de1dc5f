"""The server's own sections of the registry: its settings, TLS, callers, Vault."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, PlainValidator
from pydantic_settings import NoDecode

from imis_sso.domain.sources import SecretSource
from imis_sso.registry.callers import CallerSection
from imis_sso.registry.database_url import DatabaseUrl
from imis_sso.registry.kinds import (
    FilePath,
    FilePaths,
    Text,
    source,
)
from imis_sso.registry.section import Section
from imis_sso.registry.vault import VaultSection

DatabasePassword = Annotated[SecretSource, PlainValidator(source("database_password"))]
LogLevel = Literal["debug", "info", "warning", "error"]


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
