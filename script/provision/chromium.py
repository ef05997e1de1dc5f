"""Step 5: Chromium, which the service drives where a product has only pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from provision import apt, driver, pip, process, record, tool
from provision.outcome import Found, MissingError
from provision.process import Command, CommandError
from provision.tool import Program, Tool
from provision.versions import show

if TYPE_CHECKING:
    from provision.site import Say, Site

#: Chromium without what shows windows: half the processor time, and three processes less.
WITHOUT_WINDOWS = Tool("Chromium", ("chromium-headless-shell",), (120,))
CHROMIUM = Tool(
    "Chromium",
    ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"),
    (120,),
)
SANDBOX_WARNING = (
    "running as root: Chromium starts without its sandbox; run as an ordinary user to have it"
)
_PLAYWRIGHT_LIMIT = 300.0
_START_LIMIT = 60.0
_LOCATE = (
    "from playwright.sync_api import sync_playwright as start\n"
    "with start() as playwright: print(playwright.chromium.executable_path)"
)
_OPEN_PAGE = Path(__file__).with_name("open_page.py")
_REMEDY = (
    "install your distribution's Chromium (Debian: apt-get install chromium chromium-sandbox) or "
    "Google Chrome, version 120 or later; an ordinary user needs a usable sandbox, from "
    "chromium-sandbox or user namespaces"
)
_Source: TypeAlias = Callable[[], Program | None]


def provide(site: Site, say: Say) -> Found:
    """Find a browser that starts: the system's, Playwright's, or the distribution's package.

    One without windows is preferred: where it is there, or the distribution has it. Raises
    MissingError.
    """
    known = _known(site, say)
    if known:
        return known
    search = _Search(site, say, driver.settings(site, say))
    for origin, source in search.sources():
        program = source()
        if program and search.starts(program):
            return search.keep(program, origin)
    raise MissingError("Chromium: no browser that starts, neither there nor to be had", _REMEDY)


def _known(site: Site, say: Say) -> Found | None:
    """Give the browser that an earlier run has proved to start, if nothing has changed since."""
    proof = record.read(_proof(site))
    if proof.get("key") != _key(site) or site.force:
        return None
    program = tool.check(CHROMIUM, Path(proof["path"]), say)
    if program is None or show(program.version) != proof["version"]:
        return None
    settings = {name: value for name, value in proof.items() if name.isupper()}
    return _found(site, program, proof["origin"], settings)


def _proof(site: Site) -> Path:
    return site.tools / "chromium.json"


def _key(site: Site) -> str:
    """Another user may lack the sandbox; another lock may hold another Playwright."""
    return record.digest([site.root / pip.LOCK], str(site.uid), str(site.root))


def _found(site: Site, program: Program, origin: str, settings: Mapping[str, str]) -> Found:
    return Found(
        show(program.version),
        origin,
        str(program.path),
        warnings=(SANDBOX_WARNING,) if site.uid == 0 else (),
        settings={**settings, "IMIS_SSO_CHROMIUM": str(program.path)},
    )


@dataclass(frozen=True)
class _Search:
    """The search for a browser with a driver that starts with ``settings``."""

    site: Site
    say: Say
    settings: Mapping[str, str]

    def sources(self) -> tuple[tuple[str, _Source], ...]:
        can_install = apt.available(self.site)
        light = ("the distribution's package", lambda: self._install_package(WITHOUT_WINDOWS))
        whole = ("the distribution's package", lambda: self._install_package(CHROMIUM))
        return (
            ("found on PATH", lambda: tool.find(WITHOUT_WINDOWS, self.site, self.say)),
            *((light,) if can_install else ()),
            ("found on PATH", lambda: tool.find(CHROMIUM, self.site, self.say)),
            ("installed by Playwright already", self._playwright),
            ("installed by Playwright", self._install_playwright),
            *((whole,) if can_install else ()),
        )

    def starts(self, program: Program) -> bool:
        """Prove that the browser opens a page, driven as the service drives it."""
        self.say(f"opening a page with {program.path}")
        try:
            self._python("-P", str(_OPEN_PAGE), str(program.path), self._sandbox())
        except CommandError as error:
            self.say(f"{program.path} passed over, it does not start: {process.reason(error)}")
            return False
        return True

    def keep(self, program: Program, origin: str) -> Found:
        """Record the proof for the next run."""
        found = _found(self.site, program, origin, self.settings)
        facts = {"version": found.version, "origin": origin, "path": found.path}
        record.write(_proof(self.site), {"key": _key(self.site), **facts, **found.settings})
        return found

    def _sandbox(self) -> str:
        return "no-sandbox" if self.site.uid == 0 else "sandbox"

    def _playwright(self) -> Program | None:
        try:
            path = Path(self._python("-c", _LOCATE).strip())
        except CommandError:
            return None
        return tool.check(CHROMIUM, path, self.say) if path.is_file() else None

    def _install_playwright(self) -> Program | None:
        self.say(f"letting Playwright install its Chromium (at most {_PLAYWRIGHT_LIMIT:g} s)")
        try:
            self._python("-m", "playwright", "install", "chromium", limit=_PLAYWRIGHT_LIMIT)
        except CommandError as error:
            self.say(f"Playwright could not: {process.reason(error)}")
            return None
        return self._playwright()

    def _install_package(self, wanted: Tool) -> Program | None:
        name = wanted.commands[0]
        self.say(f"installing the distribution's package {name}")
        try:
            apt.install(name)
        except CommandError as error:
            self.say(f"{name} could not be installed: {error}")
            return None
        return tool.find(wanted, self.site, self.say)

    def _python(self, *words: str, limit: float = _START_LIMIT) -> str:
        return process.run(Command([self.site.python, *words], limit, env=self.settings))
