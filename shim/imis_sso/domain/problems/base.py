"""What every problem has (contract C30, C31)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class FieldError:
    """One violation: the field, what is wrong with it, its canonical form if there is one."""

    field: str
    detail: str
    canonical: str | None = None

    def as_dict(self) -> dict[str, str]:
        """Give the entry of the `errors` list (contract C30)."""
        plain = {"field": self.field, "detail": self.detail}
        return plain if self.canonical is None else plain | {"canonical": self.canonical}


class Problem(Exception):  # noqa: N818  # RFC 9457 calls it so
    """A refusal or a failure with a type, a status and a sentence for people.

    `errors` lists every violation; `retry_after` is in seconds and set only where a retry can
    help; `upstream_writes` counts the writes that had, or may have, reached the product by then.
    """

    status: ClassVar[int] = 500
    slug: ClassVar[str] = ""
    title: ClassVar[str] = ""
    default_retry_after: ClassVar[int | None] = None

    def __init__(
        self,
        detail: str,
        errors: Sequence[FieldError] = (),
        *,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = tuple(errors)
        self.retry_after = retry_after or self.default_retry_after
        self.upstream_writes = 0
