"""A secret prints itself nowhere (contract C20, C24)."""

from __future__ import annotations

import copy
import io
import json
import logging
import pickle
import traceback

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from imis_sso.domain.observed import Change, Observed
from imis_sso.domain.secret import (
    REDACTED,
    Secret,
    Unreadable,
    is_mask,
    observed_secret,
    redact,
)

CANARY = "c4n4ry-%s-{x}-S3cret"


@pytest.fixture
def secret() -> Secret:
    return Secret(CANARY)


@pytest.mark.parametrize(
    "printed",
    [
        repr,
        str,
        format,
        lambda secret: f"{secret}{secret!r}{secret!s}{secret:>40}",
        lambda secret: "%s %r" % (secret, secret),  # noqa: UP031
        "{0} {0!r} {0:.3}".format,
        lambda secret: str([secret]) + str({"a": secret}) + str((secret,)),
        lambda secret: repr(Change({"client_id": "a"}, secret)),
        lambda secret: str(Observed({"client_id": "a"}, secret, {"raw": CANARY})),
        lambda secret: json.dumps({"a": secret}, default=str),
        ascii,
    ],
)
def test_no_way_of_printing_shows_it(printed: object, secret: Secret) -> None:
    """contract C20."""
    assert callable(printed)
    shown = str(printed(secret))
    assert "c4n4ry" not in shown
    assert "S3cret" not in shown


def test_it_has_no_other_way_out(secret: Secret) -> None:
    """contract C20: neither serialised nor picked from its attributes by accident."""
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(secret)
    with pytest.raises(TypeError, match="cannot be pickled"):
        copy.copy(secret)
    with pytest.raises(TypeError):
        json.dumps(secret)
    with pytest.raises(TypeError):
        hash(secret)
    with pytest.raises(TypeError):
        vars(secret)
    assert secret.reveal() == CANARY


def fail_with(secret: Secret) -> None:
    raise ValueError(secret, [secret], Change({}, secret))


def test_no_log_line_and_no_traceback_shows_it(secret: Secret) -> None:
    """contract C20: every log level, a traceback with its chain."""
    stream = io.StringIO()
    logger = logging.getLogger("test.secret")
    handler = logging.StreamHandler(stream)
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    try:
        fail_with(secret)
    except ValueError as error:
        logger.exception("failed with %s %r", secret, Change({}, secret), extra={"at": secret})
        full = traceback.TracebackException.from_exception(error, capture_locals=True)
    finally:
        logger.removeHandler(handler)
    assert "Secret(…)" in stream.getvalue()
    assert "c4n4ry" not in stream.getvalue()
    assert "Secret(…)" in "".join(full.format())
    assert "c4n4ry" not in "".join(full.format())


def test_equal_secrets_are_equal_and_nothing_else_is() -> None:
    assert Secret("é") == Secret("é")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert Secret("a") != Unreadable.MASKED
    assert bool(Secret("a")) is True
    assert bool(Secret("")) is False


@pytest.mark.parametrize("text", ["*", "********", "••••", "----", "*-•", "●●●"])
def test_a_mask_is_never_a_secret(text: str) -> None:
    """contract C24, product facts 4.5: dots are never a secret."""
    assert is_mask(text)
    assert observed_secret(text) is Unreadable.MASKED


@pytest.mark.parametrize("text", ["a", "*a*", "• ", "--x--", "_", "."])
def test_whatever_holds_another_character_is_no_mask(text: str) -> None:
    assert not is_mask(text)
    assert observed_secret(text) == Secret(text)


@pytest.mark.parametrize("text", [None, ""])
def test_nothing_shown_is_absent(text: str | None) -> None:
    """product facts 3.2: clear, masked or not at all."""
    assert observed_secret(text) is Unreadable.ABSENT
    assert not is_mask(text or "")


@given(before=st.text(), secret=st.text(min_size=1), after=st.text())
def test_redacted_text_does_not_hold_the_secret(before: str, secret: str, after: str) -> None:
    """product facts 3.5: an upstream error may echo what was sent."""
    assume(secret not in REDACTED)
    shown = redact(f"{before}{secret}{after}", [Secret(secret)])
    assert REDACTED in shown
    assert [each for each in shown.split(REDACTED) if secret in each] == []


def test_several_secrets_are_redacted_and_an_empty_one_does_nothing() -> None:
    assert redact("a1 b2", [Secret("a1"), Secret(""), Secret("b2")]) == f"{REDACTED} {REDACTED}"
    assert redact("a1", []) == "a1"
