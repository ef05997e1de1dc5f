"""The steps of the demonstration, in order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from script.demonstration.member import attest
from script.demonstration.stage import NotAsPromisedError
from script.demonstration.telling import Step

if TYPE_CHECKING:
    from script.demonstration.stage import Stage
    from script.demonstration.telling import Teller

NO_CHANGE, CHANGES = 0, 2
CONFLICT = 409
NAMED: Final = {
    "Authority",
    "ClientSecret",
    "ExternalIdClaimType",
    "Mode",
    "ProviderClientId",
    "ProviderName",
    "RedirectLoginUri",
    "SetLoginHint",
    "StaffClaimValue",
    "WellKnownUrl",
}
"""Properties of the iMIS record that the first plan changes."""


def _require(condition: object, otherwise: str) -> None:
    if not condition:
        raise NotAsPromisedError(otherwise)


def _synthesise(stage: Stage, _: Teller) -> str:
    stage.declare()
    stage.terraform("init", "-input=false")
    return "one stack for the environment test, real Terraform with magodo/restful"


def _adopt(stage: Stage, teller: Teller) -> str:
    code, rows = stage.plan()
    teller.differences(rows)
    _require(code == CHANGES and rows, f"plan ended with {code} and named {len(rows)} fields")
    return f"the first plan names {len(rows)} live differences, field by field"


def _apply(stage: Stage, _: Teller) -> str:
    before = stage.record()
    stage.apply()
    after = stage.record()
    moved = [key for key in before.keys() - NAMED if before[key] != after.get(key)]
    _require(not moved, f"properties that nobody named were changed: {moved}")
    verification = stage.shim("GET", "verification").json()
    _require(verification["passed"], f"the pair does not verify: {verification['checks']}")
    others = len(before.keys() - NAMED)
    checks = len(verification["checks"])
    return f"both halves agree ({checks} checks); {others} other properties of iMIS untouched"


def _settled(stage: Stage, _: Teller) -> str:
    writes = stage.console("imis", "GET", "counters")["writes"]
    code, rows = stage.plan()
    _require(code == NO_CHANGE, f"plan ended with {code}: {rows}")
    now = stage.console("imis", "GET", "counters")["writes"]
    _require(now == writes, "a plan wrote to iMIS")
    return "plan is empty, exit code 0"


def _drift(stage: Stage, teller: Teller) -> str:
    stage.console("imis", "PATCH", "state", {"record": {"ExternalIdClaimType": "sub"}})
    code, rows = stage.plan()
    teller.differences(rows)
    named = [field for field, _, _ in rows]
    _require(
        code == CHANGES and named == ["imis_openid_connect.external_id_claim_type"],
        f"plan ended with {code} and named {named}",
    )
    stage.apply()
    value = stage.record()["ExternalIdClaimType"]
    _require(value == "external_id", f"iMIS holds {value} after the apply")
    return "plan names exactly that field, apply repairs it"


def _rotation(stage: Stage, teller: Teller) -> str:
    stage.console("cloud_sso", "POST", "rotate-secret")
    code, rows = stage.plan()
    teller.differences(rows)
    named = [field for field, _, _ in rows]
    _require(
        code == CHANGES and named == ["imis_openid_connect.client_secret_version"],
        f"plan ended with {code} and named {named}",
    )
    stage.apply()
    shown = stage.console("cloud_sso", "GET", "state")["client_secret"]
    _require(stage.record()["ClientSecret"] == shown, "iMIS does not hold the new secret")
    return "plan shows a new version (never the secret), apply pushes the new secret to iMIS"


def _sabotaged(stage: Stage, teller: Teller) -> str:
    without_slash = stage.redirect_url.rstrip("/")
    stage.console("cloud_sso", "PATCH", "state", {"redirect_url": without_slash})
    code, found = stage.verify()
    failed = [each for each in found["checks"] if each["status"] == "failed"]
    for each in failed:
        teller.quote(f"{each['id']}: {each['detail']}\n  {each['remedy']}")
    named = [each["id"] for each in failed]
    _require(
        code == CHANGES and named == ["redirect.matches", "redirect.registered"],
        f"verify ended with {code} and named {named}",
    )
    return "one slash is missing at Cloud SSO: two checks fail, each with its remedy"


def _refused(stage: Stage, teller: Teller) -> str:
    answer = stage.shim("PUT", "imis/oidc-authentication", {"mode": "enabled"})
    problem: dict[str, Any] = answer.json()
    teller.quote(problem.get("detail", ""))
    _require(
        answer.status_code == CONFLICT and problem["type"] == "/problems/verification-failed",
        f"the service answered {answer.status_code}: {problem}",
    )
    named = [each["field"] for each in problem["errors"]]
    return f"409 verification-failed, naming {', '.join(named)}"


def _mended(stage: Stage, teller: Teller) -> str:
    _, rows = stage.plan()
    teller.differences(rows)
    stage.apply()
    code, found = stage.verify()
    passed = [each["id"] for each in found["checks"] if each["status"] == "passed"]
    _require(
        code == NO_CHANGE and "client.secret-accepted" in passed and found["proof"] == "active",
        f"verify ended with {code}: {found['checks']}",
    )
    return f"{len(passed)} checks pass; the provider itself takes client, secret and redirect URL"


def _attested(stage: Stage, teller: Teller) -> str:
    record = attest(stage)
    kept = ("outcome", "who", "client_id", "redirect_url")
    teller.quote("\n".join(f"{name}: {record[name]}" for name in kept))
    _require(record["outcome"] == "signed-in", f"the record says {record}")
    return "a member of staff signed in through Cloud SSO in a real browser, and it is on record"


def _accepted(stage: Stage, teller: Teller) -> str:
    stage.declare(oidc_authentication={"mode": "enabled"})
    _, rows = stage.plan()
    teller.differences(rows)
    stage.apply()
    mode = stage.shim("GET", "imis/oidc-authentication").json()["mode"]
    _require(mode == "enabled", f"the mode is {mode}")
    code, rows = stage.plan()
    _require(code == NO_CHANGE, f"the plan after it ended with {code}: {rows}")
    return "the apply verifies once more, then enables; the plan after it is empty"


def _guarded(stage: Stage, teller: Teller) -> str:
    stage.declare(
        openid_connect={"external_id_claim_type": "sub"}, oidc_authentication={"mode": "enabled"}
    )
    stage.plan()
    before = stage.record()
    code, output = stage.terraform("apply", "-input=false", "tfplan", expect=(0, 1))
    said = _problem(output)
    teller.quote(said)
    _require(code == 1 and "is live" in said, f"apply ended with {code}")
    _require(stage.record() == before, "iMIS was changed")
    return "apply is refused in the product's own words, iMIS is untouched"


def _problem(output: str) -> str:
    """Find the service's own words in what Terraform printed, which breaks lines at spaces."""
    flat = " ".join(line.strip("│╷╵ ") for line in output.splitlines())
    _, found, rest = flat.partition('{"detail": "')
    return rest.partition('", "type"')[0] if found else ""


