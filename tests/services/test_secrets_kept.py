"""What goes back into a record that hides its secret (contract C20-C24, product facts 3.5)."""

from __future__ import annotations

import pytest
from pair_bench import (
    EVERY_KIND,
    HIDING,
    REF,
    VERSION,
    PairBench,
    Shows,
    held,
    with_names,
)

from imis_sso.domain.problems import (
    SecretUnavailable,
    SecretVersionChanged,
)
from imis_sso.domain.resources import IMIS_SSO_SETTINGS, OPENID_CONNECT

pytestmark = pytest.mark.anyio


@pytest.fixture
def bench(bench: PairBench) -> PairBench:
    return with_names(bench)


@pytest.mark.parametrize("shows", HIDING)
async def test_a_hidden_secret_is_sent_again_with_every_other_change(
    bench: PairBench, shows: Shows
) -> None:
    """product facts 3.5: not readable → resolve the named secret and send that."""
    held(bench, "secret-a", shows)
    await bench.record("a", "secret-a")
    outcome = await bench.put(OPENID_CONNECT, {"name": "n"})
    assert (outcome.writes, bench.imis.product.secret) == (1, "secret-a")
    assert await bench.shown() == ("a", bench.version("secret-a"))


@pytest.mark.parametrize(
    "recorded",
    [
        None,
        ("", "nobody's"),
        ("gone", "nobody's"),
        ("elsewhere", "nobody's"),
        ("broken", "nobody's"),
    ],
)
@pytest.mark.parametrize("shows", HIDING)
async def test_without_a_source_the_write_is_refused_rather_than_wipe_it(
    bench: PairBench, shows: Shows, recorded: tuple[str, str] | None
) -> None:
    """product facts 3.5; keycloak provider #1576: an unrelated update blanked the secret."""
    held(bench, "nobody's", shows)
    bench.source("elsewhere", "nobody's", "cloud-sso/directories/staff")
    if recorded:
        await bench.record(*recorded)
    for dry_run in (True, False):
        with pytest.raises(SecretUnavailable, match="could wipe the client secret"):
            await bench.put(OPENID_CONNECT, {"name": "n"}, dry_run=dry_run)
    assert (bench.imis.count("write"), bench.imis.product.secret) == (0, "nobody's")
    assert "elsewhere" not in bench.resolved


@pytest.mark.parametrize("ref", ["", "gone", "broken", "elsewhere"])
@pytest.mark.parametrize("shows", HIDING)
async def test_any_source_that_has_the_secret_pushed_last_will_do(
    bench: PairBench, shows: Shows, ref: str
) -> None:
    """contract 1.2, C22: the fingerprint says which secret; the recorded name stays."""
    held(bench, "secret-b", shows)
    await bench.record(ref, "secret-b")
    outcome = await bench.put(OPENID_CONNECT, {"name": "n"})
    assert (outcome.writes, bench.imis.product.secret) == (1, "secret-b")
    assert await bench.shown() == (ref, bench.version("secret-b"))
    assert "elsewhere" not in bench.resolved


@pytest.mark.parametrize("shows", HIDING)
async def test_a_source_that_moved_on_is_not_sent_unasked(bench: PairBench, shows: Shows) -> None:
    """contract C23: the reviewed plan was for another secret."""
    held(bench, "secret-b", shows)
    await bench.record("b", "secret-b")
    bench.source("b", "rotated")
    with pytest.raises(SecretVersionChanged):
        await bench.put(OPENID_CONNECT, {"name": "n"})
    bench.broken("b")
    with pytest.raises(SecretUnavailable):
        await bench.put(OPENID_CONNECT, {"name": "n"})
    assert (bench.imis.count("write"), bench.imis.product.secret) == (0, "secret-b")


@pytest.mark.parametrize("shows", HIDING)
async def test_where_the_operator_says_that_it_keeps_it_nothing_is_sent(
    bench: PairBench, shows: Shows
) -> None:
    """product facts 3.5: `unread_secret: keeps`."""
    bench.with_policy(unread_secret_keeps=True)
    bench.imis.product.keeps_unsent_secret = True
    held(bench, "secret-a", shows)
    await bench.record("", "secret-a")
    await bench.put(OPENID_CONNECT, {"name": "n"})
    assert bench.imis.changes[0].secret is None
    assert bench.imis.product.secret == "secret-a"
    assert await bench.shown() == ("", bench.version("secret-a"))


async def test_a_readable_secret_goes_back_as_it_was_read(bench: PairBench) -> None:
    """product facts 3.5: read in clear → send it back; no source is asked."""
    held(bench, "nobody's", "clear")
    await bench.record("broken", "nobody's")
    await bench.put(OPENID_CONNECT, {"name": "n"})
    assert bench.imis.product.secret == "nobody's"
    assert bench.resolved == []
    assert await bench.shown() == ("broken", bench.version("nobody's"))


async def test_the_other_half_is_written_without_any_secret(bench: PairBench) -> None:
    """Cloud SSO's secret is only shown; it is no reason to refuse."""
    bench.cloud.product.shows = "masked"
    outcome = await bench.put(IMIS_SSO_SETTINGS, {"redirect_url": ""})
    assert outcome.writes == 1
    assert bench.cloud.changes[0].secret is None


@pytest.mark.parametrize("shows", HIDING)
async def test_an_equal_secret_that_the_caller_sends_along_goes_back(
    bench: PairBench, shows: Shows
) -> None:
    """contract C24: equal = no-op for the secret; the other field is written with it."""
    held(bench, "mine", shows)
    await bench.record("", "mine")
    outcome = await bench.put(OPENID_CONNECT, {"name": "n"}, inline="mine")
    assert (outcome.writes, bench.imis.product.secret) == (1, "mine")
    assert await bench.shown() == ("", bench.version("mine"))


@pytest.mark.parametrize("shows", EVERY_KIND)
async def test_another_name_for_the_same_secret_together_with_a_change(
    bench: PairBench, shows: Shows
) -> None:
    """contract C23: nothing is pushed, the new name is recorded, the secret is not lost."""
    held(bench, "secret-a", shows)
    await bench.record("a", "secret-a")
    declared = {REF: "a-again", VERSION: bench.version("secret-a"), "name": "n"}
    outcome = await bench.put(OPENID_CONNECT, declared)
    assert (outcome.writes, bench.imis.product.secret) == (1, "secret-a")
    assert await bench.shown() == ("a-again", bench.version("secret-a"))
