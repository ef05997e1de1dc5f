"""Which variant of the simulated Staff site shows pages like those of a capture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from imis_sso.simulators.imis.staff_form import OPTIONS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_MARKUPS = {
    "label_for": "label_for",
    "wrapped": "wrapped",
    "aria_labelledby": "labelledby",
    "table": "table",
}
_SECRETS = {"clear": "shown", "masked": "masked", "empty": "empty"}
_REVEALS = {"show", "reveal"}


def staff_variant(pages: Mapping[str, Any]) -> dict[str, object]:
    """Give the fields of a variant that these shapes of pages tell.

    No shape tells whether scripts made the fields of a page, what saving asks, or what comes after
    the password.
    """
    found: dict[str, object] = {}
    log_in, page, about = (
        pages.get(name) for name in ("log-in-page", "openid-connect-page", "about-imis-page")
    )
    if log_in is not None:
        together = any(each["kind"] == "secret" for each in log_in["fields"])
        found["staff_log_in"] = "together" if together else "in_turn"
    if page is not None:
        found |= _page(page)
    if about is not None:
        listed = any(each["kind"] == "list" for each in about["fields"])
        found |= {} if listed else {"staff_licences": "absent"}
    return found


def _page(page: Mapping[str, Any]) -> dict[str, object]:
    fields = page["fields"]
    labels = {each["label"] for each in fields}
    ways = [each["labelled"] for each in fields if each["labelled"] in _MARKUPS]
    # A page of the menu that is a button, not a link, is shown without loading a document.
    single = "OpenID Connect" in page["buttons"]
    menu = not single and "Settings" in page["buttons"]
    found: dict[str, object] = {
        "staff_render": "single_page" if single else "server",
        "staff_navigation": "menu" if menu else "pages",
        "staff_save_button": "link" if "Save" in page["links"] else "button",
        "staff_labels": "recased" if "Client id" in labels else "documented",
        "staff_options": _options(fields),
    }
    if ways:
        found["staff_markup"] = _MARKUPS[max(set(ways), key=ways.count)]
    for each in fields:
        if each["label"].casefold() == "client secret" and each["state"] in _SECRETS:
            reveals = _REVEALS.intersection(name.casefold() for name in each["beside"])
            found["staff_secret"] = "reveal" if reveals else _SECRETS[each["state"]]
    return found


def _options(fields: Sequence[Mapping[str, Any]]) -> str:
    shown = [tuple(each["options"]) for each in fields if each["kind"] == "select"]
    for kind in ("documented", "vendor", "codes"):
        if all(texts[kind] in shown for texts in OPTIONS.values()):
            return kind
    return "documented"
