"""What is remembered of verifications and of attested sign-ins (contract section 6, 1.2)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from imis_sso.domain.checks import Proof


@dataclass(frozen=True)
class Verified:
    """The newest verdict on exactly these settings, and the proof it rests on."""

    passed: bool
    proof: Proof
    at: datetime


@dataclass(frozen=True)
class Attestation:
    """A sign-in that a person saw work, or not, with exactly these settings.

    No token and nothing of the person who signed in is kept, only `who` attests it.
    """

    environment: str
    digest: str
    who: str
    at: datetime
    client_id: str
    redirect_url: str
    outcome: str
