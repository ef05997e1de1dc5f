"""The one write path, step by step (contract section 7, C2, C33)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from long_runs import rounds
from pair_bench import BUILT_IN, REF, VERSION, PairBench

from imis_sso.domain.problems import (
    InvalidSettings,
    NotCanonical,
    PreconditionFailed,
    UnsupportedByConnector,
    UntrustedHost,
)
from imis_sso.domain.resources import (
    OIDC_AUTHENTICATION,
    OPENID_CONNECT,
)
from imis_sso.services.deadline import Deadline

pytestmark = pytest.mark.anyio


async def test_an_identical_put_writes_nothing(bench: PairBench) -> None:
    """contract C2, targets R4: whole or partial, once or twice."""
    whole = (await bench.get()).document.model_dump()
    for body in (whole, {"name": whole["name"]}, {}, whole):
        outcome = await bench.put(OPENID_CONNECT, body)
        assert (outcome.writes, outcome.changes) == (0, ())
        assert outcome.reading.document.model_dump() == whole
    assert bench.imis.count("write") == 0


async def test_a_changing_put_takes_three_upstream_requests(bench: PairBench) -> None:
    """contract section 7, targets P3: read, write, read back."""
    await bench.record(BUILT_IN, "cloud")
    outcome = await bench.put(OPENID_CONNECT, {"name": "n", "set_login_hint": False})
    assert bench.imis.calls == ["read", "write", "read"]
    assert bench.cloud.calls == []
    assert outcome.writes == 1
    assert [(each.field, each.before, each.after) for each in outcome.changes] == [
        ("name", "Cloud SSO", "n"),
        ("set_login_hint", True, False),
    ]
    assert outcome.reading.document == (await bench.get()).document


@pytest.mark.parametrize("resource", [OPENID_CONNECT, OIDC_AUTHENTICATION])
async def test_creating_a_record_takes_three_upstream_requests(
    bench: PairBench, resource: Any
) -> None:
    """contract section 7, C2: a create is no more than an update."""
    bench.imis.product.exists = False
    if resource is OIDC_AUTHENTICATION:
        assert (await bench.put(resource, {"mode": "disabled"})).writes == 0
        assert bench.imis.calls == ["read"]
        return
    outcome = await bench.put(resource, {"client_id": "new"})
    assert bench.imis.calls == ["read", "write", "read"]
    assert outcome.writes == 1
    assert outcome.reading.document.values()["client_id"] == "new"
    assert (await bench.get(OIDC_AUTHENTICATION)).document.values() == {"mode": "disabled"}


async def test_creating_a_record_names_every_field_in_reach(bench: PairBench) -> None:
    """contract 1.1: the documented defaults, not the product's."""
    bench.imis.product.exists = False
    await bench.put(OPENID_CONNECT, {"client_id": "new"})
    (change,) = bench.imis.changes
    assert set(change.values) == {each.path for each in OPENID_CONNECT.document.settings()}
    assert change.values["user_authentication.claim_type"] == "staff"


async def test_putting_the_defaults_where_there_is_no_record_creates_none(bench: PairBench) -> None:
    """contract C2, C4: an untouched product yields its effective values."""
    bench.imis.product.exists = False
    defaults = (await bench.get()).document.model_dump()
    assert (await bench.put(OPENID_CONNECT, defaults)).writes == 0
    assert not bench.imis.product.exists


async def test_a_partial_put_keeps_everything_else(bench: PairBench) -> None:
    """contract C2: at every depth, what the document does not name included."""
    values = bench.imis.product.values
    values |= {"RoleMappingKey": "kept", "user_authentication.claim_value": "odd "}
    before = dict(values)
    await bench.put(OPENID_CONNECT, {"user_authentication": {"claim_type": "role"}})
    after = bench.imis.product.values
    assert after == before | {"user_authentication.claim_type": "role"}


async def test_a_write_with_a_named_secret_reads_once_more(bench: PairBench) -> None:
    """contract section 7: read live again; the last read is the base."""
    bench.source("a", "secret-a")
    await bench.put(OPENID_CONNECT, {REF: "a", VERSION: bench.version("secret-a")})
    assert bench.imis.calls == ["read", "read", "write", "read"]


@pytest.mark.parametrize(
    ("declared", "problem"),
    [
        ({"name": " n"}, NotCanonical),
        ({"name": "a\nb"}, InvalidSettings),
        ({"tenant_id": "t"}, InvalidSettings),
        ({"authority_url": "https://evil.example"}, UntrustedHost),
    ],
)
async def test_what_is_not_valid_stops_after_the_read(
    bench: PairBench, declared: dict[str, Any], problem: type[Exception]
) -> None:
    for dry_run in (True, False):
        with pytest.raises(problem):
            await bench.put(OPENID_CONNECT, declared, dry_run=dry_run)
    assert bench.imis.calls == ["read", "read"]


async def test_a_field_out_of_reach_is_refused_and_left_out(bench: PairBench) -> None:
    """contract 1.1."""
    record = OPENID_CONNECT.record.name
    reach = type(bench.imis.reach)
    bench.imis.reach = reach({record: bench.imis.reach.fields[record] - {"email_body"}})
    del bench.imis.product.values["email_body"]
    with pytest.raises(UnsupportedByConnector, match="memory"):
        await bench.put(OPENID_CONNECT, {"email_body": "b"})
    outcome = await bench.put(OPENID_CONNECT, {"email_body": "", "name": "n"})
    assert outcome.reading.unreachable == ("email_body",)
    bench.imis.product.exists = False
    await bench.put(OPENID_CONNECT, {"name": "m"})
    assert "email_body" not in bench.imis.changes[-1].values


# --- If-Match (C34) ----------------------------------------------------------------------------


async def test_if_match_must_name_the_live_document(bench: PairBench) -> None:
    tag = (await bench.get()).etag
    for dry_run in (True, False):
        for stale in (('"other"',), (), (f"W/{tag}",)):
            with pytest.raises(PreconditionFailed, match=tag):
                await bench.put(OPENID_CONNECT, {"name": "n"}, if_match=stale, dry_run=dry_run)
    assert bench.imis.count("write") == 0
    await bench.put(OPENID_CONNECT, {"name": "n"}, if_match=('"other"', tag))
    with pytest.raises(PreconditionFailed):
        await bench.put(OPENID_CONNECT, {"name": "m"}, if_match=(tag,))
    await bench.put(OPENID_CONNECT, {"name": "m"}, if_match=("*",))
    assert bench.imis.product.values["name"] == "m"


async def test_fifty_writers_with_one_tag_are_one_success(bench: PairBench) -> None:
    """Targets R5: 1 success, 49 refusals, no lost update; 200 rounds with both kinds of store."""
    for round_ in range(rounds(100, 40)):
        tag, written = (await bench.get()).etag, bench.imis.count("write")
        results = await asyncio.gather(
            *(
                bench.put(
                    OPENID_CONNECT,
                    {"name": f"{round_}-{n}"},
                    if_match=(tag,),
                    deadline=Deadline(40),
                )
                for n in range(50)
            ),
            return_exceptions=True,
        )
        won = [n for n, each in enumerate(results) if not isinstance(each, BaseException)]
        refused = [each for each in results if isinstance(each, PreconditionFailed)]
        assert (len(won), len(refused), bench.imis.count("write") - written) == (1, 49, 1)
        assert bench.imis.product.values["name"] == f"{round_}-{won[0]}"
