"""Versions as programs print them are read right, whatever else is printed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provision import versions

VERSION = st.lists(st.integers(0, 10_000), min_size=2, max_size=4).map(tuple)


@pytest.mark.parametrize(
    ("output", "after", "expected"),
    [
        ("v20.20.2\n", "", (20, 20, 2)),
        ("Terraform v1.11.4\non linux_amd64\n", "Terraform v", (1, 11, 4)),
        ("OpenTofu v1.11.0\non linux_amd64", "OpenTofu v", (1, 11, 0)),
        ("go version go1.26.8 linux/amd64\n", "go version go", (1, 26, 8)),
        ("Chromium 156.0.8078.79 built on Debian GNU/Linux 12", "", (156, 0, 8078, 79)),
        ("Google Chrome 141.0.7390.54 \n", "", (141, 0, 7390, 54)),
    ],
)
def test_real_outputs(output: str, after: str, expected: tuple[int, ...]) -> None:
    """What the programs really print."""
    assert versions.parse(output, after) == expected


def test_numbers_in_a_warning_before_the_version_are_not_the_version() -> None:
    """A warning about a file such as 0.13.rc comes before the version line."""
    output = "Warning: cannot read /etc/terraform-0.13/rc\n\nTerraform v1.12.2\n"
    assert versions.parse(output, "Terraform v") == (1, 12, 2)


@pytest.mark.parametrize("output", ["", "command not found", "version 7", "snap is needed"])
def test_no_version_is_none(output: str) -> None:
    """A launcher that only prints advice tells no version."""
    assert versions.parse(output) is None


def test_another_programs_output_is_none() -> None:
    """A program of the same name that is something else is not taken."""
    assert versions.parse("OpenTofu v1.11.0", "Terraform v") is None


@pytest.mark.parametrize(
    ("version", "minimum", "expected"),
    [
        ((1, 11, 0), (1, 11), True),
        ((1, 11), (1, 11, 0), True),
        ((1, 10, 9), (1, 11), False),
        ((1, 9), (1, 11), False),
        ((20, 0, 0), (20,), True),
        ((2, 0), (1, 11), True),
    ],
)
def test_minimum(version: tuple[int, ...], minimum: tuple[int, ...], *, expected: bool) -> None:
    """Parts are compared as numbers, missing ones as zero."""
    assert versions.at_least(version, minimum) is expected


@given(VERSION)
def test_what_is_shown_is_read_back(version: tuple[int, ...]) -> None:
    """Writing and reading are inverse."""
    assert versions.parse(f"tool {versions.show(version)}") == version


@given(VERSION, VERSION)
def test_of_two_versions_one_reaches_the_other(
    one: tuple[int, ...], other: tuple[int, ...]
) -> None:
    """The comparison is total."""
    assert versions.at_least(one, other) or versions.at_least(other, one)
