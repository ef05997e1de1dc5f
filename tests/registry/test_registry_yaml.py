"""What is wrong with the file as YAML, and with its keys and names, whatever they are about."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from imis_sso.environments import ConfigurationError, load

Write = Callable[..., Path]
Found = list[tuple[int | None, str, str]]
Faults = Callable[..., Found]

ENV = "environments.test"


def test_doubled_keys_are_found_at_every_depth(faults: Faults) -> None:
    found = faults(
        "    writes: refused",
        "    writes: allowed",
        "  test: {}",
        line6="      username: svc\n      username: other",
    )
    assert found == [
        (7, f"{ENV}.imis.username", "is there twice, first in line 6"),
        (17, f"{ENV}.writes", "is there twice, first in line 16"),
        (18, ENV, "is there twice, first in line 2"),
    ]


@pytest.mark.parametrize("key", ["5", "on", "null", "[a, b]", "{a: b}", "2024-01-31"])
def test_keys_are_text(faults: Faults, key: str) -> None:
    found = faults(f"    ? {key}\n    : x")
    assert found == [(15, ENV, "a key must be text; put it in quotes")]


@pytest.mark.parametrize(
    "value",
    ["!!python/object/apply:os.system ['true']", "!own x", "!!set {a}", "!!binary aGk="],
)
def test_tags_are_refused(faults: Faults, value: str) -> None:
    found = faults(line6=f"      username: {value}")
    assert (6, f"{ENV}.imis.username") in [(line, key) for line, key, _ in found]
    assert "has a tag, which is not allowed here" in found[0][2]


@pytest.mark.parametrize(
    "value", ["2024-13-45", "!!int x", "!!int ''", "!!bool x", "!!timestamp x"]
)
def test_values_that_are_not_what_they_claim(faults: Faults, value: str) -> None:
    found = faults(line6=f"      username: {value}")
    assert found[0][:2] == (6, f"{ENV}.imis.username")
    assert "is not a valid value of its kind" in found[0][2]


def test_only_mappings_can_be_merged_in(faults: Faults) -> None:
    found = faults("    <<: [x]")
    assert found == [(15, f"{ENV}.<<", "only mappings can be merged in")]


@pytest.mark.parametrize("name", ["Prod", "a_b", "a.b", "ä", "''", "a" * 64])
def test_names_of_environments(write: Write, name: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load(write(line2=f"  {name}:"))
    assert [(fault.line, fault.key[:13]) for fault in caught.value.faults] == [(2, "environments.")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("environments: {}", ":1: environments: must not be empty"),
        ("environments:", ":1: environments: expected a mapping, found nothing"),
        ("environments: [a]", ":1: environments: expected a mapping, found a list"),
        ("server: {}", ":1: environments: is missing"),
        ("environments: {a: }", ":1: environments.a: expected a mapping, found nothing"),
        ("- a", ":1: expected a mapping, found a list"),
        ("just text", ":1: expected a mapping, found text"),
        ("5", ":1: expected a mapping, found a number"),
        (
            "\nenviroments: {}",
            ':2: enviroments: unknown key; the nearest known one is "environments"',
        ),
        ("\nchange_guards: {}", ':2: change_guards: the key "change_guards" is not available in'),
    ],
)
def test_the_top_of_the_file(tmp_path: Path, text: str, expected: str) -> None:
    file = tmp_path / "registry.yaml"
    file.write_text(text, "utf-8")
    with pytest.raises(ConfigurationError) as caught:
        load(file)
    assert any(line.startswith(f"{file}{expected}") for line in str(caught.value).splitlines())
