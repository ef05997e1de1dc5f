"""A capture of a real tenant, loaded so that the simulators behave alike (docs/captures.md)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from imis_sso.simulators.imis.manners import Manners
from imis_sso.simulators.imis.staff_profile import staff_variant

if TYPE_CHECKING:
    from pathlib import Path

    from imis_sso.simulators.cloud_sso.model import CloudSsoModel
    from imis_sso.simulators.imis.model import ImisModel

FILE, FORMAT = "capture.json", 1
_REST: Mapping[int, str] = {
    200: "served",
    403: "forbidden",
    404: "missing",
    501: "not_implemented",
}
_TOKEN_PATHS: Mapping[str, str] = {
    "standard": "/token",
    "scheduler": "/asiScheduler/token",
    "named": "/Asi.Scheduler_Example/token",
}
_MARKUPS = ("label_for", "wrapped", "aria_label", "aria_labelledby", "table")
_REVEALS = {"show", "reveal"}


@dataclass(frozen=True)
class Profile:
    """What of a tenant's behaviour the simulators can show: a variant, and iMIS's manners."""

    variant: Mapping[str, object] = field(default_factory=dict)
    manners: Manners = field(default_factory=Manners)

    @classmethod
    def load(cls, directory: Path) -> Self:
        """Read a capture from a folder.

        Raises ValueError saying what is wrong with it, OSError where there is none.
        """
        try:
            found = json.loads((directory / FILE).read_text(encoding="utf-8"))
        except ValueError:
            message = f"{directory / FILE} is not JSON"
            raise ValueError(message) from None
        if not isinstance(found, dict) or found.get("format") != FORMAT:
            message = f"{directory / FILE} is no capture of format {FORMAT}"
            raise ValueError(message)
        return cls.of(found)

    @classmethod
    def of(cls, capture: Mapping[str, Any]) -> Self:
        """Make a profile of a capture."""
        connectors = capture.get("connectors", {})
        rest = connectors.get("imis_rest", {})
        variant = _imis(rest) | staff_variant(connectors.get("imis_staff_site", {}))
        variant |= _cloud_sso(connectors.get("cloud_sso_dashboard", {}))
        records = tuple(rest.get("records", {}).get("records", ()))
        life = rest.get("log-in", {}).get("tells_life") is not False
        answers = {name: each for name, each in rest.items() if name != "log-in"}
        return cls(variant, Manners(answers, records, life))

    def apply(self, imis: ImisModel, cloud_sso: CloudSsoModel) -> None:
        """Have a simulated pair behave like the tenant, with records of its kind."""
        imis.change_variant(self.variant)
        cloud_sso.change_variant(self.variant)
        imis.behave(self.manners)


def _imis(rest: Mapping[str, Any]) -> dict[str, object]:
    records = rest.get("records", {})
    shapes = records.get("records", ())
    found: dict[str, object] = {}
    if "log-in" in rest:
        found["imis_token_path"] = _TOKEN_PATHS.get(rest["log-in"]["path"], "/token")
    if records:
        found["imis_rest"] = _REST.get(records["status"], "served")
    if "count" in records:
        several = "several_active" if records.get("active") not in {"none", "—"} else "several"
        found["imis_records"] = several if records["count"] == "several" else records["count"]
    for shape in shapes[:1]:
        found |= {
            "imis_secret": shape["secret"],
            "imis_defaults": shape["defaults"],
            "imis_enums": shape["enums"],
        }
    if "kind" in rest.get("permission", {}):
        found["imis_permission"] = rest["permission"]["kind"]
    if "validation" in rest:
        kinds = {200: "result", 400: "error"}
        found["imis_validate"] = kinds.get(rest["validation"]["status"], "missing")
    return {name: value for name, value in found.items() if value != "—"}


def _cloud_sso(pages: Mapping[str, Any]) -> dict[str, object]:
    found: dict[str, object] = {}
    for button in pages.get("log-in-page", {}).get("buttons", ())[:1]:
        found["cloud_sso_login_button"] = button
    page = pages.get("imis-sso-settings-page")
    if page is None:
        return found
    fields = page["fields"]
    shown = [each for each in fields if each["kind"] == "shown"]
    ways = [each["labelled"] for each in fields if each["labelled"] in _MARKUPS]
    found["cloud_sso_secret"] = _secret(fields)
    found["cloud_sso_navigation"] = _navigation((*page["buttons"], *page["links"]))
    if ways:
        found["cloud_sso_markup"] = max(set(ways), key=ways.count)
    if shown:
        outputs = all(each["element"] == "output" for each in shown)
        found["cloud_sso_shown"] = "output" if outputs else "input"
    return found


def _secret(fields: Iterable[Mapping[str, Any]]) -> str:
    for each in fields:
        if each["label"].casefold() != "client secret":
            continue
        if each["state"] == "clear":
            return "shown"
        reveals = {name.casefold() for name in each["beside"]} & _REVEALS
        return "reveal" if reveals else "copy"
    return "absent"


def _navigation(names: Iterable[str]) -> str:
    return "cloud_sso" if "Cloud SSO" in names else "external_directories"
