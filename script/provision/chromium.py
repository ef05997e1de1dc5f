"""Step 5: Chromium, which the service drives where a product has only pages."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from provision import apt, process, record, tool
from provision.outcome import Found, MissingError
from provision.process import Command, CommandError
from provision.tool import Program, Tool
from provision.versions import show

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from provision.process import Word
    from provision.site import Say, Site

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
_REMEDY = (
    "install your distribution's Chromium (Debian: apt-get install chromium) or Google Chrome, "
    "version 120 or later; in a container as an ordinary user it needs user namespaces"
)


def provide(site: Site, say: Say) -> Found:
    """Find a browser that starts: the system's, Playwright's, or the distribution's package.

    Raises MissingError.
    """
    for origin, source in _sources(site, say):
        program = source()
        if program and _starts(site, program, say):
            warnings = (SANDBOX_WARNING,) if site.uid == 0 else ()
            return Found(show(program.version), origin, str(program.path), warnings=warnings)
    raise MissingError("Chromium: no browser found on PATH, or to be installed", _REMEDY)


def _sources(site: Site, say: Say) -> Iterator[tuple[str, Callable[[], Program | None]]]:
    yield "found on PATH", lambda: tool.find(CHROMIUM, site, say)
    yield "installed by Playwright already", lambda: _playwright(site, say)
    yield "installed by Playwright", lambda: _install_playwright(site, say)
    if apt.available(site):
        yield "the distribution's package", lambda: _install_package(site, say)


def _playwright(site: Site, say: Say) -> Program | None:
    try:
        path = Path(process.run(Command([site.python, "-c", _LOCATE], _START_LIMIT)).strip())
    except CommandError:
        return None
    return tool.check(CHROMIUM, path, say) if path.is_file() else None


def _install_playwright(site: Site, say: Say) -> Program | None:
    say(f"letting Playwright install its Chromium (at most {_PLAYWRIGHT_LIMIT:g} s)")
    words: list[Word] = [site.python, "-m", "playwright", "install", "chromium"]
    try:
        process.run(Command(words, _PLAYWRIGHT_LIMIT))
    except CommandError as error:
        say(f"Playwright could not: {str(error).splitlines()[0]}")
        return None
    return _playwright(site, say)


def _install_package(site: Site, say: Say) -> Program | None:
    say("installing the distribution's package chromium")
    try:
        apt.install("chromium")
    except CommandError as error:
        say(f"chromium could not be installed: {error}")
        return None
    return tool.find(CHROMIUM, site, say)


def _starts(site: Site, program: Program, say: Say) -> bool:
    """Prove that the browser opens a page; once per browser, version and user."""
    proof = site.tools / "chromium.json"
    wanted = {"path": str(program.path), "version": show(program.version), "uid": str(site.uid)}
    if record.read(proof) == wanted and not site.force:
        return True
    say(f"starting {program.path} once")
    try:
        _open_page(site, program)
    except CommandError as error:
        say(f"{program.path} passed over, it does not start: {error}")
        return False
    record.write(proof, wanted)
    return True


def _open_page(site: Site, program: Program) -> None:
    with tempfile.TemporaryDirectory() as folder:
        words: list[Word] = [
            program.path,
            *_flags(site.uid),
            f"--user-data-dir={folder}",
            "--dump-dom",
        ]
        page = f"data:text/html,<p>{json.dumps(show(program.version))}</p>"
        output = process.run(Command([*words, page], _START_LIMIT))
    if "<p>" not in output:
        raise CommandError("it shows no page")


def _flags(uid: int) -> tuple[str, ...]:
    quiet = (
        "--headless",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
    )
    return (*quiet, "--no-sandbox") if uid == 0 else quiet
