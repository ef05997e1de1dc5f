"""Secrets in HashiCorp Vault or OpenBao, engine KV version 2 (its HTTP API, `GET MOUNT/data/PATH`).

Every read is live, with a token that is live, too: renewing it is the business of Vault's own
agent, which keeps a file up to date.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
import ssl
from contextlib import aclosing
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import httpx

from imis_sso.connectors.secrets.local import read_local_off_loop
from imis_sso.domain.secret import Secret
from imis_sso.domain.sources import SecretSource, VaultLogIn, VaultServer

logger = logging.getLogger(__name__)

_LARGEST: Final = 1024 * 1024
_HEADER_SAFE: Final = re.compile(r"[\x21-\x7e]+")
_WORDS: Final = {
    400: "Vault does not take the request; see its namespace and mount",
    403: "Vault refuses it: the token is not valid there, or may not read it",
    429: "Vault is asked too often",
    503: "Vault is sealed or not ready",
}


@dataclass(frozen=True, repr=False)
class _Answer:
    status: int
    body: bytes

    def json(self) -> Any:
        """Give the document in the body, None where there is none."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None


async def read_vault(source: SecretSource) -> str:
    """Give the text of a field of a secret's latest version.

    Raises ValueError, saying why in words that hold neither address nor path nor content. Takes as
    long as Vault takes: the caller sets the limit.
    """
    if source.vault is None:
        raise ValueError("no Vault is set up")
    try:
        context = await asyncio.to_thread(_trust, source.vault.ca_file)
        async with _client(source.vault, context) as client:
            answer = await _Reader(client, source.vault).read(_path(source.location))
    except (httpx.HTTPError, httpx.StreamError, OSError) as error:
        raise ValueError(_unreached(error)) from None
    return _field(answer, source.field)


def _trust(ca_file: Path | None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if ca_file is not None:
        try:
            context.load_verify_locations(ca_file)
        except OSError:
            raise ValueError("the ca_file for Vault cannot be used") from None
    return context


def _client(server: VaultServer, context: ssl.SSLContext) -> httpx.AsyncClient:
    headers = {"X-Vault-Request": "true", "Accept-Encoding": "identity"}
    if server.namespace:
        headers["X-Vault-Namespace"] = server.namespace
    return httpx.AsyncClient(
        base_url=f"{server.address}/v1/",
        verify=context,
        trust_env=False,
        follow_redirects=False,
        timeout=None,  # noqa: S113  # the caller bounds the whole read  # nosec B113
        headers=headers,
    )


def _path(location: str) -> str:
    mount, _, path = location.partition("/")
    return f"{quote(mount, safe='')}/data/{quote(path)}"


class _Reader:
    """One read, with its log-in."""

    def __init__(self, client: httpx.AsyncClient, server: VaultServer) -> None:
        self._client, self._entry = client, server.entry

    async def read(self, path: str) -> _Answer:
        """Read a path; a refused token is read once more from its source, which may be newer."""
        token = await self._token()
        answer = await self._send("GET", path, token)
        if answer.status == HTTPStatus.FORBIDDEN and isinstance(self._entry, SecretSource):
            newer = await self._token()
            if newer != token:
                answer = await self._send("GET", path, newer)
        return answer

    async def _token(self) -> Secret:
        if isinstance(self._entry, SecretSource):
            return _sendable(await _local(self._entry))
        return await self._log_in(self._entry)

    async def _log_in(self, entry: VaultLogIn) -> Secret:
        name, source = entry.credential
        form = dict([entry.role]) | {name: await _local(source)}
        answer = await self._send("POST", f"auth/{quote(entry.mount)}/login", None, form)
        if answer.status != HTTPStatus.OK:
            refused = answer.status in {400, 401, 403}
            reason = "Vault refuses the log-in" if refused else _words(answer.status)
            raise ValueError(reason)
        return _sendable(_at(answer.json(), "auth", "client_token"))

    async def _send(
        self, method: str, path: str, token: Secret | None, form: dict[str, str] | None = None
    ) -> _Answer:
        headers = {} if token is None else {"X-Vault-Token": token.reveal()}
        request = self._client.build_request(method, path, headers=headers, json=form)
        async with aclosing(await self._client.send(request, stream=True)) as response:
            return _Answer(response.status_code, await _body(response))


async def _local(source: SecretSource) -> str:
    try:
        return await read_local_off_loop(source)
    except ValueError as reason:
        raise ValueError(f"the log-in for Vault cannot be had: {reason}") from None


def _sendable(token: Any) -> Secret:
    # Anything else could not be sent in a header.
    if not isinstance(token, str) or not _HEADER_SAFE.fullmatch(token):
        raise ValueError("what should be a token for Vault is none")
    return Secret(token)


async def _body(response: httpx.Response) -> bytes:
    received = bytearray()
    async for chunk in response.aiter_raw():
        received += chunk
        if len(received) > _LARGEST:
            raise ValueError("Vault answers with more than 1 MiB")
    return bytes(received)


def _field(answer: _Answer, field: str) -> str:
    document = answer.json()
    if answer.status == HTTPStatus.NOT_FOUND:
        raise ValueError(_missing(document))
    if answer.status != HTTPStatus.OK:
        raise ValueError(_words(answer.status))
    values = _at(document, "data", "data")
    if not isinstance(values, dict) or not isinstance(_at(document, "data", "metadata"), dict):
        msg = "Vault's answer is no secret of an engine KV version 2"
        raise ValueError(msg)  # noqa: TRY004  # the answer's fault, not a caller's
    if field not in values:
        raise ValueError("its secret in Vault has no such field")
    if not isinstance(values[field], str):
        raise ValueError("its field in Vault is not text")  # noqa: TRY004  # likewise
    return str(values[field])


def _missing(document: Any) -> str:
    if _at(document, "data", "metadata", "destroyed") is True:
        return "its latest version in Vault was destroyed"
    if _at(document, "data", "metadata", "deletion_time"):
        return "its latest version in Vault was deleted"
    return "Vault has nothing there, or its engine is not KV version 2"


def _words(status: int) -> str:
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        return "Vault sends elsewhere, which is not followed: its address must be the active node's"
    return _WORDS.get(status, f"Vault answers with status {status}")


def _at(document: Any, *keys: str) -> Any:
    for key in keys:
        document = document.get(key) if isinstance(document, dict) else None
    return document


def _unreached(error: BaseException) -> str:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            # For the log alone: the words hold the host's name.
            logger.warning("the certificate of Vault is not trusted: %s", cause.verify_message)
            return "Vault's certificate is not trusted"
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, httpx.ConnectError | OSError):
        return "Vault cannot be reached"
    return "Vault broke off the connection"
