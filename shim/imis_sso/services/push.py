"""What a document says of its secret, and what a write does to it (contract 3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn

from imis_sso.domain.problems import FieldError, InvalidSettings, SecretVersionChanged
from imis_sso.domain.resources import Resource
from imis_sso.domain.secret import Secret
from imis_sso.domain.violations import sentence


@dataclass(frozen=True)
class Shown:
    """What a document says of its secret: the name and the keyed fingerprint (contract C22)."""

    ref: str = ""
    version: str = ""


@dataclass(frozen=True, repr=False)
class Push:
    """What happens to the secret in a write.

    `secret` is put into the product (None: it stays as it is), `record` is remembered afterwards
    (None: what was remembered stays), `resolved` tells that a secret was looked at, so that the
    product is read once more before the write (contract section 7). `held` is that secret where
    the product holds it already: it goes back into a record that hides it.
    """

    secret: Secret | None = None
    record: Shown | None = None
    resolved: bool = False
    held: Secret | None = None


def refuse_version(wanted: Shown, current: str) -> NoReturn:
    """Raise `SecretVersionChanged`: the reviewed plan was for another secret (contract C23)."""
    msg = (
        f"The secret {wanted.ref} has the version {current} now, not {wanted.version}: it was "
        "changed after the review. Plan again."
    )
    raise SecretVersionChanged(msg)


def refuse_key(resource: Resource, key: str, detail: str, canonical: str | None = None) -> NoReturn:
    """Raise `InvalidSettings` for the key `ref` or `version` of a document's secret."""
    keys = resource.document.secret
    name = getattr(keys, key) if keys else key
    errors = [FieldError(name, detail, canonical)]
    raise InvalidSettings(sentence(errors), errors)
