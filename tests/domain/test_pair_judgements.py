"""Digest of settings, crossed environments, age of test mode, sign-in page, where a secret may go."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from document_strategies import documents
from hypothesis import given
from hypothesis import strategies as st

from imis_sso.domain.checks import Status
from imis_sso.domain.crossing import Sighting, judge_crossing, sighting
from imis_sso.domain.documents import ImisClient, ImisSsoSettings, OpenIDConnect
from imis_sso.domain.evidence import Metadata, ProviderFound, Reply, SignInSeen
from imis_sso.domain.fingerprint import FingerprintKey
from imis_sso.domain.mode_age import judge_mode_age
from imis_sso.domain.secret import Secret
from imis_sso.domain.secret_destination import refusal
from imis_sso.domain.settings_digest import settings_digest
from imis_sso.domain.sign_in_page import judge_sign_in
from imis_sso.domain.trust import Pins
from imis_sso.domain.verdicts import Halves

PASSED, FAILED, WARNING, SKIPPED = Status.PASSED, Status.FAILED, Status.WARNING, Status.SKIPPED
ISSUER = "https://sso.example.org"
DISCOVERY = f"{ISSUER}/.well-known/openid-configuration"
OURS = "https://members.example.org/"
METADATA = {
    "issuer": ISSUER,
    "authorization_endpoint": f"{ISSUER}/authorize",
    "token_endpoint": f"{ISSUER}/token",
    "jwks_uri": f"{ISSUER}/jwks",
}
HALVES = Halves(
    OpenIDConnect(
        authority_url=ISSUER,
        client_id="3f1c",
        client_secret_version="v1-0123456789abcdef",
        redirect_login_url=OURS,
        well_known_url=DISCOVERY,
    ),
    ImisClient(client_id="3f1c", discovery_url=DISCOVERY, issuer=ISSUER),
    ImisSsoSettings(redirect_url=OURS),
    mode="test_mode",
)


def with_imis(**values: Any) -> Halves:
    imis = HALVES.openid_connect.model_copy(update=values)
    return Halves(imis, HALVES.imis_client, HALVES.imis_sso_settings, HALVES.mode)


# --- the digest of what was verified ---------------------------------------------------------


@given(
    documents(OpenIDConnect), documents(ImisClient), documents(ImisSsoSettings), st.text(max_size=9)
)
def test_the_digest_is_of_what_sign_in_depends_on(
    imis: OpenIDConnect, shown: ImisClient, page: ImisSsoSettings, text: str
) -> None:
    """contract section 6: neither mode nor name of the secret, every critical field."""
    digest = settings_digest(Halves(imis, shown, page, "disabled"))
    assert len(digest) == 64
    same = imis.model_copy(update={"client_secret_ref": text, "name": text, "email_body": text})
    assert settings_digest(Halves(same, shown, page, "enabled")) == digest


@pytest.mark.parametrize("field", [each.path for each in OpenIDConnect.settings() if each.critical])
def test_every_critical_field_changes_the_digest(field: str) -> None:
    before = HALVES.openid_connect
    values = before.values() | {"client_secret_version": "v1-0123456789abcdef"}
    held = values[field]
    values[field] = not held if isinstance(held, bool) else {"okta": "other"}.get(held, f"{held}x")
    after = OpenIDConnect.of(values)
    assert settings_digest(with_imis(**dict(after))) != settings_digest(HALVES)


@pytest.mark.parametrize("field", list(ImisClient.model_fields))
def test_what_cloud_sso_shows_changes_the_digest(field: str) -> None:
    shown = HALVES.imis_client.model_copy(update={field: "https://x"})
    other = Halves(HALVES.openid_connect, shown, HALVES.imis_sso_settings)
    assert settings_digest(other) != settings_digest(HALVES)


def test_secret_and_redirect_change_the_digest() -> None:
    others = {
        settings_digest(with_imis(client_secret_version="v1-fedcba9876543210")),
        settings_digest(
            Halves(HALVES.openid_connect, HALVES.imis_client, ImisSsoSettings(redirect_url=""))
        ),
    }
    assert len({*others, settings_digest(HALVES)}) == 3


# --- environment.not-crossed -----------------------------------------------------------------

PRODUCTION = Sighting(
    "prod", "9a", "https://prod-sso.example.org", "https://prod.example.org/", "f" * 64
)


@pytest.mark.parametrize(
    ("held", "words"),
    [
        ({"client_id": "9a"}, "client of prod"),
        ({"authority_url": "https://prod-sso.example.org"}, "authority of prod"),
        ({"redirect_login_url": "https://prod.example.org/"}, "redirect of prod"),
        (
            {"client_id": "9a", "redirect_login_url": "https://prod.example.org/"},
            "client, redirect of prod",
        ),
    ],
)
def test_what_is_anothers_own_is_found(held: dict[str, str], words: str) -> None:
    """contract section 6: a test system restored from production."""
    check = judge_crossing(with_imis(**held), (), [Sighting("staging"), PRODUCTION])
    assert (check.id, check.status) == ("environment.not-crossed", FAILED)
    assert words in check.detail
    assert {each.rpartition("#")[2] for each in check.fields} >= set(held)
    assert check.remedy


def test_a_secret_is_compared_across_environments_and_never_shown() -> None:
    """contract section 6: by a second keyed fingerprint without the environment."""
    key = FingerprintKey(b"k" * 32)
    before = FingerprintKey(b"n" * 32, [b"k" * 32])
    mark = key.crossings(Secret("shared"))[0]
    other = Sighting("prod", secret=mark)
    assert judge_crossing(HALVES, key.crossings(Secret("shared")), [other]).status is FAILED
    assert judge_crossing(HALVES, before.crossings(Secret("shared")), [other]).status is FAILED
    found = judge_crossing(HALVES, key.crossings(Secret("own")), [other])
    assert found.status is PASSED
    failed = judge_crossing(HALVES, key.crossings(Secret("shared")), [other])
    assert mark not in str((failed, other))
    assert key.version("prod", Secret("shared"))[3:] not in mark


def test_who_is_copied_from_is_not_blamed() -> None:
    """Only what its own Cloud SSO shows is an environment's own."""
    copy = with_imis(client_id="9a", authority_url="https://prod-sso.example.org")
    of_the_copy = sighting("test", copy, OURS, "")
    production = Halves(
        OpenIDConnect(client_id="9a", authority_url="https://prod-sso.example.org"),
        ImisClient(client_id="9a", issuer="https://prod-sso.example.org"),
        ImisSsoSettings(redirect_url="https://prod.example.org/"),
    )
    assert judge_crossing(production, (), [of_the_copy]).status is PASSED


