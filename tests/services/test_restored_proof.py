"""A restore to `enabled` meets the proof that going live needs (contract 1.2, target R9)."""

from __future__ import annotations

import pytest
from memory_provider import MemoryProvider, provided
from pair_bench import PairBench, mode_is
from restore_bench import MODE, back, known_as

from imis_sso.domain.access import Origin
from imis_sso.domain.attestation import ATTESTED, SignIn
from imis_sso.domain.checks import Status
from imis_sso.domain.problems import VerificationFailed
from imis_sso.domain.resources import OPENID_CONNECT
from imis_sso.services.attested import Seen, attest
from imis_sso.services.restore_parts import VERIFIED_LATER

pytestmark = pytest.mark.anyio


@pytest.fixture
def provider(bench: PairBench) -> MemoryProvider:
    return provided(bench)


async def test_settings_that_nobody_signed_in_with_are_not_restored_to_enabled(
    bench: PairBench, provider: MemoryProvider
) -> None:
    """It is known before anything is written; with the attested settings it goes all the way."""
    snapshot = await known_as(bench, "enabled")
    bench.with_policy(require_attestation=True)
    await bench.put(OPENID_CONNECT, {"require_public_users": True})
    mode_is(bench, "test_mode")
    writes = bench.imis.count("write")
    with pytest.raises(VerificationFailed, match="Nothing was restored") as caught:
        await back(bench, snapshot)
    assert [each.field for each in caught.value.errors] == [ATTESTED]
    assert bench.imis.count("write") == writes
    await bench.put(OPENID_CONNECT, {"require_public_users": False})
    seen = Seen("3f1c", "https://members.example.org/", SignIn.SIGNED_IN)
    await attest(bench.pair, seen, "jane", Origin())
    await bench.put(OPENID_CONNECT, {"require_public_users": True})
    await back(bench, snapshot)
    assert bench.imis.product.values["mode"] == "enabled"
    assert provider.asked, "the step up has asked the provider"


async def test_what_the_provider_refuses_is_not_raised_by_a_restore_either(
    bench: PairBench, provider: MemoryProvider
) -> None:
    """The documents are back by then, and the answer says so."""
    snapshot = await known_as(bench, "enabled")
    mode_is(bench, "test_mode")
    await bench.put(OPENID_CONNECT, {"name": "later"})
    provider.accepted = Status.FAILED
    dry = await back(bench, snapshot, dry_run=True)
    assert VERIFIED_LATER in dry.plan.undecided
    with pytest.raises(VerificationFailed, match=r"client\.secret-accepted") as caught:
        await back(bench, snapshot)
    assert f"Not restored: {MODE.path}" in caught.value.detail
    assert bench.imis.product.values["mode"] == "test_mode"
    assert bench.imis.product.values["name"] == "first"
