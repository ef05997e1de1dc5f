"""A pair in the hands of a person: registry sections, and what that person does and says."""

from __future__ import annotations

from typing import Any

import pytest
from service_bench import BASE, Bench

from imis_sso.simulators import Simulation

STEPS = f"{BASE}/manual-steps"
PRESENT = f"{STEPS}/present/confirm"
CONNECTORS = f"{BASE}/connectors"


def by_person(
    simulation: Simulation, patch: pytest.MonkeyPatch, imis: Any = "assisted"
) -> dict[str, Any]:
    """Give an environment whose Cloud SSO, and by default whose iMIS, is a person's."""
    each = simulation.environments["test"]
    patch.setenv("SHOWN_SECRET_OF_THIS_TEST", simulation.cloud_sso("test").client_secret)
    patch.setenv("IMIS_PASSWORD_OF_THIS_TEST", each.imis_password)
    return {
        "imis": {
            "url": each.imis_url,
            "connector": imis,
            "username": each.imis_username,
            "password": "env:IMIS_PASSWORD_OF_THIS_TEST",
            "sign_in_path": "/sign-in",
            "requests_per_second": 1000,
        },
        "cloud_sso": {
            "url": each.cloud_sso_url,
            "connector": "assisted",
            "cloud_id": each.cloud_id,
            "client_secret": "env:SHOWN_SECRET_OF_THIS_TEST",
        },
    }


def cloud_sso_says(bench: Bench) -> dict[str, dict[str, Any]]:
    """Give what a person sees in Cloud SSO."""
    shown = bench.cloud_sso
    return {
        "cloud-sso/imis-client": {
            "client_id": shown.client_id,
            "discovery_url": shown.discovery_url,
            "issuer": shown.issuer,
        },
        "cloud-sso/imis-sso-settings": {"redirect_url": shown.redirect_url},
    }


def imis_says(mode: str = "disabled", **more: Any) -> dict[str, dict[str, Any]]:
    """Give what a person sees in an iMIS that nobody has set up."""
    page = {
        "authority_url": "",
        "client_id": "",
        "email_body": "Dear member,\n…",
        "external_id_claim_type": "external_id",
        "name": "Cloud SSO",
        "redirect_login_url": "",
        "require_public_users": False,
        "set_login_hint": True,
        "tenant_id": "",
        "type": "okta",
        "user_authentication": {"claim_type": "staff", "claim_value": "1"},
        "well_known_url": "",
    }
    return {"imis/openid-connect": page | more, "imis/oidc-authentication": {"mode": mode}}


async def say(bench: Bench, **documents: Any) -> None:
    """Say what both products hold, as a person does once."""
    told = documents or cloud_sso_says(bench) | imis_says()
    answer = await bench.client.post(PRESENT, json={"documents": told})
    assert answer.status_code == 200, answer.text


async def waiting(bench: Bench) -> list[dict[str, Any]]:
    """Give the steps that wait for a person."""
    answer = await bench.client.get(STEPS, params={"state": "pending"})
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def done(bench: Bench, step: str) -> dict[str, Any]:
    """Confirm a step."""
    answer = await bench.client.post(f"{STEPS}/{step}/confirm", json={})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()["step"]
    return found
