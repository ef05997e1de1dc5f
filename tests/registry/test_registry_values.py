"""What a right registry file gives (contract 5)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import trustme
from pydantic import ValidationError

from imis_sso.domain.resources import Destroy
from imis_sso.domain.sources import SecretSource
from imis_sso.environments import load

Write = Callable[..., Path]


def test_defaults_are_the_careful_ones(write: Write) -> None:
    """Contract C44: observe-only first; C5: retain; C45: nothing pinned for SSO."""
    environment = load(write()).environments["test"]
    assert environment.name == "test"
    assert not environment.writable
    assert not environment.production
    assert environment.on_destroy == Destroy.RETAIN
    assert environment.sso_hosts == ()
    assert environment.secrets == {}
    assert environment.tenant.pins() == {}
    assert environment.imis.token_path == "/token"
    assert environment.imis.unread_secret is None
    assert environment.egress.allow == ()
    assert environment.ca_file is None


@pytest.mark.parametrize(
    ("lines", "edits", "required"),
    [
        ((), "verified", False),
        (("    production: true",), "test_mode_only", True),
        (("    production: true", "    edits_while_enabled: verified"), "verified", True),
        (("    production: true", "    require_attestation: false"), "test_mode_only", False),
        (("    edits_while_enabled: test_mode_only",), "test_mode_only", False),
        (("    require_attestation: true",), "verified", True),
    ],
)
def test_production_is_careful_unless_it_says_otherwise(
    write: Write, lines: tuple[str, ...], edits: str, *, required: bool
) -> None:
    """contract 1.2, C44."""
    environment = load(write(*lines)).environments["test"]
    assert environment.edits_while_enabled == edits
    assert environment.require_attestation is required


@pytest.mark.parametrize(
    ("lines", "rehearsal"),
    [
        ((), "not-required"),
        (("    production: true",), "required"),
        (("    production: true", "    rehearsal: not-required"), "not-required"),
        (("    rehearsal: required",), "required"),
    ],
)
def test_production_asks_for_a_rehearsal(
    write: Write, lines: tuple[str, ...], rehearsal: str
) -> None:
    """contract 4, `connector-unproven`."""
    assert load(write(*lines)).environments["test"].rehearsal == rehearsal


def test_everything_that_can_be_set(write: Write, tmp_path: Path) -> None:
    trustme.CA().cert_pem.write_to_path(tmp_path / "ca.pem")
    environment = load(
        write(
            "    production: true",
            "    writes: allowed",
            "    on_destroy: disable",
            "    sso_hosts: [sso.example.org, 'sso.example.org:8443']",
            "    imis_hosts: [www.example.org]",
            "    tenant: {organisation: Example, provider_id: '1', cloud_id: abctest}",
            "    ca_file: ca.pem",
            "    egress: {allow: ['127.0.0.1:4711', '[::1]:4711']}",
            "    secrets: {hand-over: {source: 'env:SECRET', for: [imis/openid-connect]}}",
            line6="      username: svc\n      token_path: /Asi.Scheduler_x/token\n"
            "      provider_id: '7'\n      unread_secret: keeps",
        )
    ).environments["test"]
    assert environment.production
    assert environment.writable
    assert environment.on_destroy == Destroy.DISABLE
    assert environment.sso_hosts == ("sso.example.org", "sso.example.org:8443")
    assert environment.imis_hosts == ("www.example.org",)
    assert environment.tenant.pins() == {
        "organisation": "Example",
        "provider_id": "1",
        "cloud_id": "abctest",
    }
    assert environment.ca_file == tmp_path / "ca.pem"
    assert environment.egress.allow == ("127.0.0.1:4711", "[::1]:4711")
    assert environment.secrets["hand-over"].documents == ("imis/openid-connect",)
    assert environment.secrets["hand-over"].source == SecretSource("hand-over", "env", "SECRET")
    assert environment.imis.token_path == "/Asi.Scheduler_x/token"
    assert environment.imis.provider_id == "7"
    assert environment.imis.unread_secret == "keeps"


def test_a_connector_is_one_name_or_an_ordered_list(write: Write) -> None:
    """The first that is able serves; each is named once."""
    environment = load(write()).environments["test"]
    assert environment.imis.connector == ("imis_rest",)
    assert environment.cloud_sso.connector == ("cloud_sso_dashboard",)
    assert environment.cloud_sso.automation_permitted_by == "A. Name of the vendor, 2026-05-04"
    listed = load(write(line5="      connector: [imis_rest]")).environments["test"]
    assert listed.imis.connector == ("imis_rest",)


def test_passwords_are_sources_and_files_start_from_the_registrys_folder(
    write: Write, tmp_path: Path
) -> None:
    environment = load(write()).environments["test"]
    assert environment.imis.password == SecretSource("imis.password", "env", "IMIS_PASSWORD")
    assert environment.cloud_sso.password == SecretSource(
        "cloud_sso.password", "file", str(tmp_path / "cloud-password")
    )


@pytest.mark.parametrize(
    ("url", "base", "host"),
    [
        ("https://members.example.org/", "https://members.example.org", "members.example.org"),
        ("https://m.example.org:8443", "https://m.example.org:8443", "m.example.org:8443"),
        ("https://m.example.org/imis/", "https://m.example.org/imis", "m.example.org"),
        ("https://127.0.0.1:4711", "https://127.0.0.1:4711", "127.0.0.1:4711"),
    ],
)
def test_the_redirect_may_name_the_host_of_the_imis_address(
    write: Write, url: str, base: str, host: str
) -> None:
    """Contract C45: the default of `imis_hosts`."""
    environment = load(write(line4=f"      url: {url}")).environments["test"]
    assert environment.imis.url == base
    assert environment.imis_hosts == (host,)


def test_an_empty_list_of_redirect_hosts_trusts_nothing(write: Write) -> None:
    """An empty list was written on purpose: the default does not creep back in."""
    assert load(write("    imis_hosts: []")).environments["test"].imis_hosts == ()


def test_nothing_can_be_changed_afterwards(write: Write) -> None:
    registry = load(write("    secrets: {a: {source: 'env:A', for: [imis/openid-connect]}}"))
    environment = registry.environments["test"]
    with pytest.raises(ValidationError):
        environment.writes = "allowed"  # type: ignore[misc]
    with pytest.raises(ValidationError):
        environment.imis.url = "https://elsewhere.example.org"  # type: ignore[misc]
    with pytest.raises(TypeError):
        registry.environments["other"] = environment  # type: ignore[index]
    with pytest.raises(TypeError):
        environment.secrets["b"] = environment.secrets["a"]  # type: ignore[index]


def test_anchors_and_merges_work_and_own_keys_win(tmp_path: Path) -> None:
    file = tmp_path / "registry.yaml"
    file.write_text(
        """\
