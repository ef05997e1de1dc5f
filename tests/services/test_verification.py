"""A verification as a use case: shared, remembered, of candidates (contract section 6)."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from oidc_stand_in import Answer, StandIn, standing_in
from pair_bench import BUILT_IN, KEY, PairBench, mode_is

from imis_sso.connectors.oidc.probes import ProviderProbes
from imis_sso.domain.checks import Status, Verification
from imis_sso.domain.fingerprint import FingerprintKey
from imis_sso.domain.ledger import StoreUnavailable
from imis_sso.domain.resources import OIDC_AUTHENTICATION, OPENID_CONNECT
from imis_sso.domain.secret import Secret
from imis_sso.domain.settings_digest import settings_digest
from imis_sso.domain.trust import Pins
from imis_sso.services.pair import Pair
from imis_sso.services.read import read_halves
from imis_sso.services.verify import verify, verify_candidate
from imis_sso.store.database import Database

pytestmark = pytest.mark.anyio

PASSED, FAILED, WARNING, SKIPPED = Status.PASSED, Status.FAILED, Status.WARNING, Status.SKIPPED
ACTIVE = ("redirect.registered", "client.secret-accepted", "imis.sign-in-page")


class Site:
    """A pair in memory whose Cloud SSO is a real provider on loopback."""

    def __init__(self, bench: PairBench, provider: StandIn, neighbours: dict[str, str]) -> None:
        self.bench, self.provider = bench, provider
        values = {"client_id": "3f1c"}
        shown = {"discovery_url": provider.discovery_url, "issuer": provider.issuer}
        held = {"well_known_url": provider.discovery_url, "authority_url": provider.issuer}
        bench.cloud.product.values |= values | shown
        bench.imis.product.values |= values | held
        bench.cloud.product.secret = bench.imis.product.secret = provider.secret
        self.neighbours = neighbours
        self.pair = self.wired()

    def wired(self) -> Pair:
        """Wire the bench's pair to the provider, and give it."""
        pins = Pins(frozenset({self.provider.host}), frozenset({"members.example.org"}))
        pair = self.bench.with_policy(pins=pins)
        probes = ProviderProbes((self.provider.host,), self.provider.ca_file, pause=0.0)
        more = {"neighbours": self.neighbours, "imis_url": "https://members.example.org"}
        self.pair = self.bench.pair = replace(pair, probes=probes, **more)  # type: ignore[arg-type]
        return self.pair

    async def verified(self, *, active: bool = False) -> Verification:
        return await verify(self.pair, active=active)


@pytest.fixture
def sites(bench: PairBench, tmp_path: Path) -> Any:
    """Opens a pair with a provider behind it."""

    def site(**manners: Any) -> Any:
        neighbours = manners.pop("neighbours", {})
        return _Opened(bench, tmp_path, neighbours, manners)

    return site


class _Opened:
    def __init__(
        self, bench: PairBench, place: Path, neighbours: dict[str, str], manners: dict[str, Any]
    ) -> None:
        self._bench, self._neighbours = bench, neighbours
        self._serving = standing_in(place, **manners)

    async def __aenter__(self) -> Site:
        self._site = Site(self._bench, await self._serving.__aenter__(), self._neighbours)
        return self._site

    async def __aexit__(self, *left: object) -> None:
        await self._site.pair.aclose()
        await self._serving.__aexit__(*left)


def statuses(verification: Verification) -> dict[str, Status]:
    return {each.id: each.status for each in verification.checks}


async def test_passive_proof_says_what_it_leaves_open(sites: Any) -> None:
    """contract C15: what only active probes decide."""
    async with sites() as site:
        mode_is(site.bench, "test_mode")
        found = await site.verified()
        assert (found.proof, found.passed, found.undecided) == ("passive", True, ACTIVE)
        assert {statuses(found)[each] for each in ACTIVE} == {SKIPPED}
        mode_is(site.bench, "disabled")
        assert (await site.verified()).undecided == ACTIVE[:2]


