"""Secrets in Vault: read live, over verified TLS, refused in words that hold nothing (C20, C21)."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
import time
import traceback
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
import trustme
from vault_stand_in import CANARY, Vault, gone, secret, vault_stand_in

from imis_sso.connectors.secrets import resolve, resolve_off_loop
from imis_sso.domain.problems import SecretUnavailable
from imis_sso.domain.sources import SecretSource, VaultLogIn, VaultServer

TOKEN = "VAULT_TOKEN_UNDER_TEST"
PATH = "/v1/kv/data/sso/imis%20one"


@pytest.fixture
def vault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Vault]:
    monkeypatch.setenv(TOKEN, "s.good")
    with vault_stand_in(tmp_path) as running:
        running.secrets[PATH] = {"client_secret": CANARY, "number": 5, "empty": ""}
        yield running


def server(vault: Vault, **changed: Any) -> VaultServer:
    """Give the server as the registry describes it."""
    token = SecretSource("server.vault.token", "env", TOKEN)
    return replace(VaultServer(vault.address, token, ca_file=vault.ca_file), **changed)


def source(at: VaultServer, field: str = "client_secret") -> SecretSource:
    """Give the source of a named secret."""
    return SecretSource("entra", "vault", "kv/sso/imis one", field, at)


def refused(at: SecretSource) -> str:
    """Give the sentence that a source is refused with, having looked for leaks."""
    with pytest.raises(SecretUnavailable) as caught:
        resolve(at)
    text = "".join(traceback.format_exception(caught.value))
    for hidden in (CANARY, "s.good", "kv/", "sso/imis", "client_secret"):
        assert hidden not in text.partition("SecretUnavailable: ")[2]
    assert CANARY not in text
    assert at.vault is not None
    assert at.vault.address.removeprefix("https://") not in caught.value.detail
    return caught.value.detail.removeprefix('The secret "entra" cannot be had: ')


def test_a_field_is_read_each_time(vault: Vault) -> None:
    """C21: a secret changed in Vault is seen at the next use."""
    for value in ("one", "two", CANARY, " spaces stay \n"):
        vault.secrets[PATH] = {"client_secret": value}
        assert resolve(source(server(vault))).reveal() == value
    assert vault.seen == [("GET", PATH, "s.good", None)] * 4


def test_a_namespace_goes_with_every_request(vault: Vault) -> None:
    resolve(source(server(vault, namespace="team/a")))
    assert [each[3] for each in vault.seen] == ["team/a"]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ((404, {"errors": []}), "Vault has nothing there, or its engine is not KV version 2."),
        (
            (404, {"errors": ['no handler for route "kv/data/sso". route entry not found.']}),
            "Vault has nothing there, or its engine is not KV version 2.",
        ),
        (gone(), "its latest version in Vault was deleted."),
        (gone(destroyed=True), "its latest version in Vault was destroyed."),
        (
            (403, {"errors": ["permission denied"]}),
            "Vault refuses it: the token is not valid there, or may not read it.",
        ),
        ((400, {"errors": ["x"]}), "Vault does not take the request; see its namespace and mount."),
        ((429, {"errors": ["request path kv: rate limit quota exceeded"]}), "Vault is asked too"),
        ((503, {"errors": ["Vault is sealed"]}), "Vault is sealed or not ready."),
        ((473, b""), "Vault answers with status 473."),
        ((500, b"<html>"), "Vault answers with status 500."),
        ((200, b""), "Vault's answer is no secret of an engine KV version 2."),
        ((200, b"<html>canary"), "Vault's answer is no secret of an engine KV version 2."),
        ((200, b"[" * 100_000), "Vault's answer is no secret of an engine KV version 2."),
        (
            (200, {"data": {"client_secret": CANARY}}),  # KV version 1
            "Vault's answer is no secret of an engine KV version 2.",
        ),
        ((200, secret([CANARY])), "Vault's answer is no secret of an engine KV version 2."),
        ((200, secret({"other": CANARY})), "its secret in Vault has no such field."),
        ((200, secret({"client_secret": 5})), "its field in Vault is not text."),
        ((200, secret({"client_secret": None})), "its field in Vault is not text."),
        ((200, secret({"client_secret": ""})), "its source is empty."),
        ((200, secret({"client_secret": "•••"})), "its source holds only mask characters"),
        ((200, secret({"client_secret": "canary\ud800"})), "its source is not text in UTF-8"),
        ((200, b" " * 1_100_000), "Vault answers with more than 1 MiB."),
    ],
)
def test_answers_that_hold_no_secret(vault: Vault, answer: tuple[int, Any], reason: str) -> None:
    vault.answer = answer
    assert refused(source(server(vault))).startswith(reason)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(vault: Vault, status: int) -> None:
    """A standby node sends on to the active one: the token goes nowhere but to the address set."""
    vault.answer = (status, b"")
    vault.headers["Location"] = f"{vault.address}/v1/kv/data/elsewhere"
    assert refused(source(server(vault))).startswith("Vault sends elsewhere, which is not followed")
    assert len(vault.seen) == 1


def test_a_refused_token_is_read_once_more(
    vault: Vault, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Vault's agent may have put a new token there between our read of it and its use."""
    file = tmp_path / "token"
    file.write_text("s.old\n", "utf-8")
    vault.before = lambda: file.write_text("s.good\n", "utf-8") and None
    at = server(vault, entry=SecretSource("server.vault.token", "file", str(file)))
    assert resolve(source(at)).reveal() == CANARY
    assert [each[2] for each in vault.seen] == ["s.old", "s.good"]


