"""No secret may stand in anything that the suite prints, logs or writes (contract C20, targets S1).

Every secret of the simulators, in this process or in one that a test starts, holds one mark
(`leak_scan`). What pytest captured of each test is searched for it: a test that lets one out fails,
and where it failed anyway, its report is shown with the secret taken out. At the end of the session
everything below the temporary directory is searched: files, databases, archives.
"""

from __future__ import annotations

import os
import re
from collections.abc import Generator
from typing import Any

import leak_scan
import pytest

from imis_sso.simulators import product
from imis_sso.simulators.cloud_sso import model as cloud_sso_model
from imis_sso.simulators.imis import model as imis_model

os.environ[product.MARK_VARIABLE] = leak_scan.MARK

MADE: set[str] = set()
TOLD = pytest.StashKey[bool]()
HASHED = "hashes of secrets"
_LEAKS: list[str] = []
_MARKED = re.compile(rf"\S*{leak_scan.MARK}\S*")
_make = product.new_secret


def _noted() -> str:
    made = _make()
    MADE.add(made)
    return made


for _module in (product, imis_model, cloud_sso_model):
    _module.new_secret = _noted


def without(text: str) -> str:
    """Take every secret out of a text; those of other processes with what surrounds them."""
    for each in {each for each in MADE if each in text}:
        text = text.replace(each, "[redacted]")
    return _MARKED.sub("[redacted]", text)


def let_out(text: str) -> bool:
    """Tell whether a secret stands in a text."""
    return without(text) != text


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


class OfWorkers:
    """What the processes of pytest-xdist hand to the one that started them."""

    def __init__(self) -> None:
        self.hashed: set[bytes] = set()

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take over the hashes of a worker's secrets."""
        told = getattr(node, "workeroutput", {}).get(HASHED, [])
        self.hashed |= {each.encode() for each in told}


def pytest_configure(config: pytest.Config) -> None:
    """Listen to workers, where there are some."""
    config.pluginmanager.register(OfWorkers(), "secrets-of-workers")


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Search everything that the session wrote; workers leave it to the process that started them."""
    config, hashed = session.config, leak_scan.hashes(MADE)
    if hasattr(config, "workeroutput"):
        config.workeroutput[HASHED] = [each.decode() for each in hashed]
        return
    of_workers = config.pluginmanager.get_plugin("secrets-of-workers")
    written = config._tmp_path_factory.getbasetemp()
    _LEAKS[:] = leak_scan.leaks(written, hashed | of_workers.hashed)
    if _LEAKS:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name the files that hold a secret."""
    if _LEAKS:
        terminalreporter.section("secrets in what the suite wrote", red=True)
        terminalreporter.write_line("\n".join(_LEAKS))