def _let_go(stage: Stage, _: Teller) -> str:
    before = stage.record(), stage.console("cloud_sso", "GET", "state")["redirect_url"]
    stage.terraform("destroy", "-input=false", "-auto-approve")
    after = stage.record(), stage.console("cloud_sso", "GET", "state")["redirect_url"]
    _require(before == after, "destroy changed a product")
    simultaneous = stage.console("imis", "GET", "counters")["max_simultaneous"]
    _require(simultaneous == 1, f"iMIS saw {simultaneous} requests at a time")
    return "both products are as they were; iMIS never saw two requests at a time"


STEPS: Final = (
    Step("The settings file becomes a Terraform stack", _synthesise),
    Step("A first plan adopts what exists: every live difference is shown", _adopt),
    Step("Apply brings iMIS and Cloud SSO into agreement", _apply),
    Step("The plan after it is empty", _settled),
    Step("Somebody changes a field in iMIS: found and repaired", _drift),
    Step("The client secret is rotated at Cloud SSO: seen and pushed", _rotation),
    Step("One wrong value: verification says which, and what to do", _sabotaged),
    Step("Activation is refused while it fails", _refused),
    Step("Mended by the next apply, the pair verifies by protocol", _mended),
    Step("A person signs in, watched, and it is attested", _attested),
    Step("Activation is accepted", _accepted),
    Step("An edit that would break the live pair is refused", _guarded),
    Step("Destroy lets go and changes nothing", _let_go),
)