def test_a_refused_token_that_is_still_there_is_not_sent_again(vault: Vault) -> None:
    vault.tokens = set()
    refused(source(server(vault)))
    assert len(vault.seen) == 1


def test_a_newer_token_is_refused_only_once(vault: Vault, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("s.0", "utf-8")
    vault.before = lambda: file.write_text(f"s.{len(vault.seen)}", "utf-8") and None
    at = server(vault, entry=SecretSource("server.vault.token", "file", str(file)))
    assert refused(source(at)).startswith("Vault refuses it")
    assert [each[2] for each in vault.seen] == ["s.0", "s.1"]


@pytest.mark.parametrize("token", ["", "s.good\nX-Other: x", "s.gööd", "s good"])
def test_what_cannot_be_a_token_is_not_sent(
    vault: Vault, monkeypatch: pytest.MonkeyPatch, token: str
) -> None:
    monkeypatch.setenv(TOKEN, token)
    assert refused(source(server(vault))) == "what should be a token for Vault is none."
    assert vault.seen == []


def test_a_token_that_cannot_be_had(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(TOKEN)
    assert refused(source(server(vault))) == (
        "the log-in for Vault cannot be had: its environment variable is not set."
    )


ROLES = [
    VaultLogIn("approle", ("role_id", "r"), ("secret_id", SecretSource("s", "env", TOKEN))),
    VaultLogIn("kubernetes", ("role", "r"), ("jwt", SecretSource("s", "env", TOKEN))),
]


@pytest.mark.parametrize("entry", ROLES, ids=lambda each: each.mount)
def test_a_log_in_by_role(vault: Vault, entry: VaultLogIn) -> None:
    """One log-in for each read: nothing is kept."""
    vault.logins[f"/v1/auth/{entry.mount}/login"] = {
        entry.role[0]: "r",
        entry.credential[0]: "s.good",
    }
    for _ in range(2):
        assert resolve(source(server(vault, entry=entry))).reveal() == CANARY
    reads = [("POST", None), ("GET", "s.by-role")] * 2
    assert [(method, token) for method, _, token, _ in vault.seen] == reads


@pytest.mark.parametrize("entry", ROLES, ids=lambda each: each.mount)
def test_a_refused_log_in_by_role(vault: Vault, entry: VaultLogIn) -> None:
    assert refused(source(server(vault, entry=entry))) == "Vault refuses the log-in."
    assert len(vault.seen) == 1


def test_a_certificate_of_an_unknown_authority(vault: Vault) -> None:
    assert refused(source(server(vault, ca_file=None))) == "Vault's certificate is not trusted."
    assert vault.seen == []


def test_a_certificate_of_another_name_is_told_to_the_operator_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The library's words hold the name of the host: they go to the log."""
    monkeypatch.setenv(TOKEN, "s.good")
    caplog.set_level(logging.INFO, "imis_sso")  # whatever a test before has left there
    with vault_stand_in(tmp_path, "vault.example.org") as vault:
        said = refused(source(server(vault)))
    assert said == "Vault's certificate is not trusted."
    assert "127.0.0.1" in caplog.text


def test_an_authority_whose_file_went_away(vault: Vault, tmp_path: Path) -> None:
    at = server(vault, ca_file=tmp_path / "gone.pem")
    assert refused(source(at)) == "the ca_file for Vault cannot be used."


def test_nobody_listens(vault: Vault) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"https://127.0.0.1:{unused.getsockname()[1]}"
        assert refused(source(server(vault, address=address))) == "Vault cannot be reached."


@pytest.mark.parametrize(
    "said",
    [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", b"\x00\x01garbage\r\n\r\n"],
    ids=["nothing", "half", "garbage"],
)
def test_an_answer_that_breaks_off(vault: Vault, said: bytes) -> None:
    vault.answer = lambda handler: handler.wfile.write(said) and None
    assert refused(source(server(vault))) == "Vault broke off the connection."


def _drip(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    for _ in range(400):
        handler.wfile.write(b" ")
        time.sleep(0.05)


@pytest.mark.anyio
async def test_the_whole_read_has_its_limit(vault: Vault) -> None:
    """An answer that comes drop by drop is ended, too."""
    vault.answer = _drip
    with pytest.raises(SecretUnavailable) as caught:
        await resolve_off_loop(source(server(vault)), 1.0)
    assert caught.value.detail.endswith("its source did not answer in time.")


@pytest.mark.anyio
async def test_readers_at_the_same_time_share_one_read(vault: Vault) -> None:
    """C21, C3: single flight; a read after it is a new one."""
    arrived, free = threading.Event(), threading.Event()

    def hold() -> None:
        arrived.set()
        free.wait(30)

    vault.before = hold
    readers = [asyncio.create_task(resolve_off_loop(source(server(vault)))) for _ in range(10)]
    await asyncio.to_thread(arrived.wait, 30)
    readers[0].cancel()
    free.set()
    found = await asyncio.gather(*readers, return_exceptions=True)
    assert isinstance(found[0], asyncio.CancelledError)
    assert [each.reveal() for each in found[1:]] == [CANARY] * 9
    assert len(vault.seen) == 1
    vault.secrets[PATH] = {"client_secret": "changed"}
    assert (await resolve_off_loop(source(server(vault)))).reveal() == "changed"


@pytest.mark.anyio
async def test_nothing_of_it_is_logged(vault: Vault, caplog: pytest.LogCaptureFixture) -> None:
    """C20: not at any level, by us or by the library."""
    caplog.set_level(logging.DEBUG)
    await resolve_off_loop(source(server(vault)))
    assert CANARY not in caplog.text
    assert "s.good" not in caplog.text


def test_a_source_without_a_server() -> None:
    at = SecretSource("entra", "vault", "kv/x", "f")
    with pytest.raises(SecretUnavailable, match="no Vault is set up"):
        resolve(at)


def test_another_authoritys_file_is_read_each_time(vault: Vault, tmp_path: Path) -> None:
    """A renewed authority needs no restart."""
    file = tmp_path / "ca.pem"
    trustme.CA().cert_pem.write_to_path(file)
    at = source(server(vault, ca_file=file))
    assert refused(at) == "Vault's certificate is not trusted."
    file.write_bytes(vault.ca_file.read_bytes())
    assert resolve(at).reveal() == CANARY
