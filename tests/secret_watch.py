"""No secret of a simulated product may stand in what a test prints or logs (contract C20).

Every secret that the simulators make in this process is noted; what pytest captured of each test
is searched for all of them. A test that lets one out fails; where it failed anyway, its report is
shown with the secret taken out.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from imis_sso.simulators import product
from imis_sso.simulators.cloud_sso import model as cloud_sso_model
from imis_sso.simulators.imis import model as imis_model

MADE: set[str] = set()
TOLD = pytest.StashKey[bool]()
_make = product.new_secret


def _noted() -> str:
    made = _make()
    MADE.add(made)
    return made


for _module in (product, imis_model, cloud_sso_model):
    _module.new_secret = _noted


def let_out(text: str) -> set[str]:
    """Give the secrets that stand in a text."""
    return {each for each in MADE if each in text}


def without(text: str) -> str:
    """Take every secret out of a text."""
    for each in let_out(text):
        text = text.replace(each, "[redacted]")
    return text


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[Any]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Search what a test printed and logged."""
    report = yield
    captured = "\n".join(content for _, content in report.sections)
    if let_out(captured) and report.passed and not item.stash.get(TOLD, False):
        item.stash[TOLD] = True  # what is captured adds up over set-up, call and tear-down
        report.outcome = "failed"
        report.longrepr = "a secret of a simulated product stands in what this test printed"
    report.sections = [(name, without(content)) for name, content in report.sections]
    if report.failed and let_out(report.longreprtext):
        report.longrepr = without(report.longreprtext)
    return report
