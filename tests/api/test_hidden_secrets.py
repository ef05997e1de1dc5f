"""iMIS does not show its secret, or shows a mask: contract C22-C24, product facts 3.5."""

from __future__ import annotations

import pytest
from api_answers import (
    PARTNER_SECRET,
    PARTNER_SOURCE,
    Another,
    nothing_written,
    refused,
    whole_record,
)
from service_bench import CLIENT, MODE, OPENID_CONNECT, Bench
from test_named_secrets import BUILT_IN, _names, _shown, version_of

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["masked", "absent"])
async def hidden(request: pytest.FixtureRequest, bench: Bench) -> Bench:
    bench.imis.change_variant({"imis_secret": request.param})
    return bench


async def _push_partner(bench: Bench) -> str:
    version = version_of(bench, PARTNER_SECRET)
    answer = await bench.client.put(OPENID_CONNECT, json=_names("partner", version))
    assert answer.status_code == 200, answer.text
    return version


async def test_an_unknown_secret_has_no_version(hidden: Bench) -> None:
    """contract C22: `""` when unknown; no mask is ever fingerprinted."""
    assert await _shown(hidden) == ("", "")
    assert hidden.cloud_sso.counters.requests == 0


async def test_what_was_last_pushed_is_shown(hidden: Bench) -> None:
    """contract C22."""
    version = await _push_partner(hidden)
    assert hidden.imis.record["ClientSecret"] == PARTNER_SECRET
    got = await hidden.client.get(OPENID_CONNECT)
    assert _names("partner", version).items() <= got.json().items()
    again = await hidden.client.put(OPENID_CONNECT, content=got.content)
    assert (again.content, again.headers["upstream-writes"]) == (got.content, "0")


@pytest.mark.browser
async def test_the_secret_of_cloud_sso_is_pushed_rotated_and_pushed_again(hidden: Bench) -> None:
    """contract C22, C23."""
    for _ in range(2):
        version = (await hidden.client.get(CLIENT)).json()["client_secret_version"]
        answer = await hidden.client.put(OPENID_CONNECT, json=_names(BUILT_IN, version))
        assert (answer.status_code, answer.headers["upstream-writes"]) == (200, "1")
        assert hidden.imis.record["ClientSecret"] == hidden.cloud_sso.client_secret
        assert await _shown(hidden) == (BUILT_IN, version)
        hidden.cloud_sso.rotate_secret()


async def test_another_write_takes_the_recorded_secret_along(hidden: Bench) -> None:
    """Product facts 3.5: resolve the named secret and send that; never a mask."""
    version = await _push_partner(hidden)
    answer = await hidden.client.put(OPENID_CONNECT, json={"name": "Members"})
    assert answer.status_code == 200
    assert hidden.imis.record["ClientSecret"] == PARTNER_SECRET
    assert await _shown(hidden) == ("partner", version)
    assert (await hidden.client.put(MODE, json={"mode": "test_mode"})).status_code == 200
    assert hidden.imis.record["ClientSecret"] == PARTNER_SECRET


async def test_a_write_that_could_wipe_the_secret_is_refused(hidden: Bench) -> None:
    """Product facts 3.5: neither readable nor recorded."""
    before = whole_record(hidden)
    for path, body in ((OPENID_CONNECT, {"name": "Members"}), (MODE, {"mode": "test_mode"})):
        refused(await hidden.client.put(path, json=body), 424, "secret-unavailable")
        dry = await hidden.client.put(path, params={"dry_run": "true"}, json=body)
        refused(dry, 424, "secret-unavailable")
    assert whole_record(hidden) == before
    assert nothing_written(hidden)


