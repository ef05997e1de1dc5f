"""Which versions of the restapi provider can be run here; the others are named, not passed over."""

from __future__ import annotations

from pathlib import Path

from terraform_runs import PROGRAM, ROOT

VERSIONS = ("1.20.0", "2.0.1", "3.0.0")
_HOSTS = {"tofu": "registry.opentofu.org"}
_REGISTRY = _HOSTS.get(Path(PROGRAM).name, "registry.terraform.io")
_MIRROR = ROOT / ".tools" / "mirror" / _REGISTRY / "mastercard" / "restapi"


def available() -> list[str]:
    """Give the versions that `script/bootstrap` could get; the first can be had everywhere."""
    first, *later = VERSIONS
    return [first, *(version for version in later if [*_MIRROR.glob(f"*{version}*")])]


def not_run() -> list[str]:
    """Give one line for what cannot be run here."""
    missing = [version for version in VERSIONS if version not in available()]
    if not missing:
        return []
    versions = " and ".join(missing)
    return [f"not run: Mastercard/restapi {versions} (only the provider registry has them)"]


def sees_drift(version: str) -> bool:
    """Tell whether a version compares what it reads with what is declared."""
    return not version.startswith("1.")
