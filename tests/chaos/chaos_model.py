"""What must hold whatever happens: a model of both products, judged by their own logs (targets R6).

A `Story` is one seeded run: windows of one or more concurrent requests of callers, with what the
simulated products saw of them. `violations` looks at a whole story and says what is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from imis_sso.simulators.imis import wire
from imis_sso.simulators.log import Attempt, State

OPENID_CONNECT, MODE = "imis/openid-connect", "imis/oidc-authentication"
REDIRECT, CLIENT = "cloud-sso/imis-sso-settings", "cloud-sso/imis-client"
SECRET = "client_secret"
#: Environments in which runs go on at the same time, for the most of a run is waiting.
LANES = ("test", *(f"lane-{number}" for number in range(2, 11)))
#: Field of a document → property of the record. Written down here once more on purpose.
PROPERTIES: Mapping[str, str] = {
    "authority_url": "Authority",
    "client_id": "ProviderClientId",
    "external_id_claim_type": "ExternalIdClaimType",
    "mode": "Mode",
    "name": "ProviderName",
    "redirect_login_url": "RedirectLoginUri",
    "require_public_users": "RequirePublicUsers",
    "set_login_hint": "SetLoginHint",
    "tenant_id": "Tenant",
    "type": "ProviderType",
    "user_authentication.claim_type": "StaffClaimType",
    "user_authentication.claim_value": "StaffClaimValue",
    "well_known_url": "WellKnownUrl",
    SECRET: "ClientSecret",
}
WORDS: Mapping[str, tuple[str, ...]] = {
    "Mode": ("disabled", "test_mode", "enabled"),
    "ProviderType": ("entra_id", "okta", "other"),
}
#: iMIS certainly did nothing: the same request may be sent once more.
NOT_TAKEN = frozenset({401, 429, 503})
#: Chromium by itself repeats a request whose connection broke before any answer.
REPEATED_BY_CHROMIUM = frozenset({"reset", "answer_lost", "timeout"})
#: The dashboard's log-in page is the answer: where nothing was stored, the save is done once more.
ENDED_SESSION = frozenset({"expire_session", "login_page"})


@dataclass
class Step:
    """One request of a caller, and what it may change."""

    method: str
    path: str
    body: Any = None
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    fields: frozenset[str] = frozenset()
    answer: httpx.Response | None = None

    @property
    def may_write(self) -> bool:
        """Whether anything may reach the product by it."""
        return self.method != "GET" and self.query.get("dry_run") != "true"

    @property
    def product(self) -> str:
        """The product it is about."""
        return self.path.partition("/")[0]

    @property
    def told(self) -> httpx.Response:
        """The answer."""
        assert self.answer is not None
        return self.answer

    @property
    def promised(self) -> int:
        """How many writes the answer admits to (contract C2)."""
        return int(self.told.headers.get("upstream-writes", "0"))

    @property
    def was_put_back(self) -> bool:
        """Whether the mode was raised, and lowered again because nobody could log in any more.

        That is the one request which may write twice (contract 1.2).
        """
        return self.told.is_error and "The mode was raised to" in self.told.text

    def __str__(self) -> str:
        said = "" if self.answer is None else f" → {self.answer.status_code} {self._type()}"
        return f"{self.method} {self.path} {dict(self.query)} {sorted(self.fields)}{said}"

    def _type(self) -> str:
        kind = self.told.headers.get("content-type", "")
        return str(self.told.json()["type"]) if "problem" in kind else ""


@dataclass(eq=False)
class Window:
    """Concurrent steps, and what one product saw while they ran.

    `until` is the number of the product's state at the end of it, `trail` what the audit trail
    says of it.
    """

    product: str
    steps: list[Step]
    attempts: list[Attempt]
    until: int = 0
    trail: list[Mapping[str, Any]] = field(default_factory=list)

    @property
    def writes(self) -> list[Attempt]:
        """The writes that arrived."""
        return [each for each in self.attempts if each.visit.role == "write"]


@dataclass
class Story:
    """One run."""

    seed: int
    version_of: Callable[[str], str]
    windows: list[Window] = field(default_factory=list)
    states: dict[str, dict[int, State]] = field(default_factory=dict)
    most_at_once: int = 0
    secrets: set[str] = field(default_factory=set)

    def told(self) -> str:
        """Tell the run, for whoever looks for the reason of a violation."""
        return "\n".join(
            f"  {window.product}: {'; '.join(map(str, window.steps))}\n      saw "
            + ", ".join(
                " ".join([each.visit.method, str(each.status), *each.faults])
                for each in window.attempts
            )
            for window in self.windows
        )


def record_of(state: State) -> dict[str, Any]:
    """Give the record behind the page, with the defaults that the wire leaves out.

    A text that is empty and one that is not there are the same to the wire and to a document.
    """
    records = state.held["records"]
    held = records[0] if records else {}
    return dict(wire.DEFAULTS) | {
        key: value for key, value in held.items() if value not in ("", None)
    }


def document_of(path: str, state: State, version_of: Callable[[str], str]) -> dict[str, Any]:
    """Give the document that a product's state makes, by dotted path."""
    if path == REDIRECT:
        return {"redirect_url": state.held["redirect_url"]}
    record = record_of(state)
    values = {name: _value(record, each) for name, each in PROPERTIES.items() if name != SECRET}
    mode = values.pop("mode")
    if path == MODE:
        return {"mode": mode}
    secret = record["ClientSecret"]
    return values | {"client_secret_version": version_of(secret) if secret else ""}


