"""One thing wrong at a time between iMIS, Cloud SSO and a directory: all that people have met.

Each entry spoils a simulation in which both environments follow the recipe.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from imis_sso.simulators import Fault, Simulation, follow_recipe

Sabotage = Callable[[Simulation], object]
WELL_KNOWN, TOKEN, JWKS = "/.well-known/openid-configuration", "/oauth2/token", "/oauth2/jwks"


def _moved(simulation: Simulation) -> None:
    cloud_sso = simulation.cloud_sso("test")
    issuer = f"{cloud_sso.base_url}/tenant/"
    cloud_sso.patch({"discovery_url": f"{issuer.rstrip('/')}{WELL_KNOWN}", "issuer": issuer})
    follow_recipe(simulation, "test")


#: What leaves the sign-in as it is: a setting without weight, or a guard that is not there.
HARMLESS: dict[str, Sabotage] = {
    "no login hint": lambda it: it.imis("test").change(SetLoginHint=False),
    "another name": lambda it: it.imis("test").change(ProviderName="Single sign-on"),
    "basic only": lambda it: it.cloud_sso("test").patch({"token_methods": ["client_secret_basic"]}),
    "post only": lambda it: it.cloud_sso("test").patch({"token_methods": ["client_secret_post"]}),
    "RS512": lambda it: it.cloud_sso("test").patch({"signing_algorithm": "RS512"}),
    "moved discovery": _moved,
    "public client, wrong secret": lambda it: (
        it.cloud_sso("test").patch({"client_type": "public"}),
        it.imis("test").change(ClientSecret="wrong"),
    ),
    "pattern at a lenient provider": lambda it: it.cloud_sso("test").patch(
        {"redirect_match": "pattern", "redirect_url": f"{it.imis('test').base_url}/*"}
    ),
}


def imis(**properties: Any) -> Sabotage:
    return lambda it: it.imis("test").change(**properties)


def imis_by(name: str, spoil: Callable[[str], str]) -> Sabotage:
    return lambda it: it.imis("test").change(**{name: spoil(it.imis("test").record[name])})


def cloud_sso(**state: Any) -> Sabotage:
    return lambda it: it.cloud_sso("test").patch(state)


def cloud_sso_by(name: str, spoil: Callable[[str], str]) -> Sabotage:
    return lambda it: it.cloud_sso("test").patch({name: spoil(getattr(it.cloud_sso("test"), name))})


def answers(path: str, **params: Any) -> Sabotage:
    fault = Fault("status", {"path": path}, times=None, params=params)
    return lambda it: it.cloud_sso("test").faults.add(fault)


def id_token(**params: Any) -> Sabotage:
    fault = Fault("id_token_altered", times=None, params=params)
    return lambda it: it.cloud_sso("test").faults.add(fault)


def directory(kind: str, path: str, **params: Any) -> Sabotage:
    fault = Fault(kind, {"path": path}, times=None, params=params)
    return lambda it: it.directory("test").faults.add(fault)


def in_manage_directories(**changes: Any) -> Sabotage:
    return lambda it: it.cloud_sso("test").change_directory("cognito", **changes)


def crossed(simulation: Simulation) -> None:
    other = {"ProviderClientId", "ClientSecret", "WellKnownUrl", "Authority"}
    record = simulation.imis("prod").record
    simulation.imis("test").change(**{name: record[name] for name in other})


def crossed_redirect(simulation: Simulation) -> None:
    url = f"{simulation.imis('prod').base_url}/"
    simulation.imis("test").change(RedirectLoginUri=url)
    simulation.cloud_sso("test").patch({"redirect_url": url})


def both_by_name(simulation: Simulation) -> None:
    url = f"{simulation.imis('test').base_url}/".replace("127.0.0.1", "localhost")
    simulation.imis("test").change(RedirectLoginUri=url)
    simulation.cloud_sso("test").patch({"redirect_url": url})


HTML = {"status": 200, "body": "<!doctype html><p>Welcome", "media_type": "text/html"}
TENANT = "https://login.microsoftonline.com/contoso/v2.0"

#: Ends the sign-in: what spoils it, the reason people see, and where they see it.
FAULTS: dict[str, tuple[Sabotage, str, str]] = {
    # iMIS's page
    "mode disabled": (imis(Mode="Disabled"), "mode-disabled", "imis"),
    "no licence": (
        lambda it: it.imis("test").patch({"licensed_features": []}),
        "not-licensed",
        "imis",
    ),
    "no record": (lambda it: it.imis("test").patch({"records": []}), "no-record", "imis"),
    "no secret": (imis(ClientSecret=None), "incomplete", "imis"),
    "wrong secret": (imis(ClientSecret="wrong"), "token-refused", "imis"),
    "secret without its last character": (
        imis_by("ClientSecret", lambda it: it[:-1]),
        "token-refused",
        "imis",
    ),
    "wrong client": (imis(ProviderClientId="somebody-else"), "client-unknown", "cloud_sso"),
    "well-known off by a character": (
        imis_by("WellKnownUrl", lambda it: it[:-1]),
        "discovery-status",
        "imis",
    ),
    "well-known with a slash": (
        imis_by("WellKnownUrl", lambda it: f"{it}/"),
        "discovery-status",
        "imis",
    ),
    "well-known of a directory": (
        imis(WellKnownUrl=f"{TENANT}{WELL_KNOWN}"),
        "discovery-unreachable",
        "imis",
    ),
    "well-known by http": (
        imis_by("WellKnownUrl", lambda it: it.replace("s:", ":")),
        "discovery-unreachable",
        "imis",
    ),
    "authority with a slash": (imis_by("Authority", lambda it: f"{it}/"), "issuer", "imis"),
    "authority off by a character": (imis_by("Authority", lambda it: it[:-1]), "issuer", "imis"),
    "authority of a directory": (imis(Authority=TENANT), "issuer", "imis"),
    "redirect without its slash": (
        imis_by("RedirectLoginUri", lambda it: it[:-1]),
        "redirect-unregistered",
        "cloud_sso",
    ),
    "redirect with a path": (
        imis_by("RedirectLoginUri", lambda it: f"{it}imis/"),
        "redirect-unregistered",
        "cloud_sso",
    ),
    "redirect on another host": (
        imis(RedirectLoginUri="https://members.example.net/"),
        "redirect-unregistered",
        "cloud_sso",
    ),
    "external id claim that is not sent": (
        imis(ExternalIdClaimType="member_id"),
        "external-id-missing",
        "imis",
    ),
    "external id claim of something else": (
        imis(ExternalIdClaimType="sub"),
        "external-id-mismatch",
        "imis",
    ),
    # Both
    "the other environment's provider": (crossed, "redirect-unregistered", "cloud_sso"),
    "the other environment's redirect, on both sides": (crossed_redirect, "state", "imis"),
    "another name of the same host, on both sides": (both_by_name, "state", "imis"),
    "a redirect that leads away, on both sides": (
        lambda it: (
            it.imis("test").change(RedirectLoginUri="https://members.example.net/"),
            it.cloud_sso("test").patch({"redirect_url": "https://members.example.net/"}),
        ),
        "led-away",
        "",
    ),
    # Cloud SSO
    "redirect never pasted back": (
        cloud_sso(redirect_url=""),
        "redirect-unregistered",
        "cloud_sso",
    ),
    "redirect pasted without its slash": (
        cloud_sso_by("redirect_url", lambda it: it[:-1]),
        "redirect-unregistered",
        "cloud_sso",
    ),
    "a pattern pasted": (
        cloud_sso_by("redirect_url", lambda it: f"{it}*"),
        "redirect-unregistered",
        "cloud_sso",
    ),
    "issuer gained a slash": (cloud_sso_by("issuer", lambda it: f"{it}/"), "issuer", "imis"),
    "metadata names another issuer": (
        cloud_sso(metadata_issuer="https://other.example.org"),
        "issuer",
        "imis",
    ),
    "secret rotated": (lambda it: it.cloud_sso("test").rotate_secret(), "token-refused", "imis"),
    "client disabled": (cloud_sso(client_status="disabled"), "client-disabled", "cloud_sso"),
    "HS512": (cloud_sso(signing_algorithm="HS512"), "algorithm", "imis"),
    "no key": (cloud_sso(published_keys="none"), "keys-unusable", "imis"),
    "an encryption key only": (cloud_sso(published_keys="encryption"), "keys-unusable", "imis"),
    "the key of another": (cloud_sso(published_keys="foreign"), "signature", "imis"),
    "clock": (cloud_sso(id_token_seconds=-10), "expired", "imis"),
    "certificate expired": (cloud_sso(certificate="expired"), "certificate", "imis"),
    "certificate of an unknown authority": (
        cloud_sso(certificate="untrusted"),
        "certificate",
        "imis",
    ),
    "certificate of another name": (cloud_sso(certificate="other_name"), "certificate", "imis"),
    "discovery 404": (answers(WELL_KNOWN, status=404), "discovery-status", "imis"),
    "discovery 429": (answers(WELL_KNOWN, status=429), "discovery-status", "imis"),
    "discovery 500": (answers(WELL_KNOWN, status=500), "discovery-status", "imis"),
    "discovery is a page": (answers(WELL_KNOWN, **HTML), "discovery-malformed", "imis"),
    "discovery lacks": (answers(WELL_KNOWN, status=200, body={}), "discovery-malformed", "imis"),
    "token endpoint 500": (answers(TOKEN, status=500), "token-status", "imis"),
    "token endpoint is a page": (answers(TOKEN, **HTML), "token-malformed", "imis"),
    "token endpoint gives no token": (
        answers(TOKEN, status=200, body={}),
        "token-malformed",
        "imis",
    ),
    "token endpoint refuses in HTML": (
        answers(TOKEN, **(HTML | {"status": 400})),
        "token-malformed",
        "imis",
    ),
    "token is none": (
        answers(TOKEN, status=200, body={"id_token": "a.b.c"}),
        "token-malformed",
        "imis",
    ),
    "keys 500": (answers(JWKS, status=500), "keys-status", "imis"),
    "keys are none": (answers(JWKS, status=200, body={"keys": "none"}), "keys-malformed", "imis"),
    "authorization 503": (answers("/oauth2/authorize", status=503), "status-503", "cloud_sso"),
    "ID token of another issuer": (
        id_token(claims={"iss": "https://x.example.org"}),
        "token-issuer",
        "imis",
    ),
    "ID token for another client": (id_token(claims={"aud": "somebody-else"}), "audience", "imis"),
    "ID token of another sign-in": (id_token(claims={"nonce": "another"}), "nonce", "imis"),
    "ID token without nonce": (id_token(claims={"nonce": None}), "nonce", "imis"),
    "ID token without external id": (
        id_token(claims={"external_id": None}),
        "external-id-missing",
        "imis",
    ),
    "ID token signed by another": (id_token(foreign_key=True), "signature", "imis"),
    "no such directory": (
        lambda it: it.cloud_sso("test").directories.clear(),
        "directory-unknown",
        "cloud_sso",
    ),
    # The directory
    "directory down": (directory("status", "/cognito*", status=503), "status-503", "directory"),
    "directory does not answer": (directory("reset", "/cognito*"), "unanswered", "directory"),
    "directory down behind": (
        directory("reset", "*/token"),
        "directory-token-unreachable",
        "cloud_sso",
    ),
    "callback not registered": (
        lambda it: it.directory("test").patch({"clients": {"cognito": {"callbacks": []}}}),
        "redirect-unregistered",
        "directory",
    ),
    "directory's secret expired": (
        lambda it: it.directory("test").patch({"clients": {"cognito": {"client_secret": "new"}}}),
        "directory-token-refused",
        "cloud_sso",
    ),
    "directory's client unknown": (
        in_manage_directories(client_id="another"),
        "client-unknown",
        "directory",
    ),
    "directory's issuer wrong": (
        in_manage_directories(issuer="https://x.example.org"),
        "directory-token-issuer",
        "cloud_sso",
    ),
    "directory's external id claim": (
        in_manage_directories(claims={"external_id": "id"}),
        "claim-missing",
        "cloud_sso",
    ),
}


#: Wrong, and yet signed in: as one of the public.
UNRECOGNISED: dict[str, Sabotage] = {
    "staff claim's name in iMIS": imis(StaffClaimType="staff_member"),
    "staff claim's value in iMIS": imis(StaffClaimValue="true"),
    "no staff claim in iMIS": imis(StaffClaimType=None),
    "staff claim's name in Cloud SSO": in_manage_directories(claims={"staff": "staff"}),
    "staff is a list": id_token(claims={"staff": ["1"]}),
}
