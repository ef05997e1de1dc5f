"""Ten thousand requests made from the OpenAPI document, every check: targets S4.

The service runs as people run it, in a process of its own before simulated products. Most passes ask
the environment `test`, so that what is valid reaches both products; one of them follows the
document's links from answer to request, and one asks for environments of any name.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import schemathesis
from long_runs import rounds
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema
from service_bench import OPENID_CONNECT
from service_process import Running, running

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("default")]

CASES = 10_000
#: A share of it in every run, all of it in a long one; FUZZ=10 is ten times as much.
TIMES = float(os.environ.get("FUZZ", rounds(10, 1) / 10))
ENV = "/v1/environments/{env}"
IMIS = ("imis/openid-connect", "imis/oidc-authentication")
#: A read of a page in the browser costs as much as fifty requests to iMIS.
SLOW = ("cloud-sso/imis-client", "verification", "secrets/{name}", "cloud-sso/imis-sso-settings")
#: Their answers are long, and longer with every write: a few lines are as good as a hundred.
LONG = ("changes", "changes/checkpoint", "snapshots", "snapshots/{snapshot}")
REFUSALS = ["400", "401", "403", "404", "409", "412", "413", "415", "422", "424"]


@dataclass
class Found:
    """What a pass came to."""

    cases: int = 0
    statuses: set[int] = field(default_factory=set)
    operations: set[str] = field(default_factory=set)
    failures: list[str] = field(default_factory=list)

    def take(self, event: Any) -> None:
        if isinstance(event, events.NonFatalError | events.FatalError):
            self.failures.append(str(vars(event) if hasattr(event, "__dict__") else event))
        if not isinstance(event, events.ScenarioFinished):
            return
        recorder = event.recorder
        self.cases += len(recorder.cases)
        answers = [each.response for each in recorder.interactions.values() if each.response]
        self.statuses |= {each.status_code for each in answers}
        self.operations |= {each.value.operation.label for each in recorder.cases.values()}
        failed = [
            each for checks in recorder.checks.values() for each in checks if each.failure_info
        ]
        for check in failed:
            failure = check.failure_info
            self.failures.append(f"{check.name}: {failure.failure}\n{failure.code_sample}")


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    arguments = ("serve", "--simulate", "--port", "0", "--log-level", "warning")
    surroundings = {"IMIS_SSO_RATE_LIMIT": "1000000"}
    with running(tmp_path_factory.mktemp("live"), *arguments, surroundings=surroundings) as found:
        # With its secret on record, a read of iMIS needs nothing of Cloud SSO.
        body = {"client_secret": "canary-of-the-fuzzer"}
        assert found.call("PUT", OPENID_CONNECT, json=body).status_code == 200
        yield found
    assert "Traceback" not in found.printed


def _times(examples: int) -> int:
    return max(1, round(examples * TIMES))


def _pass(service: Running, config: dict[str, Any], examples: int, *phases: str) -> Found:
    ready = service.ready
    settings = SchemathesisConfig.from_dict(
        {
            "base-url": ready["base_url"],
            "headers": {"Authorization": f"Bearer {ready['token']}"},
            "continue-on-failure": True,
            "generation": {
                "max-examples": _times(examples),
                "database": "none",
                "deterministic": TIMES <= 1,
            },
            # What the document's schema allows may still be refused, for what only we can judge
            # (canonical forms, pins, gates); never with 5xx and never outside the document.
            "checks": {
                "positive_data_acceptance": {"expected-statuses": ["2xx", "304", *REFUSALS]},
                "negative_data_rejection": {"expected-statuses": REFUSALS},
            },
            # What is learned from answers makes each request dearer than the one before.
            "phases": {
                name: {"enabled": name in phases, "extra-data-sources": {"responses": False}}
                for name in ("examples", "coverage", "fuzzing")
            }
            | {"stateful": {"enabled": "stateful" in phases}},
            **config,
        }
    )
    schema = schemathesis.openapi.from_url(f"{ready['base_url']}/openapi.json", config=settings)
    found = Found()
    for event in from_schema(schema).execute():
        found.take(event)
    return found


def _examples(number: int, methods: str, *paths: str) -> list[dict[str, Any]]:
    generation = {"max-examples": _times(number)}
    return [
        {"include-name": f"{method} {ENV}/{path}", "generation": generation}
        for path in paths
        for method in methods.split()
    ]


def test_ten_thousand_requests(service: Running) -> None:
    """No check fails, nothing is answered with 5xx, every operation is met."""
    here = {"parameters": {"path.env": "test", "query.limit": 2}}
    deep = here | {
        "operations": [
            *_examples(300, "PUT PATCH", *IMIS),
            *_examples(100, "GET DELETE", *IMIS),
            *_examples(15, "GET", *SLOW, *LONG),
            *_examples(20, "PUT PATCH DELETE", "cloud-sso/imis-sso-settings"),
            *_examples(10, "POST", "cloud-sso/directories/{id}/binding"),
        ],
    }
    passes = [
        _pass(service, here, 1, "examples", "coverage"),
        _pass(service, deep, 60, "fuzzing"),
        _pass(service, here, 700, "stateful"),
        _pass(service, {}, 40, "coverage", "fuzzing"),
    ]
    failures = [each for found in passes for each in found.failures]
    assert failures == [], "\n\n".join(failures[:20])
    statuses = set.union(*(found.statuses for found in passes))
    assert {200, 204, 304, 401, 404, 405, 409, 412, 422} <= statuses
    assert max(statuses) < 500
    described = schemathesis.openapi.from_url(f"{service.ready['base_url']}/openapi.json")
    every = {each.ok().label for each in described.get_all_operations()}
    assert set.union(*(found.operations for found in passes)) == every
    assert sum(found.cases for found in passes) >= CASES * TIMES
