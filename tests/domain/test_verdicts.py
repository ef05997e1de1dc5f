"""Judging the agreement of the two halves (contract section 6, product facts 5)."""

from __future__ import annotations

from typing import Any

import pytest
from document_strategies import documents
from hypothesis import given
from hypothesis import strategies as st

from imis_sso.domain.documents import ImisClient, ImisSsoSettings, OpenIDConnect
from imis_sso.domain.trust import Pins
from imis_sso.domain.verdicts import CHECK_IDS, Check, Halves, Status, Verification, judge

VERSION, OTHER = "v1-0123456789abcdef", "v1-fedcba9876543210"
IMIS = OpenIDConnect(
    authority_url="https://sso.example.org",
    client_id="3f1c",
    client_secret_version=VERSION,
    redirect_login_url="https://members.example.org/",
    well_known_url="https://sso.example.org/.well-known/openid-configuration",
)
SHOWN = ImisClient(
    client_id="3f1c",
    client_secret_version=VERSION,
    discovery_url="https://sso.example.org/.well-known/openid-configuration",
    issuer="https://sso.example.org",
)
SETTINGS = ImisSsoSettings(redirect_url="https://members.example.org/")
PASSED, FAILED, WARNING, SKIPPED = Status.PASSED, Status.FAILED, Status.WARNING, Status.SKIPPED
EXPIRY = Check("expiry", PASSED, "judged elsewhere", ())


def judged(
    imis: dict[str, Any] | None = None,
    shown: dict[str, Any] | None = None,
    redirect: str = SETTINGS.redirect_url,
) -> Verification:
    return judge(
        Halves(
            OpenIDConnect.model_validate(IMIS.model_dump() | (imis or {})),
            ImisClient.model_validate(SHOWN.model_dump() | (shown or {})),
            ImisSsoSettings(redirect_url=redirect),
        ),
        EXPIRY,
    )


def check_of(verification: Verification, name: str) -> Check:
    found = {each.id: each for each in verification.checks}
    return found[name]


def test_halves_that_agree_pass() -> None:
    verification = judged()
    assert [each.status for each in verification.checks] == [PASSED] * (len(CHECK_IDS) + 1)
    assert verification.passed
    assert verification.failures() == ()


@pytest.mark.parametrize(
    ("sso", "imis", "failed"),
    [
        ({"sso.example.org"}, {"members.example.org"}, set()),
        (None, {"members.example.org"}, set()),
        (
            {"sso.example.org:8443"},
            {"members.example.org"},
            {"discovery.url-matches", "discovery.issuer-matches"},
        ),
        (None, {"www.example.org"}, {"redirect.matches"}),
    ],
)
def test_halves_that_agree_on_a_host_that_nobody_trusts_fail(
    sso: set[str] | None, imis: set[str], failed: set[str]
) -> None:
    """Contract C45: typed in both consoles, an address goes past every write, not past this."""
    pins = Pins(None if sso is None else frozenset(sso), frozenset(imis))
    verdict = judge(Halves(IMIS, SHOWN, SETTINGS), EXPIRY, pins=pins)
    assert {each.id for each in verdict.failures()} == failed
    for each in verdict.failures():
        key = "imis_hosts" if each.id == "redirect.matches" else "sso_hosts"
        assert f"the registry's key {key} does not list" in each.detail
        assert key in each.remedy


def test_halves_that_agree_on_no_address_at_all_fail() -> None:
    pins = Pins(None, frozenset({"members.example.org"}))
    held = IMIS.model_copy(update={"redirect_login_url": "http://members.example.org/"})
    settings = ImisSsoSettings(redirect_url=held.redirect_login_url)
    check = check_of(judge(Halves(held, SHOWN, settings), pins=pins), "redirect.matches")
    assert (check.status, "https" in check.detail) == (FAILED, True)


