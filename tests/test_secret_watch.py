"""The watch over secrets in the suite's own output sees what it is there for."""

from __future__ import annotations

from pathlib import Path

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


def test_every_secret_of_a_simulator_is_noted() -> None:
    model = ImisModel("noted", "https://noted.example.org", Variant())
    assert secret_watch.let_out(f"password={model.password}") == {model.password}
    assert secret_watch.without(f"password={model.password}") == "password=[redacted]"


def test_a_test_that_lets_a_secret_out_fails_and_its_report_does_not_show_it(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(secret_watch.__file__).parent))
    pytester.makepyfile(LEAKING)
    result = pytester.runpytest_subprocess("-p", "secret_watch", "-p", "no:cacheprovider")
    result.assert_outcomes(passed=1, failed=2)
    result.stdout.fnmatch_lines(["*a secret of a simulated product stands in what this test*"])
    result.stdout.fnmatch_lines(["*redacted*"])
