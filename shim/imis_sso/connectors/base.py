"""What a connector is (architecture: connectors). Services know only these protocols."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from imis_sso.domain.discovered import Discovered
from imis_sso.domain.evidence import (
    Authentication,
    Authorization,
    Metadata,
    Reply,
    SignInSeen,
)
from imis_sso.domain.expiry import Evidence
from imis_sso.domain.kept_login import BrowserState, KeptLogin
from imis_sso.domain.observed import Change, Finding, Observed, Reach
from imis_sso.domain.problems import Problem
from imis_sso.domain.resources import Resource
from imis_sso.domain.secret import Secret


class WriteUncertain(Exception):  # noqa: N818  # not an error of ours: the answer was lost
    """A write was sent and its outcome is not known (product facts 3.5: never send it again).

    `cause` is what to answer if a read-back shows that nothing was written.
    """

    def __init__(self, cause: Problem) -> None:
        super().__init__(cause.detail)
        self.cause = cause


@dataclass(frozen=True)
class Credential:
    """The service's own log-in at a product; `totp` is the secret of its one-time codes."""

    username: str
    password: Secret
    totp: Secret | None = None


class LoginGuard(Protocol):
    """Memory of the log-ins at one product of one environment, shared by every process.

    Of those that were refused (contract C47), of one-time codes, of the log-in that a person made.
    """

    @property
    def environment(self) -> str:
        """Name of the environment, for what a person is told to run."""

    async def check(self, address: str, username: str, password: Secret) -> None:
        """Raise `UpstreamCredentialsRefused` if exactly this log-in was refused before."""

    def trying(
        self, address: str, username: str, password: Secret
    ) -> AbstractAsyncContextManager[None]:
        """Check as `check` does, and let no other process log in there while the block runs.

        Of several processes with one wrong password one is refused; the others learn of it.
        """

    async def remember(self, address: str, username: str, password: Secret) -> None:
        """Remember that the product refused this log-in, so that it is never tried again."""

    async def take_code(self, began: int) -> bool:
        """Note that the one-time code of a period is used; False if it was used before.

        `began` is when the period began, in seconds since 1970. To be called while `trying` is
        held, so that no other process uses the same code.
        """

    async def kept(self) -> KeptLogin:
        """Give the log-in that a person made here, as it was kept last.

        Raises `UpstreamLoginRequired` where there is none, it has ended, or it cannot be read.
        """

    async def renew(self, kept: KeptLogin, state: BrowserState) -> None:
        """Keep what the product has made of a log-in since, unless there is another by now."""

    async def note_ended(self, kept: KeptLogin) -> None:
        """Note that the product does not take a log-in any more, for whoever asks for its state."""


class SinkUnavailable(Exception):  # noqa: N818  # the sink's state, not an error of ours
    """A sink of the audit trail did not take a batch; the text says why, without any secret."""


class Sink(Protocol):
    """A place outside that takes lines of the audit trail."""

    @property
    def name(self) -> str:
        """Name of the sink, as the registry has it."""

    async def send(self, batch: Sequence[str]) -> None:
        """Send entries, each one line of JSON, in order. Raises SinkUnavailable."""

    async def aclose(self) -> None:
        """Close connections."""


class DiscoveryLook(Protocol):
    """Looks at an OpenID provider's discovery document, as everybody may."""

    async def look(self, address: str) -> Discovered:
        """Fetch the document at an address, within limits; never raises."""


class Probes(Protocol):
    """Gathers evidence at the OpenID provider and at iMIS's sign-in page. No method raises.

    Nothing is written anywhere, no redirect leaves its host, and no cookie is kept.
    """

    async def discovery(self, address: str) -> Reply:
        """Fetch the discovery document at an address."""

    async def keys(self, metadata: Metadata) -> Reply:
        """Fetch the key set that the metadata names."""

    async def authorization(
        self, metadata: Metadata, client_id: str, redirect_url: str
    ) -> Authorization:
        """Ask the authorization endpoint for a sign-in without a person, with its controls."""

    async def authentication(
        self, metadata: Metadata, client_id: str, secret: Secret, redirect_url: str
    ) -> Authentication:
        """Hand client and secret to the metadata's token endpoint with a made-up code.

        Whether the secret may go there is for the caller to know (contract C45).
        """

    async def sign_in(self) -> SignInSeen:
        """Look where iMIS's sign-in page sends a browser."""

    async def aclose(self) -> None:
        """Close connections."""


class SignInVisit(Protocol):
    """Goes from a page of iMIS to where its sign-in leaves for the provider."""

    async def follow(self, start: str) -> SignInSeen:
        """Follow the sign-in, without an account, until it leaves the host. Never raises."""


class Connector(Protocol):
    """One way into one product of one environment. All methods may raise `Problem`s.

    `write_seconds` is the time that a write and the read after it may take at the most: a write
    is not begun when less is left (contract C33).
    """

    @property
    def name(self) -> str:
        """Name of the connector, as the registry has it."""

    @property
    def reach(self) -> Reach:
        """Which fields of which records can be reached."""

    @property
    def write_seconds(self) -> float:
        """Seconds that a write with its read-back may take at the most."""

    async def read(self, resource: Resource) -> Observed:
        """Read the record of a resource, live, in at most one fetch of it.

        Raises `UpstreamUnavailable`, `UpstreamTimeout`, `UpstreamError`, `UpstreamRefused`,
        `UpstreamCredentialsRefused`, `UpstreamLoginRequired`, `UpstreamNotLicensed`,
        `UpstreamPageChanged`, `WrongTenant`.
        """

    async def write(self, resource: Resource, change: Change, base: Observed) -> None:
        """Write a change merged onto `base`; never reads the record again before writing.

        Raises as `read`, and `WriteUncertain` where the product may have taken the write.
        """

    async def tenant(self) -> Mapping[str, str]:
        """Tell which tenant the present log-in session is at (contract C46).

        Read once a session. Keys are those of the registry's `tenant` map: `organisation`,
        `provider_id`, `cloud_id`; a key that the product does not tell is left out.
        """

    async def prove_login(self) -> None:
        """Log in afresh, beside the session that lives, which stays as it is.

        Raises as `read`. A refused log-in is remembered like any other (contract C47), and does
        not stop the living session. Only what serves the mode must do anything here.
        """

    async def findings(self) -> Sequence[Finding]:
        """Say in plain words what is known of this tenant, without writing anything."""

    async def aclose(self) -> None:
        """Close sessions and connections."""


class Certificates(Protocol):
    """The certificates that the hosts of an environment show, as this service sees them."""

    async def lifetimes(self) -> Sequence[Evidence]:
        """Look at each host's certificate now, all at once and within seconds. Raises nothing."""
