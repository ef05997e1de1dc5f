"""S1: no secret in state, saved plan, output, log; in a trace only what the provider prints itself."""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

import pytest
from hand_written import HandWritten, files_holding
from plans import settles

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from configurations import Configuration
    from live_service import LiveService, Pair

pytestmark = pytest.mark.acceptance
INLINE = "inline+of/the=run%with&all:the~characters"
PROVIDER = "provider.terraform-provider-restful_v0.25.2"


def spellings(secret: str) -> set[str]:
    """Give the forms in which a secret can slip out: as it is, in JSON, in a URL, in base64."""
    escaped = json.dumps(secret)[1:-1]
    return {
        secret,
        escaped.replace("&", "\\u0026"),
        quote(secret, safe=""),
        quote_plus(secret),
        base64.b64encode(secret.encode()).decode(),
    }


class Canaries:
    """The secrets that were in play, and where they must not be."""

    def __init__(self, *secrets: str) -> None:
        assert all(len(secret) > 20 for secret in secrets)
        self.forms = {form for secret in secrets for form in spellings(secret)}

    def in_text(self, text: str) -> list[str]:
        """Give the lines that hold one of them."""
        return [line for line in text.splitlines() if any(form in line for form in self.forms)]

    def in_files(self, folder: Path, besides: str) -> list[str]:
        """Give the names of the files that hold one, but for the trace log."""
        return sorted({file.name for file in files_holding(folder, *self.forms)} - {besides})


def in_play(service: LiveService, pair: Pair) -> Iterable[str]:
    """Give every secret that the products and the ready file hold at this moment."""
    for environment in service.ready["environments"].values():
        yield environment["imis_password"]
        yield environment["cloud_sso_password"]
    yield pair.record["ClientSecret"]
    yield pair.cloud_sso.state()["client_secret"]


def test_a_full_run_with_named_secrets_leaves_none_behind(
    by_hand: Configuration, service: LiveService, pair: Pair
) -> None:
    """Import, apply, rotation, apply, all at TRACE: a named secret is in no request."""
    terraform, folder = by_hand.terraform, by_hand.terraform.folder
    secrets = set(in_play(service, pair))
    terraform.variables |= {"TF_LOG": "TRACE", "TF_LOG_PATH": str(folder / "trace.log")}
    told = terraform.run("plan", "-out=tfplan")
    told += terraform.run("apply", "tfplan")
    pair.cloud_sso.act("rotate-secret")
    told += terraform.run("plan", "-out=tfplan.rotated")
    told += terraform.run("apply", "tfplan.rotated")
    secrets |= set(in_play(service, pair))
    told += terraform.run("show", "-json", "tfplan") + terraform.run("show", "-json")
    assert len(secrets) == 7

    everything = Canaries(service.ready["token"], *secrets)
    assert everything.in_text(told) == []
    assert everything.in_files(folder, besides="trace.log") == []
    assert everything.in_text(service.log.read_text("utf-8")) == []
    trace = (folder / "trace.log").read_text("utf-8")
    assert Canaries(*secrets).in_text(trace) == []
    assert printed_beside(trace, service.ready["token"], "Authorization: Bearer ") == []


def printed_beside(trace: str, secret: str, line: str) -> list[str]:
    """Give what a trace holds of a secret, but for one kind of line in the provider's own entries.

    An entry begins with its time; the provider's dump of a request goes on over several lines.
    """
    canaries, dumps, others = Canaries(secret), 0, []
    for entry in re.split(r"(?m)^(?=\d{4}-\d{2}-\d{2}T)", trace):
        for found in canaries.in_text(entry):
            known = PROVIDER in entry.partition("\n")[0] and found.strip().startswith(line)
            dumps += known
            others += [] if known else [found]
    assert dumps, "documented in docs/terraform.md, and no longer so"
    return others


def test_a_full_run_with_an_inline_secret_leaves_none_behind(
    hand_written: Callable[..., HandWritten], service: LiveService, pair: Pair
) -> None:
    """What the provider prints of an inline secret is the request's body, and nothing else does."""
    found = hand_written("inline_secret", TF_VAR_client_secret=INLINE)
    terraform, folder = found.terraform, found.terraform.folder
    terraform.variables |= {"TF_LOG": "TRACE", "TF_LOG_PATH": str(folder / "trace.log")}
    secrets = set(in_play(service, pair)) - {INLINE}
    told = terraform.run("plan", "-out=tfplan")
    told += terraform.run("apply", "tfplan") + terraform.run("show", "-json")
    assert pair.record["ClientSecret"] == INLINE
    assert settles(terraform)
    everything = Canaries(INLINE, service.ready["token"], *secrets)
    assert everything.in_text(told) == []
    assert everything.in_files(folder, besides="trace.log") == []
    assert everything.in_text(service.log.read_text("utf-8")) == []
    trace = (folder / "trace.log").read_text("utf-8")
    assert Canaries(*secrets).in_text(trace) == []
    assert printed_beside(trace, INLINE, '"client_secret": ') == []
    assert printed_beside(trace, service.ready["token"], "Authorization: Bearer ") == []
