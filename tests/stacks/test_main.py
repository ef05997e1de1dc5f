"""``python cdktf/main.py`` as a user runs it."""

from __future__ import annotations

import json
import runpy
from typing import TYPE_CHECKING

import pytest
from stack_runs import ENVIRONMENTS
from terraform_runs import ROOT, run_main

if TYPE_CHECKING:
    from pathlib import Path


def test_it_says_what_it_wrote_and_nothing_else(environments: Path, tmp_path: Path) -> None:
    """One line on success; the manifest names every stack, in order."""
    done = run_main(environments, tmp_path / "deep" / "out")
    assert done.stdout == f"full, least, partial: written to {tmp_path}/deep/out/stacks\n"
    assert (done.returncode, done.stderr) == (0, "")
    manifest = json.loads((tmp_path / "deep" / "out" / "manifest.json").read_text("utf-8"))
    assert sorted(manifest["stacks"]) == sorted(ENVIRONMENTS)


def test_the_same_in_this_process(
    environments: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The folder that the CDKTF CLI names is taken where no other is."""
    monkeypatch.setenv("IMIS_SSO_ENVIRONMENTS", str(environments))
    monkeypatch.delenv("IMIS_SSO_CDKTF_OUT", raising=False)
    monkeypatch.setenv("CDKTF_OUTDIR", str(tmp_path / "out"))
    with pytest.raises(SystemExit) as caught:
        runpy.run_path(str(ROOT / "cdktf" / "main.py"), run_name="__main__")
    assert caught.value.code == 0
    assert capsys.readouterr().out == f"full, least, partial: written to {tmp_path}/out/stacks\n"
    monkeypatch.setenv("IMIS_SSO_ENVIRONMENTS", str(tmp_path / "absent"))
    with pytest.raises(SystemExit) as caught:
        runpy.run_path(str(ROOT / "cdktf" / "main.py"), run_name="__main__")
    assert caught.value.code == 1


def test_two_runs_give_the_same_bytes(
    environments: Path, synthesised: Path, tmp_path: Path
) -> None:
    """Nothing volatile, no path of this machine: what is synthesised can be compared in review."""
    assert run_main(environments, tmp_path).returncode == 0
    for name in ENVIRONMENTS:
        file = f"stacks/{name}/cdk.tf.json"
        text = (tmp_path / file).read_text("utf-8")
        assert text == (synthesised / file).read_text("utf-8")
        assert str(tmp_path) not in text
        assert str(ROOT) not in text


def test_bad_settings_are_lines_and_not_a_traceback(tmp_path: Path) -> None:
    """Exit code 1, one line for each problem, and nothing is written."""
    (tmp_path / "e.yaml").write_text("environment: e\nopenid_connect: {}\nextra: 1\n", "utf-8")
    done = run_main(tmp_path, tmp_path / "out")
    assert done.returncode == 1
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert len(lines) == 3
    assert all(line.startswith(f"{tmp_path}/e.yaml:") for line in lines)
    assert not (tmp_path / "out").exists()


def test_no_library_is_one_line(environments: Path, tmp_path: Path) -> None:
    """The same for the library and for Node."""
    done = run_main(environments, tmp_path, IMIS_SSO_CDKTF_LIBRARY="other")
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    done = run_main(environments, tmp_path, JSII_NODE="no-such-node")
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)


def test_an_output_folder_that_cannot_be_made_is_one_line(
    environments: Path, tmp_path: Path
) -> None:
    """A file stands where the folder should be."""
    (tmp_path / "file").write_text("", "utf-8")
    done = run_main(environments, tmp_path / "file" / "out")
    assert done.returncode == 1
    assert done.stderr == f"{tmp_path}/file/out: cannot be written to: Not a directory\n"


def test_the_cli_of_the_library_finds_the_app() -> None:
    """``cdktf.json`` is for those who have that CLI; nothing here needs it."""
    config = json.loads((ROOT / "cdktf" / "cdktf.json").read_text("utf-8"))
    assert config["app"] == "python main.py"
    assert config["sendCrashReports"] == "false"
