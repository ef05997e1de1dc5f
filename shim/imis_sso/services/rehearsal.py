"""A harmless write and its undoing, on a test tenant: what survives it is proved, not assumed.

In iMIS the name of the provider is changed and put back. Cloud SSO's page has one input, which
sign-in depends on: the page is saved with the value that it holds. Both are ordinary writes: with
every gate, lease, audit line and read-back.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from imis_sso.domain.access import Origin
from imis_sso.domain.observed import Observed
from imis_sso.domain.problems import Problem
from imis_sso.domain.rehearsed import Proof, Rehearsal
from imis_sso.domain.resources import (
    IMIS_SSO_SETTINGS,
    OPENID_CONNECT,
    Product,
    Resource,
    SecretRole,
)
from imis_sso.domain.secret import Secret
from imis_sso.services.order import Order
from imis_sso.services.pair import Pair
from imis_sso.services.read import Reading, read
from imis_sso.services.verify import verify
from imis_sso.services.write import write

logger = logging.getLogger(__name__)

MARK: Final = " (rehearsal)"
"""What the name ends in between the two writes."""
_RESOURCES: Final[Mapping[Product, Resource]] = {
    "imis": OPENID_CONNECT,
    "cloud-sso": IMIS_SSO_SETTINGS,
}
_FIELDS: Final[Mapping[Product, str]] = {"imis": "name", "cloud-sso": "redirect_url"}
_ACCEPTED: Final = "client.secret-accepted"
_SAVING: Final = {
    "imis_rest": "imis.put-replaces",
    "imis_staff_site": "staff.save",
    "cloud_sso_dashboard": "cloud-sso.save",
}


class NotRehearsable(Exception):  # noqa: N818  # it is told to the operator
    """A rehearsal cannot begin here; the text says why. Nothing was written."""


@dataclass(frozen=True)
class _Stage:
    pair: Pair
    resource: Resource
    field: str
    who: str
    before: Reading

    @property
    def value(self) -> str:
        return str(self.before.document.values()[self.field])


async def rehearse(pair: Pair, product: Product, who: str) -> Rehearsal:
    """Write and put back by the connector of a pair's half, and say what was proved.

    Raises NotRehearsable, and the problems of reading and of the first write where nothing was
    written. What could not be put back is in the rehearsal's `stuck`.
    """
    stage = await _stage(pair, product, who)
    version = (await pair.half(stage.resource).connector.tenant()).get("version", "")
    name = pair.half(stage.resource).connector.name
    logger.warning("rehearsing %s in %s", name, pair.name)
    try:
        proofs = await _rehearsed(stage)
    except _Stuck as stuck:
        return Rehearsal(product, name, version, stuck.proofs, stuck.steps)
    return Rehearsal(product, name, version, proofs)


async def _stage(pair: Pair, product: Product, who: str) -> _Stage:
    resource, name = _RESOURCES[product], _FIELDS[product]
    if pair.policy.production:
        msg = f"{pair.name} is production: rehearsals are for test environments."
        raise NotRehearsable(msg)
    before = await read(pair, resource, afresh=True)
    stage = _Stage(pair, resource, name, who, before)
    if not before.observed.exists or (product == "cloud-sso" and not stage.value):
        msg = f"{resource.path} was never set up in {pair.name}: there is nothing to put back."
        raise NotRehearsable(msg)
    if stage.value.endswith(MARK):
        msg = (
            f'{resource.path}: {name} ends in "{MARK.strip()}": an earlier rehearsal was cut off. '
            f"Put {name} back first: `imis-sso history {pair.name}` shows what it was."
        )
        raise NotRehearsable(msg)
    if stage.value != stage.value.strip():
        msg = f"{resource.path}: {name} has white space at its ends, which could not be put back."
        raise NotRehearsable(msg)
    return stage


class _Stuck(Exception):  # noqa: N818  # the end of a rehearsal, not an error of ours
    def __init__(self, steps: str, proofs: tuple[Proof, ...]) -> None:
        super().__init__(steps)
        self.steps, self.proofs = steps, proofs


async def _rehearsed(stage: _Stage) -> tuple[Proof, ...]:
    if stage.resource is IMIS_SSO_SETTINGS:
        outcome = await write(stage.pair, _order(stage, stage.value))
        return await _proofs(stage, outcome.reading, outcome.reading)
    middle: Reading | None = None
    try:
        middle = (await write(stage.pair, _order(stage, stage.value + MARK))).reading
    except Problem as problem:
        if not problem.upstream_writes:
            raise
        await _put_back(stage, (_written(stage, problem.detail, held=False),))
        return (_written(stage, problem.detail, held=False),)
    finally:
        # Also where we are told to stop in between: nothing stays as it is for a rehearsal.
        after = None if middle is None else await _put_back(stage, _so_far(stage, middle))
    if middle is None or after is None:
        msg = "a rehearsal ended without its second write"
        raise RuntimeError(msg)
    return await _proofs(stage, middle, after)


def _order(stage: _Stage, value: str) -> Order:
    origin = Origin(reason="rehearsal")
    return Order(stage.resource, {stage.field: value}, stage.who, origin, rehearses=True)


async def _put_back(stage: _Stage, proofs: tuple[Proof, ...]) -> Reading:
    try:
        return (await write(stage.pair, _order(stage, stage.value))).reading
    except Problem as problem:
        logger.error("a rehearsal could not be put back: %s", problem.detail)  # noqa: TRY400
        label = next(
            each.label for each in stage.resource.document.settings() if each.path == stage.field
        )
        steps = (
            f"It could NOT be put back: {problem.detail} By hand, at once: iMIS Staff site, "
            f'Settings > Contacts > OpenID Connect, set "{label}" to "{stage.value}" and save.'
        )
        raise _Stuck(steps, proofs) from None


async def _proofs(stage: _Stage, middle: Reading, after: Reading) -> tuple[Proof, ...]:
    kept = [_lost(stage.before.observed, each.observed, stage.field) for each in (middle, after)]
    lost = sorted({name for names in kept for name in names})
    said = "was changed and put back" if middle is not after else "was saved with what it holds"
    return (
        _written(stage, f"{stage.field} {said}", held=True),
        Proof("every other field", _surviving(lost), not lost, "imis.put-replaces"),
        await _secret(stage, after),
        *_email_body(stage, after),
        *_rest(stage.before.observed, after.observed),
    )


def _so_far(stage: _Stage, middle: Reading) -> tuple[Proof, ...]:
    """Give what the first write alone shows, for the case that nothing can be put back."""
    lost = sorted(_lost(stage.before.observed, middle.observed, stage.field))
    was, now = stage.before.observed.secret, middle.observed.secret
    gone = isinstance(was, Secret) and not (isinstance(now, Secret) and was == now)
    secret = Proof("the client secret", "NOT kept", held=False, claim="imis.unread-secret")
    return (
        _written(stage, f"{stage.field} was changed, and not put back", held=False),
        Proof("every other field", _surviving(lost), not lost, "imis.put-replaces"),
        *((secret,) if gone else ()),
    )


def _written(stage: _Stage, detail: str, *, held: bool) -> Proof:
    claim = _SAVING.get(stage.pair.half(stage.resource).connector.name, "")
    return Proof("the write", detail, held, claim)


def _lost(before: Observed, after: Observed, but: str) -> list[str]:
    names = before.values.keys() | after.values.keys()
    return [
        each for each in names if each != but and before.values.get(each) != after.values.get(each)
    ]


def _surviving(lost: list[str]) -> str:
    return f"NOT kept: {', '.join(lost)}" if lost else "kept"


async def _secret(stage: _Stage, after: Reading) -> Proof:
    """Compare the secret; where it cannot be read, have the provider accept what was sent along."""
    was, now = stage.before.observed.secret, after.observed.secret
    settable = stage.resource.record.secret is SecretRole.SETTABLE
    what, claim = "the client secret", "imis.unread-secret" if settable else ""
    if isinstance(was, Secret):
        same = isinstance(now, Secret) and was == now
        return Proof(what, "kept" if same else "NOT kept", same, claim)
    if not settable:
        return Proof(what, "is not shown, and no input", None, claim, needed=False)
    if stage.pair.policy.unread_secret_keeps:
        detail = "cannot be read, and was not sent along: only a sign-in proves that it was kept"
        return Proof(what, detail, None, claim)
    found = await verify(stage.pair, active=True)
    accepted = any(each.id == _ACCEPTED and each.status == "passed" for each in found.checks)
    detail = (
        "cannot be read; the one that was sent along is accepted by the provider"
        if accepted
        else "cannot be read, and the provider did not show that it accepts the one sent along"
    )
    return Proof(what, detail, True if accepted else None, claim)


def _email_body(stage: _Stage, after: Reading) -> tuple[Proof, ...]:
    if stage.resource is not OPENID_CONNECT:
        return ()
    was, now = (each.observed.values.get("email_body") for each in (stage.before, after))
    if was is None:
        detail = "is out of the connector's reach; look at it in the Staff site"
        return (Proof("the e-mail body", detail, None, "imis.no-email-body", needed=False),)
    same = was == now
    return (Proof("the e-mail body", "kept" if same else "NOT kept", same, "staff.email-body"),)


def _rest(before: Observed, after: Observed) -> tuple[Proof, ...]:
    """Compare what nothing is known of, as far as the connector's own form of the record has it."""
    was, now = before.raw, after.raw
    if not isinstance(was, Mapping) or not isinstance(now, Mapping):
        return ()
    lost = sorted(str(each) for each in was.keys() | now.keys() if was.get(each) != now.get(each))
    detail = f"NOT kept: {', '.join(lost)}" if lost else "kept exactly, nested ones too"
    return (
        Proof("properties that nothing is known of", detail, not lost, "imis.unknown-properties"),
    )
