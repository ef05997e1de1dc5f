"""Where the operator keeps a secret (contract C21). A caller of the API never names a source."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

Scheme = Literal["env", "file", "keyring", "vault"]

_KINDS: Final[dict[Scheme, str]] = {
    "env": "environment variable",
    "file": "file",
    "keyring": "keyring",
    "vault": "Vault",
}


@dataclass(frozen=True)
class SecretSource:
    """A place that a secret is read from, each time it is needed.

    `name` is what people call the secret, for messages. `location` is the environment variable's
    name (`env`), the absolute path of the file (`file`), the service (`keyring`), or mount and path
    (`vault`); `field` is the keyring's user or Vault's field, and `vault` the server that has it.
    """

    name: str
    scheme: Scheme
    location: str
    field: str = ""
    vault: VaultServer | None = None

    @property
    def place(self) -> str:
        """Say where the secret is looked for, for the operator: never shown to a caller."""
        within = {"keyring": f"/{self.field}", "vault": f"#{self.field}"}.get(self.scheme, "")
        return f"{_KINDS[self.scheme]} {self.location}{within}"

    @property
    def path(self) -> Path:
        """The file of a `file` source."""
        return Path(self.location)


@dataclass(frozen=True)
class VaultLogIn:
    """A log-in at Vault's `auth/MOUNT/login`, whose token is used for one read.

    `role` and `credential` are the names and values that the method wants: AppRole takes `role_id`
    and `secret_id`, Kubernetes `role` and `jwt`.
    """

    mount: str
    role: tuple[str, str]
    credential: tuple[str, SecretSource]


@dataclass(frozen=True)
class VaultServer:
    """A HashiCorp Vault or OpenBao: its address, and the source of a token or a log-in for one."""

    address: str
    entry: SecretSource | VaultLogIn
    namespace: str = ""
    ca_file: Path | None = None
