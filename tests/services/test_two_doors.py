"""Two doors into one product that both look at it: which serves, and what a write meets behind each."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pair_bench import KEY, MemoryConnector, PairBench, Product

from imis_sso.connectors.base import WriteUncertain
from imis_sso.domain.ledger import StoreUnavailable
from imis_sso.domain.observed import Change, Observed
from imis_sso.domain.problems import (
    Problem,
    ReachChanged,
    UpstreamChanged,
    UpstreamCredentialsRefused,
    UpstreamError,
    UpstreamNotLicensed,
    UpstreamPageChanged,
    UpstreamRefused,
    UpstreamTimeout,
)
from imis_sso.domain.resources import OIDC_AUTHENTICATION, OPENID_CONNECT, OPENID_PROVIDER
from imis_sso.domain.secret import Secret, Unreadable
from imis_sso.services.circuit import Circuit, Patience
from imis_sso.services.closings import AGAIN, Closings
from imis_sso.services.door import Door
from imis_sso.services.doors import Doors
from imis_sso.services.guarded import Guarded, passed_by
from imis_sso.services.order import Order
from imis_sso.services.reach import AcceptedReach

pytestmark = pytest.mark.anyio

ALL = frozenset({*OPENID_CONNECT.document.defaults(), "mode"})
assert KEY


class Ways:
    """Doors `first` and `second` into one product in memory, with a clock of their own."""

    def __init__(self, bench: PairBench) -> None:
        self.bench, self.now = bench, datetime(2026, 1, 1, tzinfo=UTC)
        self.product = Product(dict(OPENID_CONNECT.document.defaults()) | {"mode": "disabled"})
        self.product.secret = "of-the-product"  # pragma: allowlist secret
        self.first = MemoryConnector(OPENID_PROVIDER, self.product, ALL - {"email_body"})
        self.second = MemoryConnector(OPENID_PROVIDER, self.product, ALL)
        self.first.name, self.second.name = "first", "second"  # type: ignore[misc]
        self.doors = self.another()

    def another(self) -> Doors:
        """Give doors as another process has them."""
        made = [
            Door(each.name, Guarded(each, Circuit("iMIS", Patience())))
            for each in (self.first, self.second)
        ]
        facts, name = self.bench.store.facts, self.bench.environment
        closings = Closings(name, "imis", facts, lambda: self.now)
        return Doors("imis", made, closings, AcceptedReach(name, facts))

    def refuses(self, connector: MemoryConnector, kind: str, problem: Exception) -> None:
        """Have one door answer every call of a kind with a problem."""

        def fail() -> None:
            raise problem

        for number in range(1, 20):
            connector.before[kind, connector.count(kind) + number] = fail

    def mend(self) -> None:
        self.first.before.clear()
        self.second.before.clear()

    async def read(self, doors: Doors | None = None) -> Observed:
        return await (doors or self.doors).read(OPENID_CONNECT)

    async def write(self, base: Observed, **values: str | bool) -> None:
        order = Order(OPENID_CONNECT, {}, "ci")
        with passed_by(order):
            await self.doors.write(OPENID_CONNECT, Change(values), base)


@pytest.fixture
def ways(bench: PairBench) -> Ways:
    return Ways(bench)


CLOSING = [UpstreamNotLicensed, UpstreamPageChanged, UpstreamCredentialsRefused]


@pytest.mark.parametrize("problem", [*CLOSING, UpstreamRefused])
async def test_a_closed_door_is_passed_by_every_process_until_its_time(
    ways: Ways, problem: type[Problem]
) -> None:
    ways.refuses(ways.first, "read", problem("No."))
    assert (await ways.read()).by == "second"
    assert (await ways.read(ways.another())).by == "second"
    assert ways.first.count("read") == 1
    ways.mend()
    ways.now += AGAIN - timedelta(seconds=1)
    assert (await ways.read(ways.another())).by == "second"
    ways.now += timedelta(seconds=1)
    assert (await ways.read(ways.another())).by == "first"
    ways.now -= AGAIN  # it was forgotten, not only run out
    assert (await ways.read()).by == "first"


@pytest.mark.parametrize("problem", [UpstreamError, UpstreamTimeout])
async def test_trouble_is_told_and_closes_nothing(ways: Ways, problem: type[Problem]) -> None:
    ways.refuses(ways.first, "read", problem("Hm."))
    with pytest.raises(problem, match=r"^Hm\.$"):
        await ways.read()
    assert ways.second.count("read") == 0


async def test_where_all_are_closed_all_are_tried_and_told(ways: Ways) -> None:
    for each in (ways.first, ways.second):
        ways.refuses(each, "read", UpstreamNotLicensed(f"Not by {each.name}."))
    for times in (1, 2):
        with pytest.raises(
            UpstreamNotLicensed, match=r"^Not by first\. \(second: Not by second\.\)"
        ):
            await ways.read()
        assert ways.first.count("read") == ways.second.count("read") == times


@pytest.mark.parametrize("problem", CLOSING)
async def test_a_write_goes_on_through_the_next_door(ways: Ways, problem: type[Problem]) -> None:
    """Looked at afresh, and read back through a door that looks."""
    base = await ways.read()
    ways.refuses(ways.first, "write", problem("No."))
    await ways.write(base, name="Members")
    assert ways.product.values["name"] == "Members"
    assert (ways.first.count("write"), ways.second.calls) == (1, ["read", "write"])
    ways.now += timedelta(days=9)
    assert (await ways.read(ways.another())).by == "second"  # time alone does not open it


async def test_a_refusal_of_values_is_not_got_round(ways: Ways) -> None:
    base = await ways.read()
    ways.refuses(ways.first, "write", UpstreamRefused("Too long."))
    with pytest.raises(UpstreamRefused):
        await ways.write(base, name="Members")
    assert ways.second.calls == []


@pytest.mark.parametrize(
    "lost", [WriteUncertain(UpstreamTimeout("Hm.")), UpstreamNotLicensed("No.")]
)
async def test_what_may_have_been_written_is_never_sent_again(ways: Ways, lost: Exception) -> None:
    base = await ways.read()
    if isinstance(lost, Problem):
        lost.upstream_writes = 1
    ways.refuses(ways.first, "write", lost)
    with pytest.raises(type(lost)):
        await ways.write(base, name="Members")
    assert ways.second.calls == []


async def test_another_value_behind_the_next_door_stops_the_write(ways: Ways) -> None:
    base = await ways.read()
    ways.refuses(ways.first, "write", UpstreamNotLicensed("No."))
    ways.product.values["client_id"] = "a-persons"
    with pytest.raises(UpstreamChanged, match="client_id"):
        await ways.write(base, name="Members")
    assert ways.product.values["name"] == "Cloud SSO"


async def test_a_next_door_that_cannot_reach_what_is_written_stops_it(ways: Ways) -> None:
    ways.first.reach, ways.second.reach = ways.second.reach, ways.first.reach
    base = await ways.read()
    ways.refuses(ways.first, "write", UpstreamNotLicensed("No."))
    with pytest.raises(ReachChanged, match="second serves imis/openid-connect now"):
        await ways.write(base, email_body="Dear member")
    assert ways.second.count("write") == 0


async def test_a_secret_that_the_next_door_hides_goes_back_into_the_record(ways: Ways) -> None:
    """What was read in clear is not lost by a form that masks it (product facts 3.5)."""
    base = await ways.read()
    assert isinstance(base.secret, Secret)
    ways.refuses(ways.first, "write", UpstreamNotLicensed("No."))
    ways.product.shows = "masked"
    await ways.write(base, name="Members")
    assert ways.product.secret == "of-the-product"  # pragma: allowlist secret
    assert (await ways.read()).secret is Unreadable.MASKED


async def test_what_nobody_accepted_is_neither_seen_nor_lost(ways: Ways) -> None:
    """contract 1.1: also behind the door that reaches it."""
    ways.product.values["email_body"] = "Dear member"
    assert (await ways.read()).lost == frozenset()
    ways.refuses(ways.first, "read", UpstreamNotLicensed("No."))
    seen = await ways.read()
    assert (seen.by, seen.withheld) == ("second", {"email_body"})
    assert "email_body" not in seen.values
    accepted = await ways.doors.accepted.of(OPENID_CONNECT)
    assert accepted is not None
    taken = replace(accepted, fields=accepted.fields | {"email_body"}, who="ann")
    await ways.doors.accepted.accept(OPENID_CONNECT, taken)
    assert (await ways.read()).values["email_body"] == "Dear member"
    ways.mend()
    ways.now += AGAIN
    seen = await ways.read()
    assert (seen.by, seen.lost) == ("first", {"email_body"})


class Gone:
    """A store that cannot be used."""

    def __getattr__(self, _name: str) -> Any:
        async def fail(*_: object) -> None:
            raise StoreUnavailable("disk full")

        return fail


async def test_without_a_store_each_process_knows_for_itself(ways: Ways) -> None:
    """Reads go on (contract section 7); what one process learned it keeps."""
    doors = ways.another()
    doors._closings._facts = doors.accepted._facts = Gone()  # type: ignore[assignment]
    assert (await ways.read(doors)).by == "first"
    ways.refuses(ways.first, "read", UpstreamNotLicensed("No."))
    for _ in range(2):
        assert (await ways.read(doors)).by == "second"
    assert ways.first.count("read") == 2
    ways.mend()
    assert (await ways.read()).by == "first"
    ways.now += AGAIN
    assert (await ways.read(doors)).by == "first"


async def test_lowering_takes_any_door_that_works(ways: Ways) -> None:
    """contract 1.2: whatever stopped the one before, as long as nothing was written by it."""
    base = await ways.read()
    ways.refuses(ways.first, "write", UpstreamError("Hm."))
    order = Order(OIDC_AUTHENTICATION, {"mode": "disabled"}, "ci")
    ways.product.values["mode"] = "enabled"
    base = replace(base, values={**base.values, "mode": "enabled"})
    with passed_by(order):
        await ways.doors.write(OIDC_AUTHENTICATION, Change({"mode": "disabled"}), base)
        ways.refuses(ways.first, "read", UpstreamTimeout("Hm."))
        assert (await ways.read()).values["mode"] == "disabled"
    assert ways.product.values["mode"] == "disabled"
