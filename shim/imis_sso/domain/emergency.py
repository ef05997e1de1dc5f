"""What is broken, and who can sign in: judged from what was seen, in plain words. Fetches nothing.

The checks have the shape of a verification's; what could not be looked at is skipped, and what is
not built is absent, never passed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from imis_sso.domain.discovered import Discovered, Step
from imis_sso.domain.holds import Hold
from imis_sso.domain.problems import (
    AuditUnavailable,
    Busy,
    Problem,
    UpstreamCredentialsRefused,
    UpstreamLoginRequired,
    UpstreamTimeout,
    UpstreamUnavailable,
)
from imis_sso.domain.verdicts import CHECK_IDS, Check, Status, Verification

EXPIRY_WARNING: Final = timedelta(days=30)
MODE_LABELS: Final = {"disabled": "Disabled", "test_mode": "Test mode", "enabled": "Enabled"}
WHO: Final = {
    "disabled": "Everybody signs in with iMIS credentials only; Cloud SSO is not asked.",
    "test_mode": "Staff may use either, iMIS credentials or Cloud SSO.",
    "enabled": "Staff sign in through Cloud SSO only.",
}
_WORSE: Final = {
    "test_mode": " As things are, Cloud SSO probably fails for them; iMIS credentials work.",
    "enabled": " As things are, that probably fails, and only system administrators get in.",
}
ADMINISTRATORS: Final = "System administrators always keep iMIS credentials, in every mode."
_OUT_OF_REACH: Final = (UpstreamUnavailable, UpstreamTimeout, Busy)
_NO_LOG_IN: Final = (AuditUnavailable, UpstreamCredentialsRefused, UpstreamLoginRequired)
_IMIS: Final = ("imis/openid-connect#well_known_url",)
_ISSUER: Final = ("imis/openid-connect#authority_url",)
_SIGN_IN: Final = frozenset({"sso", "client", "discovery", "redirect", "claims"})
_STEPS: Final = {
    Step.NAME: ("sso.name", "the name of the SSO host leads to a public address"),
    Step.CONNECTION: ("sso.reachable", "the SSO host answers"),
    Step.CERTIFICATE: ("sso.certificate", "the certificate of the SSO host is trusted"),
    Step.DOCUMENT: ("sso.discovery", "the discovery document is served"),
}
_REMEDIES: Final = {
    Step.NAME: "Look at the DNS entry (CNAME) of the SSO domain, and at well_known_url in iMIS.",
    Step.CONNECTION: "Ask the operator of Cloud SSO whether it is down; look at firewalls.",
    Step.CERTIFICATE: "The operator of the SSO domain must renew or mend its certificate.",
    Step.DOCUMENT: "Compare well_known_url in iMIS with the Discovery URL that Cloud SSO shows.",
}
CHECKS: Final = (
    "imis.reachable",
    "imis.log-in",
    "imis.record",
    *(name for name, _ in _STEPS.values()),
    "sso.issuer",
    "cloud-sso.dashboard",
)
"""The checks of a report besides those of verification, in their order."""


@dataclass(frozen=True)
class Evidence:
    """What was seen. A problem of None means that it worked.

    `discovered` is None where no address is known; `known_from` says where it is from if not from
    iMIS. `issuer` is the Authority URL that iMIS holds, None where it could not be read;
    `verification` is None where one of the products could not be read.
    """

    log_in: Problem | None
    record: Problem | None
    dashboard: Problem | None
    mode: str | None = None
    issuer: str | None = None
    discovered: Discovered | None = None
    known_from: str = ""
    verification: Verification | None = None


@dataclass(frozen=True)
class Report:
    """What an emergency's first look tells."""

    environment: str
    mode: str | None
    hold: Hold | None
    checks: tuple[Check, ...]
    notices: tuple[str, ...] = ()

    @property
    def broken(self) -> bool:
        """Whether a check failed."""
        return any(each.status is Status.FAILED for each in self.checks)

    def as_dict(self) -> dict[str, Any]:
        """Give the report as it is answered."""
        return {
            "environment": self.environment,
            "mode": self.mode or "unknown",
            "hold": self.hold and self.hold.as_dict(),
            "broken": self.broken,
            "checks": [each.as_dict() for each in self.checks],
            "sign_in": [
                {"mode": mode, "now": mode == self.mode, "who": who}
                for mode, who in sign_in(self.checks).items()
            ],
            "notices": list(self.notices),
        }


def judged(evidence: Evidence, now: datetime) -> tuple[Check, ...]:
    """Judge what was seen."""
    return (
        *_imis(evidence),
        *_sso_host(evidence, now),
        _issuer(evidence),
        _dashboard(evidence),
        *_settings(evidence),
    )


