"""YAML with the line of every key: plain values only, nothing doubled, nothing endless."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from imis_sso.domain.configuration import ConfigurationError, ConfigurationFault
from imis_sso.registry.text import read_text, refusal

Key = tuple[str | int, ...]
MAX_DEPTH: Final = 16
MAX_NODES: Final = 200_000

_TAG: Final = "tag:yaml.org,2002:"
_MERGE: Final = f"{_TAG}merge"
_PLAIN: Final = {f"{_TAG}{each}" for each in ("int", "float", "bool", "null", "timestamp")}
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def dotted(key: Key) -> str:
    """Write a key as people do: `environments.test.sso_hosts[0]`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in key)
    return text.removeprefix(".")


@dataclass
class Tree:
    """The values of a file, the line of each key, and what was wrong with its YAML."""

    file: Path
    data: Any = None
    lines: dict[Key, int] = field(default_factory=dict)
    faults: list[ConfigurationFault] = field(default_factory=list)

    def line(self, key: Key) -> int:
        """Give the line of a key, or of the nearest key around it that is in the file."""
        ends = range(len(key), 0, -1)
        return next((self.lines[key[:end]] for end in ends if key[:end] in self.lines), 1)

    def fault(self, key: Key, message: str, line: int | None = None) -> ConfigurationFault:
        """Give a fault at a key."""
        return ConfigurationFault(self.file, line or self.line(key), dotted(key), message)


def read_tree(file: Path) -> Tree:
    """Read a YAML file of one document.

    Doubled keys, keys that are no text and foreign tags are collected in `faults`. Raises
    ConfigurationError where the file cannot be read or is no YAML.
    """
    text = read_text(file)
    try:
        _bounded(file, text)
        root = yaml.compose(text, _LOADER)
    except yaml.YAMLError as error:
        raise _unreadable(file, text, error) from None
    if root is None:
        raise refusal(file, 1, "is empty: it needs the key environments")
    return _Builder(Tree(file)).build(root)


def _bounded(file: Path, text: str) -> None:
    # The composer calls itself for every level, and the one written in C would end the process.
    depth = 0
    for event in yaml.parse(text, _LOADER):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            line = event.start_mark.line + 1 if event.start_mark else None
            raise refusal(file, line, "is nested too deeply")


def _unreadable(file: Path, text: str, error: yaml.YAMLError) -> ConfigurationError:
    mark = getattr(error, "problem_mark", None)
    position = getattr(error, "position", None)
    line = 1 if position is None else text.count("\n", 0, position) + 1
    reason = getattr(error, "problem", None) or getattr(error, "reason", None) or "unclear"
    line = min(mark.line, text.count("\n")) + 1 if mark else line
    return refusal(file, line, f"is not valid YAML: {reason}")


@dataclass
class _Builder:
    tree: Tree
    nodes: int = 0

    def build(self, root: yaml.Node) -> Tree:
        self.tree.data = self._value(root, ())
        return self.tree

    def _value(self, node: yaml.Node, path: Key) -> Any:
        # Aliases make a small file large, or endless.
        self.nodes += 1
        if self.nodes > MAX_NODES or len(path) > MAX_DEPTH:
            line = node.start_mark.line + 1
            raise refusal(self.tree.file, line, "is too large or endless once aliases are followed")
        if isinstance(node, yaml.MappingNode) and node.tag == f"{_TAG}map":
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode) and node.tag == f"{_TAG}seq":
            return self._sequence(node, path)
        return self._scalar(node, path)

    def _mapping(self, node: yaml.MappingNode, path: Key) -> dict[str, Any]:
        found = self._entries(node, path)
        self.tree.lines |= {(*path, key): line for key, (line, _) in found.items()}
        return {key: self._value(value, (*path, key)) for key, (_, value) in found.items()}

    def _sequence(self, node: yaml.SequenceNode, path: Key) -> list[Any]:
        lines = {(*path, at): each.start_mark.line + 1 for at, each in enumerate(node.value)}
        self.tree.lines |= lines
        return [self._value(each, (*path, at)) for at, each in enumerate(node.value)]

    def _scalar(self, node: yaml.Node, path: Key) -> Any:
        if isinstance(node, yaml.ScalarNode) and node.tag == f"{_TAG}str":
            return node.value
        if isinstance(node, yaml.ScalarNode) and node.tag in _PLAIN:
            try:
                return yaml.constructor.SafeConstructor().construct_object(node)
            except (yaml.YAMLError, ValueError, LookupError, AttributeError, OverflowError):
                self._wrong(node, path, "is not a valid value of its kind; put text in quotes")
                return None
        self._wrong(node, path, "has a tag, which is not allowed here; give a plain value")
        return None

    def _entries(self, node: yaml.MappingNode, path: Key) -> dict[str, tuple[int, yaml.Node]]:
        """Give line and value of each key; what a merge (`<<`) brings comes after the own keys."""
        own: dict[str, tuple[int, yaml.Node]] = {}
        merged: list[yaml.Node] = []
        for key, value in node.value:
            line = key.start_mark.line + 1
            if key.tag == _MERGE:
                merged.append(value)
            elif not isinstance(key, yaml.ScalarNode) or key.tag != f"{_TAG}str":
                self._wrong(key, path, "a key must be text; put it in quotes")
            elif key.value in own:
                first = own[key.value][0]
                self._wrong(key, (*path, key.value), f"is there twice, first in line {first}")
            else:
                own[key.value] = (line, value)
        return self._merged(merged, path) | own if merged else own

    def _merged(self, values: list[yaml.Node], path: Key) -> dict[str, tuple[int, yaml.Node]]:
        found: dict[str, tuple[int, yaml.Node]] = {}
        for node in self._sources(values, path):
            self.nodes += 1 + len(node.value)
            if self.nodes > MAX_NODES:
                break
            found = self._entries(node, (*path, "<<")) | found if len(path) < MAX_DEPTH else found
        return found

    def _sources(self, values: list[yaml.Node], path: Key) -> Iterator[yaml.MappingNode]:
        for value in values:
            for each in value.value if isinstance(value, yaml.SequenceNode) else [value]:
                if isinstance(each, yaml.MappingNode):
                    yield each
                else:
                    self._wrong(each, (*path, "<<"), "only mappings can be merged in")

    def _wrong(self, node: yaml.Node, path: Key, message: str) -> None:
        self.tree.faults.append(self.tree.fault(path, message, node.start_mark.line + 1))
