"""What a product holds, in a person's words: from a file, or asked label by label."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
import yaml

from imis_sso.cli.connectors import looked
from imis_sso.cli.console import Failure, say
from imis_sso.cli.target import Target, run

if TYPE_CHECKING:
    from imis_sso.domain.documents.base import Setting

Documents = dict[str, dict[str, Any]]


def documents_of(file: Path) -> Documents:
    """Read documents by path from a YAML file; a fault ends the command."""
    try:
        found = yaml.safe_load(file.read_text("utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        msg = f"{file} cannot be read: {getattr(error, 'strerror', None) or 'it is no YAML'}"
        raise Failure(msg) from None
    if not isinstance(found, dict) or not all(isinstance(each, dict) for each in found.values()):
        msg = f"{file} must be a mapping of documents by path, imis/openid-connect and so on"
        raise Failure(msg)
    return found


def template(target: Target, environment: str) -> Documents:
    """Ask a person for every field of every document that a person confirms, page by page."""
    from imis_sso.domain.documents.base import nested
    from imis_sso.domain.manual_steps import PLACES
    from imis_sso.domain.resources import RESOURCES

    served = _assisted(target, environment)
    if not served:
        msg = f"{environment}: no document is in the hands of a person now"
        raise Failure(msg)
    found: Documents = {}
    place = ""
    for resource in RESOURCES:
        if resource.path not in served:
            continue
        here = PLACES[resource.record.name]
        if here.way != place:
            place = here.way
            say(f"Open {here.way} in {here.title}, and say what is there.", error=True)
        values = {each.path: _asked(each) for each in resource.document.settings()}
        found[resource.path] = nested(values)
    return found


def _assisted(target: Target, environment: str) -> set[str]:
    look = partial(looked, environment)
    items = run(look, target, f"Looking who serves {environment} …")["items"]
    return {each["resource"] for each in items if each["connector"] == "assisted"}


def _asked(setting: Setting) -> str | bool:
    if setting.kind == "boolean":
        return typer.confirm(f"{setting.label}: is it on?", err=True)
    if setting.kind == "choice":
        label = f"{setting.label} ({', '.join(setting.choices)})"
        while (given := typer.prompt(label, err=True)) not in setting.choices:
            say(f"It is one of {', '.join(setting.choices)}.", error=True)
        return str(given)
    given = typer.prompt(f"{setting.label} (empty: just Enter)", "", show_default=False, err=True)
    return str(given)
