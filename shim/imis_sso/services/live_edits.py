"""Editing a pair that people sign in with (contract 1.2).

A write that changes what sign-in depends on is let through where the values, as they would be,
pass every check that can be made before they are written. Afterwards the pair is verified again;
if it passed before and fails now, the old values are put back.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from typing import Final, NoReturn

from imis_sso.domain.activation import critical_fields
from imis_sso.domain.checks import Verification
from imis_sso.domain.directory_verdicts import secret_check
from imis_sso.domain.documents import Directory, ImisSsoSettings, OpenIDConnect
from imis_sso.domain.ledger import StoreUnavailable
from imis_sso.domain.problems import ActivationGuard, FieldError, Problem
from imis_sso.domain.resources import IMIS_SSO_SETTINGS, OPENID_CONNECT
from imis_sso.domain.secret import Secret
from imis_sso.domain.verdicts import Halves
from imis_sso.domain.violations import sentence
from imis_sso.services.gates import Passage
from imis_sso.services.order import Draft
from imis_sso.services.pair import Pair
from imis_sso.services.perform import Ready
from imis_sso.services.proof import failure, objections, verdict
from imis_sso.services.put_back import put_back
from imis_sso.services.read import Reading, read_halves
from imis_sso.services.verify import verify, verify_candidate

logger = logging.getLogger(__name__)

AFTERWARDS: Final = {
    OPENID_CONNECT.path: ("imis.sign-in-page",),
    IMIS_SSO_SETTINGS.path: ("imis.sign-in-page", "redirect.registered"),
}
"""Checks that cannot be made of values which are not written yet, by what is written."""
VERIFY_SECONDS: Final = 8.0
PUT_BACK_SECONDS: Final = 8.0
PUT_BACK: Final = "put-back: the live pair did not verify any more"
AGAIN_UNDECIDED: Final = "Whether the pair verifies is tried once more after the write."
LOWER_FIRST: Final = "Lower the mode to test_mode, change, verify, and raise it again."


async def live_edit(pair: Pair, draft: Draft) -> Passage:
    """Guard what sign-in depends on while the mode is enabled.

    Raises `ActivationGuard`, and what reading the mode or verifying raises.
    """
    fields = _fields(draft)
    if not fields or await _mode(pair, draft) != "enabled":
        return Passage()
    secret = draft.push.secret
    only_secret = secret is not None and len(fields) == 1
    if only_secret and secret is not None and await pair.secrets.shown_by_cloud_sso(secret):
        return Passage(looked=True)
    if draft.order.force:
        return Passage(looked=True, forced=(ActivationGuard.slug,))
    if not pair.policy.verifies_edits:
        _refuse(pair, fields, f"may be edited in test_mode only. {LOWER_FIRST}", [])
    before, candidate = await asyncio.gather(_before(pair, draft), _candidate(pair, draft))
    errors = await objections(pair, candidate, beyond=_afterwards(draft))
    if errors:
        said = f"the new values do not verify: {sentence(errors)} {LOWER_FIRST}"
        _refuse(pair, fields, said, errors)
    undecided = (*candidate.undecided, AGAIN_UNDECIDED)
    return Passage(looked=True, undecided=undecided, before=before)


def _afterwards(draft: Draft) -> tuple[str, ...]:
    item = draft.resource.record.item
    if not item:
        return AFTERWARDS.get(draft.resource.path, ())
    # A directory that is not saved yet has no Return URL to ask its token endpoint with.
    new = () if draft.live.observed.exists else (secret_check(item),)
    return ("imis.sign-in-page", *new)


def _fields(draft: Draft) -> list[str]:
    document = draft.resource.document
    touched = document.defaults() if draft.order.removes else draft.changed
    fields = list(critical_fields(document, touched))
    keys = draft.resource.document.secret
    if draft.push.secret is not None and keys is not None:
        fields.append(keys.inline)
    return fields


async def _mode(pair: Pair, draft: Draft) -> str:
    restoring = draft.order.restoring
    if draft.order.dry_run and restoring is not None and restoring.mode is not None:
        return restoring.mode
    if draft.resource.record != OPENID_CONNECT.record:
        return await pair.live_mode()
    return str(draft.live.observed.values.get("mode", "disabled"))


def _refuse(pair: Pair, fields: list[str], why: str, errors: list[FieldError]) -> NoReturn:
    msg = f"{pair.name} is live (mode enabled), and sign-in depends on {', '.join(fields)}: {why}"
    guarded = [FieldError(each, "may not be changed while the mode is enabled") for each in fields]
    raise ActivationGuard(msg.replace("..", "."), [*guarded, *errors])


async def _before(pair: Pair, draft: Draft) -> Verification:
    """Verify the live pair; actively only where that can still change the verdict."""
    found = await verify(pair)
    if found.passed and found.undecided and draft.order.active and not draft.order.dry_run:
        return await verify(pair, active=True)
    return found


async def _candidate(pair: Pair, draft: Draft) -> Verification:
    halves = await read_halves(pair)
    if isinstance(draft.wanted, Directory):
        return await _candidate_directory(pair, halves, draft, draft.wanted)
    secret = draft.push.secret or draft.push.held
    if secret is None and isinstance(draft.live.observed.secret, Secret):
        secret = draft.live.observed.secret
    wanted = _as_it_would_be(pair, halves, draft, secret)
    return await verify_candidate(pair, wanted, secret, active=draft.order.active)


async def _candidate_directory(
    pair: Pair, halves: Halves, draft: Draft, wanted: Directory
) -> Verification:
    key, secret = draft.resource.record.item, draft.push.secret or draft.push.held
    halves = replace(halves, directories={**halves.directories, key: wanted})
    pushed = {} if secret is None else {key: secret}
    return await verify_candidate(pair, halves, None, active=draft.order.active, pushed=pushed)


def _as_it_would_be(pair: Pair, halves: Halves, draft: Draft, secret: Secret | None) -> Halves:
    wanted = draft.wanted
    if isinstance(wanted, ImisSsoSettings):
        return replace(halves, imis_sso_settings=wanted)
    if not isinstance(wanted, OpenIDConnect):
        return halves
    live = halves.openid_connect
    version = live.client_secret_version if secret is None else pair.secrets.version(secret)
    keys = {"client_secret_ref": live.client_secret_ref, "client_secret_version": version}
    return replace(halves, openid_connect=wanted.model_copy(update=keys))


def seconds_after(ready: Ready) -> float:
    """Give the seconds that must be left when a write is over (contract C33)."""
    if ready.before is None:
        return 0.0
    return VERIFY_SECONDS + (PUT_BACK_SECONDS if ready.before.passed else 0.0)


async def prove_edit(pair: Pair, ready: Ready, written: Reading) -> tuple[str, ...]:
    """Verify a live pair after an edit of it; gives what to tell the caller.

    Raises `ActivationGuard` with both verdicts where the pair passed before and fails now: then the
    old values were put back, or the problem says what was not.
    """
    before = ready.before
    if before is None:
        return ()
    try:
        async with asyncio.timeout(_room(ready)):
            after = await verify(pair, active=True)
    except (Problem, StoreUnavailable, TimeoutError) as error:
        return (f"The live pair could not be verified after the write: {_why(error)}",)
    if after.passed:
        return ()
    if not before.passed:
        return (f"The live pair did not verify before, and does not now: {verdict(after)}.",)
    return await _undo(pair, ready, written, after)


def _room(ready: Ready) -> float:
    return max(ready.draft.order.deadline.remaining() - PUT_BACK_SECONDS, VERIFY_SECONDS)


def _why(error: Problem | StoreUnavailable | TimeoutError) -> str:
    if isinstance(error, Problem):
        return error.detail
    return "it took too long." if isinstance(error, TimeoutError) else f"the store failed: {error}."


async def _undo(pair: Pair, ready: Ready, written: Reading, after: Verification) -> NoReturn:
    logger.error("live pair %s failed after an edit: %s", pair.name, verdict(after))
    failed = [failure(each) for each in after.failures()]
    said = f"The edit was written, and then the live pair did not verify: {sentence(failed)}"
    try:
        back = await put_back(pair, ready, written, PUT_BACK)
    except (Problem, StoreUnavailable) as error:
        done = f"The old values could NOT be put back: {_why(error)} Put them back at once."
        writes = 1 + (error.upstream_writes if isinstance(error, Problem) else 0)
    else:
        values = "The old values were put back." if back.writes else ""
        done, writes = " ".join([values, *back.notices]).strip(), 1 + back.writes
    verdicts = [
        FieldError("verification.before", verdict(ready.before) if ready.before else ""),
        FieldError("verification.after", verdict(after)),
    ]
    mine = ActivationGuard(f"{said} {done}".replace("..", "."), [*verdicts, *failed])
    mine.upstream_writes = writes
    raise mine
