"""What every test has: one event loop library, the project's own tools on PATH, steady Hypothesis."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import certified_provider
import long_runs
import pytest
import restapi_versions
from hypothesis import HealthCheck, settings

pytest_plugins = ["postgresql_cluster", "secret_watch"]

ROOT = Path(__file__).resolve().parents[1]
BAO = shutil.which("bao")
TOOLS = ROOT / ".tools" / "env.json"

PROFILE = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("house", max_examples=60, **PROFILE)
settings.register_profile("thorough", max_examples=1000, **PROFILE)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "house"))


def pytest_configure() -> None:
    """Put Terraform, Node and Chromium of `script/bootstrap` in place, also for a bare `pytest`."""
    if not TOOLS.exists():
        return
    tools = json.loads(TOOLS.read_text("utf-8"))
    prepended = tools.pop("PATH_PREPEND")
    if prepended not in os.environ["PATH"]:
        os.environ["PATH"] = f"{prepended}:{os.environ['PATH']}"
    os.environ.update(tools)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what `make test` leaves to `make test-long`, before markers are selected by."""
    long_runs.mark(items)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name what could not be run: neither a failure nor a success."""
    reports = [each for group in terminalreporter.stats.values() for each in group]
    if any("tests/acceptance/" in getattr(each, "nodeid", "") for each in reports):
        for line in restapi_versions.not_run():
            terminalreporter.write_line(line)
    if any("tests/connectors/" in getattr(each, "nodeid", "") for each in reports) and not BAO:
        terminalreporter.write_line("not run: secrets from a real Vault (no program bao on PATH)")
    for line in certified_provider.not_run(terminalreporter.stats.get("skipped", [])):
        terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Asyncio is what the service runs on."""
    return "asyncio"
