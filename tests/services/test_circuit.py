"""A product that fails again and again is left alone (product facts 3.3: fair use; contract 1.2)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from pair_bench import PairBench, raising

from imis_sso.connectors.base import WriteUncertain
from imis_sso.domain.problems import (
    Busy,
    Problem,
    SecretUnavailable,
    UpstreamCredentialsRefused,
    UpstreamError,
    UpstreamNotLicensed,
    UpstreamPageChanged,
    UpstreamRefused,
    UpstreamTimeout,
    UpstreamUnavailable,
)
from imis_sso.domain.resources import IMIS_SSO_SETTINGS, OIDC_AUTHENTICATION, OPENID_CONNECT
from imis_sso.services.circuit import Circuit, Patience
from imis_sso.services.guarded import Guarded
from imis_sso.services.half import Half
from imis_sso.services.status import status

pytestmark = pytest.mark.anyio
DOWN = UpstreamUnavailable("Down.", retry_after=1)


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def circuit(clock: Clock) -> Circuit:
    patience = Patience(failures=3, shortest=2.0, longest=30.0)
    return Circuit("iMIS", patience, clock=clock, jitter=lambda low, _: low)


def fail(circuit: Circuit, problem: BaseException = DOWN, times: int = 1) -> None:
    for _ in range(times):
        with pytest.raises(type(problem)), circuit.passing():
            raise problem


def succeed(circuit: Circuit) -> None:
    with circuit.passing():
        pass


def refusal(circuit: Circuit) -> UpstreamUnavailable:
    with pytest.raises(UpstreamUnavailable) as caught, circuit.passing():
        pytest.fail("nothing may pass")
    return caught.value


def test_it_opens_after_failures_in_a_row_only(circuit: Circuit) -> None:
    fail(circuit, times=2)
    succeed(circuit)
    fail(circuit, times=2)
    assert circuit.state == "closed"
    fail(circuit)
    assert circuit.state == "open"
    refused = refusal(circuit)
    assert "was not asked" in refused.detail
    assert "Down." in refused.detail
    assert refused.retry_after == 2


@pytest.mark.parametrize(
    "problem",
    [DOWN, UpstreamTimeout("t"), UpstreamError("e"), WriteUncertain(UpstreamTimeout("t"))],
)
def test_what_says_that_a_product_is_away_counts(circuit: Circuit, problem: Exception) -> None:
    fail(circuit, problem, times=3)
    assert circuit.state == "open"


@pytest.mark.parametrize(
    "problem", [UpstreamRefused("r"), UpstreamNotLicensed("n"), UpstreamPageChanged("p")]
)
def test_a_refusal_shows_that_it_is_there(circuit: Circuit, problem: Problem) -> None:
    fail(circuit, times=2)
    fail(circuit, problem)
    fail(circuit, times=2)
    assert circuit.state == "closed"


@pytest.mark.parametrize(
    "problem", [Busy("b"), SecretUnavailable("s"), UpstreamCredentialsRefused("c"), ValueError()]
)
def test_what_was_said_without_it_counts_for_nothing(circuit: Circuit, problem: Exception) -> None:
    fail(circuit, times=2)
    fail(circuit, problem, times=5)
    assert circuit.state == "closed"
    fail(circuit)
    assert circuit.state == "open"


def test_pauses_grow_up_to_a_bound_and_are_jittered(clock: Clock) -> None:
    asked: list[tuple[float, float]] = []

    def jitter(low: float, high: float) -> float:
        asked.append((low, high))
        return high

    circuit = Circuit("iMIS", Patience(1, 2.0, 30.0), clock=clock, jitter=jitter)
    pauses = []
    for _ in range(6):
        fail(circuit)
        before = clock.now
        while circuit.state == "open":
            clock.now += 0.5
        pauses.append(clock.now - before)
    assert pauses == [3.0, 6.0, 12.0, 24.0, 30.0, 30.0]
    assert set(asked) == {(1.0, 1.5)}


def test_what_the_product_asks_for_is_waited(circuit: Circuit, clock: Clock) -> None:
    fail(circuit, UpstreamUnavailable("Busy.", retry_after=20), times=3)
    assert refusal(circuit).retry_after == 20


def test_one_try_closes_it_or_opens_it_again(circuit: Circuit, clock: Clock) -> None:
    fail(circuit, times=3)
    clock.now += 2.0
    assert circuit.state == "half-open"
    with circuit.passing():
        assert refusal(circuit).retry_after == 1  # one try at a time
    assert circuit.state == "closed"
    fail(circuit, times=3)
    clock.now += 2.0
    fail(circuit)
    assert circuit.state == "open"
    clock.now += 3.9
    assert circuit.state == "open"
    clock.now += 0.1
    assert circuit.state == "half-open"


def test_a_try_that_is_given_up_makes_room_for_the_next(circuit: Circuit, clock: Clock) -> None:
    fail(circuit, times=3)
    clock.now += 2.0
    fail(circuit, asyncio.CancelledError())
    succeed(circuit)
    assert circuit.state == "closed"


def test_an_urgent_use_passes_and_a_success_closes(circuit: Circuit) -> None:
    fail(circuit, times=3)
    with circuit.passing(urgent=True):
        pass
    assert circuit.state == "closed"


# --- in front of a pair ---------------------------------------------------------------------------


@pytest.fixture
def guarded(bench: PairBench, clock: Clock) -> PairBench:
    """A pair whose two products are behind circuits that open after two failures."""
    for product, connector in (("imis", bench.imis), ("cloud-sso", bench.cloud)):
        circuit = Circuit(product, Patience(2, 1.0, 9.0), clock=clock)
        half = Half(product, Guarded(connector, circuit))  # type: ignore[arg-type]
        bench.pair.halves[product] = half  # type: ignore[index]
        bench.pair.circuits[product] = circuit  # type: ignore[index]
    return bench


async def go_down(bench: PairBench) -> Any:
    """Have iMIS fail until its circuit is open; gives what puts iMIS back."""
    shows = bench.imis.product.show
    bench.imis.product.show = raising(DOWN)  # type: ignore[method-assign]
    for _ in range(2):
        with pytest.raises(UpstreamUnavailable):
            await bench.get()
    bench.imis.calls.clear()
    return shows


async def test_an_open_circuit_answers_at_once(guarded: PairBench) -> None:
    """503 with Retry-After, for reads, dry runs and writes; the other product goes on."""
    await go_down(guarded)
    for ask in (
        guarded.get(),
        guarded.put(OPENID_CONNECT, {"name": "n"}),
        guarded.put(OPENID_CONNECT, {"name": "n"}, dry_run=True),
        guarded.put(OIDC_AUTHENTICATION, {"mode": "enabled"}),
        guarded.put(OIDC_AUTHENTICATION, {"mode": "disabled"}, dry_run=True),
    ):
        with pytest.raises(UpstreamUnavailable, match="was not asked") as caught:
            await ask
        assert caught.value.retry_after >= 1
    assert guarded.imis.calls == []
    assert (await guarded.get(IMIS_SSO_SETTINGS)).observed.exists


@pytest.mark.parametrize("to", ["disabled", "test_mode"])
async def test_lowering_the_mode_is_not_stopped(guarded: PairBench, to: str) -> None:
    """contract 1.2: only iMIS itself can stop it."""
    guarded.imis.product.values["mode"] = "enabled"
    shows = await go_down(guarded)
    with pytest.raises(UpstreamUnavailable, match="Down"):
        await guarded.put(OIDC_AUTHENTICATION, {"mode": to})
    assert guarded.imis.calls == ["read"]
    guarded.imis.product.show = shows  # type: ignore[method-assign]
    assert (await guarded.put(OIDC_AUTHENTICATION, {"mode": to})).writes == 1
    assert guarded.imis.product.values["mode"] == to
    assert guarded.pair.circuits["imis"].state == "closed"


async def test_a_write_that_has_begun_is_read_back(guarded: PairBench) -> None:
    """product facts 3.5: read back before anything else, also if the write opened the circuit."""

    def writing(*_: object) -> None:
        guarded.imis.take(*_)  # type: ignore[arg-type]
        raise WriteUncertain(UpstreamError("Lost."))

    guarded.imis.before["read", 1] = raising(DOWN)
    with pytest.raises(UpstreamUnavailable):
        await guarded.get()
    guarded.pair.circuits["imis"]._patience = Patience(1, 9.0, 9.0)
    guarded.imis.writing = writing
    outcome = await guarded.put(OPENID_CONNECT, {"name": "n"})
    assert (outcome.writes, outcome.reading.document.values()["name"]) == (1, "n")
    # What passed the circuit then does not pass it for the next order.
    guarded.imis.before["read", guarded.imis.count("read") + 1] = raising(DOWN)
    with pytest.raises(UpstreamUnavailable, match="Down"):
        await guarded.get()
    with pytest.raises(UpstreamUnavailable, match="was not asked"):
        await guarded.put(OPENID_CONNECT, {"name": "m"})


async def test_status_shows_the_circuits_and_asks_nobody(guarded: PairBench) -> None:
    """contract C3."""
    before = (await status(guarded.pair))["products"]
    assert [(each["product"], each["circuit"], each["last_failure"]) for each in before] == [
        ("imis", "closed", None),
        ("cloud-sso", "closed", None),
    ]
    await go_down(guarded)
    after = (await status(guarded.pair))["products"]
    assert (after[0]["circuit"], after[0]["last_failure"]) == ("open", "upstream-unavailable")
    assert after[0]["since"] >= before[0]["since"]
    assert after[1] == before[1]
    assert guarded.imis.calls == []
