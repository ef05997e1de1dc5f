"""What an answer of iMIS that is no success means, as a Problem (product facts 3.3, contract 4)."""

from __future__ import annotations

import math
import re
from http import HTTPStatus
from typing import Final

from imis_sso.connectors.imis_rest import wire
from imis_sso.connectors.imis_rest.mapping import field_of
from imis_sso.connectors.imis_rest.redaction import Redactor
from imis_sso.connectors.imis_rest.transport import Answer
from imis_sso.domain.problems import (
    FieldError,
    Problem,
    UpstreamCredentialsRefused,
    UpstreamError,
    UpstreamNotLicensed,
    UpstreamRefused,
    UpstreamTimeout,
    UpstreamUnavailable,
)

_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.]{0,63}")
_WAYS_OUT: Final = (
    "check that the service account has the roles RemoteService and SysAdmin; if iMIS does not "
    "serve this record over REST, the connector for the Staff site or the assisted one is the way"
)
_REASONS: Final = {
    403: "iMIS forbids the service account to {what}",
    404: "iMIS knows no such address for a request to {what}",
    405: "iMIS does not allow anybody to {what} over REST",
    501: "iMIS has not implemented a way to {what} over REST",
}


def is_uncertain(status: int) -> bool:
    """Tell whether a write that was answered so may have been taken all the same.

    408 is among them: iMIS names it for work that took it too long, not for a slow request. 501
    and 503 are not: both say that the work was not begun (RFC 9110 section 15.6).
    """
    if status in {HTTPStatus.NOT_IMPLEMENTED, HTTPStatus.SERVICE_UNAVAILABLE}:
        return False
    is_redirect = HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST
    is_failure = status >= HTTPStatus.INTERNAL_SERVER_ERROR
    return is_redirect or is_failure or status == HTTPStatus.REQUEST_TIMEOUT


def problem(answer: Answer, what: str, redactor: Redactor) -> Problem:
    """Give the Problem for an answer that is no success to a request to `what`."""
    status = answer.status
    if status in _REASONS:
        return UpstreamNotLicensed(f"{_REASONS[status].format(what=what)}; {_WAYS_OUT}")
    if status == HTTPStatus.UNAUTHORIZED:
        text = f"iMIS refuses the token that it has just given out for a request to {what}"
        return UpstreamCredentialsRefused(text)
    if status == HTTPStatus.REQUEST_TIMEOUT:
        return UpstreamTimeout(f"iMIS took too long to {what}")
    if status in {429, 503}:
        text = f"iMIS is too busy or not available to {what}; it did not take the request"
        return UpstreamUnavailable(text, retry_after=_whole(answer.retry_after))
    if HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return refusal(answer, what, redactor)
    return UpstreamError(f"iMIS answered {status} to a request to {what}")


def refusal(answer: Answer, what: str, redactor: Redactor) -> UpstreamRefused:
    """Give the refusal that an answer's body explains, with every secret taken out."""
    said = _stated(answer)
    if isinstance(said, str):
        reason = redactor.sentence(said) or f"status {answer.status}"
        return UpstreamRefused(f"iMIS refused to {what}: {reason}")
    errors = [_field_error(each, redactor) for each in said]
    listed = "; ".join(
        f"{each.field}: {each.detail}" if each.field else each.detail for each in errors
    )
    return UpstreamRefused(f"iMIS refused to {what}: {listed}", errors)


def objections(answer: Answer) -> tuple[wire.Violation, ...]:
    """Give the violations that a body lists, also under a status of success.

    Raises UpstreamError where there is a body and it is not JSON.
    """
    return wire.violations(answer.json()) if answer.body.strip() else ()


def _stated(answer: Answer) -> tuple[wire.Violation, ...] | str:
    if answer.is_html:
        return ""
    try:
        document = wire.parse(answer.body)
    except UpstreamError:
        return answer.body.decode("utf-8", "replace")
    return wire.violations(document) or _message(document)


def _message(document: object) -> str:
    found = document.get("Message") if isinstance(document, dict) else document
    return found if isinstance(found, str) else ""


def _field_error(violation: wire.Violation, redactor: Redactor) -> FieldError:
    detail = redactor.sentence(violation.message) or "refused without a reason"
    return FieldError(field_of(violation.name) or _shown(violation.name, redactor), detail)


def _shown(name: str, redactor: Redactor) -> str:
    return redactor.sentence(name) if _NAME.fullmatch(name) else ""


def _whole(seconds: float | None) -> int | None:
    return None if seconds is None else max(1, math.ceil(seconds))
