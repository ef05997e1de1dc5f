"""Finds Chromium and starts it, with as little of the world around it as it needs."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from imis_sso.connectors.proxy import Proxy
from imis_sso.domain.problems import UpstreamUnavailable

if TYPE_CHECKING:
    from playwright.async_api import Browser, Playwright, ProxySettings

logger = logging.getLogger(__name__)

EXECUTABLE_VARIABLE: Final = "IMIS_SSO_CHROMIUM"
# Chromium without what shows windows: half the processor time, and three processes less.
_WITHOUT_WINDOWS: Final = "chromium-headless-shell"
_SYSTEM_NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_FLAGS: Final = (
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
# Chromium's maker is asked what fields of a form may be for, for updates, for the time: not by us.
_NOBODYS_BUSINESS: Final = (
    "content-autofill.googleapis.com",
    "update.googleapis.com",
    "optimizationguide-pa.googleapis.com",
    "safebrowsing.googleapis.com",
    "accounts.google.com",
    "clients1.google.com",
    "clients2.google.com",
    "clientservices.googleapis.com",
    "redirector.gvt1.com",
)
# The service's environment holds passwords; a browser that runs other people's pages gets none.
_PASSED_ON: Final = frozenset({"HOME", "LANG", "LD_LIBRARY_PATH", "PATH", "TMPDIR", "TZ"})
_PASSED_PREFIXES: Final = ("FONTCONFIG_", "LC_", "XDG_")
_FOR_A_WINDOW: Final = frozenset({"DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY"})
_START_SECONDS: Final = 24.0
_STOP_SECONDS: Final = 5.0


@dataclass(frozen=True)
class Launched:
    """A running browser, and what is needed to end it for certain."""

    playwright: Playwright
    browser: Browser
    pid: int | None
    user_agent: str = ""


def find_chromium(environ: Mapping[str, str], *, headless: bool = True) -> str | None:
    """Give the Chromium to run: the configured one, else a system browser, else None.

    None stands for Playwright's own. One that knows no windows comes first where none is wanted,
    and is passed over, also if it is the configured one, where a person looks on. Raises
    UpstreamUnavailable if the configured one is not a program.
    """
    configured = environ.get(EXECUTABLE_VARIABLE)
    search = environ.get("PATH")
    if configured and (headless or Path(configured).name != _WITHOUT_WINDOWS):
        found = shutil.which(configured, path=search)
        if found is None:
            msg = f"{EXECUTABLE_VARIABLE} names {configured}, which is not a program."
            raise UpstreamUnavailable(msg)
        return found
    names = (_WITHOUT_WINDOWS, *_SYSTEM_NAMES) if headless else _SYSTEM_NAMES
    return next((path for name in names if (path := shutil.which(name, path=search))), None)


def flags(pins: Sequence[str], *, as_root: bool, headless: bool = True) -> list[str]:
    """Give Chromium's command line; the sandbox is off only where it cannot be on, as root.

    A window is a person's: it goes wherever they go, also to log in with an account at Google.
    """
    pinned = [f"--ignore-certificate-errors-spki-list={','.join(pins)}"] if pins else []
    nowhere = ",".join(f"MAP {each} ~NOTFOUND" for each in _NOBODYS_BUSINESS)
    alone = [f"--host-resolver-rules={nowhere}"] if headless else []
    return [*_FLAGS, *alone, *pinned, *(["--no-sandbox"] if as_root else [])]


def passed_environment(
    environ: Mapping[str, str], *, headless: bool = True
) -> dict[str, str | float | bool]:
    """Give the part of the environment that the browser gets: no credentials are in it.

    One that a person looks at also learns where the screen is.
    """
    passed = _PASSED_ON if headless else _PASSED_ON | _FOR_A_WINDOW
    return {
        name: value
        for name, value in environ.items()
        if name in passed or name.startswith(_PASSED_PREFIXES)
    }


@cache
def _warn_once() -> None:
    logger.warning("running as root, so Chromium runs without its sandbox")


async def start(
    pins: Sequence[str], *, headless: bool = True, proxy: Proxy | None = None
) -> Launched:
    """Start a Chromium that trusts the keys of `pins` besides the system's authorities.

    Everything it asks for goes through the proxy, where there is one.
    Raises UpstreamUnavailable where there is no browser to start, with the way to get one.
    """
    try:
        from playwright.async_api import Error, async_playwright
    except ImportError:
        raise _missing("the Python package playwright") from None
    playwright = await async_playwright().start()
    try:
        return await _launched(playwright, pins, headless=headless, proxy=proxy)
    except (Error, TimeoutError):
        await playwright.stop()
        found = find_chromium(os.environ, headless=headless) or "Playwright's"
        logger.warning("Chromium did not start (%s)", found)
        raise _missing("a Chromium that starts") from None
    except BaseException:
        await playwright.stop()
        raise


def _missing(what: str) -> UpstreamUnavailable:
    return UpstreamUnavailable(
        f"This connector works with a browser and lacks {what}. Install imis-sso[browser] and "
        f"Chromium, or set {EXECUTABLE_VARIABLE} to one."
    )


async def _launched(
    playwright: Playwright, pins: Sequence[str], *, headless: bool, proxy: Proxy | None
) -> Launched:
    as_root = os.geteuid() == 0
    if as_root:
        _warn_once()
    browser = await playwright.chromium.launch(
        executable_path=find_chromium(os.environ, headless=headless),
        args=flags(pins, as_root=as_root, headless=headless),
        chromium_sandbox=not as_root,
        headless=headless,
        env=passed_environment(os.environ, headless=headless),
        handle_sigint=False,
        handle_sigterm=False,
        handle_sighup=False,
        timeout=_START_SECONDS * 1000,
        proxy=None if proxy is None else _settings(proxy, headless=headless),
    )
    return Launched(playwright, browser, *await _identity(browser))


def _settings(proxy: Proxy, *, headless: bool) -> ProxySettings:
    # What goes nowhere does not go to the proxy either.
    settings: ProxySettings = {"server": proxy.server}
    if headless:
        settings["bypass"] = ",".join(_NOBODYS_BUSINESS)
    if proxy.password is not None:
        settings["username"], settings["password"] = proxy.username, proxy.password.reveal()
    return settings


async def _identity(browser: Browser) -> tuple[int | None, str]:
    session = await browser.new_browser_cdp_session()
    answer = await session.send("SystemInfo.getProcessInfo")
    version = await session.send("Browser.getVersion")
    await session.detach()
    kinds = {each["type"]: each["id"] for each in answer["processInfo"]}
    return kinds.get("browser"), str(version["userAgent"])


async def stop(launched: Launched) -> None:
    """End the browser for certain: in order if it can be, else by force."""
    with suppress(Exception):  # what does not end in order is ended below
        async with asyncio.timeout(_STOP_SECONDS):
            await launched.browser.close()
    if launched.pid is not None and _is_browser(launched.pid):
        with suppress(ProcessLookupError, PermissionError):
            os.kill(launched.pid, signal.SIGKILL)
    with suppress(Exception):
        async with asyncio.timeout(_STOP_SECONDS):
            await launched.playwright.stop()


def _is_browser(pid: int) -> bool:
    # A process number may have been given to somebody else since.
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
    return b"chrom" in command and b"--remote-debugging-pipe" in command
