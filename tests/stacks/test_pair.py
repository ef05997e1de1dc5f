"""The synthesised stack: what Terraform is told."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from stack_runs import ENVIRONMENTS

Stack = dict[str, Any]
DOCUMENTS = {
    "imis_openid_connect": "imis/openid-connect",
    "cloud_sso_imis_sso_settings": "cloud-sso/imis-sso-settings",
    "imis_oidc_authentication": "imis/oidc-authentication",
}


def managed(stack: Stack) -> dict[str, Any]:
    """Give the managed documents by their logical names."""
    resources: dict[str, Any] = stack["resource"]["restful_resource"]
    return resources


def readings(stack: Stack) -> dict[str, Any]:
    """Give the data sources by their logical names."""
    data: dict[str, Any] = stack["data"]["restful_resource"]
    return data


def texts(value: Any) -> list[str]:
    """Give every text inside a value."""
    if isinstance(value, dict):
        return [text for inner in value.values() for text in texts(inner)]
    if isinstance(value, list):
        return [text for inner in value for text in texts(inner)]
    return [value] if isinstance(value, str) else []


def test_every_document_has_its_own_path(stacks: dict[str, Stack]) -> None:
    """Contract C1: one settings document is one URL, under its environment."""
    for name in ("full", "least"):
        paths = {key: resource["path"] for key, resource in managed(stacks[name]).items()}
        assert paths == {key: f"/v1/environments/{name}/{p}" for key, p in DOCUMENTS.items()}


def test_documents_are_written_in_order(stacks: dict[str, Stack]) -> None:
    """Contract 1.2: iMIS settings, Cloud SSO redirect, mode last of all."""
    after = {key: value.get("depends_on", []) for key, value in managed(stacks["least"]).items()}
    first, second, last = (f"restful_resource.{name}" for name in DOCUMENTS)
    assert after == {
        "imis_openid_connect": [],
        "cloud_sso_imis_sso_settings": [first],
        "imis_oidc_authentication": [first, second],
    }
    assert last == "restful_resource.imis_oidc_authentication"


def test_the_body_renders_every_key(stacks: dict[str, Stack]) -> None:
    """Contract 8: a review sees what is set, e-mail body excepted."""
    shown = "${data.restful_resource.imis_client.output.%s}"
    assert managed(stacks["least"])["imis_openid_connect"]["body"] == {
        "authority_url": shown % "issuer",
        "client_id": shown % "client_id",
        "client_secret_ref": "cloud-sso-imis-client",
        "client_secret_version": shown % "client_secret_version",
        "external_id_claim_type": "external_id",
        "name": "Cloud SSO",
        "redirect_login_url": "https://members-test.example.org/",
        "require_public_users": False,
        "set_login_hint": True,
        "tenant_id": "",
        "type": "okta",
        "user_authentication": {"claim_type": "staff", "claim_value": "1"},
        "well_known_url": shown % "discovery_url",
    }


def test_texts_of_the_settings_are_no_templates(stacks: dict[str, Stack]) -> None:
    """Somebody's mail text may hold what Terraform, or the library, would replace."""
    body = managed(stacks["full"])["imis_openid_connect"]["body"]
    assert body["email_body"] == (
        'Dear $${name},\n100%%{really} {TfToken${"["}TOKEN.0]} $${TfToken${"["}TOKEN.0]}'
    )


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_no_body_refers_to_a_managed_document(stacks: dict[str, Stack], name: str) -> None:
    """Contract 8: it would be "known after apply" on every change."""
    bodies = [resource["body"] for resource in managed(stacks[name]).values()]
    references = [text for text in texts(bodies) if re.search(r"(?<!\$)\$\{(?!\")", text)]
    assert all(text.startswith("${data.restful_resource.") for text in references)


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_what_feeds_a_body_depends_on_nothing(stacks: dict[str, Stack], name: str) -> None:
    """Contract 8: else its values are unknown when planning; only the verification waits."""
    data = readings(stacks[name])
    waiting = {key for key, value in data.items() if value.get("depends_on")}
    assert waiting == {"verification"}
    everything = {f"restful_resource.{key}" for key in managed(stacks[name])}
    assert set(data["verification"]["depends_on"]) == everything


def test_only_what_a_body_uses_is_read(stacks: dict[str, Stack]) -> None:
    """Where all is given, a plan does not need Cloud SSO's page."""
    assert set(readings(stacks["least"])) == {"imis_client", "verification"}
    assert set(readings(stacks["full"])) == {"secret_vaulted", "verification"}
    secret = readings(stacks["full"])["secret_vaulted"]
    assert secret["id"] == "/v1/environments/full/secrets/vaulted"


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_every_value_that_is_read_must_not_be_empty(stacks: dict[str, Stack], name: str) -> None:
    """An empty value would be written over a good one; the plan stops, in words of its own."""
    data = readings(stacks[name])
    bodies = [resource["body"] for resource in managed(stacks[name]).values()]
    used = set(re.findall(r"data\.restful_resource\.(\w+)\.output\.(\w+)", json.dumps(bodies)))
    demanded = {
        (key, re.fullmatch(r"\$\{self\.output\.(\w+) != \"\"\}", demand["condition"])[1])  # type: ignore[index]
        for key, value in data.items()
        for demand in value.get("lifecycle", {}).get("postcondition", [])
    }
    assert demanded == used != set()