# What iMIS holds, what Cloud SSO shows, the check, its outcome, words of its detail.
@pytest.mark.parametrize(
    ("imis", "shown", "name", "status", "words"),
    [
        (
            {"client_id": "x"},
            {},
            "client.id-matches",
            FAILED,
            'iMIS has "x", Cloud SSO shows "3f1c"',
        ),
        ({"client_id": ""}, {}, "client.id-matches", FAILED, 'iMIS has ""'),
        ({"client_id": "3F1C"}, {}, "client.id-matches", FAILED, "upper and lower case"),
        ({}, {"client_id": ""}, "client.id-matches", SKIPPED, "does not show"),
        ({}, {}, "client.id-matches", PASSED, "3f1c"),
        ({"client_secret_version": OTHER}, {}, "client.secret-matches", FAILED, "another secret"),
        ({"client_secret_version": ""}, {}, "client.secret-matches", SKIPPED, "none was pushed"),
        ({}, {"client_secret_version": ""}, "client.secret-matches", SKIPPED, "does not show"),
        ({}, {}, "client.secret-matches", PASSED, "fingerprints are equal"),
        (
            {"well_known_url": "https://sso.example.org/x"},
            {},
            "discovery.url-matches",
            FAILED,
            "/x",
        ),
        ({"well_known_url": ""}, {}, "discovery.url-matches", FAILED, 'iMIS has ""'),
        ({}, {"discovery_url": ""}, "discovery.url-matches", SKIPPED, "does not show"),
        (
            {"authority_url": "https://sso.example.org/"},
            {},
            "discovery.issuer-matches",
            FAILED,
            "they differ by a trailing slash",
        ),
        (
            {},
            {"issuer": "https://sso.example.org/"},
            "discovery.issuer-matches",
            FAILED,
            "they differ by a trailing slash",
        ),
        (
            {"authority_url": "https://sso.example.org/A"},
            {"issuer": "https://sso.example.org/a"},
            "discovery.issuer-matches",
            FAILED,
            "they differ by upper and lower case",
        ),
        ({}, {"issuer": ""}, "discovery.issuer-matches", SKIPPED, "does not show"),
        (
            {"external_id_claim_type": "sub"},
            {},
            "claims.recipe",
            FAILED,
            "external_id_claim_type is not the recipe's",
        ),
        (
            {"user_authentication": {"claim_type": "role", "claim_value": "true"}},
            {},
            "claims.recipe",
            FAILED,
            "user_authentication.claim_type and user_authentication.claim_value are not",
        ),
        ({"set_login_hint": False}, {}, "claims.recipe", WARNING, "set_login_hint is not"),
        ({"type": "other"}, {}, "claims.recipe", WARNING, "type is not"),
        (
            {"set_login_hint": False, "type": "other"},
            {},
            "claims.recipe",
            WARNING,
            "set_login_hint and type are not",
        ),
        (
            {"set_login_hint": False, "external_id_claim_type": "sub"},
            {},
            "claims.recipe",
            FAILED,
            "external_id_claim_type is not",
        ),
        ({}, {}, "claims.recipe", PASSED, "claims are the recipe's"),
    ],
)
def test_a_check(
    imis: dict[str, Any], shown: dict[str, Any], name: str, status: Status, words: str
) -> None:
    """contract section 6, one row each."""
    verification = judged(imis, shown)
    check = check_of(verification, name)
    assert check.status is status
    assert words in check.detail
    assert check.fields
    assert bool(check.remedy) or status in (PASSED, SKIPPED)
    others = {each.status for each in verification.checks if each.id != name}
    assert others == {PASSED}
    assert verification.passed is (status is not FAILED)


@pytest.mark.parametrize(
    ("held", "registered", "status", "words"),
    [
        ("https://members.example.org/", "https://members.example.org/", PASSED, "both sides have"),
        ("https://members.example.org/", "", FAILED, 'Cloud SSO has ""'),
        ("", "https://members.example.org/", FAILED, 'iMIS has ""'),
        ("", "", FAILED, 'iMIS has "", Cloud SSO has ""'),
        ("https://members.example.org/", "https://members.example.org", FAILED, "trailing slash"),
        ("https://members.example.org/", "https://other.example.org/", FAILED, "other"),
    ],
)
def test_the_redirect_url_is_the_same_on_both_sides(
    held: str, registered: str, status: Status, words: str
) -> None:
    """contract section 6, product facts 2: byte for byte."""
    check = check_of(judged({"redirect_login_url": held}, redirect=registered), "redirect.matches")
    assert check.status is status
    assert words in check.detail
    assert check.fields == (
        "imis/openid-connect#redirect_login_url",
        "cloud-sso/imis-sso-settings#redirect_url",
    )