def _value(record: Mapping[str, Any], name: str) -> Any:
    value = record[name]
    if name in WORDS:
        return WORDS[name][wire.enum_value(name, value)]
    return "" if value is None else value


def flat(document: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Give a document by dotted path."""
    found: dict[str, Any] = {}
    for key, value in document.items():
        path = f"{prefix}{key}"
        found |= flat(value, f"{path}.") if isinstance(value, dict) else {path: value}
    return found


def violations(story: Story) -> list[str]:
    """Give every way in which a run broke a promise."""
    found = [f"{story.most_at_once} requests to iMIS at once"] if story.most_at_once > 1 else []
    for window in story.windows:
        checks = (_answers, _sent_once, _counted, _true_answers, _others_kept, _trail_agrees)
        for check in checks:
            found += [f"{check.__name__}: {each}" for each in check(story, window)]
    return found


def _answers(story: Story, window: Window) -> Iterator[str]:
    """No 500, no secret in any answer (contract C20, C30)."""
    for step in window.steps:
        if step.told.status_code == 500:
            yield f"{step} is a failure of our own"
        said = step.told.text + repr(step.told.headers)
        if any(secret in said for secret in story.secrets):
            yield f"{step} tells a secret"


def _sent_once(story: Story, window: Window) -> Iterator[str]:
    """A write that may have been taken is never sent again (product facts 3.5)."""
    fates = [each for each in window.writes if each.status not in NOT_TAKEN or _stored(story, each)]
    if window.product == "cloud-sso":
        fates = [each for each in fates if REPEATED_BY_CHROMIUM.isdisjoint(each.faults)]
        fates = [
            each for each in fates if _stored(story, each) or ENDED_SESSION.isdisjoint(each.faults)
        ]
    allowed = sum(step.may_write + step.was_put_back for step in window.steps)
    if len(fates) > allowed:
        yield f"{len(fates)} writes that may have been taken for {allowed} that were asked for"
    if allowed == 1 and window.product == "imis" and fates and window.writes[-1] is not fates[0]:
        yield "a write was sent after one that may have been taken"


def _counted(story: Story, window: Window) -> Iterator[str]:
    """What says that nothing was written wrote nothing, then or later (contract C2)."""
    stored = sum(_stored(story, each) for each in window.writes)
    promised = sum(step.promised for step in window.steps)
    if stored > promised and not (window.product == "cloud-sso" and promised):
        steps = "; ".join(map(str, window.steps))
        yield f"{stored} writes were stored and {promised} admitted by {steps}"
    for step in window.steps:
        denies = step.told.is_error and "nothing was written" in step.told.text
        if step.promised and denies and not step.was_put_back:
            yield f"{step} admits a write and denies it"
        if step.told.is_success and step.promised and not stored and not _landed(story, window):
            yield f"{step} claims a write that never was"


def _landed(story: Story, window: Window) -> bool:
    """Tell whether a write that was given up earlier landed by the end of this window."""
    states = story.states[window.product].values()
    mine = {id(each) for each in window.attempts}
    return any(
        each.attempt is not None
        and id(each.attempt) not in mine
        and each.number <= window.until
        and "latency" in each.attempt.faults
        for each in states
    )


def _true_answers(story: Story, window: Window) -> Iterator[str]:
    """A 200 shows what the product held when it was last read (contract C4, C33)."""
    seen = _seen(story, window)
    for step in window.steps:
        if step.told.status_code != 200 or step.query.get("dry_run") == "true":
            continue
        shown = flat(step.told.json())
        held = [document_of(step.path, each, story.version_of) for each in seen]
        wanted = held if len(window.steps) > 1 else held[-1:]
        if not any(document.items() <= shown.items() for document in wanted):
            yield f"{step} shows what the product did not hold: {_odd(shown, wanted)}"
        declared = {} if step.method == "GET" else flat(step.body or {})
        declared.pop(SECRET, None)
        missing = {k: v for k, v in declared.items() if v is not None and shown.get(k) != v}
        if missing:
            yield f"{step} does not show {sorted(missing)}"


def _seen(story: Story, window: Window) -> list[State]:
    """Give the states that were shown; a fetch that an earlier request began may be shared (C3)."""
    states, index = story.states[window.product], story.windows.index(window)
    for each in reversed(story.windows[: index + 1]):
        numbers = [attempt.seen for attempt in each.attempts if attempt.seen is not None]
        if numbers:
            return [states[number] for number in numbers]
    return []


def _odd(shown: Mapping[str, Any], wanted: Sequence[Mapping[str, Any]]) -> str:
    if not wanted:
        return "the product was not read"
    return ", ".join(sorted(key for key, value in wanted[-1].items() if shown.get(key) != value))


def _others_kept(story: Story, window: Window) -> Iterator[str]:
    """A write leaves everything that nobody named as it was read (contract 1.1, C2)."""
    if window.product != "imis":
        return
    named = {PROPERTIES[each] for step in window.steps if step.may_write for each in step.fields}
    by_attempt = _by_attempt(story, "imis")
    bases: list[dict[str, Any]] = []
    for attempt in window.attempts:
        if attempt.seen is not None:
            bases.append(record_of(story.states["imis"][attempt.seen]))
        state = by_attempt.get(id(attempt))
        if state is None or "write_altered" in attempt.faults:
            continue
        after = record_of(state)
        candidates = bases if len(window.steps) > 1 else bases[-1:]
        changed = [
            {key for key in after.keys() | base.keys() if after.get(key) != base.get(key)} - named
            for base in candidates
        ]
        if all(changed):
            yield f"{'; '.join(map(str, window.steps))} also changed {sorted(changed[-1])}"


def _stored(story: Story, attempt: Attempt) -> bool:
    return any(
        each.attempt is attempt for states in story.states.values() for each in states.values()
    )


def _by_attempt(story: Story, product: str) -> dict[int, State]:
    states = story.states[product].values()
    return {id(each.attempt): each for each in states if each.attempt is not None}


def _trail_agrees(story: Story, window: Window) -> Iterator[str]:
    """What the audit trail says is what the products saw (contract section 7)."""
    steps = "; ".join(map(str, window.steps))
    intents = [each for each in window.trail if each["kind"] == "intent"]
    results = [
        each["facts"]["result"]
        for each in window.trail
        if each["kind"] == "outcome" and not each["facts"].get("settled")
    ]
    fates = [each for each in window.writes if each.status not in NOT_TAKEN or _stored(story, each)]
    if window.product == "imis" and len(fates) > len(intents):
        yield f"{len(fates)} writes and {len(intents)} intents: {steps}"
    proved = sum(step.told.is_success and step.promised for step in window.steps)
    put_back = sum(step.was_put_back and step.promised for step in window.steps)
    if not proved <= results.count("applied") <= proved + put_back:
        yield f"{proved} writes were proved, the trail says {results}: {steps}"
    alone = len(window.steps) == 1 and not put_back
    if alone and "not-applied" in results and any(_stored(story, each) for each in window.writes):
        yield f"the trail denies a write that was stored: {steps}"
    if any(secret in repr(window.trail) for secret in story.secrets):
        yield f"the trail tells a secret: {steps}"