def test_nothing_known_is_nothing_crossed() -> None:
    assert judge_crossing(HALVES, (), []).status is SKIPPED
    empty = Halves(OpenIDConnect(), ImisClient(), ImisSsoSettings())
    assert judge_crossing(empty, ("",), [Sighting("prod")]).status is PASSED


# --- mode.age --------------------------------------------------------------------------------

NOW = datetime(2027, 1, 31, tzinfo=UTC)


@pytest.mark.parametrize(
    ("mode", "days", "status"),
    [
        ("test_mode", 1, PASSED),
        ("test_mode", 30, PASSED),
        ("test_mode", 31, WARNING),
        ("test_mode", None, SKIPPED),
        ("disabled", 99, SKIPPED),
        ("enabled", 99, SKIPPED),
    ],
)
def test_the_age_of_test_mode(mode: str, days: int | None, status: Status) -> None:
    """contract section 6: a warning, never a failure."""
    since = None if days is None else NOW - timedelta(days=days)
    check = judge_mode_age(mode, since, NOW, 30)
    assert (check.id, check.status, bool(check.remedy)) == ("mode.age", status, status is WARNING)


def test_the_words_do_not_change_from_day_to_day() -> None:
    since = NOW - timedelta(days=50)
    later = judge_mode_age("test_mode", since, NOW + timedelta(days=1), 30)
    assert later == judge_mode_age("test_mode", since, NOW, 30)


# --- imis.sign-in-page -----------------------------------------------------------------------


