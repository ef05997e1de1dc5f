"""Secrets are named, versioned, pushed and never shown: contract C21-C25."""

from __future__ import annotations

import re
from typing import Any

import pytest
from api_answers import (
    PARTNER_SECRET,
    PARTNER_SOURCE,
    Another,
    bring_into_agreement,
    errors_of,
    nothing_written,
    refused,
)
from service_bench import BASE, CLIENT, OPENID_CONNECT, Bench

from imis_sso.domain.access import Scope
from imis_sso.domain.secret import Secret

pytestmark = pytest.mark.anyio

BUILT_IN = "cloud-sso-imis-client"


def version_of(bench: Bench, secret: str) -> str:
    return bench.service.pairs["test"].secrets.version(Secret(secret))


async def _shown(bench: Bench) -> tuple[str, str]:
    document = (await bench.client.get(OPENID_CONNECT)).json()
    return document["client_secret_ref"], document["client_secret_version"]


def _names(ref: str, version: str) -> dict[str, str]:
    return {"client_secret_ref": ref, "client_secret_version": version}


async def test_secrets_are_listed_by_name_and_shown_by_version(settled: Bench) -> None:
    """contract section 1: never the secret; the collection has `id` and `name` only."""
    listed = await settled.client.get(f"{BASE}/secrets")
    names = [BUILT_IN, "partner", "vanished"]
    assert listed.json() == {"items": [{"id": name, "name": name} for name in names]}
    shown = await settled.client.get(f"{BASE}/secrets/partner")
    assert shown.json() == {"name": "partner", "version": version_of(settled, PARTNER_SECRET)}
    assert re.fullmatch(r"v1-[0-9a-f]{16}", shown.json()["version"])
    assert settled.cloud_sso.counters.requests == 0


async def test_a_secret_that_cannot_be_resolved_is_named(settled: Bench) -> None:
    """contract section 1: 424."""
    answer = await settled.client.get(f"{BASE}/secrets/vanished")
    assert "vanished" in refused(answer, 424, "secret-unavailable")["detail"]
    refused(await settled.client.get(f"{BASE}/secrets/nobody"), 404, "not-found")


@pytest.mark.browser
async def test_the_built_in_secret_is_the_one_that_cloud_sso_shows(bench: Bench) -> None:
    """contract C21, C22."""
    client = (await bench.client.get(CLIENT)).json()
    secret = (await bench.client.get(f"{BASE}/secrets/{BUILT_IN}")).json()
    assert secret == {"name": BUILT_IN, "version": client["client_secret_version"]}
    assert client["client_secret_version"] == version_of(bench, bench.cloud_sso.client_secret)


async def test_a_version_is_keyed_by_environment_and_server(
    settled: Bench, another: Another, monkeypatch: pytest.MonkeyPatch
) -> None:
    """contract C22, C25: the same data directory has the same key, another one another."""
    monkeypatch.setenv("ONE_SECRET", PARTNER_SECRET)
    change = {"secrets": {"one": {"source": "env:ONE_SECRET", "for": ["imis/openid-connect"]}}}
    versions = []
    for _ in range(2):
        async with another(change) as bench:
            versions.append((await bench.client.get(f"{BASE}/secrets/one")).json()["version"])
            prod = bench.service.pairs["prod"].secrets.version(Secret(PARTNER_SECRET))
            assert prod != versions[-1]
    assert versions[0] == versions[1]
    assert versions[0] != version_of(settled, PARTNER_SECRET)


@pytest.mark.browser
@pytest.mark.parametrize(
    ("held", "ref"), [("built-in", BUILT_IN), ("partner", "partner"), ("other", "")]
)
async def test_where_nothing_is_recorded_the_name_is_inferred(
    bench: Bench, held: str, ref: str
) -> None:
    """contract C22: the built-in first, then by name, passing over what cannot be resolved."""
    secrets = {"built-in": bench.cloud_sso.client_secret, "partner": PARTNER_SECRET}
    secret = secrets.get(held, "nobody knows this one")
    bench.imis.change(ClientSecret=secret)
    assert await _shown(bench) == (ref, version_of(bench, secret))


@pytest.mark.browser
async def test_a_dead_cloud_sso_is_passed_over(bench: Bench) -> None:
    """contract C22: iMIS can be read with Cloud SSO down."""
    bench.cloud_sso.change_variant({"cloud_sso_secret": "absent"})
    bench.imis.change(ClientSecret=PARTNER_SECRET)
    assert await _shown(bench) == ("partner", version_of(bench, PARTNER_SECRET))