async def test_a_write_with_a_source_that_is_gone_or_changed_is_refused(
    hidden: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Product facts 3.5, contract C23: what iMIS holds is neither wiped nor replaced unasked."""
    await _push_partner(hidden)
    hidden.imis.counters.reset()
    monkeypatch.delenv(PARTNER_SOURCE)
    answer = await hidden.client.put(OPENID_CONNECT, json={"name": "Members"})
    refused(answer, 424, "secret-unavailable")
    monkeypatch.setenv(PARTNER_SOURCE, "rotated meanwhile")
    answer = await hidden.client.put(OPENID_CONNECT, json={"name": "Members"})
    refused(answer, 409, "secret-version-changed")
    assert nothing_written(hidden)
    assert hidden.imis.record["ClientSecret"] == PARTNER_SECRET


async def test_an_inline_secret_is_pushed_and_its_version_remembered(hidden: Bench) -> None:
    """contract C24."""
    first = await hidden.client.put(OPENID_CONNECT, json={"client_secret": "inline secret"})
    assert first.status_code == 200
    assert hidden.imis.record["ClientSecret"] == "inline secret"
    assert await _shown(hidden) == ("", version_of(hidden, "inline secret"))
    again = await hidden.client.put(OPENID_CONNECT, json={"client_secret": "inline secret"})
    assert (again.headers["upstream-writes"], again.content) == ("0", first.content)
    refused(
        await hidden.client.put(OPENID_CONNECT, json={"name": "Members"}), 424, "secret-unavailable"
    )
    both = await hidden.client.put(
        OPENID_CONNECT, json={"client_secret": "inline secret", "name": "Members"}
    )
    assert both.status_code == 200, "who sends the secret along loses nothing"
    assert hidden.imis.record["ClientSecret"] == "inline secret"


async def test_naming_what_was_pushed_inline_takes_it_along(hidden: Bench) -> None:
    """contract C23; product facts 3.5: the secret is at hand, so the record can be written."""
    await hidden.client.put(OPENID_CONNECT, json={"client_secret": PARTNER_SECRET})
    body = _names("partner", version_of(hidden, PARTNER_SECRET)) | {"name": "Members"}
    answer = await hidden.client.put(OPENID_CONNECT, json=body)
    assert answer.status_code == 200, answer.text
    assert hidden.imis.record["ClientSecret"] == PARTNER_SECRET
    assert body.items() <= (await hidden.client.get(OPENID_CONNECT)).json().items()


async def test_an_installation_that_keeps_its_secret_needs_none(
    another: Another, hidden: Bench
) -> None:
    """Product facts 3.5: `unread_secret: keeps`."""
    variant = {
        "imis_secret": hidden.imis.variant.imis_secret,
        "imis_unread_secret": "keeps",
    }
    each = hidden.simulation.environments["test"]
    hidden.imis.change_variant(variant)
    held = hidden.imis.record["ClientSecret"]
    async with another() as bench:
        refused(
            await bench.client.put(OPENID_CONNECT, json={"name": "A"}), 424, "secret-unavailable"
        )
    change = {
        "imis": {
            "url": each.imis_url,
            "connector": "imis_rest",
            "username": each.imis_username,
            "password": "env:IMIS_PASSWORD_OF_THIS_TEST",
            "unread_secret": "keeps",
        }
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IMIS_PASSWORD_OF_THIS_TEST", each.imis_password)
        async with another(change) as bench:
            answer = await bench.client.put(OPENID_CONNECT, json={"name": "Members"})
            assert answer.status_code == 200, answer.text
            assert bench.imis.record["ClientSecret"] == held


@pytest.mark.browser
@pytest.mark.parametrize("variant", ["copy", "absent"])
async def test_a_secret_that_cloud_sso_hides_is_unavailable(settled: Bench, variant: str) -> None:
    """Product facts 4.5: dots are never a secret; contract section 1: `""` for what is not shown."""
    settled.cloud_sso.change_variant({"cloud_sso_secret": variant})
    client = (await settled.client.get(CLIENT)).json()
    assert client["client_secret_version"] == ""
    assert client["client_id"] == settled.cloud_sso.client_id
    answer = await settled.client.put(OPENID_CONNECT, json=_names(BUILT_IN, "v1-0123456789abcdef"))
    refused(answer, 424, "secret-unavailable")
    assert nothing_written(settled)


@pytest.mark.browser
async def test_a_secret_behind_a_button_is_read(bench: Bench) -> None:
    """Product facts 4.5."""
    bench.cloud_sso.change_variant({"cloud_sso_secret": "reveal"})
    client = (await bench.client.get(CLIENT)).json()
    assert client["client_secret_version"] == version_of(bench, bench.cloud_sso.client_secret)