async def test_a_passive_run_reuses_what_active_probes_found(sites: Any) -> None:
    """contract section 6: while settings and secret fingerprints are unchanged."""
    async with sites() as site:
        bench = site.bench
        active = await site.verified(active=True)
        assert (active.proof, active.undecided) == ("active", ())
        asked = len(site.provider.seen)
        passive = await site.verified()
        assert statuses(passive) == statuses(active)
        assert (passive.proof, passive.undecided) == ("passive", ())
        assert len(site.provider.seen) == asked + 2, "discovery document and keys"
        for product in (bench.imis.product, bench.cloud.product):
            kept = product.secret
            product.secret = "another"
            assert (await site.verified()).undecided == ACTIVE[:2]
            product.secret = kept
        bench.imis.product.values["user_authentication.claim_value"] = "2"
        assert (await site.verified()).undecided == ACTIVE[:2]


async def test_a_failure_is_reused_as_well(sites: Any) -> None:
    async with sites() as site:
        site.bench.imis.product.secret = site.bench.cloud.product.secret = "wrong"
        assert statuses(await site.verified(active=True))["client.secret-accepted"] is FAILED
        passive = await site.verified()
        assert (passive.passed, passive.undecided) == (False, ())


async def test_callers_at_one_time_share_one_run(sites: Any) -> None:
    """contract section 6: results shared by concurrent callers, for each kind."""
    async with sites() as site:
        runs = [site.verified(active=True) for _ in range(5)] + [site.verified() for _ in range(5)]
        found = await asyncio.gather(*runs)
        assert [each.proof for each in found] == ["active"] * 5 + ["passive"] * 5
        assert site.provider.refused == 2
        assert site.provider.paths().count("/.well-known/openid-configuration") == 2
        await site.verified(active=True)
        assert site.provider.refused == 4


async def test_a_caller_who_goes_away_ends_it_for_nobody(sites: Any) -> None:
    async with sites() as site:
        first = asyncio.create_task(site.verified(active=True))
        second = asyncio.create_task(site.verified(active=True))
        await asyncio.sleep(0)
        first.cancel()
        assert (await second).passed
        assert site.provider.refused == 2


async def test_a_run_from_before_a_write_is_not_shared(sites: Any) -> None:
    """contract C3: nothing stale is served."""
    async with sites() as site:
        written = asyncio.Event()
        await site.bench.record(BUILT_IN, site.provider.secret)
        site.bench.cloud.before["read", 1] = written.wait
        before = asyncio.create_task(site.verified(active=True))
        while not site.bench.cloud.calls:
            await asyncio.sleep(0)
        await site.bench.put(OPENID_CONNECT, {"user_authentication": {"claim_value": "2"}})
        after = asyncio.create_task(site.verified(active=True))
        await asyncio.sleep(0.1)
        written.set()
        assert statuses(await before)["claims.recipe"] is PASSED
        assert statuses(await after)["claims.recipe"] is FAILED


async def test_a_candidate_is_probed_with_its_own_values(sites: Any) -> None:
    """contract 1.2: values as they would be; nothing is written or remembered."""
    async with sites() as site:
        bench = site.bench
        halves = await read_halves(site.pair)
        wrong = replace(
            halves,
            openid_connect=halves.openid_connect.model_copy(
                update={"redirect_login_url": "https://members.example.org/x"}
            ),
        )
        found = await verify_candidate(site.pair, wrong, None, active=True)
        assert statuses(found)["redirect.registered"] is FAILED
        assert statuses(found)["client.secret-accepted"] is PASSED
        assert "mode.age" not in statuses(found)
        found = await verify_candidate(site.pair, halves, Secret("wrong"), active=True)
        assert statuses(found)["client.secret-accepted"] is FAILED
        sent = len(site.provider.seen)
        passive = await verify_candidate(site.pair, wrong, None, active=False)
        assert passive.undecided == ACTIVE[:2]
        assert len(site.provider.seen) == sent + 2
        digests = [settings_digest(each) for each in (halves, wrong)]
        kept = [
            await bench.store.evidences.verification(bench.environment, each) for each in digests
        ]
        assert kept == [None, None]
        assert bench.imis.count("write") + bench.cloud.count("write") == 0


