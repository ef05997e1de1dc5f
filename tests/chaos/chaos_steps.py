"""Random requests, faults and edits by people: everything of a run that the seed decides."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

from chaos_model import MODE, OPENID_CONNECT, PROPERTIES, REDIRECT, SECRET, WORDS, Step

from imis_sso.simulators import CloudSsoModel, Fault, ImisModel

CHOICES: Mapping[str, tuple[Any, ...]] = {
    "client_id": ("imis-one", "imis-two", "3f1c"),
    "external_id_claim_type": ("external_id", "sub", "oid"),
    "name": ("Cloud SSO", "Members", "Mitglieder äöü", "<b>&", ""),
    "require_public_users": (True, False),
    "set_login_hint": (True, False),
    "type": ("okta", "other"),
    "user_authentication.claim_type": ("staff", "role", ""),
    "user_authentication.claim_value": ("1", "yes", "true"),
}
#: What a person at the console changes, unknown properties included.
BY_HAND: Mapping[str, tuple[Any, ...]] = {
    "ProviderName": ("By hand", "Members", "odd "),
    "SortOrder": (1, 2, 3),
    "RoleMappingKey": ("roles", None),
    "Appearance": ({"$type": "Asi.X, Asi.Contracts", "ButtonText": "Go"}, None),
    "SessionMinutes": ({"$type": "System.Int32", "$value": 30},),
    "Mode": (0, 1, 2),
    "StaffClaimValue": ("1", "7"),
}
VARIANTS: Mapping[str, tuple[Any, ...]] = {
    "imis_defaults": ("omitted", "present"),
    "imis_enums": ("numbers", "names"),
    "imis_put_status": (200, 202, 204),
    "imis_errors": ("plain", "echo"),
}
#: How long the service waits for an answer of iMIS; later than that is too late.
SECONDS = 0.5
LATE, SOON = 2 * SECONDS, 0.01


def variant(dice: Random) -> dict[str, Any]:
    """Choose how this run's iMIS behaves."""
    return {name: dice.choice(values) for name, values in VARIANTS.items()}


def request(dice: Random, last: Step | None, etag: str) -> Step:
    """Make one request of a caller."""
    roll = dice.random()
    if last is not None and roll < 0.10:
        return Step(last.method, last.path, last.body, last.query, {}, last.fields)
    if roll < 0.25:
        return Step("GET", dice.choice([OPENID_CONNECT, MODE]))
    if roll < 0.45:
        return _mode(dice)
    if roll < 0.50:
        return _release(dice)
    return _settings(dice, etag)


def _mode(dice: Random) -> Step:
    mode = dice.choice(WORDS["Mode"])
    query = {"force": "true"} if dice.random() < 0.6 else {}
    return Step(
        dice.choice(["PUT", "PATCH"]),
        MODE,
        {"mode": mode},
        query | _dry(dice, 0.15),
        fields=frozenset({"mode"}),
    )


def _release(dice: Random) -> Step:
    path = dice.choice([MODE, OPENID_CONNECT])
    how = dice.choice(["retain", "disable"]) if path == MODE else "retain"
    fields = frozenset({"mode"} if how == "disable" else ())
    return Step("DELETE", path, None, {"on_destroy": how}, fields=fields)


def _settings(dice: Random, etag: str) -> Step:
    many = dice.choice([1, 2, 3, len(CHOICES)])
    names = dice.sample(sorted(CHOICES), many)
    body: dict[str, Any] = {}
    for name in names:
        _put(body, name, dice.choice(CHOICES[name]))
    fields = set(names)
    if dice.random() < 0.15:
        body[SECRET] = f"chaos+/={dice.getrandbits(80):020x}"
        fields.add(SECRET)
    method = "PUT"
    if dice.random() < 0.3:
        method = "PATCH"
        if dice.random() < 0.4:
            _put(body, dice.choice(sorted(set(CHOICES) & fields)), None)
    query = {"force": "true"} if dice.random() < 0.5 else {}
    headers = {"If-Match": etag} if etag and dice.random() < 0.2 else {}
    return Step(method, OPENID_CONNECT, body, query | _dry(dice, 0.1), headers, frozenset(fields))


