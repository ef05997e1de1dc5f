"""What the last write recorded of each document's secret (contract C22)."""

from __future__ import annotations

from sqlalchemy import ColumnElement, delete, select, update

from imis_sso.domain.ledger import AppliedSecret
from imis_sso.store.database import Database
from imis_sso.store.tables import APPLIED_SECRETS


class SqlAppliedSecrets:
    """See `base.AppliedSecrets`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, environment: str, resource: str) -> AppliedSecret | None:
        """Give what was recorded; see `base.AppliedSecrets.get`."""
        query = select(APPLIED_SECRETS.c.ref, APPLIED_SECRETS.c.version)
        async with self._database.connect() as connection:
            found = await connection.execute(query.where(_is(environment, resource)))
            row = found.one_or_none()
        return None if row is None else AppliedSecret(row.ref, row.version)

    async def put(self, environment: str, resource: str, applied: AppliedSecret) -> None:
        """Record what a write applied; see `base.AppliedSecrets.put`."""
        recorded = {"ref": applied.ref, "version": applied.version}
        statement = self._database.insert(APPLIED_SECRETS).values(
            environment=environment, resource=resource, **recorded
        )
        async with self._database.begin() as connection:
            await connection.execute(
                statement.on_conflict_do_update(
                    index_elements=["environment", "resource"], set_=recorded
                )
            )

    async def replace(
        self, environment: str, resource: str, before: AppliedSecret, after: AppliedSecret
    ) -> None:
        """Renew what was recorded; see `base.AppliedSecrets.replace`."""
        columns = APPLIED_SECRETS.c
        same = (columns.ref == before.ref) & (columns.version == before.version)
        statement = update(APPLIED_SECRETS).where(_is(environment, resource) & same)
        async with self._database.begin() as connection:
            await connection.execute(statement.values(ref=after.ref, version=after.version))

    async def delete(self, environment: str, resource: str) -> None:
        """Forget what was recorded; see `base.AppliedSecrets.delete`."""
        async with self._database.begin() as connection:
            await connection.execute(delete(APPLIED_SECRETS).where(_is(environment, resource)))


def _is(environment: str, resource: str) -> ColumnElement[bool]:
    columns = APPLIED_SECRETS.c
    return (columns.environment == environment) & (columns.resource == resource)
