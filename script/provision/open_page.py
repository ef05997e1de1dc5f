"""Open a page in a browser the way the service does, and print the page's text.

Called as ``open_page.py BROWSER sandbox|no-sandbox`` by the project's own interpreter.
"""

from __future__ import annotations

import sys

from playwright.sync_api import Error, sync_playwright

_QUIET = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
)


def main(browser: str, sandbox: str) -> int:
    """Open a page and print its text; gives 1, with the browser's own words, where it fails."""
    try:
        _open(browser, sandbox)
    except Error as error:
        sys.stderr.write(f"Error: {_words(str(error))}\n")
        return 1
    return 0


def _open(browser: str, sandbox: str) -> None:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=browser, args=_QUIET, chromium_sandbox=sandbox == "sandbox"
        )
        page = started.new_page()
        page.set_content("<p>shown</p>")
        sys.stdout.write(page.inner_text("p") + "\n")
        started.close()


def _words(message: str) -> str:
    """Find what the browser itself said in Playwright's long log of a failed start."""
    lines = message.splitlines()
    return next((line.partition("[err]")[2] for line in lines if "[err]" in line), lines[0])


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
