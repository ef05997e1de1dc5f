"""The log-in session of `imis_rest`: one log-in, one request at a time (targets R4, contract C47)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from imis_sso.connectors.imis_rest import ImisRest
from imis_sso.domain.observed import Change
from imis_sso.domain.problems import (
    Problem,
    UpstreamCredentialsRefused,
    UpstreamError,
    UpstreamRefused,
    UpstreamUnavailable,
)
from imis_sso.domain.resources import OPENID_CONNECT

if TYPE_CHECKING:
    from imis_rest_bench import Bench, ScriptedImis

pytest_plugins = ("imis_rest_bench",)
pytestmark = pytest.mark.anyio


async def test_fifty_callers_of_an_expired_session_log_in_once(
    bench: Bench, imis: ImisRest
) -> None:
    """Targets R4: at most one log-in per session life."""
    await imis.read(OPENID_CONNECT)
    bench.model.expire_sessions()
    bench.model.counters.reset()
    seen = await asyncio.gather(*(imis.read(OPENID_CONNECT) for _ in range(50)))
    assert {each.values["name"] for each in seen} == {"Single sign-on"}
    assert bench.model.counters.logins == 1
    assert bench.model.counters.max_simultaneous == 1
    assert bench.model.counters.requests == 52


async def test_fifty_first_callers_log_in_once(bench: Bench, imis: ImisRest) -> None:
    """Targets R4; product facts 3.3: one request at a time per client."""
    await asyncio.gather(*(imis.read(OPENID_CONNECT) for _ in range(49)), imis.tenant())
    assert bench.model.counters.logins == 1
    assert bench.model.counters.max_simultaneous == 1


async def test_constructing_logs_in_nowhere(bench: Bench, imis: ImisRest) -> None:
    """Contract C47: start-up logs in nowhere."""
    assert imis.name == "imis_rest"
    assert bench.model.counters.requests == 0


async def test_an_expired_session_is_renewed_in_the_middle_of_a_write(
    bench: Bench, imis: ImisRest
) -> None:
    """Product facts 3.3: on 401 log in once more and retry once."""
    bench.fault("expire_session", "write")
    seen = await bench.change(imis, {"name": "x"})
    assert seen.values["name"] == "x"
    assert bench.model.counters.logins == 2
    assert bench.model.counters.stored == 1


async def test_a_token_is_renewed_before_it_expires(bench: Bench, imis: ImisRest) -> None:
    """The life of a token is what `expires_in` says, less a margin."""
    bench.model.patch({"token_seconds": 2})
    await imis.read(OPENID_CONNECT)
    await asyncio.sleep(1.85)
    await imis.read(OPENID_CONNECT)
    assert bench.model.counters.logins == 2
    assert bench.model.counters.reads == 2


async def test_a_token_refused_at_once_is_not_asked_for_again_and_again(
    bench: Bench, imis: ImisRest
) -> None:
    bench.fault("expire_session", "read", times=99)
    with pytest.raises(UpstreamCredentialsRefused, match="token"):
        await imis.read(OPENID_CONNECT)
    assert bench.model.counters.logins == 2


async def test_a_wrong_password_is_tried_once(bench: Bench, imis: ImisRest) -> None:
    """Contract C47: nor by another connector, nor by callers that were already waiting."""
    bench.password = "wrong-password-canary"
    outcomes = await asyncio.gather(
        *(imis.read(OPENID_CONNECT) for _ in range(5)), return_exceptions=True
    )
    assert {type(each) for each in outcomes} == {UpstreamCredentialsRefused}
    second = bench.connector()
    with pytest.raises(UpstreamCredentialsRefused) as refused:
        await second.read(OPENID_CONNECT)
    assert "canary" not in str(refused.value)
    assert bench.model.counters.refused_logins == 1
    await second.aclose()


async def test_a_changed_password_needs_no_restart(bench: Bench, imis: ImisRest) -> None:
    """Contract C47: cleared by a changed credential."""
    bench.password = "wrong"
    with pytest.raises(UpstreamCredentialsRefused):
        await imis.read(OPENID_CONNECT)
    bench.password = None
    assert (await imis.read(OPENID_CONNECT)).exists


async def test_a_refused_log_in_during_a_write_wrote_nothing(bench: Bench, imis: ImisRest) -> None:
    base = await imis.read(OPENID_CONNECT)
    bench.model.expire_sessions()
    bench.password = "wrong"
    with pytest.raises(UpstreamCredentialsRefused):
        await imis.write(OPENID_CONNECT, Change({"name": "x"}), base)
    assert bench.model.counters.stored == 0


async def test_a_password_of_any_bytes_is_sent_as_it_is(bench: Bench) -> None:
    """An environment variable may hold what is not UTF-8; the form carries its bytes."""
    bench.model.patch({"password": "a+b &=% é\ufffd"})
    bench.password = "a+b &=% é\udcff"
    imis = bench.connector()
    assert (await imis.read(OPENID_CONNECT)).exists
    await imis.aclose()


@pytest.mark.parametrize("path", ["/asiScheduler/token", "/Asi.Scheduler_main/token"])
async def test_older_installations_have_another_token_path(bench: Bench, path: str) -> None:
    """Product facts 3.3."""
    bench.vary(imis_token_path=path)
    imis, default = bench.connector(token_path=path), bench.connector()
    assert (await imis.read(OPENID_CONNECT)).exists
    with pytest.raises(UpstreamRefused, match="token_path"):
        await default.read(OPENID_CONNECT)
    assert not bench.guard.refused
    await imis.aclose()
    await default.aclose()


@pytest.mark.parametrize(
    ("answer", "problem", "remembered"),
    [
        ((400, '{"error": "invalid_grant"}'), UpstreamCredentialsRefused, True),
        ((400, '{"error": "some_error_of_theirs"}'), UpstreamCredentialsRefused, True),
        ((401, ""), UpstreamCredentialsRefused, True),
        ((400, '{"error": "unsupported_grant_type"}'), UpstreamRefused, False),
        ((400, "<html>Bad Request</html>"), UpstreamRefused, False),
        ((403, ""), UpstreamRefused, False),
        ((500, ""), UpstreamError, False),
        ((302, ""), UpstreamError, False),
        ((503, ""), UpstreamUnavailable, False),
        ((429, ""), UpstreamUnavailable, False),
    ],
)
async def test_log_ins_that_fail(
    bench: Bench, imis: ImisRest, answer: tuple[int, str], problem: type[Problem], remembered: bool
) -> None:
    """RFC 6749 section 5.2; contract C47: only what speaks of the password is remembered."""
    bench.fault("status", "login", times=99, status=answer[0], body=answer[1])
    with pytest.raises(Problem) as failed:
        await imis.read(OPENID_CONNECT)
    assert type(failed.value) is problem
    assert bool(bench.guard.refused) is remembered


@pytest.mark.parametrize("status", [429, 503])
async def test_a_busy_log_in_is_repeated(bench: Bench, imis: ImisRest, status: int) -> None:
    bench.fault("status", "login", status=status)
    assert (await imis.read(OPENID_CONNECT)).exists


async def test_a_lost_log_in_is_not_repeated(bench: Bench, imis: ImisRest) -> None:
    """Contract C47: it may have been refused."""
    bench.fault("reset", "login")
    with pytest.raises(UpstreamError):
        await imis.read(OPENID_CONNECT)
    assert bench.model.counters.requests == 1


@pytest.mark.parametrize(
    "token",
    ['{"access_token": "a\\r\\nX: y"}', '{"access_token": 5}', "{}", "[]", "nothing", '"text"'],
)
async def test_a_token_that_cannot_be_sent_is_an_error(scripted: ScriptedImis, token: str) -> None:
    """RFC 6750 section 2.1; the token itself is in no message."""
    scripted.token = token
    imis = scripted.connector()
    with pytest.raises(UpstreamError, match="iMIS"):
        await imis.read(OPENID_CONNECT)
    assert len(scripted.seen) == 1
    await imis.aclose()


@pytest.mark.parametrize("life", ["", ', "expires_in": "3600"', ', "expires_in": true'])
async def test_a_token_of_unknown_life_is_used_until_refused(
    scripted: ScriptedImis, life: str
) -> None:
    scripted.token = f'{{"access_token": "abc"{life}}}'
    imis = scripted.connector()
    await imis.read(OPENID_CONNECT)
    await imis.read(OPENID_CONNECT)
    assert [each.split()[0] for each in scripted.seen] == ["POST", "GET", "GET"]
    assert "authorization: bearer abc\r\n" in scripted.seen[1].lower()
    await imis.aclose()


async def test_a_fresh_log_in_leaves_the_living_session_alone(bench: Bench, imis: ImisRest) -> None:
    """contract 1.2: the service proves that it could log in again."""
    await imis.read(OPENID_CONNECT)
    bench.model.counters.reset()
    await imis.prove_login()
    await imis.prove_login()
    assert bench.model.counters.logins == 2
    with bench.model._lock:  # the new tokens end; the session's own lives
        first = next(iter(bench.model._tokens.items()))
        bench.model._tokens = dict([first])
    await imis.read(OPENID_CONNECT)
    assert bench.model.counters.logins == 2


async def test_a_fresh_log_in_that_is_refused_is_remembered_and_the_session_lives_on(
    bench: Bench, imis: ImisRest
) -> None:
    """contract C47: one refused log-in, never repeated; the living token still writes."""
    await imis.read(OPENID_CONNECT)
    bench.password = "changed meanwhile"
    bench.model.counters.reset()
    for _ in range(3):
        with pytest.raises(UpstreamCredentialsRefused):
            await imis.prove_login()
    assert bench.model.counters.refused_logins == 1
    assert (await bench.change(imis, {"name": "still here"})).values["name"] == "still here"
    assert bench.model.counters.logins == 0


async def test_a_session_about_to_end_takes_the_fresh_token(bench: Bench, imis: ImisRest) -> None:
    """Whoever raises the mode may need the session again, to put the old mode back."""
    bench.model.token_seconds = 40
    await imis.read(OPENID_CONNECT)
    bench.model.token_seconds = 1199
    await imis.prove_login()
    with bench.model._lock:
        tokens = list(bench.model._tokens)
        bench.model._tokens = {tokens[-1]: bench.model._tokens[tokens[-1]]}
    bench.model.counters.reset()
    await imis.read(OPENID_CONNECT)
    assert bench.model.counters.logins == 0


async def test_a_fresh_log_in_at_a_dead_imis_says_so(bench: Bench) -> None:
    imis = bench.connector(base_url="https://127.0.0.1:1")
    with pytest.raises(UpstreamUnavailable):
        await imis.prove_login()
    await imis.aclose()
