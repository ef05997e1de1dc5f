"""What a provider's answers prove, row by row (contract section 6)."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from provider_seen import FAILED, ISSUER, PASSED, SILENT, SKIPPED, WARNING, found

from imis_sso.domain.checks import Check, Status
from imis_sso.domain.evidence import (
    NOT_ASKED,
    OAUTH_ERRORS,
    OTHER_ERROR,
    Attempt,
    Authentication,
    Authorization,
    Metadata,
    Reply,
    known_error,
)
from imis_sso.domain.provider_verdicts import (
    judge_redirect,
    judge_secret,
)

OURS = "https://members.example.org/"
NEAR, FAR = "https://members.example.org/x1", "https://x2.example/"
STATE = "s1"
PAGE = Reply(400)
TAKEN = Reply(400, error="invalid_grant")
REFUSED = Reply(401, error="invalid_client")


def to(address: str = OURS, status: int = 302, **query: str | None) -> Reply:
    asked = {"error": "login_required", "state": STATE} | query
    kept = {name: each for name, each in asked.items() if each is not None}
    return Reply(status, location=f"{address}?{urlencode(kept)}")


def seen(probe: Reply, near: Reply = PAGE, far: Reply = NOT_ASKED) -> Authorization:
    return Authorization(probe, STATE, near, NEAR, far, FAR)


def authentication(*attempts: tuple[Reply, Reply]) -> Authentication:
    methods = ("client_secret_basic", "client_secret_post")
    return Authentication(
        tuple(Attempt(method, *each) for method, each in zip(methods, attempts, strict=False))
    )


def redirect(evidence: Authorization, **metadata: Any) -> Check:
    return judge_redirect(found(**metadata), OURS, evidence, Authentication())


# --- discovery.reachable ---------------------------------------------------------------------


# --- jwks.usable -----------------------------------------------------------------------------


# --- redirect.registered ---------------------------------------------------------------------


@pytest.mark.parametrize("status", [302, 303])
@pytest.mark.parametrize(
    "error",
    ["login_required", "interaction_required", "consent_required", "account_selection_required"],
)
def test_a_redirect_that_asks_for_a_person_proves_right(status: int, error: str) -> None:
    """`login_required` is only a MAY in Core 3.1.2.6; the others of its kind prove the same."""
    assert redirect(seen(to(error=error, status=status))).status is PASSED


@pytest.mark.parametrize(
    ("query", "demanded", "status"),
    [
        ({"iss": ISSUER}, True, PASSED),
        ({"iss": ISSUER}, None, PASSED),
        ({"iss": ISSUER + "/"}, None, SKIPPED),
        ({"iss": "https://evil.example"}, True, SKIPPED),
        ({}, True, SKIPPED),
        ({}, False, PASSED),
        ({"state": "s2"}, None, SKIPPED),
        ({"state": None}, None, SKIPPED),
        ({"error": None}, None, SKIPPED),
        ({"error": ""}, None, SKIPPED),
        ({"error": None, "code": "c"}, None, SKIPPED),
    ],
)
def test_what_the_redirect_must_carry(
    query: dict[str, str | None], demanded: bool | None, status: Status
) -> None:
    """`state` echoed, `iss` ours, demanded where the metadata promises it (RFC 9207)."""
    check = redirect(seen(to(**query)), authorization_response_iss_parameter_supported=demanded)
    assert check.status is status


@pytest.mark.parametrize(
    "probe",
    [
        Reply(404),
        Reply(405),
        Reply(429),
        Reply(500),
        Reply(503),
        Reply(200),
        Reply(401),
        Reply(403),
        Reply(400, location=f"{OURS}?error=login_required&state={STATE}"),
        to(status=307),
        to(status=301),
        to("https://members.example.org"),
        to("https://members.example.org/other"),
        to("https://sso.example.org/error"),
        Reply(302, location=""),
        to(error="server_error"),
        to(error="temporarily_unavailable"),
        SILENT,
        NOT_ASKED,
    ],
)
def test_what_proves_nothing_of_the_redirect(probe: Reply) -> None:
    check = redirect(seen(probe))
    assert (check.status, check.remedy) == (SKIPPED, "")
    if probe.status is not None and probe.status >= 400 and probe.location is None:
        assert str(probe.status) in check.detail


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ("invalid_request", "PKCE"),
        ("unauthorized_client", "authorization code flow"),
        ("invalid_scope", "scope openid"),
        ("access_denied", "sign-in"),
        ("registration_not_supported", "Look the code up"),
    ],
)
def test_registered_but_unusable(error: str, words: str) -> None:
    """The code is shown, with what to look at."""
    check = redirect(seen(to(error=error)))
    assert check.status is FAILED
    assert error in check.detail
    assert words in check.remedy


def test_a_code_that_nobody_knows_is_not_repeated() -> None:
    """contract C20: a provider may echo what it was sent."""
    check = redirect(seen(to(error="hunter2")))
    assert check.status is FAILED
    assert "hunter2" not in str(check)


@pytest.mark.parametrize(
    ("near", "far", "status", "words"),
    [
        (PAGE, NOT_ASKED, PASSED, "knows the client"),
        (Reply(404), NOT_ASKED, PASSED, "knows the client"),
        (Reply(200), NOT_ASKED, PASSED, "knows the client"),
        (to(f"{ISSUER}/error"), NOT_ASKED, PASSED, "knows the client"),
        (to(NEAR), PAGE, WARNING, "pattern"),
        (to(NEAR), to(FAR), SKIPPED, "another host"),
        (to(NEAR), SILENT, SKIPPED, "control"),
        (to(NEAR), Reply(429), SKIPPED, "429"),
        (Reply(429), NOT_ASKED, SKIPPED, "429"),
        (Reply(500), NOT_ASKED, SKIPPED, "500"),
        (SILENT, NOT_ASKED, SKIPPED, "in time"),
    ],
)
def test_the_controls(near: Reply, far: Reply, status: Status, words: str) -> None:
    """An open redirector proves nothing; a pattern is a warning."""
    check = redirect(seen(to(), near, far))
    assert check.status is status
    assert words in check.detail
    assert bool(check.remedy) is (status is WARNING)


@pytest.mark.parametrize(
    ("secret", "words", "remedy"),
    [
        (authentication((TAKEN, REFUSED)), "refuses its redirect URL", "Redirect URL"),
        (authentication((REFUSED, NOT_ASKED)), "refuses the client", "client_id"),
        (authentication((SILENT, NOT_ASKED)), "client id or the redirect URL", "client_id and"),
        (Authentication(why="not sent"), "client id or the redirect URL", "client_id and"),
    ],
)
def test_an_error_page_proves_wrong_and_the_secret_tells_what(
    secret: Authentication, words: str, remedy: str
) -> None:
    """RFC 6749 4.1.2.1: no redirect to an address that is not registered."""
    check = judge_redirect(found(), OURS, seen(PAGE), secret)
    assert check.status is FAILED
    assert words in check.detail
    assert remedy in check.remedy


# --- client.secret-accepted ------------------------------------------------------------------

REFUSALS = [REFUSED, Reply(400, error="invalid_client"), Reply(401, error="unauthorized_client")]
NOTHINGS = [
    Reply(400, error="invalid_request"),
    Reply(400, error="unsupported_grant_type"),
    Reply(400, error="unauthorized_client"),
    Reply(401, error="invalid_grant"),
    Reply(200, error="invalid_client"),
    Reply(200),
    Reply(302, location=OURS),
    Reply(400),
    Reply(401),
    Reply(403, error="invalid_client"),
    Reply(404),
    Reply(429),
    Reply(429, error="invalid_client"),
    Reply(500, error="invalid_client"),
    Reply(503),
    SILENT,
    NOT_ASKED,
]


@pytest.mark.parametrize("refusal", REFUSALS)
def test_a_secret_that_is_taken_where_a_random_one_is_refused(refusal: Reply) -> None:
    for attempts in ([(TAKEN, refusal)], [(refusal, NOT_ASKED), (TAKEN, refusal)]):
        check = judge_secret(authentication(*attempts))
        assert (check.status, check.remedy) == (PASSED, "")


@pytest.mark.parametrize("first", REFUSALS)
@pytest.mark.parametrize("second", [None, *REFUSALS])
def test_a_secret_that_every_method_refuses(first: Reply, second: Reply | None) -> None:
    """No header, status or text is demanded: providers differ."""
    attempts = [(each, NOT_ASKED) for each in (first, second) if each is not None]
    check = judge_secret(authentication(*attempts))
    assert check.status is FAILED
    assert "cloud-sso-imis-client" in check.remedy


@pytest.mark.parametrize("nothing", NOTHINGS)
def test_what_proves_nothing_of_the_secret(nothing: Reply) -> None:
    evidence = [
        authentication((nothing, NOT_ASKED)),
        authentication((nothing, NOT_ASKED), (REFUSED, NOT_ASKED)),
        authentication((REFUSED, NOT_ASKED), (nothing, NOT_ASKED)),
        authentication((TAKEN, nothing)),
        authentication((REFUSED, NOT_ASKED), (TAKEN, nothing)),
    ]
    for each in evidence:
        check = judge_secret(each)
        assert (check.status, check.remedy) == (SKIPPED, "")
        if nothing.status is not None:
            assert str(nothing.status) in check.detail


def test_a_public_client_never_passes() -> None:
    """It is given `invalid_grant` with any secret at all."""
    check = judge_secret(authentication((TAKEN, TAKEN)))
    assert check.status is SKIPPED
    assert "needs none" in check.detail


def test_what_was_not_sent_says_why() -> None:
    check = judge_secret(Authentication(why="the secret was not sent: x"))
    assert (check.status, check.detail) == (SKIPPED, "the secret was not sent: x")


# --- properties ------------------------------------------------------------------------------

REPLIES = st.builds(
    Reply,
    st.none() | st.sampled_from([200, 301, 302, 303, 307, 400, 401, 403, 404, 405, 429, 500, 503]),
    why=st.sampled_from(["", "it broke off"]),
    error=st.sampled_from(["", OTHER_ERROR, *sorted(OAUTH_ERRORS)]),
    location=st.none()
    | st.builds(
        lambda address, error, state: f"{address}?error={error}&state={state}",
        st.sampled_from([OURS, NEAR, FAR, ISSUER]),
        st.sampled_from(["", "login_required", "invalid_scope"]),
        st.sampled_from([STATE, "other"]),
    ),
)


@given(REPLIES, REPLIES, REPLIES)
def test_only_what_the_table_names_decides_the_redirect(
    probe: Reply, near: Reply, far: Reply
) -> None:
    status = redirect(seen(probe, near, far)).status
    if status in (PASSED, WARNING):
        assert probe.leads_to(OURS)
        assert not (near.leads_to(NEAR) and far.leads_to(FAR))
    elif status is FAILED:
        assert probe.leads_to(OURS) or (probe.status == 400 and probe.location is None)


@given(st.lists(st.tuples(REPLIES, REPLIES), min_size=1, max_size=2))
def test_only_what_the_table_names_decides_the_secret(
    attempts: list[tuple[Reply, Reply]],
) -> None:
    status = judge_secret(authentication(*attempts)).status
    if status is PASSED:
        assert any(a.error == "invalid_grant" and b.error != "invalid_grant" for a, b in attempts)
    elif status is FAILED:
        assert {probe.error for probe, _ in attempts} <= {"invalid_client", "unauthorized_client"}
        assert all(probe.status in (400, 401) for probe, _ in attempts)


@given(st.text() | st.none() | st.integers())
def test_only_known_codes_are_kept(value: object) -> None:
    """contract C20."""
    assert known_error(value) in {"", OTHER_ERROR, *OAUTH_ERRORS}


@pytest.mark.parametrize(
    ("listed", "methods"),
    [
        (None, ("client_secret_basic", "client_secret_post")),
        (["client_secret_post"], ("client_secret_post",)),
        (
            ["client_secret_post", "client_secret_basic"],
            ("client_secret_basic", "client_secret_post"),
        ),
        (["private_key_jwt", "none"], ()),
    ],
)
def test_methods_that_hand_the_secret_over(
    listed: list[str] | None, methods: tuple[str, ...]
) -> None:
    """Basic first, as far as the metadata lists them."""
    given_list = {} if listed is None else {"token_endpoint_auth_methods_supported": listed}
    assert Metadata(given_list).methods == methods
