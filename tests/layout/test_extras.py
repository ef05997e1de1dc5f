"""The service needs neither a browser's library nor the simulators' nor CDKTF's to start."""

from __future__ import annotations

import subprocess
import sys

import pytest

OPTIONAL = (
    "playwright",
    "cdktf",
    "constructs",
    "jsii",
    "trustme",
    "jinja2",
    "multipart",
)
WITHOUT = f"""
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {OPTIONAL!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Absent())
"""


def run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", WITHOUT + code],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize(
    "module", ["imis_sso.app", "imis_sso.cli.commands", "imis_sso_stacks.documents"]
)
def test_a_module_is_imported_without_any_extra(module: str) -> None:
    done = run(f"import {module}; print('imported')")
    assert done.stdout == "imported\n", done.stderr


def test_simulate_without_its_extra_says_what_to_install() -> None:
    code = "sys.argv = ['imis-sso', 'simulate']\nfrom imis_sso.cli import main\nmain()"
    done = run(code)
    assert done.returncode == 1
    assert done.stderr.strip().endswith("install imis-sso[simulators]")
    assert "Traceback" not in done.stderr


def test_the_library_is_not_shadowed_by_the_folder_of_the_same_name() -> None:
    code = "import cdktf; print(cdktf.__file__)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert "site-packages" in done.stdout
