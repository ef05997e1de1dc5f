"""Requests as pipelines and people send them, mixed, at a steady rate."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

MOST_UNDER_WAY = 30
NAMES = ("Cloud SSO", "Members", "Staff sign-in")
#: What is asked, and how often among a hundred: method, path, body, query.
MIX: tuple[tuple[int, str, str, Mapping[str, Any] | None, str], ...] = (
    (25, "GET", "imis/openid-connect", None, ""),
    (15, "GET", "imis/oidc-authentication", None, ""),
    (6, "GET", "imis/openid-connect", None, "known"),
    (4, "GET", "cloud-sso/imis-client", None, ""),
    (2, "GET", "cloud-sso/imis-sso-settings", None, ""),
    (2, "GET", "verification", None, ""),
    (10, "GET", "status", None, ""),
    (5, "GET", "secrets", None, ""),
    (5, "GET", "/readyz", None, ""),
    (3, "GET", "/openapi.json", None, ""),
    (10, "PUT", "imis/openid-connect", {}, ""),
    (5, "PUT", "imis/openid-connect", {"name": NAMES}, ""),
    (3, "PATCH", "imis/openid-connect", {"require_public_users": (True, False)}, ""),
    (5, "PUT", "imis/openid-connect", {"name": NAMES}, "dry_run=true"),
)


@dataclass
class Tally:
    """What was answered: how many, how fast, and every answer that should not be."""

    statuses: Counter[int] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    errors: Counter[str] = field(default_factory=Counter)

    @property
    def sent(self) -> int:
        """Requests that came to an end, well or not."""
        return len(self.seconds)

    def percentile(self, share: float) -> float:
        """Give the milliseconds within which a share of the answers came."""
        ordered = sorted(self.seconds) or [0.0]
        return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))]


class Load:
    """Sends the mix to the environments of a running service; the seed makes it repeatable."""

    def __init__(self, ready: Mapping[str, Any], rate: float, seed: int = 1) -> None:
        self._environments, self._rate = sorted(ready["environments"]), rate
        self._dice, self.tally = random.Random(seed), Tally()  # noqa: S311  # no secret  # nosec B311
        self._etags: dict[str, str] = {}
        self._room = asyncio.Semaphore(MOST_UNDER_WAY)
        self._client = httpx.AsyncClient(
            base_url=ready["base_url"],
            headers={"Authorization": f"Bearer {ready['token']}"},
            timeout=60,
            limits=httpx.Limits(
                max_connections=MOST_UNDER_WAY, max_keepalive_connections=MOST_UNDER_WAY
            ),
        )

    async def run(self, seconds: float) -> None:
        """Send for that long, more slowly where answers do not keep up, and wait for the last."""
        begun, number = time.monotonic(), 0
        async with self._client, asyncio.TaskGroup() as tasks:
            while time.monotonic() - begun < seconds:
                await self._room.acquire()
                task = tasks.create_task(self._one(*self._chosen()))
                task.add_done_callback(lambda _: self._room.release())
                number += 1
                due = begun + number / self._rate
                await asyncio.sleep(max(0.0, due - time.monotonic()))

    def _chosen(self) -> tuple[str, str, Any, dict[str, str]]:
        weights = [each[0] for each in MIX]
        _, method, path, body, query = self._dice.choices(MIX, weights)[0]
        environment = self._dice.choice(self._environments)
        where = path if path.startswith("/") else f"/v1/environments/{environment}/{path}"
        known = self._etags.get(where, "")
        headers = {"If-None-Match": known} if query == "known" and known else {}
        sent = body and {key: self._dice.choice(values) for key, values in body.items()}
        return method, f"{where}?{query}" if "=" in query else where, sent, headers

    async def _one(self, method: str, path: str, body: Any, headers: dict[str, str]) -> None:
        begun = time.monotonic()
        try:
            answer = await self._client.request(method, path, json=body, headers=headers)
        except httpx.HTTPError as error:
            self.tally.errors[f"{method} {path}: {type(error).__name__}"] += 1
        else:
            self._note(method, path, answer)
        self.tally.seconds.append(time.monotonic() - begun)

    def _note(self, method: str, path: str, answer: httpx.Response) -> None:
        self.tally.statuses[answer.status_code] += 1
        if "etag" in answer.headers:
            self._etags[path] = answer.headers["etag"]
        if answer.status_code not in {200, 304}:
            kind = (
                answer.json().get("type", "") if "problem" in answer.headers["content-type"] else ""
            )
            self.tally.errors[f"{method} {path}: {answer.status_code} {kind}"] += 1
