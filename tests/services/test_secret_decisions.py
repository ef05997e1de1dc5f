"""What is shown of a secret and when one is pushed (contract C20-C24)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from pair_bench import (
    BUILT_IN,
    EVERY_KIND,
    HIDING,
    REF,
    VERSION,
    PairBench,
    Shows,
    held,
    raising,
    with_names,
)

from imis_sso.domain.problems import (
    InvalidSettings,
    Problem,
    SecretUnavailable,
    SecretVersionChanged,
    UpstreamUnavailable,
)
from imis_sso.domain.resources import IMIS_CLIENT, IMIS_SSO_SETTINGS, OPENID_CONNECT
from imis_sso.services.read import read_halves

pytestmark = pytest.mark.anyio


@pytest.fixture
def bench(bench: PairBench) -> PairBench:
    return with_names(bench)


# --- GET (C22) -------------------------------------------------------------------------------


# What iMIS holds, how it shows it, what is recorded (name, secret), what a GET shows.
@pytest.mark.parametrize(
    ("secret", "shows", "recorded", "ref", "version"),
    [
        ("cloud", "clear", None, BUILT_IN, "cloud"),
        ("cloud", "clear", ("a", "cloud"), "a", "cloud"),
        ("cloud", "clear", ("", "cloud"), "", "cloud"),
        ("cloud", "clear", ("gone", "cloud"), "gone", "cloud"),
        ("cloud", "clear", ("a", "secret-a"), BUILT_IN, "cloud"),
        ("secret-a", "clear", None, "a", "secret-a"),
        ("secret-a", "clear", (BUILT_IN, "cloud"), "a", "secret-a"),
        ("secret-b", "clear", None, "b", "secret-b"),
        ("nobody's", "clear", None, "", "nobody's"),
        ("nobody's", "clear", ("a", "secret-a"), "", "nobody's"),
        ("nobody's", "clear", ("b", "nobody's"), "b", "nobody's"),
        ("cloud", "masked", None, "", None),
        ("cloud", "absent", None, "", None),
        ("cloud", "masked", ("a", "secret-a"), "a", "secret-a"),
        ("cloud", "absent", ("a", "secret-a"), "a", "secret-a"),
        ("cloud", "masked", ("", "secret-a"), "", "secret-a"),
        ("", "clear", None, "", None),
    ],
)
async def test_what_a_get_shows(
    bench: PairBench,
    *,
    secret: str,
    shows: Shows,
    recorded: tuple[str, str] | None,
    ref: str,
    version: str | None,
) -> None:
    """contract C22: recorded while it fits, else inferred; `""` when unknown."""
    held(bench, secret, shows)
    if recorded:
        await bench.record(*recorded)
    assert await bench.shown() == (ref, bench.version(version) if version is not None else "")


@pytest.mark.parametrize("shows", EVERY_KIND)
async def test_without_a_record_there_is_no_secret(bench: PairBench, shows: Shows) -> None:
    """contract C4, C22."""
    held(bench, "cloud", shows)
    bench.imis.product.exists = False
    await bench.record("a", "secret-a")
    assert await bench.shown() == ("", "")


async def test_what_is_recorded_needs_no_source(bench: PairBench) -> None:
    """contract C22: no source is resolved otherwise, so iMIS can be read with Cloud SSO down."""
    bench.cloud.before["read", 1] = raising(UpstreamUnavailable("down"))
    await bench.record("a", "cloud")
    assert await bench.shown() == ("a", bench.version("cloud"))
    assert (bench.resolved, bench.cloud.calls) == ([], [])


async def test_inferring_passes_over_what_cannot_be_resolved(bench: PairBench) -> None:
    """contract C22: the built-in one first, then by name."""
    held(bench, "secret-b", "clear")
    bench.cloud.before["read", 1] = raising(UpstreamUnavailable("down"))
    bench.broken("a")
    assert await bench.shown() == ("b", bench.version("secret-b"))
    assert bench.resolved == ["a", "a-again", "b"]


async def test_a_mask_at_cloud_sso_is_passed_over(bench: PairBench) -> None:
    bench.cloud.product.shows = "masked"
    held(bench, "cloud", "clear")
    assert await bench.shown() == ("", bench.version("cloud"))
    assert (await bench.get(IMIS_CLIENT)).document.model_dump()[VERSION] == ""


async def test_cloud_ssos_own_page_shows_its_version_and_no_name(bench: PairBench) -> None:
    """contract section 1: `client_secret_version` of what Cloud SSO shows."""
    reading = await bench.get(IMIS_CLIENT)
    assert reading.document.model_dump()[VERSION] == bench.version("cloud")
    assert reading.shown.ref == ""
    assert (await bench.get(IMIS_SSO_SETTINGS)).shown.version == ""


async def test_verification_compares_versions_without_resolving_names(bench: PairBench) -> None:
    """contract section 6, C22."""
    held(bench, "secret-a", "masked")
    await bench.record("a", "secret-a")
    halves = await read_halves(bench.pair)
    assert halves.openid_connect.client_secret_version == bench.version("secret-a")
    assert halves.imis_client.client_secret_version == bench.version("cloud")
    assert bench.resolved == []


async def test_the_names_a_document_may_use(bench: PairBench) -> None:
    """contract C21: `for:` says the documents; the built-in one only for openid-connect."""
    secrets = bench.pair.secrets
    assert secrets.names(OPENID_CONNECT) == (BUILT_IN, "a", "a-again", "b", "broken")
    assert secrets.names(IMIS_SSO_SETTINGS) == ()
    assert secrets.names() == (BUILT_IN, "a", "a-again", "b", "broken", "elsewhere")


# --- PUT (C23, C24) --------------------------------------------------------------------------


@dataclass(frozen=True)
class Asked:
    """What a caller asks; versions are written as the secret that they stand for."""

    ref: str | None = None
    version: str | None = None
    inline: str | None = None

    def declared(self, bench: PairBench) -> dict[str, Any]:
        written = {"": "", "garbage": "v1-garbage"}
        body: dict[str, Any] = {} if self.ref is None else {REF: self.ref}
        if self.version is not None:
            known = self.version in written
            body[VERSION] = written[self.version] if known else bench.version(self.version)
        return body


@dataclass(frozen=True)
class Comes:
    """What comes of it: a refusal, or what iMIS holds and a GET shows afterwards."""

    refusal: type[Problem] | None = None
    names: str = ""
    holds: str = "secret-a"
    ref: str = "a"
    writes: int = 0


NOTHING = Comes()
# Found: iMIS holds secret-a, recorded under the name a. So it is shown as (a, version of secret-a).
FROM_KNOWN: list[tuple[Asked, Comes]] = [
    (Asked(), NOTHING),
    (Asked(ref="a"), NOTHING),
    (Asked(version="secret-a"), NOTHING),
    (Asked("a", "secret-a"), NOTHING),
    (Asked(ref=""), Comes(ref="")),
    (Asked("", "secret-a"), Comes(ref="")),
    (Asked("", "secret-b"), Comes(InvalidSettings, VERSION)),
    (Asked("", ""), Comes(InvalidSettings, VERSION)),
    (Asked(ref="b"), Comes(InvalidSettings, VERSION)),
    (Asked("b", ""), Comes(InvalidSettings, VERSION)),
    (Asked("b", "secret-b"), Comes(holds="secret-b", ref="b", writes=1)),
    (Asked("b", "secret-a"), Comes(SecretVersionChanged)),
    (Asked("b", "garbage"), Comes(SecretVersionChanged)),
    (Asked("a-again", "secret-a"), Comes(ref="a-again")),
    (Asked(ref="a-again"), Comes(InvalidSettings, VERSION)),
    (Asked(BUILT_IN, "cloud"), Comes(holds="cloud", ref=BUILT_IN, writes=1)),
    (Asked(BUILT_IN, "secret-a"), Comes(SecretVersionChanged)),
    (Asked(version="secret-b"), Comes(SecretVersionChanged)),
    (Asked(version="garbage"), Comes(SecretVersionChanged)),
    (Asked(version=""), Comes(InvalidSettings, VERSION)),
    (Asked("unknown", "secret-a"), Comes(InvalidSettings, REF)),
    (Asked(ref="unknown"), Comes(InvalidSettings, REF)),
    (Asked("elsewhere", "secret-a"), Comes(InvalidSettings, REF)),
    (Asked("env:PATH", "secret-a"), Comes(InvalidSettings, REF)),
    (Asked("broken", "secret-a"), Comes(SecretUnavailable)),
    (Asked(inline="secret-a"), NOTHING),
    (Asked(version="secret-a", inline="secret-a"), NOTHING),
    (Asked(ref="", inline="secret-a"), Comes(ref="")),
    (Asked("", "secret-a", inline="secret-a"), Comes(ref="")),
    (Asked(inline="new"), Comes(holds="new", ref="", writes=1)),
    (Asked(ref="", inline="new"), Comes(holds="new", ref="", writes=1)),
    (Asked("", "secret-a", inline="new"), Comes(holds="new", ref="", writes=1)),
    (Asked(version="secret-b", inline="new"), Comes(InvalidSettings, VERSION)),
    (Asked(inline="secret-b"), Comes(holds="secret-b", ref="", writes=1)),
]


@pytest.mark.parametrize("shows", EVERY_KIND)
@pytest.mark.parametrize(("asked", "comes"), FROM_KNOWN)
async def test_from_a_known_secret(
    bench: PairBench, shows: Shows, asked: Asked, comes: Comes
) -> None:
    """contract C23, C24: the same for every product, because the last push is remembered."""
    held(bench, "secret-a", shows)
    await bench.record("a", "secret-a")
    await settled(bench, asked, comes)


async def settled(bench: PairBench, asked: Asked, comes: Comes) -> None:
    """Send a request, and compare what comes of it; then its second plan is empty."""
    before = await bench.shown()
    body = asked.declared(bench)
    if comes.refusal is not None:
        problem = await refused(bench, body, asked)
        assert type(problem) is comes.refusal
        assert [each.field for each in problem.errors] == [comes.names] * bool(comes.names)
        assert bench.imis.count("write") == 0
        assert await bench.shown() == before
        return
    outcome = await bench.put(OPENID_CONNECT, body, inline=asked.inline)
    assert (outcome.writes, bench.imis.count("write")) == (comes.writes,) * 2
    assert bench.imis.product.secret == comes.holds
    expected = (comes.ref, bench.version(comes.holds) if comes.holds else "")
    assert (outcome.reading.shown.ref, outcome.reading.shown.version) == expected
    assert await bench.shown() == expected
    again = await bench.put(OPENID_CONNECT, {REF: expected[0], VERSION: expected[1]})
    assert again.writes == 0


async def refused(bench: PairBench, body: dict[str, Any], asked: Asked) -> Problem:
    """Give the refusal; a dry run gives the same one, and no secret is in it."""
    with pytest.raises(Problem) as caught:
        await bench.put(OPENID_CONNECT, body, inline=asked.inline)
    with pytest.raises(type(caught.value)) as dry:
        await bench.put(OPENID_CONNECT, body, inline=asked.inline, dry_run=True)
    assert dry.value.detail == caught.value.detail
    assert not any(secret in caught.value.detail for secret in ("secret-a", "secret-b"))
    return caught.value


# Found: iMIS holds something under no known name, readable or not; nothing is recorded.
FROM_UNKNOWN: list[tuple[Asked, Comes]] = [
    (Asked(), Comes(holds="nobody's", ref="")),
    (Asked(ref=""), Comes(holds="nobody's", ref="")),
    (Asked(ref="a"), Comes(InvalidSettings, VERSION)),
    (Asked("a", "secret-a"), Comes(holds="secret-a", ref="a", writes=1)),
    (Asked("a", "secret-b"), Comes(SecretVersionChanged)),
    (Asked("a", ""), Comes(InvalidSettings, VERSION)),
    (Asked(BUILT_IN, "cloud"), Comes(holds="cloud", ref=BUILT_IN, writes=1)),
    (Asked(version="secret-a"), Comes(InvalidSettings, VERSION)),
    (Asked("", "secret-a"), Comes(InvalidSettings, VERSION)),
    (Asked("unknown", "secret-a"), Comes(InvalidSettings, REF)),
    (Asked("broken", "secret-a"), Comes(SecretUnavailable)),
    (Asked(inline="new"), Comes(holds="new", ref="", writes=1)),
    (Asked(ref="", inline="new"), Comes(holds="new", ref="", writes=1)),
    (Asked(version="secret-a", inline="new"), Comes(InvalidSettings, VERSION)),
]


@pytest.mark.parametrize(("asked", "comes"), FROM_UNKNOWN)
async def test_from_a_readable_secret_that_no_name_stands_for(
    bench: PairBench, asked: Asked, comes: Comes
) -> None:
    """contract C23, C24."""
    held(bench, "nobody's", "clear")
    await settled(bench, asked, comes)


@pytest.mark.parametrize("shows", HIDING)
@pytest.mark.parametrize(("asked", "comes"), [each for each in FROM_UNKNOWN if each[1].writes])
async def test_pushing_over_a_hidden_secret(
    bench: PairBench, shows: Shows, asked: Asked, comes: Comes
) -> None:
    """contract C22: afterwards the version is that of what was last pushed."""
    held(bench, "nobody's", shows)
    assert await bench.shown() == ("", "")
    await settled(bench, asked, comes)


@pytest.mark.parametrize("shows", HIDING)
@pytest.mark.parametrize("asked", [Asked(), Asked(ref=""), Asked(version=""), Asked("", "")])
async def test_nothing_asked_of_a_hidden_secret(
    bench: PairBench, shows: Shows, asked: Asked
) -> None:
    """contract C23: as GET shows them → nothing is pushed."""
    held(bench, "nobody's", shows)
    outcome = await bench.put(OPENID_CONNECT, asked.declared(bench))
    assert (outcome.writes, bench.imis.calls) == (0, ["read"])
    assert await bench.recorded() is None


@pytest.mark.parametrize("name", ["unknown", "elsewhere", "env:PATH", "file:/etc/passwd", "A"])
async def test_a_name_that_may_not_be_used_is_refused_before_it_is_resolved(
    bench: PairBench, name: str
) -> None:
    """contract C21."""
    await bench.record("a", "cloud")
    with pytest.raises(InvalidSettings, match="is not a secret that may go into") as caught:
        await bench.put(OPENID_CONNECT, {REF: name, VERSION: bench.version("secret-a")})
    assert (bench.resolved, bench.cloud.calls) == ([], [])
    assert "the nearest that may is" in caught.value.detail


@pytest.mark.parametrize(("ref", "secret"), [("b", "secret-b"), (BUILT_IN, "cloud")])
async def test_a_reference_without_a_version_is_told_the_current_one(
    bench: PairBench, ref: str, secret: str
) -> None:
    """contract C23: 422 naming it."""
    held(bench, "nobody's", "clear")
    with pytest.raises(InvalidSettings) as caught:
        await bench.put(OPENID_CONNECT, {REF: ref})
    assert caught.value.errors[0].canonical == bench.version(secret)
    assert bench.version(secret) in caught.value.detail


async def test_a_source_that_was_rotated_is_pushed_when_its_new_version_is_named(
    bench: PairBench,
) -> None:
    """contract C23: the version that was reviewed, and no other."""
    held(bench, "secret-a", "clear")
    await bench.record("a", "secret-a")
    bench.source("a", "rotated")
    shown = {REF: "a", VERSION: bench.version("secret-a")}
    assert (await bench.put(OPENID_CONNECT, shown)).writes == 0
    with pytest.raises(SecretVersionChanged, match="Plan again"):
        await bench.put(OPENID_CONNECT, {VERSION: bench.version("other")})
    assert (await bench.put(OPENID_CONNECT, {VERSION: bench.version("rotated")})).writes == 1
    assert bench.imis.product.secret == "rotated"
    assert await bench.shown() == ("a", bench.version("rotated"))


async def test_rotation_at_cloud_sso_is_seen_and_pushed(bench: PairBench) -> None:
    """Issue, demo: plan shows the version change, apply pushes it."""
    await bench.record(BUILT_IN, "cloud")
    bench.cloud.product.secret = "rotated"
    new = (await bench.get(IMIS_CLIENT)).document.model_dump()[VERSION]
    assert new == bench.version("rotated")
    outcome = await bench.put(OPENID_CONNECT, {REF: BUILT_IN, VERSION: new})
    assert (outcome.writes, bench.imis.product.secret) == (1, "rotated")


async def test_a_secret_changed_by_hand_is_drift_and_is_repaired(bench: PairBench) -> None:
    """targets R2: its version, and its reference where it no longer fits."""
    held(bench, "secret-a", "clear")
    await bench.record("a", "secret-a")
    bench.imis.product.secret = "typed by hand"
    assert await bench.shown() == ("", bench.version("typed by hand"))
    declared = {REF: "a", VERSION: bench.version("secret-a")}
    assert (await bench.put(OPENID_CONNECT, declared)).writes == 1
    assert bench.imis.product.secret == "secret-a"


async def test_the_built_in_secret_must_be_readable(bench: PairBench) -> None:
    """contract section 4: 424."""
    held(bench, "nobody's", "clear")
    bench.cloud.product.shows = "masked"
    with pytest.raises(SecretUnavailable, match="does not show the client secret"):
        await bench.put(OPENID_CONNECT, {REF: BUILT_IN, VERSION: bench.version("cloud")})
    assert bench.imis.count("write") == 0


async def test_a_dry_run_of_an_inline_secret_shows_no_fingerprint_of_it(bench: PairBench) -> None:
    """contract C15."""
    held(bench, "secret-a", "clear")
    outcome = await bench.put(OPENID_CONNECT, {}, inline="new", dry_run=True)
    assert (outcome.reading.shown.ref, outcome.reading.shown.version) == ("", "")
    assert bench.version("new") not in str(outcome.changes)
    assert bench.imis.product.secret == "secret-a"


async def test_a_dry_run_of_a_named_secret_shows_what_would_be(bench: PairBench) -> None:
    """contract C15."""
    held(bench, "secret-a", "clear")
    wanted = {REF: "b", VERSION: bench.version("secret-b")}
    outcome = await bench.put(OPENID_CONNECT, wanted, dry_run=True)
    assert {each.field: each.after for each in outcome.changes} == wanted
    assert bench.imis.product.secret == "secret-a"
    assert await bench.recorded() is None


# --- what goes back into a record that hides its secret (product facts 3.5) --------------------
