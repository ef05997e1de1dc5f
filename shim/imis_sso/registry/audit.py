"""The file's `audit:` mapping: where the audit trail goes besides the store (contract 7)."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, PlainValidator, model_validator

from imis_sso.domain.sources import SecretSource
from imis_sso.registry.kinds import (
    Address,
    Authorities,
    FilePath,
    Name,
    SyslogAddress,
    source,
)
from imis_sso.registry.section import Section


class SinkSection(Section):
    """A place outside that the audit trail is sent to: exactly one of file, syslog and webhook."""

    name: Name = Field(description="Name of the sink; how far it has come is remembered under it.")
    file: FilePath | None = Field(
        default=None, description="File to append JSON Lines to; it is made 0600."
    )
    syslog: SyslogAddress | None = Field(
        default=None,
        description="`tls://host:port`, `tcp://host:port`, `udp://host:port` or `unix:///path`.",
    )
    webhook: Address | None = Field(
        default=None, description="https address that batches of JSON Lines are posted to."
    )
    token: Annotated[SecretSource, PlainValidator(source("the webhook's token"))] | None = Field(
        default=None, description="Source of the bearer token for a webhook."
    )
    ca_file: Authorities | None = Field(
        default=None, description="Certificate authorities to trust besides the system's."
    )

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if [self.file, self.syslog, self.webhook].count(None) != 2:  # noqa: PLR2004  # all but one
            msg = "must have exactly one of file, syslog and webhook"
            raise ValueError(msg)
        if self.token is not None and self.webhook is None:
            msg = "has a token, which only a webhook takes"
            raise ValueError(msg)
        return self


class AuditSection(Section):
    """Where the audit trail goes besides the store (contract 7)."""

    sinks: tuple[SinkSection, ...] = Field(
        default=(), strict=False, description="Places outside, each with a name of its own."
    )

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        names = [each.name for each in self.sinks]
        if len(set(names)) != len(names):
            msg = "has two sinks of one name"
            raise ValueError(msg)
        return self
