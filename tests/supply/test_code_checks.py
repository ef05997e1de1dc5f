"""S6: bandit and the search for secrets are part of what every change passes, and find something."""

from __future__ import annotations

import json
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# Taken apart, so that this file holds none.
CLOUD_KEY = "AKIA" + "Z7QW3RTYU5IOP9AS"
PRIVATE_KEY = "-----BEGIN EC " + "PRIVATE KEY-----"
PASSWORD = "pass" + 'word = "correct-horse-battery"'


def test_lint_holds_every_check_and_ci_runs_lint() -> None:
    lint = (ROOT / "script" / "lint").read_text("utf-8").splitlines()
    assert "check ruff check ." in lint
    assert "check bandit -q -c pyproject.toml -r shim cdktf script" in lint
    assert "check script/secrets" in lint
    assert "    all)\n        script/lint\n" in (ROOT / "script" / "test").read_text("utf-8")
    assert "exec make test" in (ROOT / ".ci" / "run").read_text("utf-8")
    assert "\n\t@script/audit\n" in (ROOT / "Makefile").read_text("utf-8")


def test_ruffs_security_rules_are_on_where_bandit_skips() -> None:
    """Each skip is one that ruff has an answer for; tests alone are free of S."""
    tool = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]
    assert tool["ruff"]["lint"]["select"] == ["ALL"]
    assert not [each for each in tool["ruff"]["lint"]["ignore"] if each.startswith("S")]
    assert set(tool["bandit"]["skips"]) == {"B105", "B106", "B107", "B404", "B603"}


@pytest.mark.parametrize(
    "code",
    ["import pickle\n\npickle.loads(b'')\n", "import hashlib\n\nhashlib.md5(b'')\n", "eval('1')\n"],
)
def test_bandit_finds_what_it_is_there_for(tmp_path: Path, code: str) -> None:
    planted = tmp_path / "planted.py"
    planted.write_text(code, "utf-8")
    done = subprocess.run(
        ["bandit", "-q", "-c", ROOT / "pyproject.toml", "-r", tmp_path],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "planted.py:3" in done.stdout or "planted.py:1" in done.stdout


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """An otherwise empty checkout with the search and its baseline."""
    for name in ("script/secrets", ".secrets.baseline"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    (tmp_path / "script" / "secrets").chmod(0o755)
    (tmp_path / ".venv").symlink_to(ROOT / ".venv")
    (tmp_path / ".gitignore").write_text(".venv\n*.log\n", "utf-8")
    for words in (["init", "-q"], ["add", "."]):
        subprocess.run(["git", *words], cwd=tmp_path, check=True)
    return tmp_path


def search(tree: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [tree / "script" / "secrets"], capture_output=True, text=True, check=False
    )


def test_a_tree_without_secrets_passes(tree: Path) -> None:
    for place in ("shim/a.py", "tests/test_a.py", "docs/a.md"):
        (tree / place).parent.mkdir(exist_ok=True)
        (tree / place).write_text('NAME = "a name"\n', "utf-8")
    (tree / "ignored.log").write_text(CLOUD_KEY, "utf-8")
    done = search(tree)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("place", "text"),
    [
        ("shim/a.py", CLOUD_KEY),
        ("shim/a.py", PASSWORD),
        ("deploy.yaml", f"password: {CLOUD_KEY}"),
        ("tests/test_a.py", CLOUD_KEY),
        ("tests/key.pem", PRIVATE_KEY),
        ("docs/a.md", PRIVATE_KEY),
        ("examples/main.tf", f'key = "{CLOUD_KEY}"'),
    ],
)
def test_a_secret_is_found_before_it_is_committed(tree: Path, place: str, text: str) -> None:
    """Also in a file that git does not track yet."""
    (tree / place).parent.mkdir(exist_ok=True)
    (tree / place).write_text(f"{text}\n", "utf-8")
    done = search(tree)
    assert done.returncode != 0
    assert place in done.stdout
    assert text not in done.stdout


def test_the_baseline_excuses_no_place() -> None:
    """It lists words that are no secrets, and not one place where something was found."""
    baseline = json.loads((ROOT / ".secrets.baseline").read_text("utf-8"))
    assert baseline["results"] == {}
    assert "KeywordDetector" in {each["name"] for each in baseline["plugins_used"]}
