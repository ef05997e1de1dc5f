"""The last look before a write: nothing that matters may have moved (contract section 7)."""

from __future__ import annotations

from imis_sso.domain.activation import critical_fields
from imis_sso.domain.difference import difference
from imis_sso.domain.documents import flatten
from imis_sso.domain.problems import UpstreamChanged
from imis_sso.domain.resources import RESOURCES
from imis_sso.services.order import Draft
from imis_sso.services.pair import Pair
from imis_sso.services.read import Reading, read


async def confirmed(pair: Pair, draft: Draft) -> Draft:
    """Read once more after secrets and gates took their time; this is the base of the write.

    Raises `UpstreamChanged` where a declared field or one that sign-in depends on has moved.
    """
    base = await read(pair, draft.resource, afresh=True)
    touched = _touched(draft, base)
    if touched or base.observed.exists != draft.live.observed.exists:
        msg = f"Meanwhile somebody changed {', '.join(touched) or 'the record'}; plan again."
        raise UpstreamChanged(msg)
    # Fields that nobody declared keep what the product holds now, a person's last edit included.
    wanted = draft.wanted.model_dump()
    before = draft.live.document.model_dump()
    ours = {key: value for key, value in wanted.items() if before[key] != value}
    document = type(draft.wanted).model_validate(base.document.model_dump() | ours)
    return Draft(draft.order, base, document, draft.push)


def _touched(draft: Draft, base: Reading) -> list[str]:
    moved = [each.field for each in difference(draft.live.document, base.document)]
    keys = draft.resource.document.secret
    secret_keys = (keys.ref, keys.version) if keys else ()
    critical = critical_fields(draft.resource.document, moved)
    matter = {*draft.changed, *declared_paths(draft), *critical, *secret_keys}
    return [*(field for field in moved if field in matter), *_beside(draft, base)]


def _beside(draft: Draft, base: Reading) -> list[str]:
    """Give what moved in the other documents of the record: the mode is raised over them."""
    before, now = draft.live.observed, base.observed
    beside = [
        each
        for each in RESOURCES
        if each.record is draft.resource.record and each is not draft.resource
    ]
    moved = [path for path, value in now.values.items() if before.values.get(path, value) != value]
    found = [path for each in beside for path in critical_fields(each.document, moved)]
    secrets = [each.document.secret.inline for each in beside if each.document.secret]
    return [*found, *(secrets if before.secret != now.secret else ())]


def declared_paths(draft: Draft) -> frozenset[str]:
    """Give the dotted paths that the caller declared."""
    return frozenset(flatten(draft.order.declared))
