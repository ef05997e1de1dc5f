"""The presets of docs/callers.md: each loads, and lets in whom it says (contract C40)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from imis_sso.domain.access import Principal, Scope
from imis_sso.domain.callers import let_in
from imis_sso.environments import load

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "callers.md").read_text("utf-8")
ENVIRONMENT = {
    "imis": {"connector": "imis_rest", "username": "a", "password": "env:A"},
    "cloud_sso": {
        "connector": "cloud_sso_dashboard",
        "automation_permitted_by": "A. Name, 2026-05-04",
        "username": "b",
        "password": "env:B",
    },
}

# As the platforms' own documentation shows their tokens.
GITHUB: dict[str, Any] = {
    "iss": "https://token.actions.githubusercontent.com",
    "aud": "imis-sso",
    "sub": "repo:acme/members:environment:prod",
    "repository": "acme/members",
    "repository_owner": "acme",
    "environment": "prod",
    "event_name": "push",
    "ref": "refs/heads/main",
    "sha": "example-sha",
    "run_id": "1234",
    "actor": "jane",
}
GITLAB: dict[str, Any] = {
    "iss": "https://gitlab.com",
    "aud": "imis-sso",
    "sub": "project_path:acme/members:ref_type:branch:ref:main",
    "project_path": "acme/members",
    "namespace_path": "acme",
    "ref": "main",
    "ref_type": "branch",
    "ref_protected": "true",
    "pipeline_source": "push",
    "sha": "example-sha",
    "pipeline_id": "77",
}
HCP: dict[str, Any] = {
    "iss": "https://app.terraform.io",
    "aud": "imis-sso",
    "sub": "organization:acme:project:Default Project:workspace:members-prod:run_phase:apply",
    "terraform_organization_name": "acme",
    "terraform_workspace_name": "members-prod",
    "terraform_run_phase": "apply",
    "terraform_run_id": "run-x",
}


def caller(tmp_path: Path, chapter: str, claims: dict[str, Any]) -> Principal | None:
    text = PAGE.split(f"\n## {chapter}\n")[1].split("\n## ")[0]
    document = yaml.safe_load(re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)[0])
    environment = {key: dict(each) for key, each in ENVIRONMENT.items()}
    environment["imis"]["url"] = "https://members.example.org"
    environment["cloud_sso"] |= {"url": "https://dashboard.example.com", "cloud_id": "acme"}
    file = tmp_path / "registry.yaml"
    file.write_text(yaml.safe_dump(document | {"environments": {"prod": environment}}), "utf-8")
    return let_in([each.rule() for each in load(file).server.callers], claims)


CASES: list[tuple[str, dict[str, Any], dict[str, Any], Scope | None]] = [
    ("GitHub Actions", GITHUB, {}, Scope.APPLY),
    ("GitHub Actions", GITHUB, {"sub": "repo:acme/members:ref:refs/heads/main"}, Scope.READ),
    ("GitHub Actions", GITHUB, {"sub": "repo:acme/members:pull_request"}, Scope.READ),
    ("GitHub Actions", GITHUB, {"event_name": "pull_request"}, Scope.READ),
    ("GitHub Actions", GITHUB, {"repository": "evil/members"}, None),
    ("GitHub Actions", GITHUB, {"aud": "https://github.com/acme"}, None),
    ("GitLab", GITLAB, {}, Scope.APPLY),
    ("GitLab", GITLAB, {"ref": "feature"}, Scope.READ),
    ("GitLab", GITLAB, {"ref_protected": "false"}, Scope.READ),
    ("GitLab", GITLAB, {"pipeline_source": "merge_request_event"}, Scope.READ),
    ("GitLab", GITLAB, {"project_path": "evil/members"}, None),
    ("HCP Terraform", HCP, {}, Scope.APPLY),
    ("HCP Terraform", HCP, {"sub": HCP["sub"].replace("apply", "plan")}, Scope.READ),
    ("HCP Terraform", HCP, {"sub": HCP["sub"].replace("members-prod", "other")}, Scope.READ),
    ("HCP Terraform", HCP, {"terraform_organization_name": "evil"}, None),
    ("HCP Terraform", HCP, {"terraform_workspace_name": "other", "sub": "x"}, None),
]


@pytest.mark.parametrize(
    ("chapter", "claims", "changed", "scope"), CASES, ids=[f"{c[0]} {c[2]}" for c in CASES]
)
def test_a_preset_lets_in_whom_it_says(
    tmp_path: Path,
    chapter: str,
    claims: dict[str, Any],
    changed: dict[str, Any],
    scope: Scope | None,
) -> None:
    found = caller(tmp_path, chapter, claims | changed)
    assert (found.scope if found else None) is scope


def test_what_ran_is_recorded(tmp_path: Path) -> None:
    for chapter, claims, recorded in (
        ("GitHub Actions", GITHUB, {"repository", "ref", "sha", "run_id", "actor", "environment"}),
        ("GitLab", GITLAB, {"namespace_path", "project_path", "ref", "sha", "pipeline_id"}),
        ("HCP Terraform", HCP, {each for each in HCP if each.startswith("terraform_")}),
    ):
        found = caller(tmp_path, chapter, claims)
        assert found is not None
        assert recorded | {"iss", "sub"} <= found.claims.keys()
