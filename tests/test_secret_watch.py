"""The watch over secrets in the suite's own output sees what it is there for."""

from __future__ import annotations

import os
from pathlib import Path

import leak_scan
import pytest
import secret_watch

from imis_sso.simulators.imis.model import ImisModel
from imis_sso.simulators.variant import Variant

pytest_plugins = ["pytester"]

LEAKING = """
import logging
from imis_sso.simulators.imis.model import ImisModel
from imis_sso.simulators.variant import Variant

def test_logs_a_password():
    logging.getLogger("imis_sso").warning(ImisModel("x", "https://x", Variant()).password)

def test_fails_with_a_password():
    assert ImisModel("x", "https://x", Variant()).password == "other"

def test_says_nothing():
    assert ImisModel("x", "https://x", Variant()).password
"""

WRITING = """
import base64, hashlib
from imis_sso.simulators.imis.model import ImisModel
from imis_sso.simulators.variant import Variant

def test_encoded(tmp_path):
    password = ImisModel("x", "https://x", Variant()).password
    (tmp_path / "encoded").write_bytes(base64.b64encode(f"user:{password}".encode()))

def test_hashed(tmp_path):
    password = ImisModel("x", "https://x", Variant()).password
    (tmp_path / "hashed").write_text(hashlib.sha256(password.encode()).hexdigest())

def test_harmless(tmp_path):
    (tmp_path / "harmless").write_text("nothing")
    (tmp_path / "name-imis").write_text(ImisModel("x", "https://x", Variant()).password)
"""


def test_every_secret_of_a_simulator_is_noted() -> None:
    model = ImisModel("noted", "https://noted.example.org", Variant())
    assert model.password in secret_watch.MADE
    assert leak_scan.MARK in model.password
    assert secret_watch.let_out(f"password={model.password}")
    assert secret_watch.without(f"password={model.password}") == "password=[redacted]"


def test_a_test_that_lets_a_secret_out_fails_and_its_report_does_not_show_it(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(secret_watch.__file__).parent), prepend=os.pathsep)
    pytester.makepyfile(LEAKING)
    result = pytester.runpytest_subprocess("-p", "secret_watch", "-p", "no:cacheprovider")
    result.assert_outcomes(passed=1, failed=2)
    result.stdout.fnmatch_lines(["*a secret of a simulated product stands in what this test*"])
    result.stdout.fnmatch_lines(["*redacted*"])


@pytest.mark.parametrize("workers", [[], ["-n", "2"]], ids=["one process", "two workers"])
def test_a_file_that_holds_a_secret_at_the_end_fails_the_session(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, workers: list[str]
) -> None:
    """S1: whatever process wrote it, in whatever coding; hashes by the secrets they are of."""
    monkeypatch.setenv("PYTHONPATH", str(Path(secret_watch.__file__).parent), prepend=os.pathsep)
    pytester.makepyfile(WRITING)
    arguments = ("-p", "secret_watch", "-p", "no:cacheprovider", *workers)
    result = pytester.runpytest_subprocess(*arguments)
    result.assert_outcomes(passed=3)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["*secrets in what the suite wrote*"])
    found = result.stdout.str().partition("secrets in what the suite wrote")[2]
    assert "encoded: a secret" in found
    assert "hashed: the hash of a secret" in found
    assert "harmless" not in found
    assert "name-imis" not in found


def test_a_session_that_writes_none_passes(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(secret_watch.__file__).parent), prepend=os.pathsep)
    pytester.makepyfile(WRITING)
    arguments = ("-p", "secret_watch", "-p", "no:cacheprovider", "-k", "harmless")
    assert pytester.runpytest_subprocess(*arguments).ret == pytest.ExitCode.OK