async def test_where_a_name_is_recorded_no_source_is_resolved(
    settled: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """contract C22."""
    names = _names("partner", version_of(settled, PARTNER_SECRET))
    assert (await settled.client.put(OPENID_CONNECT, json=names)).status_code == 200
    monkeypatch.delenv(PARTNER_SOURCE)
    assert await _shown(settled) == tuple(names.values())
    same = await settled.client.put(OPENID_CONNECT, json=names | {"name": "Members"})
    assert same.status_code == 200, "nothing is pushed, so nothing is resolved"
    assert settled.cloud_sso.counters.requests == 0


@pytest.mark.browser
async def test_the_secret_that_cloud_sso_shows_goes_into_imis(bench: Bench) -> None:
    """contract C23, and a rotation: C22."""
    first = (await bench.client.get(CLIENT)).json()["client_secret_version"]
    put = await bench.client.put(OPENID_CONNECT, json=_names(BUILT_IN, first))
    assert put.headers["upstream-writes"] == "1"
    assert bench.imis.record["ClientSecret"] == bench.cloud_sso.client_secret
    assert (await bench.client.get(OPENID_CONNECT)).content == put.content

    bench.cloud_sso.rotate_secret()
    second = (await bench.client.get(CLIENT)).json()["client_secret_version"]
    assert second != first
    assert await _shown(bench) == (BUILT_IN, first), "what iMIS holds, under the recorded name"
    kept = await bench.client.put(OPENID_CONNECT, json=_names(BUILT_IN, first))
    assert (kept.status_code, kept.headers["upstream-writes"]) == (200, "0")
    assert bench.imis.record["ClientSecret"] != bench.cloud_sso.client_secret
    pushed = await bench.client.put(OPENID_CONNECT, json=_names(BUILT_IN, second))
    assert (pushed.status_code, pushed.headers["upstream-writes"]) == (200, "1")
    assert bench.imis.record["ClientSecret"] == bench.cloud_sso.client_secret


@pytest.mark.browser
async def test_a_secret_rotated_after_the_review_is_not_pushed(bench: Bench) -> None:
    """contract C23: the reviewed plan was for another secret."""
    reviewed = (await bench.client.get(CLIENT)).json()["client_secret_version"]
    bench.cloud_sso.rotate_secret()
    answer = await bench.client.put(OPENID_CONNECT, json=_names(BUILT_IN, reviewed))
    body = refused(answer, 409, "secret-version-changed")
    assert version_of(bench, bench.cloud_sso.client_secret) in body["detail"]
    assert nothing_written(bench)


@pytest.mark.browser
async def test_a_changed_reference_without_version_is_told_the_version(bench: Bench) -> None:
    """contract C23, for the built-in and for a named secret."""
    secrets = {BUILT_IN: bench.cloud_sso.client_secret, "partner": PARTNER_SECRET}
    for ref, secret in secrets.items():
        answer = await bench.client.put(OPENID_CONNECT, json={"client_secret_ref": ref})
        body = refused(answer, 422, "invalid-settings", "client_secret_version")
        assert errors_of(body)["client_secret_version"]["canonical"] == version_of(bench, secret)
        assert version_of(bench, secret) in body["detail"]
    assert nothing_written(bench)


async def test_a_wrong_version_of_a_named_secret_is_refused(settled: Bench) -> None:
    """contract C23."""
    answer = await settled.client.put(OPENID_CONNECT, json=_names("partner", "v1-0123456789abcdef"))
    refused(answer, 409, "secret-version-changed")
    assert nothing_written(settled)


async def test_a_version_changed_alone_is_for_the_recorded_name(
    settled: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """contract C23."""
    names = _names("partner", version_of(settled, PARTNER_SECRET))
    await settled.client.put(OPENID_CONNECT, json=names)
    monkeypatch.setenv(PARTNER_SOURCE, "the next secret of the partner")
    version = version_of(settled, "the next secret of the partner")
    answer = await settled.client.put(OPENID_CONNECT, json={"client_secret_version": version})
    assert (answer.status_code, answer.headers["upstream-writes"]) == (200, "1")
    assert settled.imis.record["ClientSecret"] == "the next secret of the partner"
    assert await _shown(settled) == ("partner", version)


async def test_naming_the_secret_that_is_there_already_writes_nothing(settled: Bench) -> None:
    """contract C2, C23: only the name is recorded."""
    settled.imis.change(ClientSecret=PARTNER_SECRET)
    names = _names("partner", version_of(settled, PARTNER_SECRET))
    answer = await settled.client.put(OPENID_CONNECT, json=names)
    assert (answer.status_code, answer.headers["upstream-writes"]) == (200, "0")
    assert names.items() <= answer.json().items()
    assert await _shown(settled) == tuple(names.values())
    assert nothing_written(settled)


async def test_a_secret_changed_behind_our_back_shows_as_another_version(settled: Bench) -> None:
    """contract C22; targets R2: and as another reference where it no longer fits."""
    names = _names("partner", version_of(settled, PARTNER_SECRET))
    await settled.client.put(OPENID_CONNECT, json=names)
    settled.cloud_sso.change_variant({"cloud_sso_secret": "absent"})
    settled.imis.change(ClientSecret="typed by hand")
    assert (await _shown(settled))[1] == version_of(settled, "typed by hand")


@pytest.mark.browser
async def test_a_name_that_no_longer_fits_is_not_shown_and_is_repaired(bench: Bench) -> None:
    """contract C22, C23; targets R2."""
    names = _names("partner", version_of(bench, PARTNER_SECRET))
    await bench.client.put(OPENID_CONNECT, json=names)
    bench.imis.change(ClientSecret="typed by hand")
    assert await _shown(bench) == ("", version_of(bench, "typed by hand"))
    repaired = await bench.client.put(OPENID_CONNECT, json=names)
    assert repaired.headers["upstream-writes"] == "1"
    assert bench.imis.record["ClientSecret"] == PARTNER_SECRET
    assert await _shown(bench) == tuple(names.values())


@pytest.mark.browser
async def test_an_empty_reference_forgets_the_name_and_keeps_the_secret(bench: Bench) -> None:
    """contract C23, C22: `""` counts as recorded, although the name could be inferred."""
    bring_into_agreement(bench)
    ref, version = await _shown(bench)
    assert ref == BUILT_IN
    answer = await bench.client.put(OPENID_CONNECT, json={"client_secret_ref": ""})
    assert (answer.status_code, answer.headers["upstream-writes"]) == (200, "0")
    assert answer.json()["client_secret_ref"] == ""
    assert await _shown(bench) == ("", version)
    assert bench.imis.record["ClientSecret"] == bench.cloud_sso.client_secret


async def test_an_inline_secret_is_pushed_and_then_a_no_op(settled: Bench) -> None:
    """contract C24."""
    secret = "inline+/=%:&~\"\\'ü secret"
    body: dict[str, Any] = {"client_secret": secret, "name": "Members"}
    first = await settled.client.put(OPENID_CONNECT, json=body)
    assert (first.status_code, first.headers["upstream-writes"]) == (200, "1")
    assert settled.imis.record["ClientSecret"] == secret
    assert _names("", version_of(settled, secret)).items() <= first.json().items()
    assert "client_secret" not in first.json()
    again = await settled.client.put(OPENID_CONNECT, json=body)
    assert (again.content, again.headers["upstream-writes"]) == (first.content, "0")
    assert (await settled.client.get(OPENID_CONNECT)).content == first.content
    without = await settled.client.put(OPENID_CONNECT, json={"name": "Others"})
    assert without.status_code == 200
    assert settled.imis.record["ClientSecret"] == secret, "absent keeps"


async def test_an_inline_secret_equal_to_the_held_one_changes_nothing(settled: Bench) -> None:
    """contract C24: not even the recorded name."""
    names = _names("partner", version_of(settled, PARTNER_SECRET))
    await settled.client.put(OPENID_CONNECT, json=names)
    settled.imis.counters.reset()
    body = {"client_secret": PARTNER_SECRET, "client_secret_ref": ""}
    answer = await settled.client.put(OPENID_CONNECT, json={"client_secret": PARTNER_SECRET})
    assert (answer.status_code, answer.headers["upstream-writes"]) == (200, "0")
    assert await _shown(settled) == tuple(names.values())
    answer = await settled.client.put(OPENID_CONNECT, json=body)
    assert answer.status_code == 200
    assert (await settled.client.get(OPENID_CONNECT)).content == answer.content
    assert nothing_written(settled)


async def test_an_inline_secret_takes_the_recorded_name_away(settled: Bench) -> None:
    """contract C24: what is pushed inline has no name."""
    await settled.client.put(
        OPENID_CONNECT, json=_names("partner", version_of(settled, PARTNER_SECRET))
    )
    answer = await settled.client.put(OPENID_CONNECT, json={"client_secret": "another one"})
    assert answer.status_code == 200
    assert await _shown(settled) == ("", version_of(settled, "another one"))


async def test_an_inline_secret_with_a_version_of_another_is_refused(settled: Bench) -> None:
    """contract C23, C24."""
    body = {"client_secret": "fine", "client_secret_version": "v1-0123456789abcdef"}
    answer = await settled.client.put(OPENID_CONNECT, json=body)
    refused(answer, 422, "invalid-settings", "client_secret_version")
    assert nothing_written(settled)


@pytest.mark.parametrize(
    "ref", ["partner-of-prod", "vault:x", "env:HOME", "file:/etc/passwd", "../x"]
)
async def test_a_name_of_another_environment_or_a_source_is_unknown(
    settled: Bench, ref: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """contract C21: refused before anything is resolved; a caller never names a source."""
    monkeypatch.setenv("HOME", "canary-of-home")
    names = _names(ref, "v1-0123456789abcdef")
    for client in (settled.client, settled.caller(Scope.APPLY)):
        answer = await client.put(OPENID_CONNECT, json=names)
        refused(answer, 422, "invalid-settings", "client_secret_ref")
        assert "canary-of-home" not in answer.text
    assert settled.cloud_sso.counters.requests == 0


async def test_a_source_is_read_anew_each_time(
    settled: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """contract C21, C22: a rotated environment variable or file needs no restart."""
    first = (await settled.client.get(f"{BASE}/secrets/partner")).json()["version"]
    monkeypatch.setenv(PARTNER_SOURCE, "rotated by the partner")
    second = (await settled.client.get(f"{BASE}/secrets/partner")).json()["version"]
    assert first != second == version_of(settled, "rotated by the partner")
    monkeypatch.setenv(PARTNER_SOURCE, "********")
    answer = await settled.client.get(f"{BASE}/secrets/partner")
    assert answer.status_code in (200, 424)
    assert "********" not in answer.text
