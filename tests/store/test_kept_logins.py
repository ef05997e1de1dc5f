"""Log-ins that persons made: sealed with the server key, shared by replicas, renewed, forgotten."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from imis_sso.domain.expiry import LogInLifetime
from imis_sso.domain.facts import Fact
from imis_sso.domain.fingerprint import FingerprintKey
from imis_sso.domain.kept_login import BrowserState
from imis_sso.domain.ledger import StoreUnavailable
from imis_sso.domain.problems import UpstreamLoginRequired
from imis_sso.domain.secret import Secret
from imis_sso.services.persons_logins import PersonsLogins
from imis_sso.store.engine import SqlStore
from imis_sso.store.kept_logins import KeptLogins
from imis_sso.store.login_guard import StoredLoginGuard
from imis_sso.store.sealing import Seal, SealBroken

pytestmark = pytest.mark.anyio

OLD, NEW = b"k" * 32, b"n" * 32
COOKIE = '{"cookies": [{"value": "canary-cookie-value"}], "origins": []}'
SOON = datetime.now(UTC) + timedelta(hours=8)
STATE = BrowserState(Secret(COOKIE), "Browser/1.0", SOON)


def kept_with(store: SqlStore, *keys: bytes) -> KeptLogins:
    key = FingerprintKey(keys[0], keys[1:])
    return KeptLogins(store.facts, key, "test", "cloud-sso")


async def test_what_one_keeps_another_replica_uses(store: SqlStore) -> None:
    made = await kept_with(store, OLD).keep(STATE, "cli.jane")
    found = await kept_with(store, OLD).load()
    assert found.facts == made
    assert (found.facts.who, found.facts.ends) == ("cli.jane", SOON)
    assert found.state.storage.reveal() == COOKIE
    assert found.state.user_agent == "Browser/1.0"


async def test_nothing_of_it_can_be_read_in_the_store(store: SqlStore) -> None:
    """Architecture, connectors: encrypted at rest."""
    await kept_with(store, OLD).keep(STATE, "cli.jane")
    (fact,) = await store.facts.all("test", "login")
    assert "canary" not in repr(dict(fact.content))
    assert COOKIE not in repr(fact)


@pytest.mark.parametrize("field", ["environment", "key"])
async def test_a_log_in_that_was_moved_elsewhere_opens_nothing(store: SqlStore, field: str) -> None:
    """It is sealed for one product of one environment: no test log-in is used for production."""
    await kept_with(store, OLD).keep(STATE, "cli.jane")
    (fact,) = await store.facts.all("test", "login")
    moved = {"environment": "prod", "key": fact.key.replace("cloud-sso", "imis")}[field]
    await store.facts.put(replace(fact, **{field: moved}))
    key, place = (
        FingerprintKey(OLD),
        {"environment": ("prod", "cloud-sso"), "key": ("test", "imis")},
    )
    environment, product = place[field]
    with pytest.raises(UpstreamLoginRequired, match="cannot be read with this server key"):
        await KeptLogins(store.facts, key, environment, product).load()  # type: ignore[arg-type]


async def test_after_a_rotation_the_older_key_may_be_dropped_once_it_was_used(
    store: SqlStore,
) -> None:
    """Contract C25."""
    await kept_with(store, OLD).keep(STATE, "cli.jane")
    with pytest.raises(UpstreamLoginRequired, match="cannot be read with this server key"):
        await kept_with(store, NEW).load()
    assert (await kept_with(store, NEW, OLD).load()).state.storage == STATE.storage
    assert (await kept_with(store, NEW).load()).state.storage == STATE.storage


async def test_a_log_in_that_has_ended_asks_for_a_person(store: SqlStore) -> None:
    past = replace(STATE, ends=datetime.now(UTC) - timedelta(seconds=1))
    await kept_with(store, OLD).keep(past, "cli.jane")
    with pytest.raises(UpstreamLoginRequired, match="has ended") as caught:
        await kept_with(store, OLD).load()
    assert "imis-sso login test --interactive" in caught.value.detail


async def test_none_and_a_forgotten_one_ask_for_a_person(store: SqlStore) -> None:
    kept = kept_with(store, OLD)
    with pytest.raises(UpstreamLoginRequired, match="nobody has logged in"):
        await kept.load()
    assert await kept.about() is None
    await kept.keep(STATE, "cli.jane")
    assert (await kept.forget(), await kept.forget()) == (True, False)
    with pytest.raises(UpstreamLoginRequired):
        await kept.load()


async def test_a_renewal_never_takes_the_place_of_another_log_in(store: SqlStore) -> None:
    kept = kept_with(store, OLD)
    await kept.keep(STATE, "cli.jane")
    first = await kept.load()
    newer = BrowserState(Secret(COOKIE.replace("value", "other")), "Browser/1.0")
    await kept.note_ended(first)
    assert (await kept.about()) == (first.facts, True)
    await kept.renew(first, newer)
    renewed = await kept.load()
    assert (renewed.state, renewed.facts.ends) == (newer, None)
    assert (await kept.about() or (None, True))[1] is False
    await kept.keep(STATE, "cli.kim")
    for stale in (kept.renew(first, newer), kept.note_ended(first)):
        await stale
    assert (await kept.load()).state == STATE
    await kept.forget()
    await kept.renew(first, newer)
    assert await kept.about() is None


async def test_status_and_check_tell_what_is_kept_and_nothing_of_it(store: SqlStore) -> None:
    kept = kept_with(store, OLD)
    logins = PersonsLogins({"cloud-sso": kept})
    assert await logins.lifetimes() == []
    (shown,) = await logins.shown()
    assert (shown["status"], shown["since"]) == ("none", None)
    made = await kept.keep(STATE, "cli.jane")
    (shown,) = await logins.shown()
    assert shown == {
        "product": "cloud-sso",
        "status": "kept",
        "who": "cli.jane",
        "since": made.since.isoformat(timespec="seconds"),
        "ends": SOON.isoformat(timespec="seconds"),
    }
    late = PersonsLogins({"cloud-sso": kept}, clock=lambda: SOON - timedelta(minutes=5))
    assert (await late.shown())[0]["status"] == "ends-soon"
    over = PersonsLogins({"cloud-sso": kept}, clock=lambda: SOON)
    assert (await over.shown())[0]["status"] == "ended"
    await kept.note_ended(await kept.load())
    assert (await logins.shown())[0]["status"] == "ended"
    (lifetime,) = await logins.lifetimes()
    assert isinstance(lifetime, LogInLifetime)
    assert lifetime.until is None


async def test_a_code_of_a_period_is_used_once_by_all(store: SqlStore) -> None:
    """RFC 6238 section 5.2, over processes."""

    def guard() -> StoredLoginGuard:
        key = FingerprintKey(OLD)
        return StoredLoginGuard(
            store.refused_logins, store.leases, key, "cloud-sso", "test", store.facts
        )

    one, other = guard(), guard()
    assert [await one.take_code(30), await other.take_code(30), await one.take_code(30)] == [
        True,
        False,
        False,
    ]
    assert [await other.take_code(60), await one.take_code(60)] == [True, False]


async def test_while_the_store_is_down_the_log_in_that_was_read_last_serves(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Contract 1.2: lowering the mode may need it."""
    key = FingerprintKey(OLD)
    guard = StoredLoginGuard(
        store.refused_logins, store.leases, key, "cloud-sso", "test", store.facts
    )
    await kept_with(store, OLD).keep(STATE, "cli.jane")
    known = await guard.kept()

    async def down(*_arguments: object) -> Fact | None:
        msg = "down"
        raise StoreUnavailable(msg)

    monkeypatch.setattr(type(store.facts), "get", down)
    assert await guard.kept() == known
    await guard.renew(known, STATE)
    await guard.note_ended(known)
    assert [await guard.take_code(30), await guard.take_code(30)] == [True, False]
    fresh = StoredLoginGuard(
        store.refused_logins, store.leases, key, "cloud-sso", "test", store.facts
    )
    with pytest.raises(UpstreamLoginRequired, match="store"):
        await fresh.kept()


async def test_a_seal_that_was_tampered_with_opens_nothing() -> None:
    seal = Seal(FingerprintKey(OLD), "place")
    closed = seal.close(Secret("canary"))
    assert closed != seal.close(Secret("canary"))
    assert seal.open(closed) == (Secret("canary"), True)
    flipped = ("B" if closed[20] == "A" else "A").join((closed[:20], closed[21:]))
    for wrong in (flipped, "", "AAAA", "not base64!", closed[:-4]):
        with pytest.raises(SealBroken):
            seal.open(wrong)
