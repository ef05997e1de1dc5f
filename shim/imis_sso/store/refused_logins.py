"""Log-ins that a product refused, so that no process tries them again (contract C47)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import delete, select

from imis_sso.domain.resources import Product
from imis_sso.store.database import Database
from imis_sso.store.tables import REFUSED_LOGINS, now


class SqlRefusedLogins:
    """See `base.RefusedLogins`."""

    def __init__(self, database: Database, clock: Callable[[], datetime] = now) -> None:
        self._database = database
        self._clock = clock

    async def is_refused(self, fingerprint: str) -> bool:
        """Tell whether a log-in was refused before; see `base.RefusedLogins.is_refused`."""
        known = REFUSED_LOGINS.c.fingerprint == fingerprint
        async with self._database.connect() as connection:
            found = await connection.execute(select(REFUSED_LOGINS.c.fingerprint).where(known))
            return found.one_or_none() is not None

    async def remember(self, fingerprint: str, product: Product, environment: str) -> None:
        """Remember a refused log-in; see `base.RefusedLogins.remember`."""
        refused = self._database.insert(REFUSED_LOGINS).values(
            fingerprint=fingerprint, product=product, environment=environment, at=self._clock()
        )
        async with self._database.begin() as connection:
            await connection.execute(refused.on_conflict_do_nothing())

    async def forget(self, environment: str) -> int:
        """Forget an environment's refused log-ins; see `base.RefusedLogins.forget`."""
        own = REFUSED_LOGINS.c.environment == environment
        async with self._database.begin() as connection:
            done = await connection.execute(delete(REFUSED_LOGINS).where(own))
        return done.rowcount
