"""An OpenID provider in memory, as active probes see it: what it knows a test may spoil."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from imis_sso.domain.checks import Status
from imis_sso.domain.evidence import (
    Attempt,
    Authentication,
    Authorization,
    Metadata,
    Reply,
    SignInSeen,
)

if TYPE_CHECKING:
    from pair_bench import PairBench

    from imis_sso.domain.secret import Secret

ISSUER = "https://sso.example.org"
AUTHORIZE = f"{ISSUER}/authorize"
METADATA = {
    "issuer": ISSUER,
    "authorization_endpoint": AUTHORIZE,
    "token_endpoint": f"{ISSUER}/token",
    "jwks_uri": f"{ISSUER}/jwks",
    "id_token_signing_alg_values_supported": ["RS256"],
    "token_endpoint_auth_methods_supported": ["client_secret_basic"],
}
TAKEN, REFUSED = Reply(400, error="invalid_grant"), Reply(401, error="invalid_client")
BUSY = Reply(429)


@dataclass(frozen=True)
class Asked:
    """What one run of probes was made with."""

    client_id: str
    redirect_url: str
    secret: str


@dataclass
class MemoryProvider:
    """See the protocol `Probes`; `registered` and `accepted` say what the probes will find."""

    bench: PairBench
    registered: Status = Status.PASSED
    accepted: Status | Callable[[str], Status] = Status.PASSED
    page: Status = Status.PASSED
    asked: list[Asked] = field(default_factory=list)

    async def discovery(self, _address: str) -> Reply:
        """Answer the discovery document."""
        return Reply(200, document=METADATA)

    async def keys(self, _metadata: Metadata) -> Reply:
        """Answer one signing key."""
        return Reply(200, document={"keys": [{"kty": "RSA", "n": "n", "e": "AQAB"}]})

    async def authorization(
        self, _metadata: Metadata, _client_id: str, redirect_url: str
    ) -> Authorization:
        """Send the browser back, show an error page, or be busy."""
        back = urlencode({"error": "login_required", "state": "s", "iss": ISSUER})
        found = {
            Status.PASSED: Reply(302, location=f"{redirect_url}?{back}"),
            Status.FAILED: Reply(400),
        }
        probe = found.get(self.registered, BUSY)
        no = Reply(400)
        return Authorization(probe, "s", no, f"{redirect_url}x", no, "https://x.example/")

    async def authentication(
        self, _metadata: Metadata, client_id: str, secret: Secret, redirect_url: str
    ) -> Authentication:
        """Take or refuse the secret, or be busy."""
        self.asked.append(Asked(client_id, redirect_url, secret.reveal()))
        said = (
            self.accepted if isinstance(self.accepted, Status) else self.accepted(secret.reveal())
        )
        probe = {Status.PASSED: TAKEN, Status.FAILED: REFUSED}.get(said, BUSY)
        return Authentication((Attempt("client_secret_basic", probe, REFUSED),))

    async def sign_in(self) -> SignInSeen:
        """Look at the page of iMIS in memory: it uses what its record holds."""
        if self.page is Status.SKIPPED:
            return SignInSeen(why="there is no page")
        imis = self.bench.imis.product.values
        query = {"client_id": imis["client_id"], "redirect_uri": imis["redirect_login_url"]}
        return SignInSeen("https://page", Reply(302, location=f"{AUTHORIZE}?{urlencode(query)}"))

    async def aclose(self) -> None:
        """There is nothing to close."""


def provided(bench: PairBench) -> MemoryProvider:
    """Put a provider behind a bench's pair; it accepts everything until a test says otherwise."""
    bench.provider = provider = MemoryProvider(bench)
    bench.with_policy()
    return provider
