"""What of a snapshot can be put back into a document as it is declared now (contract 7). Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from imis_sso.domain.documents import Document, flatten, nested
from imis_sso.domain.snapshots import Content


@dataclass(frozen=True)
class Restorable:
    """The part of a kept document that can be put back, and what cannot, in sentences.

    `declared` is nested, without the keys of the secret; `ref` and `version` are what the snapshot
    says of the secret, `""` where it says nothing.
    """

    declared: dict[str, Any]
    ref: str
    version: str
    left_alone: tuple[str, ...]


def restorable(
    document: type[Document], content: Content, unreachable: Collection[str]
) -> Restorable:
    """Take apart what a snapshot keeps of a document; `unreachable` is out of reach now."""
    kept = flatten(content)
    known = {each.path for each in document.settings()}
    secret = document.secret
    ref, version = (kept.get(secret.ref, ""), kept.get(secret.version, "")) if secret else ("", "")
    able = {path: kept[path] for path in sorted(known & kept.keys()) if path not in unreachable}
    reasons = [
        (sorted(known & kept.keys() & set(unreachable)), "out of reach now"),
        (sorted(known - kept.keys() - set(unreachable)), "not in the snapshot"),
    ]
    left_alone = tuple(
        f"{path} is {why} and stays as it is." for paths, why in reasons for path in paths
    )
    return Restorable(nested(able), str(ref), str(version), left_alone)
