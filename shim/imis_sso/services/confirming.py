"""A person says that a step is done; what can be checked is checked first.

No log-in and no write is needed for a check: the discovery document and the keys are public, the
provider's authorization endpoint tells whether a redirect is registered, iMIS's sign-in page tells
which client and redirect it uses.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

from imis_sso.domain.audit import Entry, Kind
from imis_sso.domain.checks import Check, Status
from imis_sso.domain.documents import Document
from imis_sso.domain.documents.base import Values, nested
from imis_sso.domain.ledger import StoreUnavailable
from imis_sso.domain.manual_steps import Step
from imis_sso.domain.problems import (
    FieldError,
    InvalidSettings,
    Problem,
    UpstreamChanged,
    VerificationFailed,
)
from imis_sso.domain.resources import (
    IMIS_SSO_SETTINGS,
    OIDC_AUTHENTICATION,
    OPENID_CONNECT,
    Resource,
    find,
)
from imis_sso.domain.snapshots import Cause, State
from imis_sso.domain.verdicts import Halves
from imis_sso.domain.violations import sentence
from imis_sso.services.deadline import Deadline
from imis_sso.services.inquiry import Subject, inquire
from imis_sso.services.manual_steps import Person, Steps, steps_of
from imis_sso.services.pair import Pair
from imis_sso.services.presence import content_with, held
from imis_sso.services.push import Shown
from imis_sso.services.read import read_halves

D = TypeVar("D", bound=Document)
EVIDENCE: Final[Mapping[str, tuple[str, ...]]] = {
    IMIS_SSO_SETTINGS.path: ("redirect.registered",),
    OPENID_CONNECT.path: ("imis.sign-in-page",),
    OIDC_AUTHENTICATION.path: ("imis.sign-in-page",),
}
"""Checks that show whether the product holds what a step of a document set."""


async def evidence(pair: Pair, step: Step) -> Sequence[Check]:
    """Check what can be checked of a step without a log-in. Raises nothing.

    The values are judged as they would be once the step is done.
    """
    if pair.probes is None:
        return ()
    try:
        halves = _as_done(await read_halves(pair), step)
    except (Problem, StoreUnavailable) as error:
        return (Check("step.evidence", Status.SKIPPED, f"nothing could be checked: {error}", ()),)
    found = await inquire(pair.probes, Subject(halves, None, pair.policy.pins), active=True)
    return (*found.public, *(each for each in found.active if each.id != "client.secret-accepted"))


def against(step: Step, checks: Sequence[Check]) -> Sequence[Check]:
    """Give the checks that show that a step is not done, whatever anybody says."""
    telling = EVIDENCE.get(step.resource, ())
    return [each for each in checks if each.id in telling and each.status is Status.FAILED]


async def confirm(pair: Pair, step: Step, person: Person, *, force: bool = False) -> Step:
    """Take a person's word that a step is done; gives the step as it stands then.

    Raises `VerificationFailed` where what can be checked shows that it is not (unless forced),
    `UpstreamChanged` for a step that a newer one superseded, StoreUnavailable.
    """
    if step.state == "superseded":
        msg = f"Step {step.id} was superseded by a newer one; do that one instead."
        raise UpstreamChanged(msg)
    if step.state == "confirmed":
        return step
    checks = await evidence(pair, step)
    failed = against(step, checks)
    if failed and not force:
        errors = [FieldError(each.id, each.detail) for each in failed]
        msg = f"It does not look as if step {step.id} was done: {sentence(errors)}"
        raise VerificationFailed(msg, errors)
    resource = _resource(step)
    done = replace(
        step,
        state="confirmed",
        by=person.who,
        done_at=datetime.now(UTC),
        checks=[_shown(each) for each in checks],
    )
    async with pair.half(resource).turn(Deadline()):
        await _keep(pair, steps_of(pair), resource, done, person, forced=bool(failed))
    return done


async def _keep(  # a step, and all that is kept of it together
    pair: Pair, steps: Steps, resource: Resource, step: Step, person: Person, *, forced: bool
) -> None:
    before = await steps.confirmed(resource.record)
    found = {**step.base, **(before or {})}
    after = {**found, **step.wanted}
    facts: dict[str, Any] = {
        "step": step.id,
        "asked_by": step.who,
        "fields": sorted(step.wanted),
        "checks": {each["id"]: each["status"] for each in step.checks},
        "forced": forced,
    }
    if step.secret is not None:
        facts["secret_ref"], facts["secret"] = step.secret[0], {"after": step.secret[1]}
    entry = Entry(
        pair.name, Kind.CONFIRMED, person.who, resource.path, origin=person.origin, facts=facts
    )
    recorded = await held(pair, resource)
    then = recorded if step.secret is None else Shown(*step.secret)
    states = [
        State(resource.path, content_with(resource, found, recorded), Cause.FOUND),
        State(resource.path, content_with(resource, after, then), Cause.CONFIRMED),
    ]
    # The trail first: what is not on it counts nowhere.
    snapshots = await pair.journal.trail.append(entry, states)
    await steps.confirm(resource.record, after, person.who)
    await steps.keep(step)
    if step.secret is not None:
        await pair.secrets.remember(then, resource)
    await pair.managed.wrote(pair.name, resource.path, step.who, snapshots[0])


def _as_done(halves: Halves, step: Step) -> Halves:
    """Give the halves as they are once a step is done, for the probes to ask with."""
    if step.resource == OPENID_CONNECT.path:
        return replace(halves, openid_connect=_over(halves.openid_connect, step.wanted))
    if step.resource == OIDC_AUTHENTICATION.path:
        return replace(halves, mode=str(step.wanted["mode"]))
    redirect = _over(halves.imis_sso_settings, step.wanted)
    # iMIS may not have been set yet: the provider is asked about its own client.
    asked = {
        "client_id": halves.imis_client.client_id or halves.openid_connect.client_id,
        "redirect_login_url": redirect.redirect_url,
    }
    return replace(
        halves,
        imis_sso_settings=redirect,
        openid_connect=halves.openid_connect.model_copy(update=asked),
    )


def _over(document: D, values: Values) -> D:
    merged = {**document.values(), **values}
    secret = type(document).secret
    kept = document.model_dump() if secret is not None else {}
    return type(document).model_validate(kept | nested(merged))


def _shown(check: Check) -> dict[str, str]:
    return {"id": check.id, "status": check.status.value, "detail": check.detail}


def _resource(step: Step) -> Resource:
    found = find(step.resource)
    if found is None:
        msg = f"{step.resource} is no document of this version."
        raise InvalidSettings(msg)
    return found