def sent(address: str = f"{ISSUER}/authorize", **query: str) -> SignInSeen:
    asked = {"client_id": "3f1c", "redirect_uri": OURS} | query
    return SignInSeen(
        "https://members.example.org/SignIn", Reply(302, location=f"{address}?{urlencode(asked)}")
    )


@pytest.mark.parametrize(
    ("seen", "status", "words"),
    [
        (sent(), PASSED, "with this client"),
        (sent(scope="openid"), PASSED, "with this client"),
        (sent(client_id="x"), FAILED, "another client id"),
        (sent(redirect_uri="https://x/"), FAILED, "another redirect URL"),
        (sent("https://evil.example/authorize"), FAILED, "another address"),
        (
            sent("https://evil.example/a", client_id="x"),
            FAILED,
            "another address and another client",
        ),
        (SignInSeen("https://a", Reply(200)), SKIPPED, "status 200"),
        (SignInSeen("https://a", Reply(404)), SKIPPED, "status 404"),
        (SignInSeen("https://a", Reply(why="it broke off")), SKIPPED, "broke off"),
        (SignInSeen(why="no page is named"), SKIPPED, "no page is named"),
    ],
)
def test_the_sign_in_page(seen: SignInSeen, status: Status, words: str) -> None:
    """contract section 6."""
    check = judge_sign_in(seen, HALVES, Metadata(METADATA))
    assert (check.id, check.status) == ("imis.sign-in-page", status)
    assert words in check.detail
    assert judge_sign_in(seen, HALVES, None).status is SKIPPED
    disabled = Halves(
        *[getattr(HALVES, each) for each in ("openid_connect", "imis_client", "imis_sso_settings")],
        mode="disabled",
    )
    assert judge_sign_in(seen, disabled, Metadata(METADATA)).status is SKIPPED


# --- where a secret may go -------------------------------------------------------------------

PINS = Pins(frozenset({"sso.example.org"}), None)


def found(address: str = DISCOVERY, **metadata: Any) -> ProviderFound:
    return ProviderFound(address, Reply(200, document=METADATA | metadata))


def test_a_secret_goes_to_the_pinned_token_endpoint_of_cloud_ssos_own_document() -> None:
    """contract C45."""
    assert refusal(HALVES.imis_client, found(), PINS) is None


@pytest.mark.parametrize(
    ("shown", "evidence", "pins", "words"),
    [
        ({"discovery_url": ""}, found(), PINS, "shows no Discovery URL"),
        ({}, found("https://sso.example.org/other"), PINS, "not the one at the address"),
        ({"issuer": ""}, found(), PINS, "does not name the issuer"),
        ({"issuer": ISSUER + "/"}, found(), PINS, "does not name the issuer"),
        ({}, found(issuer=ISSUER + "/"), PINS, "does not name the issuer"),
        ({}, found(issuer="https://SSO.example.org"), PINS, "does not name the issuer"),
        ({}, ProviderFound(DISCOVERY, Reply(404)), PINS, "status 404"),
        ({}, found(token_endpoint=""), PINS, "no token endpoint"),
        ({}, found(token_endpoint="https://evil.example/token"), PINS, "evil.example"),
        ({}, found(token_endpoint="http://sso.example.org/token"), PINS, "https"),
        (
            {},
            found(token_endpoint="https://sso.example.org:444/token"),
            PINS,
            "sso.example.org:444",
        ),
        ({}, found(token_endpoint="https://a@sso.example.org/token"), PINS, "user name"),
        ({}, found(token_endpoint="https://evil.example\\@sso.example.org/"), PINS, "character"),
        ({}, found(), Pins(None, None), "not set"),
        ({}, found(), Pins(frozenset({"other.example.org"}), None), "does not list"),
    ],
)
def test_a_secret_goes_nowhere_else(
    shown: dict[str, str], evidence: ProviderFound, pins: Pins, words: str
) -> None:
    """contract C45, section 6: the check is skipped and says why."""
    why = refusal(HALVES.imis_client.model_copy(update=shown), evidence, pins)
    assert why is not None
    assert words in why
