"""Open a page in a browser the way the service does, and print the page's text.

Called as ``open_page.py BROWSER sandbox|no-sandbox`` by the project's own interpreter.
"""

from __future__ import annotations

import sys

from playwright.sync_api import sync_playwright

_QUIET = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
)


def main(browser: str, sandbox: str) -> None:
    """Start the browser, show a page, and print what it shows."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=browser, args=_QUIET, chromium_sandbox=sandbox == "sandbox"
        )
        page = started.new_page()
        page.set_content("<p>shown</p>")
        sys.stdout.write(page.inner_text("p") + "\n")
        started.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
