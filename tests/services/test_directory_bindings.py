"""A key stands for one record, whatever happens in between (contract 1.3, section 7)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from directory_shelf import DECLARED, STAFF, Died, Shelf, shelved
from pair_bench import PairBench, raising

from imis_sso.connectors.base import WriteUncertain
from imis_sso.domain.problems import (
    AlreadyExists,
    DirectoryProtected,
    InvalidSettings,
    NotFound,
    SecretUnavailable,
    UpstreamRefused,
    UpstreamUnavailable,
)
from imis_sso.domain.resources import DIRECTORIES, Destroy
from imis_sso.services.items import existing
from imis_sso.services.recovery import recover
from imis_sso.services.release import release

pytestmark = pytest.mark.anyio


async def made(bench: PairBench, **changes: Any) -> Any:
    declared = DECLARED | {"client_secret_version": bench.version("s3cr3t")} | changes
    return await bench.put(STAFF, declared)


async def test_a_record_is_made_found_again_and_let_go(bench: PairBench) -> None:
    shelf = Shelf()
    bindings = shelved(bench, shelf)
    with pytest.raises(NotFound):
        existing(bench.pair, await bench.get(STAFF))
    outcome = await made(bench)
    assert (outcome.writes, [each.secret for each in shelf.records.values()]) == (1, ["s3cr3t"])
    bound = await bindings.get("staff")
    assert bound is not None
    assert (bound.record, bound.name, bound.issuer) == ("r1", "Staff", DECLARED["issuer"])
    shelf.records["r1"].values["name"] = "Renamed"
    assert (await bench.get(STAFF)).document.model_dump()["name"] == "Renamed"
    assert (await made(bench)).writes == 1
    assert list(shelf.records) == ["r1"]
    await release(bench.pair, bench.order(STAFF, {}), Destroy.RETAIN)
    assert await bindings.get("staff") is not None
    with pytest.raises(DirectoryProtected, match="strangers"):
        await release(bench.pair, bench.order(STAFF, {}), Destroy.DELETE)
    outcome = await release(bench.pair, bench.order(STAFF, {}, force=True), Destroy.DELETE)
    assert (outcome and outcome.writes, shelf.records) == (1, {})
    assert await bindings.get("staff") is None
    assert [each for each in await bench.facts("intent", "forced") if each] == [
        ["directory-protected"]
    ]


async def test_the_secret_of_a_directory_is_recorded_apart_from_that_of_imis(
    bench: PairBench,
) -> None:
    shelf = Shelf(shows=False)
    shelved(bench, shelf)
    await bench.record("other", "of iMIS")
    await made(bench)
    assert (await bench.get(STAFF)).shown.ref == "staff-secret"
    recorded = await bench.recorded()
    assert recorded is not None
    assert recorded.ref == "other"
    await bench.put(STAFF, {"name": "Renamed"})  # the hidden secret goes back from its source
    assert shelf.records["r1"].secret == "s3cr3t"
    bench.sources["staff-secret"] = SecretUnavailable("gone")
    with pytest.raises(SecretUnavailable, match="Cloud SSO does not show it"):
        await bench.put(STAFF, {"name": "Again"})


async def test_a_creation_that_was_cut_short_is_settled_by_reading(bench: PairBench) -> None:
    shelf = Shelf(after=raising(Died()))
    shelved(bench, shelf)
    with pytest.raises(Died):
        await made(bench)
    shelf.after = lambda: None
    bindings = shelved(bench, shelf)
    await recover(bench.pair)
    assert await bench.facts("outcome", "result") == ["applied"]
    assert (await bench.get(STAFF)).document.model_dump()["name"] == "Staff"
    bound = await bindings.get("staff")
    assert bound is not None
    assert bound.record == "r1"


async def test_a_creation_that_never_reached_the_product_leaves_no_record(
    bench: PairBench,
) -> None:
    shelf = Shelf(before=raising(Died()))
    shelved(bench, shelf)
    with pytest.raises(Died):
        await made(bench)
    shelf.before = lambda: None
    shelved(bench, shelf)
    await recover(bench.pair)
    assert await bench.facts("outcome", "result") == ["not-applied"]
    assert not (await bench.get(STAFF)).observed.exists
    assert (await made(bench)).writes == 1
    assert list(shelf.records) == ["r1"]


async def test_a_deletion_that_was_cut_short_is_settled_by_reading(bench: PairBench) -> None:
    shelf = Shelf()
    shelved(bench, shelf)
    await made(bench)
    shelf.after = raising(Died())
    order = bench.order(STAFF, {}, force=True)
    with pytest.raises(Died):
        await release(bench.pair, order, Destroy.DELETE)
    shelf.after = lambda: None
    shelved(bench, shelf)
    await recover(bench.pair)
    assert (await bench.facts("outcome", "result"))[-1] == "applied"
    assert not (await bench.get(STAFF)).observed.exists


@pytest.mark.parametrize("lost", [True, False])
async def test_a_refused_creation_binds_nothing(bench: PairBench, *, lost: bool) -> None:
    problem: BaseException = UpstreamRefused("no")
    if lost:
        problem = WriteUncertain(UpstreamUnavailable("the answer was lost"))
    shelf = Shelf(before=raising(problem))
    bindings = shelved(bench, shelf)
    with pytest.raises((UpstreamRefused, UpstreamUnavailable)):
        await made(bench)
    assert await bindings.get("staff") is None


async def test_an_answer_that_was_lost_is_no_second_record(bench: PairBench) -> None:
    shelf = Shelf(after=raising(WriteUncertain(UpstreamUnavailable("the answer was lost"))))
    shelved(bench, shelf)
    assert (await made(bench)).writes == 1
    assert list(shelf.records) == ["r1"]


async def test_a_second_record_is_never_made(bench: PairBench) -> None:
    shelf = Shelf()
    bindings = shelved(bench, shelf)
    await made(bench)
    bench.source("staff-secret", "s3cr3t", DIRECTORIES.item("other").path)
    version = bench.version("s3cr3t")
    with pytest.raises(AlreadyExists, match="goes by the key staff"):
        await bench.put(DIRECTORIES.item("other"), DECLARED | {"client_secret_version": version})
    await bindings.forget("staff")
    with pytest.raises(AlreadyExists, match="directories bind"):
        await bench.put(DIRECTORIES.item("other"), DECLARED | {"client_secret_version": version})
    assert list(shelf.records) == ["r1"]


async def test_the_limit_of_the_registry(bench: PairBench) -> None:
    shelf = Shelf()
    shelved(bench, shelf)
    await made(bench)
    policy = replace(bench.pair.policy, directory_limit=1)
    object.__setattr__(bench.pair, "policy", policy)
    bench.source("staff-secret", "s3cr3t", DIRECTORIES.item("other").path)
    more = {"client_id": "d", "client_secret_version": bench.version("s3cr3t")}
    with pytest.raises(InvalidSettings, match="directory_limit allows 1"):
        await bench.put(DIRECTORIES.item("other"), DECLARED | more)
    assert (await bench.put(STAFF, {"name": "Renamed"})).writes == 1