def redirect(dice: Random, address: str) -> Step:
    """Make one request about the dashboard's page; `address` may be written to it."""
    if dice.random() < 0.3:
        return Step("GET", REDIRECT)
    body = {"redirect_url": dice.choice([address, ""])}
    return Step("PUT", REDIRECT, body, _dry(dice, 0.15), fields=frozenset(body))


def _put(body: dict[str, Any], path: str, value: Any) -> None:
    head, _, tail = path.partition(".")
    if tail:
        body.setdefault(head, {})[tail] = value
    else:
        body[head] = value


def _dry(dice: Random, share: float) -> dict[str, str]:
    return {"dry_run": "true"} if dice.random() < share else {}


def by_hand(dice: Random, imis: ImisModel, *, meanwhile: bool = False) -> None:
    """Have a person change something in iMIS.

    Meanwhile, never back to what it was: whoever reads could not tell that from an ignored write.
    """
    name = dice.choice(sorted(BY_HAND))
    value = dice.choice(BY_HAND[name])
    if meanwhile and name in PROPERTIES.values():
        name, value = "ProviderName", f"By hand {dice.getrandbits(32)}"
    imis.change(**{name: value})


def fault(dice: Random) -> Fault:
    """Make one fault of targets R6, for a moment that the dice choose."""
    kind, params = dice.choice(FAULTS)
    role = dice.choice(["read", "read", "write", "write", "login"])
    if kind in {"login_page", "changed_page"}:
        role = "read" if kind == "changed_page" else dice.choice(["read", "write"])
    times = dice.choice([1, 1, 1, 2, 4])
    return Fault(kind, {"role": role}, times, dice.choice([0, 0, 0, 1]), dict(params))


FAULTS: tuple[tuple[str, Mapping[str, Any]], ...] = (
    ("latency", {"seconds": SOON}),
    ("latency", {"seconds": LATE}),
    ("timeout", {}),
    ("timeout", {"stored": True}),
    ("reset", {}),
    ("answer_lost", {}),
    ("truncate", {}),
    ("truncate", {"keep": 0}),
    ("slow_close", {"seconds": SOON}),
    ("slow_close", {"seconds": LATE}),
    ("status", {"status": 429}),
    ("status", {"status": 429, "retry_after": 60}),
    ("status", {"status": 500, "echo": True}),
    ("status", {"status": 500, "stored": True, "echo": True}),
    ("status", {"status": 502, "stored": True}),
    ("status", {"status": 503}),
    ("status", {"status": 504, "stored": True}),
    ("status", {"status": 504}),
    ("status", {"status": 400, "body": "No. ", "echo": True}),
    ("expire_session", {}),
    ("login_page", {}),
    ("changed_page", {"property": "Mode", "value": 7}),
    ("changed_page", {"property": "ProviderId", "to": "Id"}),
    ("write_dropped", {}),
    ("write_altered", {}),
)
#: Browsers repeat, wait and load more than one thing: each of these once.
DASHBOARD_FAULTS: tuple[tuple[str, str, Mapping[str, Any]], ...] = (
    ("latency", "read", {"seconds": SOON}),
    ("slow_close", "write", {"seconds": SOON}),
    ("reset", "write", {}),
    ("answer_lost", "write", {}),
    ("truncate", "read", {}),
    ("status", "read", {"status": 503}),
    ("status", "write", {"status": 500, "stored": True}),
    ("status", "write", {"status": 429}),
    ("expire_session", "read", {}),
    ("expire_session", "write", {}),
    ("login_page", "read", {}),
    ("changed_page", "read", {"change": "renamed"}),
    ("write_dropped", "write", {}),
    ("write_altered", "write", {}),
)


def dashboard_fault(dice: Random) -> Fault:
    """Make one fault for the dashboard."""
    kind, role, params = dice.choice(DASHBOARD_FAULTS)
    return Fault(kind, {"role": role}, 1, 0, dict(params))


def dashboard_by_hand(dice: Random, cloud_sso: CloudSsoModel) -> None:
    """Have a person change the redirect."""
    cloud_sso.patch({"redirect_url": dice.choice(["https://a.example.org/", ""])})
