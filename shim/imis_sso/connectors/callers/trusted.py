"""Who is behind a JWT: issuer, signature, times, then the operator's rules (contract C40)."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from imis_sso.connectors.callers.jwt import Refused, Unverified
from imis_sso.connectors.callers.keys import Issuer, IssuerKeys
from imis_sso.domain.access import Principal
from imis_sso.domain.callers import CallerRule, let_in
from imis_sso.domain.problems import Unauthenticated

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Trust:
    """A rule, and the way to the keys of its issuer."""

    rule: CallerRule
    issuer: Issuer


class TrustedCallers:
    """Callers with a JWT. Rules are tried in the operator's order; the first that fits decides."""

    def __init__(
        self,
        trusted: Sequence[Trust],
        keys: Callable[[Issuer], IssuerKeys] = IssuerKeys,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._clock = clock
        self._rules = [each.rule for each in trusted]
        self._keys: Mapping[str, IssuerKeys] = {
            url: keys(issuer) for url, issuer in {e.issuer.url: e.issuer for e in trusted}.items()
        }

    async def find(self, token: str) -> Principal | None:
        """Give whom a JWT stands for; None where it is none of a trusted issuer's.

        Raises Unauthenticated, with the reason, for what the issuer did sign and is refused here;
        UpstreamUnavailable where the issuer's keys cannot be had.
        """
        try:
            said = Unverified.of(token)
            await self._verify(said)
        except Refused as reason:
            logger.info("a JWT was refused: %s", reason)
            return None
        said.check_times(self._clock())
        return self._let_in(said)

    async def aclose(self) -> None:
        """Close what is open."""
        for each in self._keys.values():
            await each.aclose()

    async def _verify(self, said: Unverified) -> None:
        # Byte for byte, and before anything is fetched: a stranger's issuer is never asked.
        keys = self._keys.get(said.issuer)
        key = None if keys is None else await keys.get(said.key_id)
        if key is None:
            raise Refused("its issuer is not trusted, or has no such key")
        said.verify(key)

    def _let_in(self, said: Unverified) -> Principal:
        subject = said.claims.get("sub")
        named = isinstance(subject, str) and subject != ""
        principal = let_in(self._rules, said.claims) if named else None
        if principal is None:
            logger.info("no rule lets in %.200r of %s", subject, said.issuer)
            msg = "No rule of this service lets this JWT's caller in: its claims fit none."
            raise Unauthenticated(msg)
        return principal