async def test_verdicts_are_kept_with_the_stronger_proof(sites: Any) -> None:
    """Was exactly this verified? The newest verdict for each digest."""
    async with sites() as site:
        evidences, name = site.bench.store.evidences, site.bench.environment
        digest = settings_digest(await read_halves(site.pair))
        assert await evidences.verification(name, digest) is None
        for active, proof in ((False, "passive"), (True, "active"), (False, "active")):
            await site.verified(active=active)
            kept = await evidences.verification(name, digest)
            assert (kept.passed, kept.proof) == (True, proof)
        site.provider.instead = lambda request: (
            Answer(200, '{"keys": []}') if request.path == "/jwks" else None
        )
        await site.verified()
        kept = await evidences.verification(name, digest)
        assert (kept.passed, kept.proof) == (False, "passive")
        assert await evidences.verification("other", digest) is None


@pytest.mark.parametrize("shows", ["masked", "absent"])
@pytest.mark.parametrize(
    ("recorded", "status"),
    [("s3cr3t", PASSED), ("named", FAILED), ("gone", SKIPPED), (None, SKIPPED)],
)
async def test_a_hidden_secret_is_found_by_its_fingerprint(
    sites: Any, shows: Any, recorded: str | None, status: Status
) -> None:
    """contract C22: what was pushed last, from whoever still has it."""
    async with sites() as site:
        bench = site.bench
        bench.imis.product.shows = shows
        bench.source("a", "named")
        site.wired()
        if recorded is not None:
            await bench.record("a", recorded)
        assert statuses(await site.verified(active=True))["client.secret-accepted"] is status
        assert ("/token" in site.provider.paths()) is (status is not SKIPPED)


async def test_verification_goes_on_without_the_store(
    sites: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """targets R10: reads go on."""
    async with sites() as site:
        site.bench.imis.product.shows = "clear"

        def broken(*_: Any, **__: Any) -> Any:
            raise StoreUnavailable("the disk is full")

        monkeypatch.setattr(Database, "begin", broken)
        found = await site.verified(active=True)
        assert statuses(found)["client.secret-accepted"] is PASSED
        monkeypatch.setattr(site.pair.evidences._database, "connect", broken)
        assert (
            await verify_candidate(
                site.pair, await read_halves(site.pair), Secret("s3cr3t"), active=True
            )
        ).passed


async def test_the_age_of_test_mode_is_taken_from_the_history(sites: Any) -> None:
    """contract section 6, `mode.age`."""
    async with sites() as site:
        await site.bench.put(OIDC_AUTHENTICATION, {"mode": "test_mode"})
        assert statuses(await site.verified())["mode.age"] is PASSED
        site.pair = replace(site.pair, policy=replace(site.pair.policy, test_mode_days=-1))
        assert statuses(await site.verified())["mode.age"] is WARNING
        mode_is(site.bench, "disabled")
        assert statuses(await site.verified())["mode.age"] is SKIPPED


async def test_a_mode_that_a_person_set_has_no_known_age(sites: Any) -> None:
    async with sites() as site:
        mode_is(site.bench, "test_mode")
        assert statuses(await site.verified())["mode.age"] is SKIPPED


@pytest.mark.parametrize("key", [KEY, FingerprintKey(b"n" * 32, [b"k" * 32])])
async def test_a_copy_of_another_environment_is_found(
    sites: Any, memory: Any, tmp_path: Path, key: FingerprintKey
) -> None:
    """contract section 6, `environment.not-crossed`: after a restore from production."""
    production = PairBench(memory)
    production.cloud.product.values |= {"client_id": "9a", "issuer": "https://prod.example.org"}
    production.cloud.product.secret = "of-production"
    own = "https://prod-members.example.org/"
    production.imis.product.values |= {"client_id": "9a", "redirect_login_url": own}
    production.cloud.product.values["redirect_url"] = own
    name = production.environment
    await verify(production.pair)
    async with sites(neighbours={name: "https://prod-members.example.org"}) as site:
        bench = site.bench
        bench.rotate(key)
        site.wired()
        assert statuses(await site.verified())["environment.not-crossed"] is PASSED
        bench.imis.product.values["client_id"] = "9a"
        bench.imis.product.secret = "of-production"
        bench.imis.product.values["redirect_login_url"] = "https://prod-members.example.org/"
        (check,) = [
            each for each in (await site.verified()).checks if each.id == "environment.not-crossed"
        ]
        assert check.status is FAILED
        assert f"client, redirect, secret of {name}" in check.detail
    again = replace(production.pair, neighbours={bench.environment: "https://members.example.org"})
    assert statuses(await verify(again))["environment.not-crossed"] is PASSED