def test_a_demand_says_what_is_missing_and_where(stacks: dict[str, Stack]) -> None:
    """The reader of a failed plan knows neither product's internals."""
    demands = readings(stacks["least"])["imis_client"]["lifecycle"]["postcondition"]
    words = {demand["condition"]: demand["error_message"] for demand in demands}
    assert words['${self.output.issuer != ""}'] == (
        "Cloud SSO shows no Issuer under External Directories > iMIS SSO Settings, "
        "and authority_url is taken from there."
    )


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_every_document_is_imported(stacks: dict[str, Stack], name: str) -> None:
    """Contract 8: the id names the path and exactly the managed keys."""
    stack = stacks[name]
    imports = {block["to"]: json.loads(block["id"]) for block in stack["import"]}
    assert set(imports) == {f"restful_resource.{key}" for key in managed(stack)}
    for key, resource in managed(stack).items():
        found = imports[f"restful_resource.{key}"]
        assert found["id"] == found["path"] == resource["path"]
        assert found["body"].keys() == resource["body"].keys()


def test_an_import_reads_only_the_managed_part_of_an_object(stacks: dict[str, Stack]) -> None:
    """What is unmanaged inside an object must not turn up as a difference."""
    found = json.loads(stacks["partial"]["import"][0]["id"])
    assert found["body"]["user_authentication"] == {"claim_value": None}


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_resources_hold_path_and_body_only(stacks: dict[str, Stack], name: str) -> None:
    """More arguments would be a difference after every import."""
    for resource in managed(stacks[name]).values():
        assert set(resource) - {"//", "depends_on"} == {"path", "body"}


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_the_provider_and_its_token(stacks: dict[str, Stack], name: str) -> None:
    """The token is ephemeral, so that no saved plan holds it; 429 and 503 are retried (C33)."""
    stack = stacks[name]
    (provider,) = stack["provider"]["restful"]
    assert provider["security"] == {"http": {"token": {"token": "${var.imis_sso_token}"}}}
    assert provider["base_url"] == "${var.imis_sso_url}"
    assert (provider["create_method"], provider["update_method"]) == ("PUT", "PUT")
    assert provider["client"]["retry"]["status_codes"] == [429, 503]
    assert "max_wait_in_sec" not in provider["client"]["retry"]
    assert stack["variable"]["imis_sso_token"]["ephemeral"] is True
    assert not any("default" in variable for variable in stack["variable"].values())
    assert stack["terraform"]["required_providers"]["restful"] == {
        "source": "magodo/restful",
        "version": "0.25.2",
    }
    assert stack["terraform"]["required_version"] == ">= 1.11"


def test_the_verification_is_read_outside_its_check(stacks: dict[str, Stack]) -> None:
    """Inside, a plan with ``-detailed-exitcode`` would answer 2 for ever."""
    (check,) = stacks["least"]["check"]["verification"]
    assert set(check) == {"assert"}
    (assertion,) = check["assert"]
    assert assertion["condition"] == "${data.restful_resource.verification.output.passed}"
    assert "c.remedy" in assertion["error_message"]


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_an_output_changes_only_beside_a_body(stacks: dict[str, Stack], name: str) -> None:
    """An output of what is only read would make an empty plan non-empty."""
    bodies = [text for r in managed(stacks[name]).values() for text in texts(r["body"])]
    for key, output in stacks[name]["output"].items():
        assert key == "environment" or output["value"] in bodies


def test_each_state_stands_alone(stacks: dict[str, Stack]) -> None:
    """Contract 8: one state per environment; a backend's arguments are Terraform's own."""
    backends = {name: stack["terraform"]["backend"] for name, stack in stacks.items()}
    assert backends == {
        "full": {
            "s3": {
                "bucket": "states",
                "key": "full",
                "region": "eu-central-1",
                "use_lockfile": True,
            }
        },
        "least": {"local": {"path": "terraform.least.tfstate"}},
        "partial": {"local": {"path": "terraform.partial.tfstate"}},
    }


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_logical_names_follow_from_paths(stacks: dict[str, Stack], name: str) -> None:
    """A name that moved would be a destroy and a create."""
    for key, resource in managed(stacks[name]).items():
        assert resource["path"].endswith(DOCUMENTS[key])
