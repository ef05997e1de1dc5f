"""Registry files for tests: one that is right, and ways to spoil it line by line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from imis_sso.environments import ConfigurationError, load

LINES = """\
environments:
  test:
    imis:
      url: https://members.example.org
      connector: imis_rest
      username: svc
      password: "env:IMIS_PASSWORD"
    cloud_sso:
      url: https://dashboard.example.com
      connector: cloud_sso_dashboard
      cloud_id: abctest
      username: admin
      password: "file:cloud-password"
      automation_permitted_by: "A. Name of the vendor, 2026-05-04"
""".splitlines()
"""A right registry file of 14 lines; a fifteenth belongs to the environment."""

Write = Callable[..., Path]
Faults = Callable[..., list[tuple[int | None, str, str]]]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write the right file with some lines replaced, by number, and others added at its end."""

    def make(*added: str, **replaced: str) -> Path:
        lines = [replaced.get(f"line{number}", line) for number, line in enumerate(LINES, 1)]
        file = tmp_path / "registry.yaml"
        file.write_text("\n".join([*lines, *added]) + "\n", "utf-8")
        return file

    return make


@pytest.fixture
def faults(write: Write) -> Faults:
    """Give line, key and message of every fault of such a file."""

    def found(*added: str, **replaced: str) -> list[tuple[int | None, str, str]]:
        with pytest.raises(ConfigurationError) as caught:
            load(write(*added, **replaced))
        return [(fault.line, fault.key, fault.message) for fault in caught.value.faults]

    return found
