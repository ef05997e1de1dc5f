"""Every error of a registry file: its line, its key and one clear sentence (contract 5)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from imis_sso.environments import ConfigurationError, load

Write = Callable[..., Path]
Found = list[tuple[int | None, str, str]]
Faults = Callable[..., Found]

ENV = "environments.test"

ADDED = [
    # unknown keys name the nearest known one (contract C11)
    ("    ssohosts: []", f"{ENV}.ssohosts", 'unknown key; the nearest known one is "sso_hosts"'),
    ("    on-destroy: x", f"{ENV}.on-destroy", 'the nearest known one is "on_destroy"'),
    ("    qqq: 1", f"{ENV}.qqq", "unknown key; known here: imis, cloud_sso, production"),
    ("    name: x", f"{ENV}.name", "unknown key"),
    ("    tenant: {org: x}", f"{ENV}.tenant.org", "unknown key"),
    # wrong types name the expected one
    ("    production: 'yes'", f"{ENV}.production", "expected true or false, found text"),
    ("    production: 1", f"{ENV}.production", "expected true or false, found a number"),
    ("    sso_hosts: a.example.org", f"{ENV}.sso_hosts", "expected a list, found text"),
    ("    sso_hosts: [1]", f"{ENV}.sso_hosts[0]", "expected text, found a number"),
    ("    tenant: {organisation: 5}", f"{ENV}.tenant.organisation", "expected text, found a num"),
    ("    tenant: {cloud_id: 2024-01-31}", f"{ENV}.tenant.cloud_id", "expected text, found a date"),
    ("    tenant: []", f"{ENV}.tenant", "expected a mapping, found a list"),
    ("    secrets:", f"{ENV}.secrets", "expected a mapping, found nothing"),
    ("    writes: true", f"{ENV}.writes", "expected refused or allowed, found true or false"),
    ("    writes: alowed", f"{ENV}.writes", "expected refused or allowed, found another text"),
    ("    on_destroy: remove", f"{ENV}.on_destroy", "expected retain, disable or restore, f"),
    # known to the specification, not built
    (
        "    edits_while_enabled: x",
        f"{ENV}.edits_while_enabled",
        "expected verified or test_mode_only",
    ),
    ("    require_attestation: 'yes'", f"{ENV}.require_attestation", "expected true or false"),
    ("    change_guards: {}", f"{ENV}.change_guards", "is not available in this version"),
    ("    promotion: {}", f"{ENV}.promotion", "is not available in this version"),
    ("    rehearsal: x", f"{ENV}.rehearsal", "expected required or not-required"),
    ("    automation_permitted_by: x", f"{ENV}.automation_permitted_by", "unknown key"),
    ("    pages_dir: x", f"{ENV}.pages_dir", "unknown key"),
    ("    directories: {}", f"{ENV}.directories", "is not available in this version"),
    # hosts (contract C45)
    ("    sso_hosts: [SSO.example.org]", f"{ENV}.sso_hosts[0]", "which is sso.example.org"),
    ("    sso_hosts: ['a.example.org:443']", f"{ENV}.sso_hosts[0]", "which is a.example.org"),
    ("    imis_hosts: ['https://a.example.org/']", f"{ENV}.imis_hosts[0]", "not an address"),
    ("    imis_hosts: ['*.example.org']", f"{ENV}.imis_hosts[0]", "host or host:port"),
    ("    imis_hosts: ['u@a.example.org']", f"{ENV}.imis_hosts[0]", "host or host:port"),
    ("    imis_hosts: ['a.example.org.']", f"{ENV}.imis_hosts[0]", "neither with a colon nor"),
    ("    imis_hosts: ['a.example.org:']", f"{ENV}.imis_hosts[0]", "neither with a colon nor"),
    ("    imis_hosts: ['a.example.org:99999']", f"{ENV}.imis_hosts[0]", "host or host:port"),
    ("    imis_hosts: ['']", f"{ENV}.imis_hosts[0]", "host or host:port"),
    ("    egress: {allow: [127.0.0.1:0]}", f"{ENV}.egress.allow[0]", "host or host:port"),
    ("    egress: {allow: ['[::0:1]']}", f"{ENV}.egress.allow[0]", "which is [::1]"),
    ("    egress: {allow: ['[1::2::3]']}", f"{ENV}.egress.allow[0]", "host or host:port"),
    ("    egress: {allow: ['[::12345]']}", f"{ENV}.egress.allow[0]", "host"),
    # named secrets (contract C21)
    ("    secrets: {a: {source: 'env:A', for: []}}", f"{ENV}.secrets.a.for", "must not be empty"),
    ("    secrets: {a: {source: 'env:A'}}", f"{ENV}.secrets.a.for", "is missing"),
    ("    secrets: {a: {for: [imis/openid-connect]}}", f"{ENV}.secrets.a.source", "is missing"),
    (
        "    secrets: {A: {source: 'env:A', for: [imis/openid-connect]}}",
        f"{ENV}.secrets.A",
        "lower",
    ),
    (
        "    secrets: {cloud-sso-imis-client: {source: 'env:A', for: [imis/openid-connect]}}",
        f"{ENV}.secrets.cloud-sso-imis-client",
        "is built in",
    ),
    (
        "    secrets: {a: {source: 'env:A', for: [imis/oidc-authentication]}}",
        f"{ENV}.secrets.a.for[0]",
        "is not a document that takes a secret; there is: imis/openid-connect",
    ),
    (
        "    secrets: {a: {source: 'env:A', for: [cloud-sso/imis-sso-settings]}}",
        f"{ENV}.secrets.a.for[0]",
        "is not a document that takes a secret",
    ),
    (
        "    secrets: {a: {source: 'env:A', for: [cloud-sso/directories/Staff]}}",
        f"{ENV}.secrets.a.for[0]",
        "there is: imis/openid-connect, cloud-sso/directories/{id}",
    ),
    (
        "    secrets: {a: {source: 'env:A', documents: [x], for: [imis/openid-connect]}}",
        f"{ENV}.secrets.a.documents",
        "unknown key; known here: source, for",
    ),
    (
        "    secrets: {a: {source: 'env:A', hosts: [x], for: [imis/openid-connect]}}",
        f"{ENV}.secrets.a",
        "hosts are for a secret that may go into a directory",
    ),
    *(
        (
            f"    secrets: {{a: {{source: 'env:A', expires: {value}, for: [imis/openid-connect]}}}}",
            f"{ENV}.secrets.a.expires",
            "must be a date such as 2027-01-31",
        )
        for value in (
            "x",
            "2027-02-30x",
            "'2027-02-30'",
            "20270131",
            "'20270131'",
            "'2027-W01-1'",
            "2027-01-31T10:00:00Z",
            "true",
            "[]",
        )
    ),
    *(
        (f"    expiry_warning_days: {value}", f"{ENV}.expiry_warning_days{at}", words)
        for value, at, words in (
            ("30", "", "expected a list, found a number"),
            ("[]", "", "must not be empty"),
            ("[0]", "[0]", "must be at least 1"),
            ("[7, '30']", "[1]", "expected a whole number, found text"),
            ("[4000]", "[0]", "must be at most 3650"),
        )
    ),
    # files
    ("    ca_file: nowhere.pem", f"{ENV}.ca_file", "nowhere.pem: No such file or directory"),
    ("    ca_file: registry.yaml", f"{ENV}.ca_file", "holds no certificate in PEM form"),
    ("    ca_file: .", f"{ENV}.ca_file", ""),
    ("    ca_file: [x]", f"{ENV}.ca_file", "expected text, found a list"),
    # the way to the products
    *(
        (f"    {line}", f"{ENV}.{line.partition(':')[0]}", words)
        for line, words in (
            ("proxy: http://proxy.example.org", "must be http://host:port, or a source"),
            ("proxy: https://proxy.example.org:3128", "must be http://host:port, or a source"),
            ("proxy: http://me:pw@proxy.example.org:3128", "has credentials: put the whole"),
            ("proxy: proxy.example.org", 'must name a source, "env:NAME"'),
            ("proxy: 3128", "expected text"),
            ("user_agent: ' x'", "must not begin or end with white space"),
            ("user_agent: 'é'", "must be at most 100 printable ASCII characters"),
            ("browser_idle_minutes: 0", "must be at least 1"),
        )
    ),
    # the tenant (contract C46)
    ("    tenant: {cloud_id: other}", ENV, "tenant.cloud_id is not cloud_sso.cloud_id"),
]


@pytest.mark.parametrize(("line", "key", "message"), ADDED, ids=[each[0] for each in ADDED])
def test_a_line_added_to_an_environment(faults: Faults, line: str, key: str, message: str) -> None:
    found = faults(line)
    assert [each[1] for each in found] == [key]
    assert message in found[0][2]
    # A fault of the environment as a whole stands at its name; every other at its own line.
    assert found[0][0] == (2 if key == ENV else 15)


REPLACED = [
    (4, "      url: http://members.example.org", "imis.url", "must be an https address"),
    (
        4,
        "      url: HTTPS://Members.example.org:443/x",
        "imis.url",
        "https://members.example.org/x",
    ),
    (4, "      url: https://u:pw@members.example.org", "imis.url", "without user name"),
    (4, "      url: https://members.example.org?x=1", "imis.url", "must not have a query"),
    (4, "      url: https://members.example.org#x", "imis.url", "must not have a fragment"),
    (
        4,
        "      url: https://members.example.org.",
        "imis.url",
        "neither with a colon nor with a dot",
    ),
    (4, "      url: ' https://members.example.org'", "imis.url", "is not in its canonical form"),
    (4, "      url: members", "imis.url", "must be an https address"),
    (4, "      url: 5", "imis.url", "expected text, found a number"),
    (
        5,
        "      connector: imis_soap",
        "imis.connector",
        (
            "expected imis_rest, imis_staff_site or assisted, or a list of them in the order they are "
            "tried, found another text"
        ),
    ),
    (
        5,
        "      connector: [assisted, imis_rest]",
        "imis.connector",
        '"assisted" must stand last: whoever comes after it is never tried',
    ),
    (5, "      connector: []", "imis.connector", "the list is empty"),
    (5, "      connector: 5", "imis.connector", "found something else"),
    (5, "      connector: [imis_rest, x]", "imis.connector", "found another text (entry 2)"),
    (
        5,
        "      connector: [imis_rest, imis_rest]",
        "imis.connector",
        '"imis_rest" is there twice (entry 2)',
    ),
    (6, "      username: 12345", "imis.username", "expected text, found a number"),
    (6, "      username: ''", "imis.username", "must not be empty"),
    (6, "      username: ' svc'", "imis.username", "must not begin or end with white space"),
    (6, '      username: "a\\nb"', "imis.username", "contains a line break"),
    (6, "      username: null", "imis.username", "expected text, found nothing"),
    (
        7,
        "      password: hunter2",
        "imis.password",
        'must name a source, "env:NAME", "file:PATH", "keyring:SERVICE/USER" or "vault:MOUNT/PATH#FIELD"; a secret never',
    ),
    (7, "      password: 'env:NO-NAME'", "imis.password", "must name a source"),
    (7, "      password: 'env:'", "imis.password", "must name a source"),
    (7, "      password: 'file:'", "imis.password", "must name a source"),
    *(
        (7, f"      password: '{source}'", "imis.password", "must name a source")
        for source in (
            "keyring:",
            "keyring:service",
            "keyring:/user",
            "keyring:service/",
            "vault:kv/x",
            "vault:kv/x#",
            "vault:#x",
            "vault:kv#x",
            "vault:/kv/x#f",
            "vault:kv//x#f",
            "vault:kv/x/#f",
            "vault:kv/../sys/x#f",
            "vault:kv/./x#f",
            "vault:../x#f",
            "vault:kv/..#f",
            "vault:kv/x?version=1#f",
        )
    ),
    (
        7,
        "      password: 'vault:kv/x#f'",
        "imis.password",
        "names Vault, but server.vault, which says where that is, is not set",
    ),
    (7, "      password: {env: X}", "imis.password", "expected text, found a mapping"),
    (7, "      pasword: 'env:A'", "imis.pasword", 'the nearest known one is "password"'),
    (7, "      token_path: token", "imis.token_path", "must be a path such as /token"),
    (7, "      token_path: /token?x", "imis.token_path", "must be a path such as /token"),
    (7, "      unread_secret: loses", "imis.unread_secret", "expected keeps"),
    (
        10,
        "      connector: imis_rest",
        "cloud_sso.connector",
        "expected cloud_sso_dashboard or assisted",
    ),
    *(
        (
            14,
            f"      automation_permitted_by: {said}",
            "cloud_sso.automation_permitted_by",
            "must say who permitted it and when",
        )
        for said in (
            "granted",
            "A. Name",
            "'2026-05-04'",
            "', 2026-05-04'",
            "'A. Name, 2026-02-30'",
        )
    ),
    (11, "      cloud_id: 0123", "cloud_sso.cloud_id", "expected text, found a number"),
    (11, "      cloud-id: abc", "cloud_sso.cloud-id", 'the nearest known one is "cloud_id"'),
]


@pytest.mark.parametrize(
    ("number", "line", "key", "message"), REPLACED, ids=[each[1].strip() for each in REPLACED]
)
def test_a_line_replaced(faults: Faults, number: int, line: str, key: str, message: str) -> None:
    found = faults(**{f"line{number}": line})
    there = [each for each in found if each[1] == f"{ENV}.{key}"]
    assert [each[0] for each in there] == [number]
    assert message in there[0][2]


def test_what_is_missing_is_named_at_the_section_that_lacks_it(faults: Faults) -> None:
    assert faults(line6="") == [(3, f"{ENV}.imis.username", "is missing")]


def test_a_misplaced_secret_is_never_repeated(faults: Faults) -> None:
    """Contract C20: what stands where a source belongs may be the password itself."""
    for canary in ("correct horse battery", "env:correct horse", "vault:correct-horse"):
        assert "orrect" not in str(faults(line7=f"      password: '{canary}'"))


SERVER = [
    ("host: 5", "host", "expected text, found a number"),
    ("port: '80'", "port", "expected a whole number, found text"),
    ("port: 65536", "port", "must be at most 65535"),
    ("port: -1", "port", "must be at least 0"),
    ("rate_limit: 99", "rate_limit", "must be at least 100"),
    ("rate_limit: true", "rate_limit", "expected a whole number, found true or false"),
    ("log_level: loud", "log_level", "expected debug, info, warning or error"),
    ("data_dir: ''", "data_dir", "must not be empty"),
    ("data_dir: ~nobody-of-this-name/x", "data_dir", "this user has no home folder"),
    ("hots: x", "hots", 'the nearest known one is "host"'),
    *((f"{key}: x", key, "is not available in this version") for key in ("metrics", "hold")),
    ("pages_dir: 5", "pages_dir", "expected text"),
]


@pytest.mark.parametrize(("entry", "key", "message"), SERVER, ids=[each[0] for each in SERVER])
def test_server_options(faults: Faults, entry: str, key: str, message: str) -> None:
    found = faults(line1=f"server:\n  {entry}\nenvironments:")
    assert [(line, name) for line, name, _ in found] == [(2, f"server.{key}")]
    assert message in found[0][2]


def test_all_errors_come_at_once_in_the_order_of_lines_one_line_each(write: Write) -> None:
    file = write(
        "    writes: perhaps",
        "  prod:",
        "    sso_hosts: [login.microsoftonline.com]",
        line1="server: {port: x}\nenvironments:",
        line6="      username: 5",
    )
    with pytest.raises(ConfigurationError) as caught:
        load(file)
    lines = str(caught.value).splitlines()
    assert [line.split(": ")[:2] for line in lines] == [
        [f"{file}:1", "server.port"],
        [f"{file}:7", f"{ENV}.imis.username"],
        [f"{file}:16", f"{ENV}.writes"],
        [f"{file}:17", "environments.prod.imis"],
        [f"{file}:17", "environments.prod.cloud_sso"],
        [f"{file}:18", "environments.prod.sso_hosts[0]"],
    ]


@pytest.mark.parametrize(
    "host",
    [
        "login.microsoftonline.com",
        "sts.windows.net",
        "cognito-idp.eu-west-1.amazonaws.com",
        "example.okta.com",
        "example.oktapreview.com",
        "example.okta.com:8443",
    ],
)
def test_a_directorys_host_is_no_sso_host(faults: Faults, host: str) -> None:
    """Product facts 5: directory values belong in Cloud SSO only."""
    found = faults(f"    sso_hosts: ['{host}']")
    message = f"{host} is a directory's host: directory values belong in Cloud SSO only"
    assert found == [(15, f"{ENV}.sso_hosts[0]", message)]


def test_pages_of_a_vendor_are_driven_only_with_permission(faults: Faults) -> None:
    """The key, the page of the documentation and the way out are named."""
    ((line, key, message),) = faults(line14="")
    assert (line, key) == (8, f"{ENV}.cloud_sso.automation_permitted_by")
    assert message.startswith("is missing: cloud_sso_dashboard drives pages")
    assert "docs/is-this-allowed.md" in message
