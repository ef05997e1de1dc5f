"""What a connector saw, what is remembered, where secrets are kept, what is misconfigured."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from imis_sso.domain.configuration import ConfigurationError, ConfigurationFault
from imis_sso.domain.documents import OidcAuthentication, OpenIDConnect
from imis_sso.domain.ledger import AppliedSecret, ManagedPeriod
from imis_sso.domain.observed import Change, Finding, Observed, Reach
from imis_sso.domain.secret import Secret, Unreadable
from imis_sso.domain.sources import SecretSource

NOW = datetime(2025, 1, 31, tzinfo=UTC)


def test_a_document_is_made_of_what_was_seen_and_defaults() -> None:
    """contract 1.1: a field out of reach reads as its default."""
    observed = Observed({"name": "n", "mode": "enabled", "user_authentication.claim_type": "c"})
    values = observed.document_values(OpenIDConnect)
    assert values == OpenIDConnect.defaults() | {"name": "n", "user_authentication.claim_type": "c"}
    assert observed.document_values(OidcAuthentication) == {"mode": "enabled"}
    assert observed.secret is Unreadable.ABSENT
    assert observed.exists


def test_a_change_is_true_if_it_changes_anything() -> None:
    assert not Change()
    assert Change({"name": ""})
    assert Change({}, Secret("s"))


def test_printing_shows_names_only() -> None:
    """contract C20."""
    assert (
        repr(Change({"b": "x", "a": "y"}, Secret("s"))) == "Change(fields=['a', 'b'], secret=True)"
    )
    assert repr(Observed({"b": "x"}, exists=False)) == "Observed(exists=False, fields=['b'])"


def test_reach_says_what_a_connector_cannot_do() -> None:
    """contract 1.1."""
    every = [each.path for each in OpenIDConnect.settings()]
    reach = Reach({"record": frozenset(every) - {"name", "email_body"} | {"mode"}})
    assert reach.unreachable("record", OpenIDConnect) == ("email_body", "name")
    assert reach.unreachable("record", OidcAuthentication) == ()
    assert reach.unreachable("other", OidcAuthentication) == ("mode",)


def test_a_finding_may_be_open() -> None:
    assert Finding("q", "a").held is None


def test_a_managed_period_lasts_until_it_ends() -> None:
    """contract C5."""
    period = ManagedPeriod("test", "imis/openid-connect", NOW, NOW, "ci")
    assert period.lasts
    assert not ManagedPeriod("test", "imis/openid-connect", NOW, NOW, "ci", NOW).lasts


def test_an_empty_name_is_a_record_too() -> None:
    """contract C22: `""` counts."""
    assert AppliedSecret("", "v1-1") != AppliedSecret("a", "v1-1")


def test_a_source_says_where_it_looks() -> None:
    assert SecretSource("a", "env", "A_SECRET").place == "environment variable A_SECRET"
    file = SecretSource("a", "file", "/run/secrets/a")
    assert (file.place, file.path) == ("file /run/secrets/a", Path("/run/secrets/a"))


@pytest.mark.parametrize(
    ("fault", "line"),
    [
        (
            ConfigurationFault(Path("a.yaml"), 3, "server.port", "is odd"),
            "a.yaml:3: server.port: is odd",
        ),
        (ConfigurationFault(Path("a.yaml"), None, "", "is\nodd"), "a.yaml: is odd"),
        (ConfigurationFault(None, None, "IMIS_SSO_PORT", "is odd"), "IMIS_SSO_PORT: is odd"),
        (ConfigurationFault(None, None, "", "is odd"), "is odd"),
    ],
)
def test_a_fault_is_one_clear_line(fault: ConfigurationFault, line: str) -> None:
    assert str(fault) == line


def test_an_error_lists_every_fault() -> None:
    faults = (ConfigurationFault(None, None, each, "is odd") for each in "ab")
    error = ConfigurationError(faults)
    assert str(error) == "a: is odd\nb: is odd"
    assert [each.key for each in error.faults] == ["a", "b"]
