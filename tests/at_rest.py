"""Products at rest: what a test left under way would meet the faults and counters of the next."""

from __future__ import annotations

import time

from imis_sso.simulators.product import Product

_SECONDS = 6.0


def wait_for(product: Product) -> None:
    """Wait until no request is under way any more; for those that never end, six seconds."""
    until = time.monotonic() + _SECONDS
    while time.monotonic() < until and not all(each.over for each in [*product.log.attempts]):
        time.sleep(0.01)
