"""The section `server.vault`: where Vault is, and how the service enters it (contract C21)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final, Self, cast

from pydantic import Field, PlainValidator, model_validator

from imis_sso.domain.sources import SecretSource, VaultLogIn, VaultServer
from imis_sso.registry.kinds import Address, Authorities, FilePath, Text, source
from imis_sso.registry.section import Section

_SERVICE_ACCOUNT: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount/token")
_Token = Annotated[SecretSource, PlainValidator(source("server.vault.token", ("env", "file")))]
_SecretId = Annotated[
    SecretSource, PlainValidator(source("server.vault.approle.secret_id", ("env", "file")))
]
_Mount = Annotated[Text, Field(pattern=r"^[A-Za-z0-9_-]+$")]


class AppRoleSection(Section):
    """A log-in by AppRole."""

    role_id: Text = Field(description="Id of the role.")
    secret_id: _SecretId = Field(description="Source of its secret id.")
    mount: _Mount = Field(default="approle", description="Mount of the method.")

    def log_in(self) -> VaultLogIn:
        """Give what the method wants."""
        return VaultLogIn(self.mount, ("role_id", self.role_id), ("secret_id", self.secret_id))


class KubernetesSection(Section):
    """A log-in by the service account of a Kubernetes pod."""

    role: Text = Field(description="Role that the service account is bound to.")
    token_file: FilePath = Field(
        default=_SERVICE_ACCOUNT, description="The service account's own token."
    )
    mount: _Mount = Field(default="kubernetes", description="Mount of the method.")

    def log_in(self) -> VaultLogIn:
        """Give what the method wants."""
        token = SecretSource("server.vault.kubernetes", "file", str(self.token_file))
        return VaultLogIn(self.mount, ("role", self.role), ("jwt", token))


class VaultSection(Section):
    """A HashiCorp Vault or OpenBao, and one way in."""

    address: Address = Field(description="Address of Vault, `https://`.")
    namespace: Text | None = Field(default=None, description="Namespace of every secret.")
    ca_file: Authorities | None = Field(
        default=None, description="Certificate authorities to trust besides the system's."
    )
    token: _Token | None = Field(default=None, description="Source of a token.")
    approle: AppRoleSection | None = Field(default=None, description="Log-in by AppRole.")
    kubernetes: KubernetesSection | None = Field(
        default=None, description="Log-in by a Kubernetes service account."
    )

    @model_validator(mode="after")
    def _one_way_in(self) -> Self:
        given = [each for each in (self.token, self.approle, self.kubernetes) if each is not None]
        if len(given) != 1:
            msg = "needs exactly one of token, approle and kubernetes"
            raise ValueError(msg)
        return self

    def server(self) -> VaultServer:
        """Give the server that sources name."""
        by_role = self.approle or self.kubernetes
        entry = self.token if by_role is None else by_role.log_in()
        return VaultServer(
            self.address,
            cast("SecretSource | VaultLogIn", entry),  # `_one_way_in` saw to it
            self.namespace or "",
            self.ca_file,
        )
