"""What is known of the products' pages without looking at them: for `/status`.

Facts of the kind `page`: under `<connector>/<page>` what was accepted of a page, and under the same
key with `#seen` what differed when it was last seen.
"""

from __future__ import annotations

from typing import Any, Final

from imis_sso.domain.facts import Fact
from imis_sso.store.base import Facts

_SEEN: Final = "#seen"


async def accepted_pages(facts: Facts | None, environment: str) -> list[dict[str, Any]]:
    """Give each page with its accepted fingerprint, and what changed since. By page.

    Raises StoreUnavailable.
    """
    found = [] if facts is None else await facts.all(environment, "page")
    by_key = {each.key: each for each in found}
    return [
        _page(each, by_key.get(each.key + _SEEN)) for each in found if not each.key.endswith(_SEEN)
    ]


def _page(accepted: Fact, seen: Fact | None) -> dict[str, Any]:
    return {
        "page": accepted.key,
        "fingerprint": accepted.content["fingerprint"],
        "accepted_by": accepted.who or None,
        "accepted_at": accepted.at.isoformat(timespec="seconds") if accepted.at else None,
        "changes": [] if seen is None else list(seen.content["changes"]),
    }
