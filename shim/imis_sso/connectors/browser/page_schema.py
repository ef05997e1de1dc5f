"""The JSON Schema of page files, for editors; made from the models that read them."""

from __future__ import annotations

from typing import Any, Final

from pydantic import TypeAdapter

from imis_sso.connectors.browser.description import LogInDescription, PageDescription

_TITLE: Final = "Page file of imis-sso: how a page of a product is described"
_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def page_file_schema() -> dict[str, Any]:
    """Give the schema of a page file: a settings page or a log-in page."""
    schema = TypeAdapter[object](PageDescription | LogInDescription).json_schema()
    # In a file the model's label is the default; the reader fills it in.
    schema["$defs"]["FieldDescription"]["required"].remove("label")
    return {"$schema": _DIALECT, "title": _TITLE, **schema}