def sign_in(checks: tuple[Check, ...]) -> dict[str, str]:
    """Say for each mode who can sign in, given what is broken."""
    worse = _WORSE if any(_stops_sign_in(each) for each in checks) else {}
    return {mode: f"{who}{worse.get(mode, '')} {ADMINISTRATORS}" for mode, who in WHO.items()}


def manual_step(site: str, mode: str) -> str:
    """Say exactly what a person does in iMIS to set a mode (product facts 2 and 3.1)."""
    where = f"the Staff site of {site}" if site else "the Staff site of iMIS"
    return (
        f"Sign in to {where} as a system administrator, with iMIS credentials (the sign-in page "
        "may ask for an e-mail address first). Open Settings > Contacts > OpenID Connect, set "
        f'"OIDC authentication" to "{MODE_LABELS[mode]}", and press Save. Then load the page '
        "again and see that it kept it."
    )


def _stops_sign_in(check: Check) -> bool:
    return check.status is Status.FAILED and check.id.partition(".")[0] in _SIGN_IN


def _imis(evidence: Evidence) -> Iterator[Check]:
    log_in, record = evidence.log_in, evidence.record
    if isinstance(record, _NO_LOG_IN) and log_in is not None:
        # The log-in may have been refused from memory, so that iMIS was not asked at all.
        yield _skipped("imis.reachable", "nothing could be asked without a log-in")
        yield _failed("imis.log-in", log_in.detail)
        yield _skipped("imis.record", "nothing could be asked without a log-in")
        return
    gone = next((each for each in (record, log_in) if isinstance(each, _OUT_OF_REACH)), None)
    if record is not None and gone is not None:
        yield _failed("imis.reachable", gone.detail, remedy="Is iMIS down, or the way to it?")
        yield _skipped("imis.log-in", "iMIS is out of reach")
        yield _skipped("imis.record", "iMIS is out of reach")
        return
    yield _passed("imis.reachable", "iMIS answers")
    if isinstance(log_in, _OUT_OF_REACH):
        yield _skipped("imis.log-in", log_in.detail)
    else:
        yield _of("imis.log-in", log_in, "the service account logs in afresh")
    yield _of("imis.record", record, "the OpenID Connect record can be read")


def _sso_host(evidence: Evidence, now: datetime) -> Iterator[Check]:
    found = evidence.discovered
    for step, (name, works) in _STEPS.items():
        if found is None:
            yield _skipped(name, "no discovery address is known", _IMIS)
        elif found.failed is step:
            detail = f"{found.address}{evidence.known_from}: {found.why}"
            yield _failed(name, detail, _IMIS, _REMEDIES[step])
        elif not found.reached(step):
            yield _skipped(name, "it did not come so far", _IMIS)
        elif step is Step.CERTIFICATE and found.expires is not None:
            yield _certificate(found.expires - now)
        else:
            yield _passed(name, works, _IMIS)


def _certificate(left: timedelta) -> Check:
    detail = f"the certificate of the SSO host is trusted, and ends in {left.days} days"
    if left > EXPIRY_WARNING:
        return _passed("sso.certificate", detail, _IMIS)
    remedy = "Have its operator renew it now: when it ends nobody signs in through Cloud SSO."
    return Check("sso.certificate", Status.WARNING, detail, _IMIS, remedy)


def _issuer(evidence: Evidence) -> Check:
    found = evidence.discovered
    if found is None or found.issuer is None or evidence.issuer is None:
        return _skipped("sso.issuer", "issuer or Authority URL could not be read", _ISSUER)
    if found.issuer == evidence.issuer:
        return _passed("sso.issuer", f'both are "{found.issuer}"', _ISSUER)
    detail = f'the document names "{found.issuer}", iMIS holds "{evidence.issuer}"'
    remedy = (
        f'Set authority_url of imis/openid-connect to "{found.issuer}", if it is the right host.'
    )
    return _failed("sso.issuer", detail, _ISSUER, remedy)


def _dashboard(evidence: Evidence) -> Check:
    works = "the dashboard lets the service in and shows its settings"
    return _of("cloud-sso.dashboard", evidence.dashboard, works)


def _settings(evidence: Evidence) -> tuple[Check, ...]:
    if evidence.verification is not None:
        return evidence.verification.checks
    why = "it takes both products, and one could not be read"
    return tuple(_skipped(name, why) for name in CHECK_IDS)


def _of(name: str, problem: Problem | None, works: str) -> Check:
    return _passed(name, works) if problem is None else _failed(name, problem.detail)


def _passed(name: str, detail: str, fields: tuple[str, ...] = ()) -> Check:
    return Check(name, Status.PASSED, detail, fields)


def _failed(name: str, detail: str, fields: tuple[str, ...] = (), remedy: str = "") -> Check:
    return Check(name, Status.FAILED, detail, fields, remedy)


def _skipped(name: str, detail: str, fields: tuple[str, ...] = ()) -> Check:
    return Check(name, Status.SKIPPED, detail, fields)
