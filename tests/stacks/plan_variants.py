"""Settings in every shape that stack, module and hand-written configuration must agree on."""

from __future__ import annotations

from typing import Any

VARIANTS: dict[str, dict[str, Any]] = {
    "least": {},
    "named secret": {"client_secret_ref": "vaulted"},
    "no secret named": {"client_secret_ref": ""},
    "all given": {
        "authority_url": "https://given.example.org",
        "client_id": "given",
        "client_secret_version": "v1-given000000000",
        "email_body": "Dear ${name}, 100%{sure}",
        "name": "Given",
        "require_public_users": True,
        "set_login_hint": False,
        "tenant_id": "t",
        "type": "entra_id",
        "user_authentication": {"claim_type": "role", "claim_value": "yes"},
        "well_known_url": "https://given.example.org/.well-known/openid-configuration",
    },
    "partly unmanaged": {
        "unmanaged": ["client_id", "set_login_hint", "user_authentication.claim_type"]
    },
    "directories": {
        "directories": {
            "members": {
                "preset": {
                    "kind": "cognito",
                    "region": "us-east-1",
                    "pool_id": "us-east-1_Ab12",
                    "domain": "members",
                },
                "name": "Members",
                "client_id": "m",
            },
            "partners": {
                "preset": {"kind": "okta", "org": "partners"},
                "name": "Partners",
                "client_id": "p",
                "client_secret_ref": "vaulted",
            },
            "staff": {
                "preset": {"kind": "entra", "tenant": "7b1e5f00"},
                "name": "Staff ${x}",
                "client_id": "s",
                "client_secret_ref": "vaulted",
                "client_secret_version": "v1-0000000000000001",
                "claims": {"staff": "staff"},
            },
            "plain": {
                "name": "Plain",
                "client_id": "q",
                "authorization_url": "https://id.example.org/a",
                "token_url": "https://id.example.org/t",
                "userinfo_url": "https://id.example.org/u",
                "issuer": "https://id.example.org",
                "enable_token_endpoint_basic_auth": True,
            },
            "servers": {
                "preset": {"kind": "okta", "org": "id.example.org", "server": "default"},
                "name": "Servers",
                "client_id": "r",
            },
        }
    },
    "object unmanaged": {"unmanaged": ["user_authentication", "client_secret_version"]},
}
