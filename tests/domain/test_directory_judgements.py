"""A directory judged by its own issuer's metadata, and where its secret may go (section 6, C45)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from imis_sso.domain.bindings import Binding
from imis_sso.domain.checks import Check, Status, Verification, is_active
from imis_sso.domain.directory_verdicts import (
    judge_addresses,
    judge_directory_secret,
    judge_gone,
    metadata_address,
    secret_refusal,
)
from imis_sso.domain.documents import Directory
from imis_sso.domain.evidence import Attempt, Authentication, ProviderFound, Reply
from imis_sso.domain.forms import address_or_host
from imis_sso.domain.resources import (
    COLLECTIONS,
    DIRECTORIES,
    OIDC_AUTHENTICATION,
    OPENID_CONNECT,
    find,
    secret_document,
)
from imis_sso.domain.trust import Pins

ISSUER = "https://id.example.org/tenant"
METADATA: dict[str, Any] = {
    "issuer": ISSUER,
    "authorization_endpoint": f"{ISSUER}/authorize",
    "token_endpoint": f"{ISSUER}/token",
    "userinfo_endpoint": f"{ISSUER}/userInfo",
}
RIGHT = Directory(
    name="Staff",
    client_id="c",
    issuer=ISSUER,
    authorization_url=f"{ISSUER}/authorize",
    token_url=f"{ISSUER}/token",
    userinfo_url=f"{ISSUER}/userInfo",
)
HOSTS = frozenset({"id.example.org"})


def found(**changes: Any) -> ProviderFound:
    document = {key: value for key, value in (METADATA | changes).items() if value is not None}
    return ProviderFound(metadata_address(ISSUER), Reply(200, document=document))


@pytest.mark.parametrize(
    ("change", "metadata", "status"),
    [
        ({}, {}, Status.PASSED),
        ({"token_url": f"{ISSUER}/other"}, {}, Status.FAILED),
        ({"issuer": f"{ISSUER}/"}, {}, Status.FAILED),
        ({"issuer": ISSUER.upper()}, {}, Status.FAILED),
        ({"userinfo_url": f"{ISSUER}/userinfo"}, {}, Status.WARNING),
        ({"userinfo_url": "https://x.example/u"}, {"userinfo_endpoint": None}, Status.PASSED),
    ],
)
def test_addresses_are_those_of_the_metadata(
    change: dict[str, Any], metadata: dict[str, Any], status: Status
) -> None:
    check = judge_addresses("staff", RIGHT.model_copy(update=change), found(**metadata))
    assert (check.id, check.status) == ("directory.staff.discovery", status)
    assert all(each.startswith("cloud-sso/directories/staff#") for each in check.fields)
    assert bool(check.remedy) is (status in {Status.FAILED, Status.WARNING})


def test_what_cannot_be_fetched_proves_nothing_and_what_is_gone_fails() -> None:
    silent = ProviderFound(metadata_address(ISSUER), Reply(why="nothing in time"))
    assert judge_addresses("staff", RIGHT, silent).status is Status.SKIPPED
    assert judge_gone("staff").status is Status.FAILED
    assert metadata_address(f"{ISSUER}/") == metadata_address(ISSUER)


@pytest.mark.parametrize(
    ("seen", "hosts", "said"),
    [
        (found(), HOSTS, None),
        (found(), None, "no secret of the registry"),
        (found(), frozenset({"elsewhere.example"}), "not among the hosts"),
        (found(token_endpoint="https://evil.example/t"), HOSTS, "evil.example"),
        (found(token_endpoint="http://id.example.org/t"), HOSTS, "https"),
        (found(token_endpoint=None), HOSTS, "no token endpoint"),
        (found(issuer=f"{ISSUER}/"), HOSTS, "does not name the directory's issuer"),
        (ProviderFound("x", Reply(500)), HOSTS, "no discovery document"),
    ],
)
def test_a_secret_goes_to_its_own_issuer_on_its_own_hosts(
    seen: ProviderFound, hosts: frozenset[str] | None, said: str | None
) -> None:
    refused = secret_refusal(RIGHT, seen, hosts)
    assert refused is None if said is None else said in str(refused)


def test_a_secret_is_judged_by_the_table_and_named_by_its_key() -> None:
    taken, refused = Reply(400, error="invalid_grant"), Reply(401, error="invalid_client")
    right = Authentication((Attempt("client_secret_post", taken, refused),))
    wrong = Authentication((Attempt("client_secret_post", refused),))
    checks = [judge_directory_secret("staff", each) for each in (right, wrong, Authentication())]
    assert [each.status for each in checks] == [Status.PASSED, Status.FAILED, Status.SKIPPED]
    assert {each.id for each in checks} == {"directory.staff.secret-accepted"}
    assert "cloud-sso/directories/staff" in checks[1].remedy
    assert is_active(checks[0].id)
    assert not is_active("directory.staff.discovery")


def test_checks_of_one_directory_stand_together_before_the_sign_in_page() -> None:
    names = [
        "expiry",
        "directory.staff.secret-accepted",
        "directory.members.discovery",
        "imis.sign-in-page",
        "directory.staff.discovery",
        "environment.not-crossed",
    ]
    ordered = Verification.of(*(Check(each, Status.PASSED, "", ()) for each in names))
    assert [each.id for each in ordered.checks] == [
        "environment.not-crossed",
        "directory.members.discovery",
        "directory.staff.discovery",
        "directory.staff.secret-accepted",
        "imis.sign-in-page",
        "expiry",
    ]


def test_pins_of_a_directory_name_the_registrys_key() -> None:
    pins = replace(Pins(None, None), directory_key="secrets.a.hosts")
    assert "secrets.a.hosts is not set" in str(pins.refusal("directory", ISSUER))
    pins = replace(pins, directory=HOSTS)
    assert pins.refusal("directory", ISSUER) is None
    assert pins.refusal("directory", "id.example.org") is None
    assert "does not list" in str(pins.refusal("directory", "https://id.example.org:8443/t"))


def test_documents_of_a_collection_are_found_by_their_key() -> None:
    staff = find("cloud-sso/directories/staff")
    assert staff is not None
    assert (staff.path, staff.record.item, staff.read_only) == (
        "cloud-sso/directories/staff",
        "staff",
        False,
    )
    assert secret_document(staff) is staff
    assert secret_document(OIDC_AUTHENTICATION) is OPENID_CONNECT
    shown = find("cloud-sso/directories/staff/registration")
    assert shown is not None
    assert (shown.record, shown.read_only) == (staff.record, True)
    wrong = ["", "/", "/Staff", "/a_b", "/a/b", "/a/", f"/{'a' * 64}", "/staff/registration/x"]
    assert [find(f"cloud-sso/directories{each}") for each in wrong] == [None] * len(wrong)
    assert COLLECTIONS == (DIRECTORIES,)


def test_a_binding_keeps_what_was_seen_last() -> None:
    values = {"name": "Staff", "issuer": ISSUER, "client_id": "c", "scopes": "openid"}
    expected = Binding.expected(values)
    assert expected == Binding("", "Staff", ISSUER, "c")
    seen = expected.seen("/manage/3", values | {"name": "Renamed"})
    assert seen == Binding("/manage/3", "Renamed", ISSUER, "c")
    assert seen.seen("", {"issuer": "https://x.example"}).record == "/manage/3"
    assert Binding.of(seen.as_dict()) == seen
    assert Binding.of({"record": "1"}) == Binding("1")


@pytest.mark.parametrize(
    ("value", "canonical"),
    [
        ("ID.example.org", "id.example.org"),
        ("id.example.org:443", "id.example.org"),
        ("HTTPS://ID.example.org/Path", "https://id.example.org/Path"),
    ],
)
def test_an_address_or_a_bare_host(value: str, canonical: str) -> None:
    assert address_or_host(value) == canonical
    assert address_or_host(canonical) == canonical


@pytest.mark.parametrize("value", ["http://id.example.org/", "a b", "id.example.org/path"])
def test_what_is_neither(value: str) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        address_or_host(value)
