"""A webhook: batches of JSON Lines by HTTPS, with a bearer token if one is named."""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Final

import httpx

from imis_sso.connectors.base import SinkUnavailable
from imis_sso.domain.problems import SecretUnavailable
from imis_sso.domain.secret import Secret

SECONDS: Final = 10.0


class WebhookSink:
    """Posts each batch; any status of success is an acknowledgement (see the protocol `Sink`).

    `token` gives the bearer token, asked for with every batch; None sends none.
    """

    def __init__(
        self,
        name: str,
        url: str,
        token: Callable[[], Awaitable[Secret]] | None = None,
        ca_file: Path | None = None,
    ) -> None:
        self.name, self._url, self._token, self._ca_file = name, url, token, ca_file
        self._client: httpx.AsyncClient | None = None

    async def send(self, batch: Sequence[str]) -> None:
        """Post a batch; raises SinkUnavailable."""
        content = "".join(f"{each}\n" for each in batch).encode()
        try:
            answer = await self._opened().post(
                self._url, content=content, headers=await self._headers()
            )
        except SecretUnavailable as problem:
            raise SinkUnavailable(problem.detail) from None
        except (httpx.HTTPError, OSError) as error:
            raise SinkUnavailable(f"it cannot be reached ({type(error).__name__})") from None
        if not answer.is_success:
            raise SinkUnavailable(f"it answered {answer.status_code}")

    async def aclose(self) -> None:
        """Close the connection."""
        if self._client is not None:
            await self._client.aclose()

    async def _headers(self) -> dict[str, str]:
        plain = {"Content-Type": "application/x-ndjson", "User-Agent": "imis-sso"}
        if self._token is None:
            return plain
        return plain | {"Authorization": f"Bearer {(await self._token()).reveal()}"}

    def _opened(self) -> httpx.AsyncClient:
        if self._client is None:
            context = ssl.create_default_context()
            if self._ca_file is not None:
                context.load_verify_locations(self._ca_file)
            self._client = httpx.AsyncClient(verify=context, timeout=SECONDS, trust_env=False)
        return self._client
