"""Settings files to synthesise: everything said, the least, and partly unmanaged."""

from __future__ import annotations

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
