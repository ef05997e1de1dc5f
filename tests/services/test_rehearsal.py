"""A rehearsal proves what survives a write; what was never rehearsed does not write to production."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from memory_provider import MemoryProvider
from pair_bench import IMIS_FIELDS, MemoryConnector, PairBench, held, mode_is, raising

from imis_sso.connectors.base import WriteUncertain
from imis_sso.domain.checks import Status
from imis_sso.domain.observed import Change, Observed
from imis_sso.domain.problems import (
    ConnectorUnproven,
    ObserveOnly,
    UpstreamRefused,
    UpstreamUnavailable,
)
from imis_sso.domain.rehearsed import Proof, Rehearsal
from imis_sso.domain.resources import (
    IMIS_SSO_SETTINGS,
    OIDC_AUTHENTICATION,
    OPENID_CONNECT,
    OPENID_PROVIDER,
    Product,
)
from imis_sso.domain.secret import Secret
from imis_sso.services.circuit import Patience
from imis_sso.services.guarded import guarded
from imis_sso.services.proven import Rehearsals
from imis_sso.services.rehearsal import MARK, NotRehearsable, rehearse
from imis_sso.services.status import status
from imis_sso.store.engine import SqlStore

pytestmark = pytest.mark.anyio
NAME = {"name": "Another"}


def proofs(found: Rehearsal) -> dict[str, bool | None]:
    return {each.what: each.held for each in found.proofs}


async def test_what_survives_a_write_is_proved(bench: PairBench) -> None:
    before = dict(bench.imis.product.values)
    bench.imis.tells = {"version": "20.3"}
    found = await rehearse(bench.pair, "imis", "ada")
    assert (found.connector, found.version, found.passed) == ("memory", "20.3", True)
    assert proofs(found) == {
        "the write": True,
        "every other field": True,
        "the client secret": True,
        "the e-mail body": True,
        "properties that nothing is known of": True,
    }
    assert bench.imis.product.values == before
    written = [each.values for each in bench.imis.changes]
    assert written == [{"name": f"{before['name']}{MARK}"}, {"name": before["name"]}]
    assert await bench.facts("outcome", "result") == ["applied", "applied"]
    assert not await bench.managed(OPENID_CONNECT)


async def test_cloud_sso_is_saved_with_what_it_holds(bench: PairBench) -> None:
    """Its one input is what sign-in depends on."""
    before = dict(bench.cloud.product.values)
    found = await rehearse(bench.pair, "cloud-sso", "ada")
    assert found.passed
    assert bench.cloud.product.values == before
    assert [each.values for each in bench.cloud.changes] == [
        {"redirect_url": before["redirect_url"]}
    ]
    assert not await bench.managed(IMIS_SSO_SETTINGS)


@pytest.mark.parametrize(
    ("lost", "what"),
    [
        ({"email_body": ""}, "the e-mail body"),
        ({"authority_url": "https://other.example.org"}, "every other field"),
        ({"Appearance": None}, "properties that nothing is known of"),
    ],
)
async def test_what_a_write_loses_is_found(
    bench: PairBench, lost: dict[str, Any], what: str
) -> None:
    bench.imis.product.values |= {"email_body": "Dear member", "Appearance": "own"}
    take = bench.imis.take

    def losing(change: Any, base: Any) -> None:
        take(change, base)
        bench.imis.product.values |= lost

    bench.imis.writing = losing
    found = await rehearse(bench.pair, "imis", "ada")
    assert proofs(found)[what] is False
    assert not found.passed
    (proof,) = [each for each in found.proofs if each.what == what]
    assert next(iter(lost)) in proof.detail or what == "the e-mail body"


@pytest.mark.parametrize("at", [1, 2])
async def test_a_secret_that_a_write_wipes_is_found(bench: PairBench, at: int) -> None:
    """Without its secret the record cannot be written again, so that the name stays as it is."""
    take = bench.imis.take

    def wiping(change: Any, base: Any) -> None:
        take(change, base)
        if bench.imis.count("write") == at:
            bench.imis.product.secret = ""

    bench.imis.writing = wiping
    found = await rehearse(bench.pair, "imis", "ada")
    assert proofs(found)["the client secret"] is False
    assert not found.passed
    assert ("could wipe the client secret" in found.stuck) == (at == 1)


@pytest.mark.parametrize("keeps", [True, False])
async def test_a_secret_that_cannot_be_read_is_not_taken_for_kept(
    bench: PairBench, keeps: bool
) -> None:
    """Product facts 3.5: without a probe that accepts it, nothing proves it."""
    held(bench, "cloud", "masked")
    bench.imis.product.keeps_unsent_secret = keeps
    bench.with_policy(unread_secret_keeps=keeps)
    if not keeps:
        await bench.record("cloud-sso-imis-client", "cloud")
    found = await rehearse(bench.pair, "imis", "ada")
    assert proofs(found)["the client secret"] is None
    assert not found.passed


@pytest.mark.parametrize("accepted", [Status.PASSED, Status.FAILED])
async def test_a_hidden_secret_is_proved_by_the_provider(
    memory: SqlStore, accepted: Status
) -> None:
    """It was sent along with both writes, and the provider is asked whether it takes it."""
    bench = PairBench(memory)
    bench.provider = MemoryProvider(bench, accepted=accepted)
    bench.with_policy()
    held(bench, "cloud", "masked")
    await bench.record("cloud-sso-imis-client", "cloud")
    found = await rehearse(bench.pair, "imis", "ada")
    assert proofs(found)["the client secret"] is (True if accepted is Status.PASSED else None)
    assert [each.secret == Secret("cloud") for each in bench.imis.changes] == [True, True]


async def test_a_secret_that_cloud_sso_hides_is_not_in_play(bench: PairBench) -> None:
    bench.cloud.product.shows = "absent"
    found = await rehearse(bench.pair, "cloud-sso", "ada")
    assert proofs(found)["the client secret"] is None
    assert found.passed


@pytest.mark.parametrize(
    ("product", "change", "words"),
    [
        ("imis", {"name": f"x{MARK}"}, "an earlier rehearsal was cut off"),
        ("imis", {"name": " x"}, "white space at its ends"),
        ("cloud-sso", {"redirect_url": ""}, "was never set up"),
    ],
)
async def test_what_could_not_be_put_back_is_not_begun(
    bench: PairBench, product: Product, change: dict[str, str], words: str
) -> None:
    connector = bench.imis if product == "imis" else bench.cloud
    connector.product.values |= change
    with pytest.raises(NotRehearsable, match=words):
        await rehearse(bench.pair, product, "ada")
    assert connector.count("write") == 0


async def test_no_rehearsal_without_a_record_or_in_production(bench: PairBench) -> None:
    bench.imis.product.exists = False
    with pytest.raises(NotRehearsable, match="was never set up"):
        await rehearse(bench.pair, "imis", "ada")
    with pytest.raises(NotRehearsable, match="is production"):
        await rehearse(bench.with_policy(production=True), "imis", "ada")
    bench.imis.product.exists = True
    with pytest.raises(ObserveOnly):
        await rehearse(bench.with_policy(writes_allowed=False), "imis", "ada")
    assert bench.imis.count("write") == 0


async def test_what_cannot_be_put_back_is_said_with_the_steps_by_hand(bench: PairBench) -> None:
    old = bench.imis.product.values["name"]
    bench.imis.before["write", 2] = raising(UpstreamRefused("iMIS does not want that."))
    found = await rehearse(bench.pair, "imis", "ada")
    assert not found.passed
    assert "It could NOT be put back: iMIS does not want that." in found.stuck
    assert f'set "Name" to "{old}" and save' in found.stuck
    assert "stuck" not in found.as_dict()


async def test_a_first_write_that_is_refused_is_the_end(bench: PairBench) -> None:
    bench.imis.before["write", 1] = raising(UpstreamRefused("no"))
    with pytest.raises(UpstreamRefused):
        await rehearse(bench.pair, "imis", "ada")
    assert bench.imis.count("write") == 1


async def test_a_first_write_that_went_wrong_is_put_back(bench: PairBench) -> None:
    """What the product holds otherwise than asked is put back all the same."""
    before = dict(bench.imis.product.values)
    take = bench.imis.take

    def other(change: Any, base: Any) -> None:
        take(change, base)
        if bench.imis.count("write") == 1:
            bench.imis.product.values["name"] = "something else"

    bench.imis.writing = other
    found = await rehearse(bench.pair, "imis", "ada")
    assert proofs(found) == {"the write": False}
    assert bench.imis.product.values == before


async def test_a_lost_answer_is_no_failure(bench: PairBench) -> None:
    take = bench.imis.take

    def lost(change: Any, base: Any) -> None:
        take(change, base)
        raise WriteUncertain(UpstreamUnavailable("gone"))

    bench.imis.writing = lost
    assert (await rehearse(bench.pair, "imis", "ada")).passed


# The gate


@pytest.fixture
def production(bench: PairBench) -> PairBench:
    """A production environment of a registry that has a test environment beside it."""
    pair = bench.with_policy(production=True, rehearsal_required=True)
    known = Rehearsals(bench.store.facts, (bench.environment, f"{bench.environment}-test"))
    bench.pair = replace(pair, rehearsals=known)
    bench.imis.tells = {"version": "20.3"}
    return bench


async def keep(bench: PairBench, version: str = "20.3", *, held: bool = True) -> None:
    found = Rehearsal("imis", "memory", version, (Proof("the write", "", held),))
    known = Rehearsals(bench.store.facts, ())
    await known.keep(f"{bench.environment}-test", found, "ada")


@pytest.mark.parametrize("dry_run", [True, False])
async def test_production_is_not_written_by_what_was_never_rehearsed(
    production: PairBench, dry_run: bool
) -> None:
    with pytest.raises(ConnectorUnproven, match="memory was never rehearsed on this version"):
        await production.put(OPENID_CONNECT, NAME, dry_run=dry_run)
    assert production.imis.count("write") == 0


async def test_a_rehearsal_elsewhere_in_the_registry_counts(production: PairBench) -> None:
    await keep(production)
    assert (await production.put(OPENID_CONNECT, NAME)).writes == 1


async def test_the_status_tells_what_was_rehearsed(production: PairBench) -> None:
    found = Rehearsal("imis", "memory", "20.3", (Proof("the write", "", held=True),))
    await Rehearsals(production.store.facts, ()).keep(production.environment, found, "ada")
    pair = replace(production.pair, facts=production.store.facts)
    (told,) = (await status(pair))["rehearsals"]
    assert told.pop("when")
    assert told == {"connector": "memory", "version": "20.3", "passed": True, "who": "ada"}


async def test_another_version_and_a_rehearsal_that_failed_do_not_count(
    production: PairBench,
) -> None:
    await keep(production, "20.2")
    await keep(production, held=False)
    with pytest.raises(ConnectorUnproven):
        await production.put(OPENID_CONNECT, NAME)


async def test_an_administrator_may_force_it_on_record(production: PairBench) -> None:
    assert (await production.put(OPENID_CONNECT, NAME, force=True)).writes == 1
    assert await production.facts("intent", "forced") == [["connector-unproven"]]


async def test_lowering_the_mode_is_exempt(production: PairBench) -> None:
    """contract 1.2: rehearsal cannot stop it, nor may the version be asked for."""
    mode_is(production, "test_mode")
    production.imis.before["tenant", 1] = raising(UpstreamUnavailable("gone"))
    assert (await production.put(OIDC_AUTHENTICATION, {"mode": "disabled"})).writes == 1


async def test_a_write_does_not_fall_to_a_connector_that_was_not_looked_at(
    production: PairBench,
) -> None:
    """contract 1.1: the next door is judged by the next order."""
    await keep(production)
    other = MemoryConnector(OPENID_PROVIDER, production.imis.product, IMIS_FIELDS)
    other.name = "other"

    async def fall_through(*_: object) -> None:
        await guarded("imis", other, Patience()).write(OPENID_CONNECT, Change(NAME), Observed({}))

    production.imis.before["write", 1] = fall_through
    with pytest.raises(ConnectorUnproven, match=r"the next one \(other\) was not looked at"):
        await production.put(OPENID_CONNECT, NAME)
    assert other.count("write") == 0
    production.with_policy()
    production.imis.before.clear()
    assert (await production.put(OPENID_CONNECT, NAME)).writes == 1


async def test_what_changes_nothing_needs_no_rehearsal(production: PairBench) -> None:
    name = production.imis.product.values["name"]
    assert (await production.put(OPENID_CONNECT, {"name": name})).writes == 0
    assert production.imis.count("tenant") == 0


async def test_a_person_needs_no_rehearsal(production: PairBench) -> None:
    production.imis.name = "assisted"
    assert (await production.put(OPENID_CONNECT, NAME)).writes == 1
