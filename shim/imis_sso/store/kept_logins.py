"""Log-ins that persons made, sealed with the server key, as facts that every replica has."""

from __future__ import annotations

import json
import logging
import secrets
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from imis_sso.domain.facts import Fact
from imis_sso.domain.fingerprint import FingerprintKey
from imis_sso.domain.kept_login import BrowserState, KeptLogin, LoginFacts
from imis_sso.domain.problems import UpstreamLoginRequired
from imis_sso.domain.resources import PRODUCT_TITLES, Product
from imis_sso.domain.secret import Secret
from imis_sso.store.base import Facts
from imis_sso.store.sealing import Seal, SealBroken

logger = logging.getLogger(__name__)

_KEY: Final = "{} kept"


class KeptLogins:
    """The one log-in that is kept for a product of an environment. Raises StoreUnavailable."""

    def __init__(
        self, facts: Facts, key: FingerprintKey, environment: str, product: Product
    ) -> None:
        self._facts, self._environment, self.product = facts, environment, product
        self._seal = Seal(key, f"log-in {environment} {product}")

    async def keep(self, state: BrowserState, who: str) -> LoginFacts:
        """Keep a log-in in place of the one before."""
        facts = LoginFacts(secrets.token_hex(8), who, datetime.now(UTC), state.ends)
        await self._put(KeptLogin(facts, state))
        return facts

    async def about(self) -> tuple[LoginFacts, bool] | None:
        """Give what is known of the log-in and whether the product has ended it; None for none."""
        fact = await self._fact()
        return None if fact is None else (_facts(fact), bool(fact.content.get("ended")))

    async def load(self) -> KeptLogin:
        """Give the log-in.

        Raises UpstreamLoginRequired where there is none, it has ended, or it cannot be read.
        """
        fact = await self._fact()
        if fact is None:
            raise self._required("nobody has logged in for the service")
        facts = _facts(fact)
        if facts.is_over(datetime.now(UTC)):
            raise self._required(f"the log-in of {facts.who} has ended")
        try:
            opened, is_present = self._seal.open(str(fact.content["sealed"]))
        except SealBroken:
            raise self._required(
                f"the log-in of {facts.who} cannot be read with this server key"
            ) from None
        found = json.loads(opened.reveal())
        state = BrowserState(Secret(found["storage"]), found["user_agent"], facts.ends)
        if not is_present:
            # Sealed anew, so that the older key may be dropped (contract C25).
            await self._put(KeptLogin(facts, state), ended=bool(fact.content.get("ended")))
        return KeptLogin(facts, state)

    async def renew(self, kept: KeptLogin, state: BrowserState) -> None:
        """Keep what became of a log-in, unless there is another or none by now."""
        fact = await self._fact()
        if fact is not None and _facts(fact).mark == kept.facts.mark:
            await self._put(KeptLogin(replace(kept.facts, ends=state.ends), state))

    async def note_ended(self, kept: KeptLogin) -> None:
        """Note that the product does not take the log-in any more."""
        fact = await self._fact()
        if fact is not None and _facts(fact).mark == kept.facts.mark:
            await self._facts.put(replace(fact, content={**fact.content, "ended": True}))

    def unknown(self) -> UpstreamLoginRequired:
        """Give the problem for a store that cannot be read."""
        return self._required("the store, which keeps log-ins, cannot be read")

    async def forget(self) -> bool:
        """Forget the log-in; tell whether there was one."""
        return await self._facts.forget(self._environment, "login", _KEY.format(self.product))

    async def _fact(self) -> Fact | None:
        return await self._facts.get(self._environment, "login", _KEY.format(self.product))

    async def _put(self, kept: KeptLogin, *, ended: bool = False) -> None:
        state = {"storage": kept.state.storage.reveal(), "user_agent": kept.state.user_agent}
        content: Mapping[str, Any] = {
            "mark": kept.facts.mark,
            "since": kept.facts.since.isoformat(),
            "ends": kept.facts.ends and kept.facts.ends.isoformat(),
            "ended": ended,
            "sealed": self._seal.close(Secret(json.dumps(state))),
        }
        key = _KEY.format(self.product)
        await self._facts.put(Fact(self._environment, "login", key, content, kept.facts.who))

    def _required(self, why: str) -> UpstreamLoginRequired:
        return login_required(PRODUCT_TITLES[self.product], why, self._environment)


def login_required(title: str, why: str, environment: str) -> UpstreamLoginRequired:
    """Give the problem that asks for a person, with the command to run."""
    return UpstreamLoginRequired(
        f"{title} needs a person to log in: {why}. Run `imis-sso login {environment} "
        "--interactive` on a machine with a screen."
    )


def _facts(fact: Fact) -> LoginFacts:
    content = fact.content
    ends = content.get("ends")
    return LoginFacts(
        content["mark"],
        fact.who,
        datetime.fromisoformat(content["since"]),
        None if ends is None else datetime.fromisoformat(ends),
    )
