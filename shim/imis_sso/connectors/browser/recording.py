"""Writes a page file by looking at a page: labels, kinds and texts of options, never a value.

What was found by the present description, or by the model's label, is filled in. Everything else
stands in comments, for a person to put in its place.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

from imis_sso.connectors.browser.description import FieldDescription, PageDescription
from imis_sso.connectors.browser.structure import find_button, nearest_label
from imis_sso.connectors.browser.survey import SeenAction, SeenField, Survey

_HEAD = """\
# Recorded from the page as it is now. Review every line before it is used (docs/page-files.md).
"""


def recorded(page: PageDescription, labels: Mapping[str, str], survey: Survey) -> str:
    """Give the text of a page file for a page; `labels` are the model's, by field."""
    safe = set(survey.field_labels())
    seen = [each for each in survey.fields if each.label in safe]
    pairs = _paired(page, labels, seen)
    rest = [each for each in seen if each not in pairs.values()]
    lines = [
        _HEAD.rstrip(),
        f"open: {_flow(page.open)}",
        *_records(page),
        "fields:",
        *(line for name in labels for line in _field(name, page, labels[name], pairs, rest)),
        *_strangers(rest),
        *_saving(page, survey),
    ]
    return "\n".join(lines) + "\n"


def _records(page: PageDescription) -> Iterator[str]:
    if page.records is not None:
        yield f"records: {_flow(page.records.model_dump(mode='json', exclude_defaults=True))}"


def _paired(
    page: PageDescription, labels: Mapping[str, str], seen: Sequence[SeenField]
) -> dict[str, SeenField]:
    found: dict[str, SeenField] = {}
    for name, label in labels.items():
        texts = page.fields[name].names if name in page.fields else (label,)
        wanted = {each.casefold() for each in texts}
        hits = [each for each in seen if each.label.casefold() in wanted]
        if len(hits) == 1:
            found[name] = hits[0]
    return found


def _field(
    name: str,
    page: PageDescription,
    label: str,
    pairs: Mapping[str, SeenField],
    rest: Sequence[SeenField],
) -> Iterator[str]:
    described, seen = page.fields.get(name), pairs.get(name)
    if seen is not None:
        yield f"  {name}: {_flow(_entry(described, seen))}"
        yield from _unknown_options(described, seen)
    elif described is not None:
        near = nearest_label(label, [each.label for each in rest])
        hint = f"; the nearest label is {_flow(near)}" if near else ""
        yield f'  # "{label}" was not found{hint}. As it was described:'
        entry = described.model_dump(mode="json", exclude_defaults=True)
        yield f"  {name}: {_flow(entry)}"


def _entry(described: FieldDescription | None, seen: SeenField) -> dict[str, object]:
    secret = described is not None and described.secret
    # In a password box or not: a secret that is only shown stays described as shown.
    kind = described.kind if described is not None and secret else seen.kind
    entry: dict[str, object] = {"label": seen.label, "kind": kind}
    if described is None:
        return entry
    more = described.model_dump(mode="json", exclude_defaults=True)
    kept = {key: value for key, value in more.items() if key not in {"label", "kind", "texts"}}
    if seen.kind == "select" and described.texts:
        kept["texts"] = _texts(described, seen)
    return {**entry, **kept}


def _texts(described: FieldDescription, seen: SeenField) -> dict[str, list[str]]:
    shown = {each.casefold(): each for each in seen.options}
    return {
        value: [shown[each.casefold()] for each in texts if each.casefold() in shown] or list(texts)
        for value, texts in described.texts.items()
    }


def _unknown_options(described: FieldDescription | None, seen: SeenField) -> Iterator[str]:
    known = {
        text.casefold()
        for texts in (described.texts if described else {}).values()
        for text in texts
    }
    unknown = [each for each in seen.options if each.casefold() not in known]
    if unknown:
        yield f"  # Options that stand for no value yet: {_flow(unknown)}"


def _strangers(rest: Sequence[SeenField]) -> Iterator[str]:
    if rest:
        yield "  # On the page, and of no field of the model:"
    for each in rest:
        yield f"  #   {_flow({'label': each.label, 'kind': each.kind})}"


def _saving(page: PageDescription, survey: Survey) -> Iterator[str]:
    if page.save is None:
        return
    values = {each.value for each in survey.fields if each.value}
    shown = (each.name for each in survey.actions if not each.href)
    names = [each for each in dict.fromkeys(shown) if not any(v in each for v in values)]
    entry = page.save.model_dump(mode="json", exclude_defaults=True)
    button = find_button(page.save.button, survey)
    if isinstance(button, SeenAction):
        entry["button"] = button.name
    else:
        yield f"# The save button was not found. Buttons of the page: {_flow(names)}"
    yield f"save: {_flow(entry)}"


def _flow(value: object) -> str:
    # JSON is YAML, and quotes whatever a page may say.
    return json.dumps(value, ensure_ascii=False)