@pytest.mark.parametrize(
    ("held", "shown", "named", "status", "words"),
    [
        ("https://a", "https://a", "https://a", PASSED, "metadata, too"),
        ("https://a", "", "https://a", PASSED, "metadata, too"),
        ("https://a", "https://a", "https://a/", FAILED, "trailing slash"),
        ("https://a", "", "https://b", FAILED, 'the metadata names "https://b"'),
        ("https://a", "https://b", "https://a", FAILED, 'Cloud SSO shows "https://b"'),
        ("https://a", "https://a", "", PASSED, "both sides"),
        ("https://a", "", "", SKIPPED, "does not show"),
    ],
)
def test_the_issuer_is_the_metadatas_byte_for_byte(
    held: str, shown: str, named: str, status: Status, words: str
) -> None:
    """contract section 6: iMIS's Authority URL, Cloud SSO's Issuer and the metadata's are one."""
    halves = Halves(
        IMIS.model_copy(update={"authority_url": held}),
        SHOWN.model_copy(update={"issuer": shown}),
        SETTINGS,
    )
    check = check_of(judge(halves, issuer=named), "discovery.issuer-matches")
    assert check.status is status
    assert words in check.detail
    assert bool(check.remedy) is (status is FAILED)


def test_a_remedy_says_what_to_set() -> None:
    assert check_of(judged({"client_id": "x"}), "client.id-matches").remedy == (
        'Set client_id of imis/openid-connect to "3f1c".'
    )
    claims = check_of(judged({"external_id_claim_type": "sub"}), "claims.recipe")
    assert claims.remedy == 'Set external_id_claim_type to "external_id".'


def a_check(status: Status) -> Check:
    return Check(status.value, status, "", ())


@pytest.mark.parametrize(
    ("statuses", "passed"),
    [
        ([], False),
        ([SKIPPED], False),
        ([WARNING], False),
        ([SKIPPED, WARNING], False),
        ([PASSED], True),
        ([PASSED, SKIPPED, WARNING], True),
        ([PASSED, FAILED], False),
        ([FAILED], False),
    ],
)
def test_passed_means_one_passed_and_none_failed(statuses: list[Status], passed: bool) -> None:
    """contract section 6: warning and skipped do not fail."""
    verification = Verification(tuple(map(a_check, statuses)))
    assert verification.passed is passed
    assert [each.status for each in verification.failures()] == [FAILED] * statuses.count(FAILED)


@given(imis=documents(OpenIDConnect), shown=documents(ImisClient), page=documents(ImisSsoSettings))
def test_the_answer_is_stable_and_has_the_contracts_shape(
    imis: OpenIDConnect, shown: ImisClient, page: ImisSsoSettings
) -> None:
    """contract section 6: no timestamps, stable order, one entry per check that is built."""
    halves = Halves(imis, shown, page)
    answer = judge(halves, EXPIRY).as_dict("test")
    assert answer == judge(halves, EXPIRY).as_dict("test")
    assert list(answer) == ["environment", "passed", "proof", "checks"]
    assert (answer["environment"], answer["proof"]) == ("test", "passive")
    assert tuple(each["id"] for each in answer["checks"]) == (*CHECK_IDS, "expiry")
    for each in answer["checks"]:
        assert list(each) == ["id", "status", "detail", "fields", "remedy"]
        assert each["status"] in {"passed", "failed", "warning", "skipped"}
        assert isinstance(each["fields"], list)


@given(
    imis=documents(OpenIDConnect),
    change=st.sampled_from(["client_id", "discovery_url", "issuer", "redirect", "secret"]),
)
def test_no_difference_between_the_halves_goes_unseen(imis: OpenIDConnect, change: str) -> None:
    held = imis.model_copy(update={"client_secret_version": VERSION})
    values = {
        "client_id": held.client_id or "a",
        "client_secret_version": VERSION,
        "discovery_url": held.well_known_url or "https://a",
        "issuer": held.authority_url or "https://a",
    }
    redirect = held.redirect_login_url
    if change == "redirect":
        redirect += "x"
    elif change == "secret":
        values["client_secret_version"] = OTHER
    else:
        values[change] += "x"
    verdict = judge(Halves(held, ImisClient(**values), ImisSsoSettings(redirect_url=redirect)))
    assert not verdict.passed
