"""A file that is no registry ends in one clear line, never in a traceback."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from imis_sso.environments import ConfigurationError, load


def refused(file: Path) -> str:
    """Give the one line that loading a file ends in."""
    with pytest.raises(ConfigurationError) as caught:
        load(file)
    (line,) = str(caught.value).splitlines()
    return line


def refused_content(tmp_path: Path, content: bytes) -> str:
    """Give the one line for a file of this content, without the file's name."""
    file = tmp_path / "registry.yaml"
    file.write_bytes(content)
    return refused(file).removeprefix(str(file))


def test_missing(tmp_path: Path) -> None:
    file = tmp_path / "nowhere.yaml"
    assert refused(file) == f"{file}: cannot be read: No such file or directory"


def test_a_directory(tmp_path: Path) -> None:
    assert refused(tmp_path) == f"{tmp_path}: cannot be read: Is a directory"


def test_below_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert refused(tmp_path / "file" / "x").endswith("cannot be read: Not a directory")


def test_a_name_that_no_file_can_have() -> None:
    assert refused(Path("a\x00b")) == "the name of the file is not valid"


@contextmanager
def nobody() -> Iterator[None]:
    """Go on as a user who may read only what everybody may."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        if before == 0:
            os.seteuid(before)


def test_a_file_that_may_not_be_read() -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        file = Path(folder) / "registry.yaml"
        file.touch()
        file.chmod(0)
        with nobody():
            assert refused(file) == f"{file}: cannot be read: Permission denied"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", ":1: is empty: it needs the key environments"),
        (b"# nothing\n", ":1: is empty: it needs the key environments"),
        (b"a: b\n\xff\xfe", ":2: is not a text file in UTF-8"),
        (b"\x7fELF\x02\x01\x01\x00", ":1: is not valid YAML: "),
        (b"a: b\nc: \x01", ":2: is not valid YAML: "),
        (b"environments: {", ":1: is not valid YAML: "),
        (b"environments:\n\ttest: x", ":2: is not valid YAML: "),
        (b"a: b\n--- \nc: d", ":2: is not valid YAML: "),
        (b"a: *nobody", ":1: is not valid YAML: "),
        (b"a: b\nc: d: e", ":2: is not valid YAML: "),
        (b"[" * 100_000, ":1: is nested too deeply"),
        (b"{a: " * 100_000, ":1: is nested too deeply"),
        (b"a:\n" + b"- " * 100_000, ":2: is nested too deeply"),
        (b"a: &a [*a]", ":1: is too large or endless once aliases are followed"),
        (b" " * 1_048_577, ": is larger than 1 MiB, which no registry needs to be"),
    ],
)
def test_what_is_no_registry(tmp_path: Path, content: bytes, expected: str) -> None:
    assert refused_content(tmp_path, content).startswith(expected)


def test_aliases_that_multiply_are_stopped(tmp_path: Path) -> None:
    lists = "\n".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 10)}]" for n in range(1, 10))
    content = f"l0: &l0 [x, x, x, x, x, x, x, x, x, x]\n{lists}".encode()
    assert "once aliases are followed" in refused_content(tmp_path, content)


def test_a_mapping_merged_into_itself_ends(tmp_path: Path) -> None:
    file = tmp_path / "registry.yaml"
    file.write_text("environments: &a {<<: *a, test: }", "utf-8")
    with pytest.raises(ConfigurationError, match=r"environments\.test: expected a mapping"):
        load(file)


def test_merges_that_multiply_are_stopped(tmp_path: Path) -> None:
    maps = "\n".join(
        f"m{n}: &m{n} {{k{n}: v, <<: [{', '.join([f'*m{n - 1}'] * 10)}]}}" for n in range(1, 10)
    )
    assert "once aliases are followed" in refused_content(
        tmp_path, f"m0: &m0 {{k0: v}}\n{maps}".encode()
    )


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    content=st.binary(max_size=200) | st.text(alphabet="ab:-[]{}&*!<>'\"#|\n \t,?1e", max_size=80)
)
def test_no_content_ends_in_a_traceback(tmp_path: Path, content: bytes | str) -> None:
    file = tmp_path / "registry.yaml"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ConfigurationError) as caught:
        load(file)
    assert all(line.startswith(str(file)) for line in str(caught.value).splitlines())
