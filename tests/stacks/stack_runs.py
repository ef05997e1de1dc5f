"""Settings files to synthesise, ``main.py`` as a user runs it, and Terraform in a folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).resolve().parents[2]
os.environ.setdefault("JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION", "20")

FULL = """
environment: full
openid_connect:
  authority_url: https://sso.example.org/
  client_id: given-client
  client_secret_ref: vaulted
  email_body: "Dear ${name},\\n100%{really} {TfToken[TOKEN.0]} ${TfToken[TOKEN.0]}"
  external_id_claim_type: external_id
  name: 'The "members" sign-in'
  redirect_login_url: https://members.example.org/
  require_public_users: true
  set_login_hint: false
  tenant_id: 72f9
  type: entra_id
  user_authentication: {claim_type: role, claim_value: "true"}
  well_known_url: https://sso.example.org/.well-known/openid-configuration
oidc_authentication: {mode: disabled}
cloud_sso: {redirect_url: https://other.example.org/}
backend:
  s3: {bucket: states, key: full, region: eu-central-1, use_lockfile: true}
"""
LEAST = """
environment: least
openid_connect: {redirect_login_url: https://members-test.example.org/}
oidc_authentication: {mode: test_mode}
"""
PARTIAL = """
environment: partial
openid_connect:
  redirect_login_url: https://members-test.example.org/
  unmanaged: [client_id, client_secret_ref, client_secret_version, user_authentication.claim_type]
oidc_authentication: {unmanaged: [mode]}
cloud_sso: {unmanaged: [redirect_url]}
"""
ENVIRONMENTS = {"full": FULL, "least": LEAST, "partial": PARTIAL}


def run_main(environments: Path, out: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run ``python cdktf/main.py`` as a user does, with these environment variables."""
    given = {"IMIS_SSO_ENVIRONMENTS": str(environments), "IMIS_SSO_CDKTF_OUT": str(out)}
    return subprocess.run(
        [sys.executable, str(ROOT / "cdktf" / "main.py")],
        env=os.environ | given | variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@dataclass
class Terraform:
    """Terraform in one folder, with the project's own provider mirror."""

    folder: Path
    variables: dict[str, str]

    def run(self, *arguments: str, expect: int = 0, also: Mapping[str, str] | None = None) -> str:
        """Run one command; its output, after checking the exit code."""
        done = subprocess.run(
            ["terraform", *arguments],  # noqa: S607 - the one on PATH, as users have it
            cwd=self.folder,
            env=os.environ | _tools() | self.variables | dict(also or {}),
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == expect, f"{arguments}: {done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr

    def json(self, *arguments: str) -> Any:
        """Run one command that prints JSON, and read it."""
        return json.loads(self.run(*arguments))


def _tools() -> dict[str, str]:
    """Give what ``script/bootstrap`` noted, so that tests run outside of make as well."""
    file = ROOT / ".tools" / "env.json"
    noted: dict[str, str] = json.loads(file.read_text("utf-8")) if file.exists() else {}
    path = os.pathsep.join([noted.pop("PATH_PREPEND", ""), os.environ["PATH"]]).strip(os.pathsep)
    fixed = {"TF_IN_AUTOMATION": "1", "TF_CLI_ARGS": "-no-color", "CHECKPOINT_DISABLE": "1"}
    return noted | fixed | {"PATH": path}
