"""Reads the text of a page file, strictly: whatever is wrong is said with file and key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from imis_sso.connectors.browser.description import LogInDescription, PageDescription


class PageFileError(ValueError):
    """A page file that cannot be used: one line per fault, naming the file and the key."""


def load_page(text: str, source: str, labels: Mapping[str, str]) -> PageDescription:
    """Read a page file; `labels` are the model's, by field.

    Raises PageFileError with one line per fault.
    """
    found = _with_labels(_parsed(text, source), labels)
    unknown = sorted(_fields(found).keys() - labels.keys())
    if unknown:
        msg = f"{source}: fields: the model has no {', '.join(unknown)}"
        raise PageFileError(msg)
    return _validated(PageDescription, found, source)


def load_log_in(text: str, source: str) -> LogInDescription:
    """Read a log-in page file. Raises PageFileError with one line per fault."""
    return _validated(LogInDescription, _parsed(text, source), source)


Description = TypeVar("Description", bound=BaseModel)


def _with_labels(found: Mapping[str, Any], labels: Mapping[str, str]) -> dict[str, Any]:
    if not isinstance(found.get("fields"), dict):
        return dict(found)
    fields = {
        name: {"label": labels[name]} | each if isinstance(each, dict) and name in labels else each
        for name, each in _fields(found).items()
    }
    return {**found, "fields": fields}


def _fields(found: Mapping[str, Any]) -> Mapping[str, Any]:
    fields = found.get("fields")
    return fields if isinstance(fields, dict) else {}


def _validated(model: type[Description], found: object, source: str) -> Description:
    try:
        return model.model_validate(found)
    except ValidationError as error:
        raise PageFileError("\n".join(_faults(error, source))) from None


def _faults(error: ValidationError, source: str) -> Iterator[str]:
    for each in error.errors(include_url=False, include_input=False):
        key = ".".join(str(part) for part in each["loc"])
        yield f"{source}: {key or 'page'}: {each['msg']}"


class _Loader(yaml.SafeLoader):
    """YAML without the trap that the last of two equal keys wins."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        doubled = sorted({str(key) for key in keys if keys.count(key) > 1})
        if doubled:
            msg = f"the key {doubled[0]} is there twice"
            raise yaml.constructor.ConstructorError(None, None, msg, node.start_mark)
        return super().construct_mapping(node, deep)


def _parsed(text: str, source: str) -> Mapping[str, Any]:
    try:
        found = yaml.load(text, Loader=_Loader)  # noqa: S506  # a SafeLoader, stricter  # nosec B506
    except RecursionError:
        msg = f"{source}: page: is nested too deeply"
        raise PageFileError(msg) from None
    except yaml.YAMLError as error:
        msg = f"{source}: {' '.join(str(error).split())}"
        raise PageFileError(msg) from None
    if not isinstance(found, dict):
        msg = f"{source}: a page file is a mapping"
        raise PageFileError(msg)
    return found
