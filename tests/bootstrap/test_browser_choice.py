"""Chromium: the system's, Playwright's, the distribution's; proved to start as it is used."""

from __future__ import annotations

from pathlib import Path

import pytest
from workbench import Workbench

from provision import chromium, driver
from provision.outcome import MissingError

BROWSER = "echo Chromium 140.0.1.2"


class Machine:
    """A machine whose interpreter drives browsers, as far as the test says."""

    def __init__(self, bench: Workbench) -> None:
        self.bench = bench
        self.calls = bench.root / "calls"
        self.theirs = bench.root / "cache/chrome"
        self.answer()

    def answer(self, *, broken: str = "nothing", install: str = "exit 1") -> None:
        """Let pages open but with the browser ``broken``, and Playwright install or not."""
        self.bench.program(
            "python",
            f"""
case "$*" in
  *"playwright --version") ;;
  *"playwright install"*) {install} ;;
  *open_page.py*) echo "$3 $4" >> {self.calls}
    [ "$3" != "{broken}" ] || {{ printf 'log\\nError: no usable sandbox\\n}}' >&2; exit 1; }} ;;
  *) echo {self.theirs} ;;
esac
""",
            folder=self.bench.root / ".venv/bin",
        )

    def opened(self) -> list[str]:
        """Give browser and sandbox of every page that was opened."""
        return self.calls.read_text("utf-8").splitlines() if self.calls.exists() else []


@pytest.fixture
def machine(bench: Workbench) -> Machine:
    return Machine(bench)


def test_browser_from_path_opens_a_page_once(bench: Workbench, machine: Machine) -> None:
    path = bench.program("chromium-browser", BROWSER)
    first = chromium.provide(bench.site(), bench.say)
    second = chromium.provide(bench.site(), bench.say)
    assert first == second
    assert (first.origin, first.settings["IMIS_SSO_CHROMIUM"]) == ("found on PATH", str(path))
    assert machine.opened() == [f"{path} sandbox"]


def test_one_without_windows_comes_first(bench: Workbench, machine: Machine) -> None:
    """It takes half the processor time; where it does not start, the whole browser serves."""
    whole = bench.program("chromium", BROWSER)
    light = bench.program("chromium-headless-shell", BROWSER)
    assert chromium.provide(bench.site(), bench.say).path == str(light)
    machine.answer(broken=str(light))
    assert chromium.provide(bench.site(force=True), bench.say).path == str(whole)
    assert machine.opened() == [f"{each} sandbox" for each in (light, light, whole)]


@pytest.mark.parametrize("change", ["version", "lock", "user", "force"])
def test_page_is_opened_again_after_a_change(
    bench: Workbench, machine: Machine, change: str
) -> None:
    bench.program("chromium", BROWSER)
    chromium.provide(bench.site(), bench.say)
    if change == "version":
        bench.program("chromium", "echo Chromium 141.0")
    if change == "lock":
        (bench.root / "requirements.lock").write_text("other", "utf-8")
    site = bench.site(uid=1001 if change == "user" else 1000, force=change == "force")
    chromium.provide(site, bench.say)
    assert len(machine.opened()) == 2


def test_sandbox_is_off_only_as_root_and_warned_about(bench: Workbench, machine: Machine) -> None:
    path = bench.program("chromium", BROWSER)
    assert chromium.provide(bench.site(uid=1000), bench.say).warnings == ()
    assert chromium.provide(bench.site(uid=0), bench.say).warnings == (chromium.SANDBOX_WARNING,)
    assert chromium.provide(bench.site(uid=0), bench.say).warnings == (chromium.SANDBOX_WARNING,)
    assert machine.opened() == [f"{path} sandbox", f"{path} no-sandbox"]


def test_browser_that_opens_no_page_gives_way_to_playwrights(
    bench: Workbench, machine: Machine
) -> None:
    path = bench.program("chromium", BROWSER)
    bench.program("chrome", BROWSER, folder=machine.theirs.parent)
    machine.answer(broken=str(path))
    found = chromium.provide(bench.site(), bench.say)
    assert (found.origin, found.path) == ("installed by Playwright already", str(machine.theirs))
    assert f"{path} passed over, it does not start: Error: no usable sandbox" in bench.said


def test_old_browser_is_passed_over(bench: Workbench, machine: Machine) -> None:
    bench.program("chromium", "echo Chromium 90.0")
    good = bench.program("google-chrome", "echo Google Chrome 141.0.7390.54")
    assert chromium.provide(bench.site(), bench.say).path == str(good)
    assert machine.opened() == [f"{good} sandbox"]


