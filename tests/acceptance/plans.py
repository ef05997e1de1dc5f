"""What a saved plan says, by document and field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from terraform_runs import Terraform

Fields = dict[str, tuple[Any, Any]]
MISSING = "(missing)"


@dataclass(frozen=True)
class Change:
    """What is planned for one document: actions, fields that differ, whether it is imported."""

    actions: tuple[str, ...]
    fields: Fields
    imported: bool


class Plan:
    """A saved plan of restful resources, read from ``terraform show -json``."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self.changes = dict(self._changes())

    def _changes(self) -> Iterator[tuple[str, Change]]:
        for each in self.document.get("resource_changes", []):
            if each["mode"] == "managed":
                change = each["change"]
                before, after = change["before"] or {}, change["after"] or {}
                fields = differing(before.get("body") or {}, after.get("body") or {})
                name = (
                    each["address"].removeprefix("module.pair.").removeprefix("restful_resource.")
                )
                yield name, Change(tuple(change["actions"]), fields, "importing" in change)

    @property
    def differences(self) -> dict[str, Fields]:
        """Give what differs, without the documents in which nothing does."""
        return {name: change.fields for name, change in self.changes.items() if change.fields}

    @property
    def actions(self) -> dict[str, tuple[str, ...]]:
        """Give what Terraform would do to each document."""
        return {name: change.actions for name, change in self.changes.items()}

    @property
    def updated(self) -> set[str]:
        """Give the documents that would be written; anything but an update is refused."""
        doing = {name: actions for name, actions in self.actions.items() if actions != ("no-op",)}
        assert set(doing.values()) <= {("update",)}, doing
        return set(doing)


def planned(terraform: Terraform, *arguments: str) -> Plan:
    """Plan into ``tfplan`` and read it."""
    terraform.run("plan", "-input=false", "-out=tfplan", *arguments)
    return Plan(terraform.json("show", "-json", "tfplan"))


def settles(terraform: Terraform, times: int = 1) -> bool:
    """Plan and see that there is nothing to do: exit code 0 (R1)."""
    for _ in range(times):
        terraform.run("plan", "-input=false", "-detailed-exitcode", expect=0)
    return True


def words(told: str) -> str:
    """Undo the line breaks and frames that Terraform puts around what it quotes."""
    return " ".join(told.replace("│", " ").split())


def flat(body: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Give the fields of a body by their dotted names."""
    fields: dict[str, Any] = {}
    for key, value in body.items():
        nested = flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {}
        fields |= nested or {prefix + key: value}
    return fields


def differing(before: dict[str, Any], after: dict[str, Any]) -> Fields:
    """Give the fields in which two bodies differ, with both values."""
    old, new = flat(before), flat(after)
    values = {name: (old.get(name, MISSING), new.get(name, MISSING)) for name in old | new}
    return {name: pair for name, pair in values.items() if pair[0] != pair[1]}
