"""Raising the mode never locks the service itself out (product facts 3.3, contract 1.2, C47)."""

from __future__ import annotations

from typing import Any

import pytest
from pair_bench import PairBench, mode_is, raising

from imis_sso.connectors.base import WriteUncertain
from imis_sso.domain.observed import Change, Observed
from imis_sso.domain.problems import (
    Problem,
    TransitionRefused,
    UpstreamCredentialsRefused,
    UpstreamTimeout,
    UpstreamUnavailable,
)
from imis_sso.domain.resources import OIDC_AUTHENTICATION, OPENID_CONNECT
from imis_sso.services.raising import PUT_BACK, UNDECIDED

pytestmark = pytest.mark.anyio

UP = [("disabled", "test_mode"), ("test_mode", "enabled")]
REFUSED = raising(UpstreamCredentialsRefused("iMIS refused the password."))


async def refusal(bench: PairBench, mode: str, **more: Any) -> Problem:
    with pytest.raises(Problem) as caught:
        await bench.put(OIDC_AUTHENTICATION, {"mode": mode}, **more)
    return caught.value


@pytest.mark.parametrize(("before", "after"), UP)
async def test_a_fresh_log_in_comes_before_and_after(
    bench: PairBench, before: str, after: str
) -> None:
    """And nothing but a read stands between the first and the write."""
    mode_is(bench, before)
    outcome = await bench.put(OIDC_AUTHENTICATION, {"mode": after})
    assert (outcome.writes, bench.imis.product.values["mode"]) == (1, after)
    assert bench.imis.calls[-5:] == ["login", "read", "write", "read", "login"]


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize(("before", "after"), UP)
@pytest.mark.parametrize("problem", [UpstreamCredentialsRefused, UpstreamUnavailable])
async def test_without_a_fresh_log_in_nothing_is_raised(
    bench: PairBench, before: str, after: str, force: bool, problem: type[Problem]
) -> None:
    mode_is(bench, before)
    bench.imis.before["login", 1] = raising(problem("No log-in."))
    refused = await refusal(bench, after, force=force)
    assert type(refused) is problem
    assert "locked out" in refused.detail
    assert "Nothing was written." in refused.detail
    assert bench.imis.count("write") == 0
    assert await bench.trail() == []


@pytest.mark.parametrize(
    ("cause", "kind"),
    [
        (UpstreamCredentialsRefused("Refused."), UpstreamCredentialsRefused),
        (UpstreamUnavailable("Gone."), TransitionRefused),
    ],
)
@pytest.mark.parametrize(("before", "after"), UP)
async def test_whoever_is_locked_out_by_the_new_mode_puts_the_old_one_back(
    bench: PairBench, before: str, after: str, cause: Problem, kind: type[Problem]
) -> None:
    """Both facts are told, and both writes are on the trail with their outcomes."""
    mode_is(bench, before)
    bench.imis.before["login", 2] = raising(cause)
    problem = await refusal(bench, after)
    assert type(problem) is kind
    assert problem.upstream_writes == 2
    assert f"was raised to {after}" in problem.detail
    assert cause.detail in problem.detail
    assert f"put back to {before}" in problem.detail
    assert bench.imis.product.values["mode"] == before
    assert [each["kind"] for each in await bench.trail()] == ["intent", "outcome"] * 2
    assert await bench.facts("intent", "why") == [None, PUT_BACK]
    assert await bench.facts("outcome", "result") == ["applied", "applied"]
    assert await bench.store.trail.intents(bench.environment) == []


@pytest.mark.parametrize("shows", ["masked", "absent"])
async def test_the_put_back_does_not_wipe_a_hidden_secret(bench: PairBench, shows: Any) -> None:
    """product facts 3.5."""
    mode_is(bench, "disabled")
    bench.imis.product.shows = shows
    await bench.record("cloud-sso-imis-client", "cloud")
    bench.imis.before["login", 2] = REFUSED
    await refusal(bench, "test_mode")
    assert (bench.imis.product.values["mode"], bench.imis.product.secret) == ("disabled", "cloud")


async def test_a_put_back_that_fails_is_shouted(bench: PairBench) -> None:
    mode_is(bench, "test_mode")
    bench.imis.before["login", 2] = REFUSED

    def refuse_the_second(change: Change, base: Observed) -> None:
        if bench.imis.count("write") == 2:
            raise UpstreamUnavailable("iMIS is gone.")
        bench.imis.take(change, base)

    bench.imis.writing = refuse_the_second
    problem = await refusal(bench, "enabled")
    assert "NOT be put back to test_mode: iMIS is gone." in problem.detail
    assert "by hand" in problem.detail
    assert problem.upstream_writes == 1
    assert await bench.facts("outcome", "result") == ["applied", "not-applied"]


async def test_a_put_back_without_an_answer_is_settled_by_reading(bench: PairBench) -> None:
    mode_is(bench, "test_mode")
    bench.imis.before["login", 2] = REFUSED

    def lose_the_second(change: Change, base: Observed) -> None:
        bench.imis.take(change, base)
        if bench.imis.count("write") == 2:
            raise WriteUncertain(UpstreamTimeout("No answer."))

    bench.imis.writing = lose_the_second
    problem = await refusal(bench, "enabled")
    assert "put back to test_mode by the session" in problem.detail
    assert bench.imis.product.values["mode"] == "test_mode"


@pytest.mark.parametrize("after", ["test_mode", "disabled"])
async def test_lowering_and_other_writes_prove_nothing(bench: PairBench, after: str) -> None:
    mode_is(bench, "enabled")
    await bench.put(OPENID_CONNECT, {"name": "n"})
    await bench.put(OIDC_AUTHENTICATION, {"mode": after})
    assert bench.imis.count("login") == 0


async def test_a_dry_run_logs_in_nowhere_and_says_what_it_leaves_open(bench: PairBench) -> None:
    """contract C15: what only an active probe decides is listed."""
    outcome = await bench.put(OIDC_AUTHENTICATION, {"mode": "test_mode"}, dry_run=True)
    assert outcome.undecided == (UNDECIDED,)
    assert bench.imis.count("login") == 0