environments:
  test: &test
    writes: allowed
    imis: &imis
      {url: "https://a.example.org", connector: imis_rest, username: u, password: "env:A"}
    cloud_sso: &cloud
      {url: "https://d.example.org", connector: cloud_sso_dashboard, cloud_id: a, username: u,
       automation_permitted_by: "A. Name of the vendor, 2026-05-04",
       password: "env:B"}
  prod:
    <<: *test
    writes: refused
    imis:
      <<: [{url: "https://b.example.org"}, *imis]
    cloud_sso:
      cloud_id: b
      <<: *cloud
""",
        "utf-8",
    )
    registry = load(file)
    assert list(registry.environments) == ["test", "prod"]
    production = registry.environments["prod"]
    assert production.writes == "refused"
    assert production.imis.url == "https://b.example.org"
    assert production.cloud_sso.cloud_id == "b"
    assert production.cloud_sso.url == registry.environments["test"].cloud_sso.url


def test_a_byte_order_mark_and_windows_line_ends_are_no_obstacle(write: Write) -> None:
    file = write("    writes: allowed")
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes().replace(b"\n", b"\r\n"))
    assert load(file).environments["test"].writable


def test_five_hundred_environments_load_as_quickly_as_they_should(tmp_path: Path) -> None:
    """Target P8 wants many environments; the cost must grow with their number and no faster."""
    entries = [
        f"  e{number}: {{imis: {{url: 'https://i{number}.example.org', connector: imis_rest, "
        f"username: u, password: 'env:A'}}, cloud_sso: {{url: 'https://d.example.org', "
        f"connector: cloud_sso_dashboard, cloud_id: c{number}, username: u, password: 'env:B', "
        "automation_permitted_by: 'A. Name, 2026-05-04'}}"
        for number in range(500)
    ]
    file = tmp_path / "registry.yaml"
    file.write_text("environments:\n" + "\n".join(entries), "utf-8")
    registry = load(file)
    assert len(registry.environments) == 500
    assert registry.tree.line(("environments", "e499")) == 501


def test_the_way_to_the_products(write: Write) -> None:
    """A proxy's address, or the source of one; log-ins by a person and with codes."""
    plain = load(write("    proxy: http://proxy.example.org:3128")).environments["test"]
    assert plain.proxy == "http://proxy.example.org:3128"
    coded = '      username: admin\n      totp: "env:CODES"'
    registry = load(write("    proxy: env:PROXY", "    user_agent: example.org", line12=coded))
    assert registry.environments["test"].user_agent == "example.org"
    found = {".".join(map(str, key)): source.scheme for key, source in registry.sources()}
    assert found["environments.test.proxy"] == "env"
    assert found["environments.test.cloud_sso.totp"] == "env"


def test_a_person_needs_no_password_in_the_file(write: Write) -> None:
    file = write(line12="      login: interactive", line13="")
    section = load(file).environments["test"].cloud_sso
    assert (section.login, section.username, section.password) == ("interactive", None, None)
