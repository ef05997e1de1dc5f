"""The library under the stacks: the right one, and its continuation giving the same."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import cdktf
import pytest
from terraform_runs import ROOT, run_main

from imis_sso_stacks.library import LibraryError, select_library

if TYPE_CHECKING:
    from pathlib import Path


def test_the_library_is_not_shadowed_by_our_folder() -> None:
    """The folder ``cdktf/`` would shadow it as soon as it became a package."""
    assert "site-packages" in str(cdktf.__file__)
    assert not (ROOT / "cdktf" / "__init__.py").exists()


def test_the_library_is_found_from_the_root_too() -> None:
    """``python -c`` has the working folder on its path, and with it the folder ``cdktf``."""
    code = "import importlib.util as u; print(u.find_spec('cdktf').origin)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "site-packages" in done.stdout


def test_an_unknown_library_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A misspelt name must not give the other library without a word."""
    monkeypatch.setenv("IMIS_SSO_CDKTF_LIBRARY", "cdktn2")
    with pytest.raises(LibraryError, match="must be one of cdktf, cdktn, not 'cdktn2'"):
        select_library()


def test_missing_node_is_said_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """The library's own error would be a traceback about a handshake."""
    monkeypatch.setenv("JSII_NODE", "no-such-node")
    with pytest.raises(LibraryError, match="needs Node 20 or later: no-such-node"):
        select_library()


def test_a_missing_library_is_said_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """The service is installable without it (extra ``stacks``)."""
    monkeypatch.setitem(sys.modules, "cdktn", None)
    monkeypatch.setenv("IMIS_SSO_CDKTF_LIBRARY", "cdktn")
    with pytest.raises(LibraryError, match="not installed: pip install cdktn"):
        select_library()


def test_the_default_is_cdktf(monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty variable counts as none."""
    monkeypatch.setenv("IMIS_SSO_CDKTF_LIBRARY", "")
    assert select_library() == "cdktf"
    assert sys.modules["cdktf"] is cdktf


def without_version(document: Any) -> Any:
    """Give a synthesised document without the one thing that may differ."""
    text, found = re.subn(r'"version":\s*"0\.\d+\.\d+"', '"version":""', json.dumps(document))
    assert found
    return json.loads(text)


@pytest.mark.skipif(not importlib.util.find_spec("cdktn"), reason="cdktn is not installed")
def test_the_continuation_gives_the_same_json(
    environments: Path, synthesised: Path, stacks: dict[str, Any], tmp_path: Path
) -> None:
    """``cdktf`` is archived; whoever moves to ``cdktn`` gets the same plan."""
    done = run_main(environments, tmp_path, IMIS_SSO_CDKTF_LIBRARY="cdktn")
    assert done.returncode == 0, done.stderr
    for name, stack in stacks.items():
        other = json.loads((tmp_path / "stacks" / name / "cdk.tf.json").read_text("utf-8"))
        # The pinned provider has a version of the same form: it must not be hidden.
        assert other["terraform"] == stack["terraform"]
        assert without_version(other) == without_version(stack)
    ours, theirs = (
        json.loads((folder / "manifest.json").read_text("utf-8"))
        for folder in (synthesised, tmp_path)
    )
    assert without_version(ours) == without_version(theirs)
