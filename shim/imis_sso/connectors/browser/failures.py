"""What can go wrong between us and a page, as problems (contract C30).

A message of the browser library may hold what was typed, so it is looked at and never passed on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from imis_sso.domain.problems import (
    Problem,
    UpstreamError,
    UpstreamPageChanged,
    UpstreamRefused,
    UpstreamTimeout,
    UpstreamUnavailable,
)

_NETWORK_ERROR: Final = re.compile(r"net::(ERR_[A-Z0-9_]+)")
_GONE: Final = re.compile(r"\b(closed|crashed|disconnected)\b", re.IGNORECASE)
_LOST_CONTEXT: Final = re.compile(r"context was destroyed|navigat|detached", re.IGNORECASE)
_CERTIFICATE: Final = ("ERR_CERT_", "ERR_SSL_", "ERR_BAD_SSL_")
_MAX_RETRY_AFTER: Final = 300
_SERVER_ERROR: Final = 500


class BrowserGone(Exception):  # noqa: N818  # a state of the browser
    """The browser or its page is gone; a new one may be started."""


class CertificateRefused(Exception):  # noqa: N818  # a state of the connection
    """The browser does not trust the certificate that the server shows now."""


class PageReplaced(Exception):  # noqa: N818  # a state of the page
    """Another page came in while this one was looked at; look again."""


class LogInShown(Exception):  # noqa: N818  # a state of the session
    """The log-in page came in place of the page that was asked for."""


class Stalled(Exception):  # noqa: N818  # a state of the page
    """What was waited for did not come in the time there was."""


@contextmanager
def translated(title: str) -> Iterator[None]:
    """Turn the browser library's errors into ours; `title` is the product's name.

    Raises BrowserGone, CertificateRefused, PageReplaced, UpstreamTimeout, UpstreamUnavailable or
    UpstreamError in their place, without the library's words.
    """
    from playwright.async_api import Error
    from playwright.async_api import TimeoutError as BrowserTimeout

    try:
        yield
    except BrowserTimeout:
        raise timed_out(title) from None
    except Error as error:
        raise _translation(str(error.message), title) from None


def _translation(message: str, title: str) -> Exception:
    network = _NETWORK_ERROR.search(message)
    if network:
        return network_problem(network.group(1), title)
    # Below its first line the library logs what it did, addresses included.
    summary = message.partition("\n")[0]
    if _GONE.search(summary):
        return BrowserGone()
    if _LOST_CONTEXT.search(summary):
        return PageReplaced()
    return UpstreamError(f"The browser could not work with the page of {title}.")


def network_problem(code: str, title: str) -> Exception:
    """Give the problem for an error code of Chromium's network stack."""
    if code.startswith(_CERTIFICATE):
        return CertificateRefused()
    if code in {"ERR_TIMED_OUT", "ERR_CONNECTION_TIMED_OUT"}:
        return timed_out(title)
    if code in {"ERR_CONTENT_LENGTH_MISMATCH", "ERR_INCOMPLETE_CHUNKED_ENCODING"}:
        return UpstreamError(f"{title} broke off in the middle of a page.")
    return UpstreamUnavailable(f"{title} cannot be reached ({code}).")


def timed_out(title: str) -> UpstreamTimeout:
    """Give the problem for a page that did not come in time."""
    return UpstreamTimeout(f"{title} did not answer in time.")


def untrusted_certificate(title: str) -> UpstreamUnavailable:
    """Give the problem for a certificate that nothing vouches for (contract C45)."""
    return UpstreamUnavailable(
        f"The certificate of {title} is not trusted: it is not for this address, has expired, or "
        "comes from an authority that neither the system nor the environment's ca_file names."
    )


def refused_status(status: int, retry_after: str | None, title: str) -> Problem | None:
    """Give the problem for a page's HTTP status, or None where the page is to be read."""
    if status in {429, 503}:
        seconds = retry_after or ""
        wait = min(int(seconds), _MAX_RETRY_AFTER) if seconds.isdigit() else None
        return UpstreamUnavailable(f"{title} is not available ({status}).", retry_after=wait)
    if status in {408, 504}:
        return timed_out(title)
    if status >= _SERVER_ERROR:
        return UpstreamError(f"{title} failed with status {status}.")
    return None


def page_changed(page: str, faults: tuple[str, ...], title: str) -> UpstreamPageChanged:
    """Give the problem for a page that is not as it is described."""
    listed = "; ".join(faults)
    return UpstreamPageChanged(
        f'The page "{page}" of {title} is not as it is described: {listed}. Nothing was written.'
    )


def quoted_refusal(words: str, title: str) -> UpstreamRefused:
    """Give the problem for an error banner; `words` are already bounded and redacted."""
    return UpstreamRefused(f'{title} refused it: "{words}"')
