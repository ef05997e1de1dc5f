"""Verdicts, results of active probes, attested sign-ins, and what is each environment's own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Table, insert, select

from imis_sso.domain.checks import Check, Status, Verification
from imis_sso.domain.crossing import Sighting
from imis_sso.domain.verified import Attestation, Verified
from imis_sso.store.database import Database
from imis_sso.store.tables import ATTESTATIONS, PROOFS, SIGHTINGS, VERIFICATIONS, now


class SqlEvidences:
    """See `base.Evidences`."""

    def __init__(self, database: Database, clock: Callable[[], datetime] = now) -> None:
        self._database, self._clock = database, clock

    async def verification(self, environment: str, digest: str) -> Verified | None:
        """Give the newest verdict; see `base.Evidences.verification`."""
        row = await self._one(VERIFICATIONS, environment, digest)
        return None if row is None else Verified(bool(row.passed), row.proof, row.at)

    async def remember_verification(
        self, environment: str, digest: str, verification: Verification
    ) -> None:
        """Keep a verdict; see `base.Evidences.remember_verification`."""
        before = await self.verification(environment, digest)
        passed, proof = verification.passed, verification.proof
        if proof == "passive" and before is not None and before.passed == passed:
            return
        values = {"passed": int(passed), "proof": proof, "at": self._clock()}
        await self._put(VERIFICATIONS, {"environment": environment, "digest": digest}, values)

    async def proof(self, environment: str, digest: str) -> Sequence[Check]:
        """Give the results of the last active probes; see `base.Evidences.proof`."""
        row = await self._one(PROOFS, environment, digest)
        return () if row is None else tuple(_check(each) for each in row.checks)

    async def remember_proof(self, environment: str, digest: str, checks: Sequence[Check]) -> None:
        """Keep the results of active probes; see `base.Evidences.remember_proof`."""
        values = {"checks": [each.as_dict() for each in checks], "at": self._clock()}
        await self._put(PROOFS, {"environment": environment, "digest": digest}, values)

    async def attest(self, attestation: Attestation) -> None:
        """Keep an attested sign-in; see `base.Evidences.attest`."""
        values = {
            "environment": attestation.environment,
            "digest": attestation.digest,
            "who": attestation.who,
            "at": attestation.at,
            "client_id": attestation.client_id,
            "redirect_url": attestation.redirect_url,
            "outcome": attestation.outcome,
        }
        async with self._database.begin() as connection:
            await connection.execute(insert(ATTESTATIONS).values(values))

    async def attestation(self, environment: str, digest: str) -> Attestation | None:
        """Give the newest attested sign-in; see `base.Evidences.attestation`."""
        row = await self._one(ATTESTATIONS, environment, digest)
        if row is None:
            return None
        return Attestation(
            row.environment,
            row.digest,
            row.who,
            row.at,
            row.client_id,
            row.redirect_url,
            row.outcome,
        )

    async def sightings(self) -> Sequence[Sighting]:
        """Give what is each environment's own; see `base.Evidences.sightings`."""
        async with self._database.connect() as connection:
            rows = await connection.execute(select(SIGHTINGS).order_by(SIGHTINGS.c.environment))
            return [
                Sighting(row.environment, row.client_id, row.authority_url, secret=row.secret_mark)
                for row in rows
            ]

    async def see(self, sighting: Sighting) -> None:
        """Keep what is an environment's own; see `base.Evidences.see`."""
        values = {
            "client_id": sighting.client,
            "authority_url": sighting.authority,
            "secret_mark": sighting.secret,
        }
        await self._put(SIGHTINGS, {"environment": sighting.environment}, values)

    async def _one(self, table: Table, environment: str, digest: str) -> Row[Any] | None:
        query = select(table).where(table.c.environment == environment, table.c.digest == digest)
        if table is ATTESTATIONS:
            query = query.order_by(table.c.number.desc()).limit(1)
        async with self._database.connect() as connection:
            return (await connection.execute(query)).one_or_none()

    async def _put(self, table: Table, key: dict[str, str], values: dict[str, Any]) -> None:
        statement = self._database.insert(table).values(**key, **values)
        async with self._database.begin() as connection:
            await connection.execute(
                statement.on_conflict_do_update(index_elements=list(key), set_=values)
            )


def _check(stored: dict[str, Any]) -> Check:
    return Check(
        stored["id"],
        Status(stored["status"]),
        stored["detail"],
        tuple(stored["fields"]),
        stored["remedy"],
    )
