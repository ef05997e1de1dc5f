"""No secret in any answer or log line: contract C20, targets S1."""

from __future__ import annotations

import base64
import hashlib
import logging
from typing import Any
from urllib.parse import quote, quote_plus

import httpx
import pytest
from api_answers import PARTNER_SECRET, PARTNER_SOURCE, Another, bring_into_agreement
from service_bench import BASE, CLIENT, MODE, OPENID_CONNECT, REDIRECT, Bench
from test_named_secrets import BUILT_IN, _names, version_of

from imis_sso.domain.access import Scope
from imis_sso.simulators.faults import Fault

pytestmark = [pytest.mark.anyio, pytest.mark.browser]

INLINE = "inline+/=%:&~canary\"\\'<>-of-these-tests"


class Ears:
    """Everything that a client was told, headers included."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def on(self, client: httpx.AsyncClient) -> httpx.AsyncClient:
        async def hear(answer: httpx.Response) -> None:
            body = (await answer.aread()).decode()
            self.heard.append(f"{answer.status_code} {dict(answer.headers)} {body}")

        client.event_hooks = {"response": [hear]}
        return client


def spellings(secret: str) -> set[str]:
    """Give a secret in the forms in which it leaks: as it is, escaped, encoded, hashed."""
    raw = secret.encode()
    return {
        secret,
        quote(secret),
        quote(secret, safe=""),
        quote_plus(secret),
        secret.replace("\\", "\\\\").replace('"', '\\"'),
        base64.b64encode(raw).decode(),
        hashlib.sha256(raw).hexdigest(),
        hashlib.sha1(raw).hexdigest(),
        hashlib.md5(raw).hexdigest(),
    }


def found(secrets: set[str], text: str) -> set[str]:
    """Give those secrets that are in a text in any spelling."""
    return {each for each in secrets if any(form in text for form in spellings(each))}


def test_a_leak_would_be_found() -> None:
    for form in spellings(INLINE):
        assert found({INLINE}, f"...{form}...") == {INLINE}
    assert found({INLINE}, "nothing here") == set()


async def _exercise(client: httpx.AsyncClient, bench: Bench) -> None:
    """Use every route, rightly and wrongly, with every kind of secret in play."""
    partner = _names("partner", version_of(bench, PARTNER_SECRET))
    requests: list[tuple[str, str, Any]] = [
        ("GET", path, None)
        for path in (
            OPENID_CONNECT,
            MODE,
            CLIENT,
            REDIRECT,
            f"{BASE}/secrets/partner",
            f"{BASE}/secrets/{BUILT_IN}",
            f"{BASE}/verification",
            f"{BASE}/status",
        )
    ] + [
        ("PUT", OPENID_CONNECT, {"client_secret": INLINE}),
        ("PUT", OPENID_CONNECT, {"client_secret": INLINE, "nmae": INLINE[:5], "name": 5}),
        ("PUT", OPENID_CONNECT, {"client_secret": INLINE, "client_secret_ref": "partner"}),
        ("PUT", f"{OPENID_CONNECT}?dry_run=true&include=meta", {"client_secret": f"{INLINE}2"}),
        ("PUT", OPENID_CONNECT, {"client_secret": [INLINE]}),
        ("PUT", OPENID_CONNECT, {"client_secret": f"{INLINE}\n"}),
        ("PUT", MODE, {"client_secret": INLINE}),
        ("PUT", OPENID_CONNECT, partner),
        ("PUT", OPENID_CONNECT, partner | {"client_secret_version": "v1-0"}),
        ("PUT", OPENID_CONNECT, {"client_secret_ref": BUILT_IN}),
        ("PATCH", OPENID_CONNECT, {"client_secret": INLINE}),
        ("PUT", REDIRECT, {"redirect_url": bench.redirect_url}),
        ("PUT", MODE, {"mode": "test_mode"}),
        ("PUT", MODE, {"mode": "enabled"}),
        ("DELETE", OPENID_CONNECT, {"on_destroy": "retain"}),
    ]
    for method, path, body in requests:
        await client.request(method, path, json=body)


async def test_no_secret_in_any_answer_or_log_line(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    """contract C20, over the run of a whole day: faults, echoes, refusals, successes."""
    caplog.set_level(logging.DEBUG)
    ears = Ears()
    token = bench.service.store.tokens.ephemeral("canary", Scope.ADMIN)
    client = ears.on(bench.anybody({"Authorization": f"Bearer {token}"}))
    secrets = {bench.imis.password, bench.cloud_sso.password, PARTNER_SECRET, INLINE, token}
    secrets |= {bench.imis.record["ClientSecret"], bench.cloud_sso.client_secret}
    bench.imis.change_variant({"imis_errors": "echo"})

    await _exercise(client, bench)
    bench.imis.expire_sessions()
    bench.cloud_sso.expire_sessions()
    echo = {"status": 400, "echo": True, "body": "Refused: "}
    bench.imis.faults.add(Fault("status", {"role": "write"}, times=None, params=echo))
    for body in ({"client_secret": f"{INLINE}3"}, {"name": "Members"}):
        answer = await client.put(OPENID_CONNECT, json=body)
        assert answer.status_code == 424
    bench.imis.faults.clear()
    bring_into_agreement(bench, mode=1)
    secrets.add(bench.cloud_sso.rotate_secret())
    await _exercise(client, bench)
    secrets |= bench.imis._tokens.keys() | bench.cloud_sso._sessions.keys()

    assert len(ears.heard) > 40
    assert len(caplog.records) > 200
    told, logged = "\n".join(ears.heard), caplog.text
    assert found(secrets, told) == set()
    assert found(secrets, logged) == set()
    assert "********" not in told
    assert "••••" not in told


async def test_no_password_in_what_is_said_of_a_refused_log_in(
    another: Another, fresh: Any, caplog: pytest.LogCaptureFixture, tmp_path: Any
) -> None:
    """contract C20, C47; nor in the database."""
    caplog.set_level(logging.DEBUG)
    secrets = {fresh.imis("test").password}
    ears = Ears()
    async with another() as bench:
        bench.imis.patch({"password": "changed at the product"})
        client = ears.on(bench.caller(Scope.READ))
        assert (await client.get(MODE)).status_code == 424
        files = [each for each in bench.service.settings.data_dir.rglob("*") if each.is_file()]
        assert files
        stored = "".join(each.read_bytes().decode("latin-1") for each in files)
    assert found(secrets, "\n".join(ears.heard) + caplog.text + stored) == set()


async def test_no_secret_is_stored(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """contract C20, C22: name and keyed fingerprint, nothing else."""
    monkeypatch.setenv(PARTNER_SOURCE, PARTNER_SECRET)
    for body in ({"client_secret": INLINE}, _names("partner", version_of(bench, PARTNER_SECRET))):
        assert (await bench.client.put(OPENID_CONNECT, json=body)).status_code == 200
    files = [each for each in bench.service.settings.data_dir.rglob("*") if each.is_file()]
    stored = "".join(each.read_bytes().decode("latin-1") for each in files)
    assert "partner" in stored
    assert found({INLINE, PARTNER_SECRET, bench.imis.password}, stored) == set()
