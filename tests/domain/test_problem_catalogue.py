"""Every problem the service answers (contract section 4)."""

from __future__ import annotations

import re

import pytest

from imis_sso.domain.problems import FieldError, Problem, problem_types

# The table of contract section 4.
CONTRACT = {
    400: {"malformed-json"},
    401: {"unauthenticated"},
    403: {"forbidden"},
    404: {"not-found"},
    409: {
        "observe-only",
        "wrong-tenant",
        "verification-failed",
        "activation-guard",
        "held",
        "secret-version-changed",
        "manual-step-required",
        "directory-protected",
        "already-exists",
        "promotion-required",
        "connector-unproven",
        "upstream-changed",
        "transition-refused",
        "not-last-writer",
        "change-guard",
        "in-progress",
    },
    412: {"precondition-failed"},
    422: {
        "invalid-settings",
        "unknown-field",
        "not-canonical",
        "untrusted-host",
        "unsupported-by-connector",
        "idempotency-mismatch",
    },
    424: {
        "upstream-credentials-refused",
        "upstream-login-required",
        "upstream-not-licensed",
        "upstream-refused",
        "upstream-page-changed",
        "secret-unavailable",
        "reach-changed",
    },
    428: {"precondition-required"},
    429: {"rate-limited"},
    502: {"upstream-error"},
    503: {"upstream-unavailable", "busy", "audit-unavailable"},
    504: {"upstream-timeout"},
}
# Named by their status alone in the contract (405 with Allow, 413, 415), and our own failure.
BESIDE = {
    405: {"method-not-allowed"},
    413: {"content-too-large"},
    415: {"unsupported-media-type"},
    500: {"internal-error"},
}
# Types of what later versions build; each belongs to a key, route or step that is absent now.
LATER = {
    "promotion-required",
    "change-guard",
}
TYPES = problem_types()


def test_the_catalogue_is_the_contracts_table() -> None:
    """contract section 4: every type of what is built, under its status."""
    built: dict[int, set[str]] = {}
    for slug, problem in TYPES.items():
        built.setdefault(problem.status, set()).add(slug)
    expected = {status: slugs - LATER for status, slugs in CONTRACT.items()} | BESIDE
    assert built == {status: slugs for status, slugs in expected.items() if slugs}


def test_slugs_are_unique_and_in_the_order_of_their_status() -> None:
    assert len(TYPES) == len(Problem.__subclasses__())
    keys = [(problem.status, slug) for slug, problem in TYPES.items()]
    assert keys == sorted(keys)


@pytest.mark.parametrize("problem", TYPES.values(), ids=TYPES)
def test_a_type_documents_itself(problem: type[Problem]) -> None:
    """contract C30: `/problems/<slug>` explains it."""
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", problem.slug)
    assert problem.title
    assert problem.title[0].isupper()
    assert problem.__doc__
    meaning, _, advice = problem.__doc__.partition("\n\n")
    assert meaning.strip().endswith(".")
    assert advice.strip().endswith((".", "`."))
    assert "404" not in problem.title


@pytest.mark.parametrize("problem", TYPES.values(), ids=TYPES)
def test_a_retry_is_offered_only_where_it_can_help(problem: type[Problem]) -> None:
    """contract C31: 5xx and 429, with an integer Retry-After."""
    retryable = problem.status == 429 or problem.status >= 500
    assert (problem("x").retry_after is not None) is retryable
    assert isinstance(problem("x").retry_after, int) is retryable


@pytest.mark.parametrize("problem", TYPES.values(), ids=TYPES)
def test_a_problem_keeps_what_it_was_given(problem: type[Problem]) -> None:
    errors = [FieldError("a", "is wrong"), FieldError("b", "is odd", "even")]
    made = problem("What happened.", errors, retry_after=7)
    assert (str(made), made.detail, made.errors) == ("What happened.",) * 2 + (tuple(errors),)
    assert made.retry_after == 7
    assert made.upstream_writes == 0


def test_an_entry_of_the_errors() -> None:
    """contract C30: canonical only where there is one; the empty text is one."""
    assert FieldError("a", "b").as_dict() == {"field": "a", "detail": "b"}
    assert FieldError("a", "b", "").as_dict() == {"field": "a", "detail": "b", "canonical": ""}
