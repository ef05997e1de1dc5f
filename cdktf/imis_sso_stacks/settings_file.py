"""Reading settings files, with errors that name file, line and key."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml
from pydantic import BaseModel, ValidationError

from imis_sso_stacks.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pydantic_core import ErrorDetails

Key = tuple[str | int, ...]
_MAX_DEPTH = 8
_TEXTS = {
    "bool_type": "must be true or false",
    "dict_type": "must be a mapping",
    "list_type": "must be a list",
    "missing": "missing",
    "model_type": "must be a mapping",
    "string_pattern_mismatch": "may hold lower-case letters, digits and hyphens only",
    "string_type": "must be text: put it in quotes",
    "too_long": "may hold one entry only",
}


@dataclass(frozen=True)
class Problem:
    """One thing wrong with a settings file."""

    file: Path
    line: int
    key: Key
    text: str

    def __str__(self) -> str:
        """Give ``file:line: key: text``, on one line."""
        key = ".".join(map(str, self.key))
        return f"{self.file}:{self.line}: {key + ': ' if key else ''}{self.text}"


class SettingsError(Exception):
    """Settings that cannot be used; its text is one line for each problem."""

    def __init__(self, problems: list[Problem] | str) -> None:
        self.problems = problems if isinstance(problems, list) else []
        super().__init__("\n".join(map(str, self.problems)) or problems)


def load_environments(directory: Path) -> list[Settings]:
    """Read every ``*.yaml`` of the directory, in the order of names.

    Raises SettingsError with the problems of all files, or where there is no file at all.
    """
    try:
        files = sorted(file for file in directory.iterdir() if file.suffix in {".yaml", ".yml"})
    except OSError as error:
        raise SettingsError(f"{directory}: {error.strerror}") from None
    if not files:
        raise SettingsError(f"{directory}: holds no settings file (*.yaml)")
    return _load_all(files)


def _load_all(files: list[Path]) -> list[Settings]:
    loaded: dict[str, Settings] = {}
    problems: list[Problem] = []
    for file in files:
        if file.stem in loaded:
            problems.append(Problem(file, 1, (), "a second settings file of this environment"))
            continue
        try:
            loaded[file.stem] = load_settings(file)
        except SettingsError as error:
            problems += error.problems
    if problems:
        raise SettingsError(problems)
    return list(loaded.values())


def load_settings(file: Path) -> Settings:
    """Read one settings file. Raises SettingsError naming file, line and key of every problem."""
    node = _compose(file)
    lines = dict(_lines(node, ()))
    problems = list(_malformed(file, node, ()))
    if not problems:
        data = _construct(file, node)
        try:
            return _named_as_its_file(file, Settings.model_validate(data), lines)
        except ValidationError as error:
            problems = [_problem(file, lines, found) for found in error.errors()]
    raise SettingsError(sorted(problems, key=lambda problem: problem.line))


def _named_as_its_file(file: Path, settings: Settings, lines: dict[Key, int]) -> Settings:
    """Refuse a copy that still names the environment it was copied from."""
    if settings.environment != file.stem:
        text = f"is {settings.environment!r}, but the file is named {file.name}"
        key = ("environment",)
        raise SettingsError([Problem(file, lines.get(key, 1), key, text)])
    return settings


def _compose(file: Path) -> yaml.Node:
    try:
        node = yaml.compose(file.read_text("utf-8"), yaml.SafeLoader)
    except OSError as error:
        raise SettingsError([Problem(file, 1, (), str(error.strerror))]) from None
    except UnicodeDecodeError:
        raise SettingsError([Problem(file, 1, (), "is not UTF-8")]) from None
    except yaml.YAMLError as error:
        raise SettingsError([_unreadable(file, error)]) from None
    if not isinstance(node, yaml.MappingNode):
        raise SettingsError([Problem(file, 1, (), "must be a mapping")])
    return node


def _unreadable(file: Path, error: yaml.YAMLError) -> Problem:
    mark = getattr(error, "problem_mark", None)
    text = getattr(error, "problem", None) or getattr(error, "reason", None) or "is no YAML"
    return Problem(file, mark.line + 1 if mark else 1, (), f"not readable as YAML: {text}")


def _construct(file: Path, node: yaml.Node) -> dict[str, Any]:
    loader = yaml.SafeLoader("")
    try:
        data: dict[str, Any] = loader.construct_document(node)
    except (yaml.YAMLError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        text = getattr(error, "problem", None) or error
        raise SettingsError([Problem(file, line, (), f"not readable: {text}")]) from None
    finally:
        loader.dispose()
    return data


def _children(node: yaml.Node) -> Iterator[tuple[str | int, yaml.Node, yaml.Node]]:
    if isinstance(node, yaml.MappingNode):
        yield from ((str(key.value), key, value) for key, value in node.value)
    elif isinstance(node, yaml.SequenceNode):
        yield from ((index, value, value) for index, value in enumerate(node.value))


def _lines(node: yaml.Node, path: Key) -> Iterator[tuple[Key, int]]:
    if len(path) > _MAX_DEPTH:
        return
    for name, key, value in _children(node):
        yield (*path, name), key.start_mark.line + 1
        yield from _lines(value, (*path, name))


def _malformed(file: Path, node: yaml.Node, path: Key) -> Iterator[Problem]:
    """Find what YAML lets pass without a word: doubled keys, empty values, endless nesting."""
    seen: set[str | int] = set()
    for name, key, value in _children(node):
        at, line = (*path, name), key.start_mark.line + 1
        if name in seen:
            yield Problem(file, line, at, "stands here a second time")
        if value.tag == "tag:yaml.org,2002:null":
            yield Problem(file, line, at, 'has no value: remove the key, or write "" for none')
        if len(at) > _MAX_DEPTH:
            yield Problem(file, line, at, "is nested too deeply")
            return
        seen.add(name)
        yield from _malformed(file, value, at)


def _problem(file: Path, lines: dict[Key, int], found: ErrorDetails) -> Problem:
    key = (*found["loc"], *found.get("ctx", {}).get("at", ()))
    key = tuple(part for part in key if part != "[key]")
    line = next((lines[key[:end]] for end in range(len(key), 0, -1) if key[:end] in lines), 1)
    return Problem(file, line, key, _text(key, found))


def _text(key: Key, found: ErrorDetails) -> str:
    kind = found["type"]
    if kind == "extra_forbidden":
        return _unknown(key)
    if kind == "literal_error":
        return f"must be one of {found['ctx']['expected']}".replace("'", "")
    return _TEXTS.get(kind, found["msg"])


def _unknown(key: Key) -> str:
    if key[-1] == "client_secret":
        return "a secret never stands in a settings file: name one by client_secret_ref"
    near = difflib.get_close_matches(str(key[-1]), _known(key[:-1]), 1)
    return f"unknown key, did you mean {near[0]}?" if near else "unknown key"


def _known(path: Key) -> list[str]:
    section: type[BaseModel] = Settings
    for name in path:
        inner = section.model_fields[str(name)].annotation
        if not (isinstance(inner, type) and issubclass(inner, BaseModel)):
            return []
        section = inner
    return list(section.model_fields)
