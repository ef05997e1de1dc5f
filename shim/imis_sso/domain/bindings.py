"""Which record of a product an operator's key stands for (contract 1.3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from imis_sso.domain.documents.base import Values


@dataclass(frozen=True)
class Entry:
    """A record as the list of its kind shows it; `record` is the product's own id, `""` without."""

    record: str
    name: str


@dataclass(frozen=True)
class Binding:
    """How a record is found again: by its id; where that is lost, by issuer and client id.

    What was seen last of issuer, client id and name is kept with every read, so that a change made
    in the product's own console is drift of the same record. Nothing of it is secret.
    """

    record: str = ""
    name: str = ""
    issuer: str = ""
    client_id: str = ""

    def as_dict(self) -> dict[str, str]:
        """Give it as it is kept."""
        return asdict(self)

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> Binding:
        """Read what was kept; what is not known is `""`."""
        return cls(*(str(content.get(each, "")) for each in cls.__dataclass_fields__))

    @classmethod
    def expected(cls, values: Values) -> Binding:
        """Give the binding of a record that is about to be made with these values."""
        return cls("", *(str(values.get(each, "")) for each in ("name", "issuer", "client_id")))

    def seen(self, record: str, values: Values) -> Binding:
        """Give the binding after a look at the record."""
        return replace(Binding.expected({**self.as_dict(), **values}), record=record or self.record)