def test_playwright_installs_where_none_is_there(bench: Workbench, machine: Machine) -> None:
    source = bench.program("chrome-source", BROWSER, folder=machine.theirs.parent)
    machine.answer(install=f"cp {source} {machine.theirs}")
    found = chromium.provide(bench.site(), bench.say)
    assert (found.origin, found.path) == ("installed by Playwright", str(machine.theirs))


@pytest.mark.parametrize("name", ["chromium-headless-shell", "chromium"])
def test_distributions_package_as_root(
    bench: Workbench, machine: Machine, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """A repository out of reach (update fails) is no reason not to try."""
    source = bench.program("source", BROWSER, folder=bench.root)
    target = bench.programs / name
    bench.program(
        "apt-get",
        '[ "$DEBIAN_FRONTEND" = noninteractive ] || exit 9\n'
        f'case "$*" in update*|*install*shell*) [ "{name}" != chromium ] || exit 100 ;; esac\n'
        f'case "$*" in *install*{name}) cp {source} {target} ;; esac',
    )
    monkeypatch.setenv("PATH", f"{bench.programs}:/usr/bin:/bin")
    found = chromium.provide(bench.site(uid=0), bench.say)
    assert (found.origin, found.path) == ("the distribution's package", str(target))
    assert machine.opened() == [f"{target} no-sandbox"]


def test_a_whole_browser_serves_where_the_distribution_has_no_other(
    bench: Workbench, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = bench.program("chromium", BROWSER)
    bench.program("apt-get", "echo Unable to locate package >&2; exit 100")
    monkeypatch.setenv("PATH", f"{bench.programs}:/usr/bin:/bin")
    found = chromium.provide(bench.site(uid=0), bench.say)
    assert (found.origin, found.path) == ("found on PATH", str(path))
    assert any("Unable to locate package" in line for line in bench.said)
    assert machine.opened() == [f"{path} no-sandbox"]


def test_package_that_cannot_be_installed_is_told(
    bench: Workbench, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.program("apt-get", "echo no space left >&2; exit 100")
    monkeypatch.setenv("PATH", f"{bench.programs}:/usr/bin:/bin")
    with pytest.raises(MissingError):
        chromium.provide(bench.site(uid=0), bench.say)
    assert any("no space left" in line for line in bench.said)
    assert machine.opened() == []


def test_no_browser_names_the_ways(bench: Workbench, machine: Machine) -> None:
    """Not root: apt-get is not even tried."""
    bench.program("apt-get", f"touch {bench.root}/apt-was-called")
    with pytest.raises(MissingError, match="no browser") as caught:
        chromium.provide(bench.site(uid=1000), bench.say)
    assert "apt-get install chromium" in caught.value.remedy
    assert not (bench.root / "apt-was-called").exists()
    assert machine.opened() == []


def _driver(bench: Workbench, condition: str) -> Path:
    script = f'{condition} || {{ echo libatomic.so.1: cannot open >&2; exit 127; }}; echo "$*"'
    return bench.program("python", script, folder=bench.root / ".venv/bin")


def test_driver_that_starts_needs_no_setting(bench: Workbench) -> None:
    _driver(bench, '[ -z "$PLAYWRIGHT_NODEJS_PATH" ]')
    assert driver.settings(bench.site(), bench.say) == {}


def test_driver_without_its_library_uses_the_node_that_was_found(bench: Workbench) -> None:
    """Small Debian images have no libatomic, which the Node inside Playwright needs."""
    node = bench.site().bin / "node"
    _driver(bench, f'[ "$PLAYWRIGHT_NODEJS_PATH" = {node} ]')
    assert driver.settings(bench.site(), bench.say) == {"PLAYWRIGHT_NODEJS_PATH": str(node)}
    assert "uses the one that was found" in bench.said[0]


def test_the_drivers_setting_is_kept_for_the_next_run(bench: Workbench) -> None:
    node = bench.site().bin / "node"
    _driver(bench, f'[ "$PLAYWRIGHT_NODEJS_PATH" = {node} ]')
    bench.program("chromium", BROWSER)
    first = chromium.provide(bench.site(), bench.say)
    second = chromium.provide(bench.site(), bench.say)
    assert first.settings == second.settings
    assert first.settings["PLAYWRIGHT_NODEJS_PATH"] == str(node)


def test_driver_that_starts_with_neither_names_the_library(bench: Workbench) -> None:
    _driver(bench, "false")
    with pytest.raises(MissingError, match=r"libatomic\.so\.1") as caught:
        driver.settings(bench.site(), bench.say)
    assert "apt-get install libatomic1" in caught.value.remedy
