"""Two environments that would undo each other are a configuration error (contract C46)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from imis_sso.environments import ConfigurationError, load

Faults = Callable[..., list[tuple[int | None, str, str]]]
Write = Callable[..., Path]

SECOND = """\
  prod:
    imis: {url: "https://www.example.org", connector: imis_rest, username: u, password: "env:A"}
    cloud_sso:
      url: https://dashboard.example.com
      connector: cloud_sso_dashboard
      cloud_id: abc
      username: u
      password: "env:B"
      automation_permitted_by: "A. Name of the vendor, 2026-05-04"
""".splitlines()
"""A second environment, in lines 15 to 23 where nothing was added to the first."""


def test_two_environments_may_share_a_dashboard_and_an_account(write: Write) -> None:
    assert list(load(write(*SECOND)).environments) == ["test", "prod"]


@pytest.mark.parametrize(
    "url",
    [
        "https://www.example.org",
        "https://www.example.org/",
        "https://www.example.org/imis/",
        "https://www.example.org:8443",
    ],
)
def test_one_imis_base_address(faults: Faults, url: str) -> None:
    second = [SECOND[0], SECOND[1].replace("https://www.example.org", url), *SECOND[2:]]
    found = faults("    imis_hosts: [a.example.org]", *second, line4=f"      url: {url}")
    assert [(line, key) for line, key, _ in found] == [(17, "environments.prod.imis.url")]
    assert found[0][2].startswith('"prod" and "test" (line 4) have the same iMIS base address')


@pytest.mark.parametrize("cloud_id", ["abc", "ABC"])
def test_one_cloud_id(faults: Faults, cloud_id: str) -> None:
    found = faults(*SECOND, line11=f"      cloud_id: {cloud_id}")
    assert [(line, key) for line, key, _ in found] == [(20, "environments.prod.cloud_sso.cloud_id")]
    assert '"prod" and "test" (line 11) have the same Cloud ID' in found[0][2]


def test_one_sso_host(faults: Faults) -> None:
    found = faults(
        "    sso_hosts: [sso.example.org, other.example.org]",
        *SECOND,
        "    sso_hosts: [x.example.org, sso.example.org]",
    )
    assert [(line, key) for line, key, _ in found] == [(25, "environments.prod.sso_hosts[1]")]
    assert '"prod" and "test" (line 15) have the same SSO host' in found[0][2]


def test_the_port_tells_sso_hosts_apart(write: Write) -> None:
    """Simulated environments share one address."""
    registry = load(
        write("    sso_hosts: ['127.0.0.1:1']", *SECOND, "    sso_hosts: ['127.0.0.1:2']")
    )
    assert registry.environments["prod"].sso_hosts == ("127.0.0.1:2",)


@pytest.mark.parametrize("hosts", ["members.example.org", "www.example.org, members.example.org"])
def test_one_redirect_host(faults: Faults, hosts: str) -> None:
    """Product facts 5: a redirect names a host only, so one host is one redirect."""
    found = faults(*SECOND, f"    imis_hosts: [{hosts}]")
    assert [line for line, _, _ in found] == [24]
    assert '"prod" and "test" (line 4) have the same redirect host' in found[0][2]


def test_a_host_named_twice_in_one_environment_is_no_conflict(write: Write) -> None:
    registry = load(write("    sso_hosts: [sso.example.org, sso.example.org]"))
    assert registry.environments["test"].sso_hosts == ("sso.example.org",) * 2


def test_conflicts_are_said_together_with_other_errors(write: Write) -> None:
    file = write(*SECOND, "  broken: {}", line11="      cloud_id: abc")
    with pytest.raises(ConfigurationError) as caught:
        load(file)
    assert [fault.key for fault in caught.value.faults] == [
        "environments.prod.cloud_sso.cloud_id",
        "environments.broken.imis",
        "environments.broken.cloud_sso",
    ]
