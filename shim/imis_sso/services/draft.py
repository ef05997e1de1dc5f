"""From an order to a validated draft: merge, check what changes, decide on the secret."""

from __future__ import annotations

from imis_sso.domain.documents import Document
from imis_sso.domain.documents.base import SecretKeys
from imis_sso.domain.merge import merge
from imis_sso.domain.problems import PreconditionFailed
from imis_sso.domain.validation import check_changes
from imis_sso.services.order import Draft, Order
from imis_sso.services.pair import Pair
from imis_sso.services.push import Push, Shown
from imis_sso.services.read import Reading


async def draft(pair: Pair, order: Order, live: Reading) -> Draft:
    """Merge what is declared onto what is live and check it (contract section 7).

    Raises the 422 problems, `PreconditionFailed`, and what deciding on the secret raises.
    """
    if order.removes:
        require_match(order, live)
        return Draft(order, live, live.document)
    wanted = order.resource.document.model_validate(
        merge(live.document.model_dump(), order.declared)
    )
    wanted = _renewed(pair, live, wanted)
    reach = pair.half(order.resource).reach_refusals(order.resource, live.observed)
    check_changes(
        order.resource.document,
        live.document.values(),
        wanted.values(),
        pair.pins(order.resource, wanted),
        reach,
        verbatim=order.restoring is not None,
        creating=order.resource.record.item != "" and not live.observed.exists,
        pinned_again=order.inline is not None or _names_another(live, wanted),
    )
    require_match(order, live)
    push = await _push(pair, order, live, wanted)
    return Draft(order, live, _with_record(order, wanted, push), push)


def require_match(order: Order, live: Reading) -> None:
    """Raise `PreconditionFailed` unless `If-Match` names the live document (RFC 9110 13.1.1)."""
    if order.if_match is None or "*" in order.if_match or live.etag in order.if_match:
        return
    msg = f"The document has the ETag {live.etag} now; read it again and repeat the request."
    raise PreconditionFailed(msg)


def _names_another(live: Reading, wanted: Document) -> bool:
    """Tell whether another secret is named than the one that is shown."""
    keys = type(wanted).secret
    if keys is None:
        return False
    return any(
        getattr(live.document, each) != getattr(wanted, each) for each in (keys.ref, keys.version)
    )


def _renewed(pair: Pair, live: Reading, wanted: Document) -> Document:
    """Take a version of the held secret by an older server key for the one shown (C25)."""
    keys = type(wanted).secret
    if keys is None:
        return wanted
    version = getattr(wanted, keys.version)
    renewed = pair.secrets.renewed(version, live.observed.secret)
    return wanted if renewed == version else wanted.model_copy(update={keys.version: renewed})


async def _push(pair: Pair, order: Order, live: Reading, wanted: Document) -> Push:
    keys = order.resource.document.secret
    if keys is None:
        return Push()
    asked = _wanted_secret(keys, order, live, wanted)
    if order.inline is not None:
        return pair.secrets.push_inline(order.resource, order.inline, live.shown, asked)
    return await pair.secrets.push_named(order.resource, live.shown, asked)


def _wanted_secret(keys: SecretKeys, order: Order, live: Reading, wanted: Document) -> Shown:
    values = wanted.model_dump()
    ref, version = values[keys.ref], values[keys.version]
    if ref and ref != live.shown.ref and keys.version not in order.declared:
        version = ""
    return Shown(ref, version)


def _with_record(order: Order, wanted: Document, push: Push) -> Document:
    keys = type(wanted).secret
    if keys is None or push.record is None:
        return wanted
    # A caller who sends a secret inline is never shown its fingerprint before it is written (C15).
    typed = push.secret is not None and not push.record.ref and order.restoring is None
    version = "" if typed else push.record.version
    return wanted.model_copy(update={keys.ref: push.record.ref, keys.version: version})
