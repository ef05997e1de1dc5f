"""No secret in anything that `imis_rest` says (contract C20, targets S1)."""

from __future__ import annotations

import base64
import html
import json
import logging
import traceback
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imis_sso.connectors.base import WriteUncertain
from imis_sso.connectors.imis_rest import ImisRest
from imis_sso.connectors.imis_rest.redaction import Redactor
from imis_sso.domain.observed import Change
from imis_sso.domain.problems import Problem
from imis_sso.domain.resources import OPENID_CONNECT
from imis_sso.domain.secret import REDACTED, Secret

if TYPE_CHECKING:
    from imis_rest_bench import Bench, ScriptedImis

pytest_plugins = ("imis_rest_bench",)
pytestmark = pytest.mark.anyio

CANARY = 'Canary-Secret+/=%:&~ "q" \\ é'
FORMS = [
    CANARY,
    CANARY.upper(),
    quote(CANARY),
    quote(CANARY, safe=""),
    quote(CANARY, safe="").lower(),
    quote_plus(CANARY),
    json.dumps(CANARY),
    json.dumps(CANARY, ensure_ascii=False),
    html.escape(CANARY),
    base64.b64encode(CANARY.encode()).decode(),
    base64.urlsafe_b64encode(CANARY.encode()).decode(),
]


@pytest.fixture
def everything(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """Record every log line of every library, at every level."""
    caplog.set_level(logging.DEBUG)
    for name in ("httpx", "httpcore", "httpcore.http11", "httpcore.connection", "asyncio"):
        caplog.set_level(logging.DEBUG, name)
    return caplog


@pytest.fixture
async def imis(bench: Bench) -> AsyncIterator[ImisRest]:
    connector = bench.connector(request_seconds=2.0)
    yield connector
    await connector.aclose()


FAULTS: list[tuple[str, str, dict[str, Any]]] = [
    ("status", "write", {"status": 400, "echo": True}),
    ("status", "write", {"status": 400, "echo": True, "media_type": "text/html"}),
    ("status", "write", {"status": 409, "echo": True}),
    ("status", "write", {"status": 500, "echo": True}),
    ("status", "write", {"status": 200, "echo": True}),
    ("status", "login", {"status": 400, "echo": True}),
    ("status", "login", {"status": 500, "echo": True}),
    ("reset", "write", {}),
    ("truncate", "write", {}),
    ("latency", "write", {"seconds": 2.6}),
    ("expire_session", "write", {"times": 9}),
]


@pytest.mark.parametrize("fault", FAULTS)
async def test_no_secret_in_logs_or_errors(
    bench: Bench,
    imis: ImisRest,
    everything: pytest.LogCaptureFixture,
    fault: tuple[str, str, dict[str, Any]],
) -> None:
    """Password, token, old and new client secret, at DEBUG, whatever the product echoes."""
    old, said = bench.stored["ClientSecret"], ""
    bench.fault(fault[0], fault[1], **({"times": 9} | fault[2]))
    try:
        base = await imis.read(OPENID_CONNECT)
        await imis.write(OPENID_CONNECT, Change({"name": "x"}, Secret(CANARY)), base)
    except (Problem, WriteUncertain) as error:
        said = "".join(traceback.format_exception(error)) + repr(error)
        said += "".join(f"{each}" for each in getattr(error, "errors", ()))
    said += everything.text + repr([each.args for each in everything.records])
    assert "httpcore" in everything.text
    tokens = list(bench.model._tokens)  # the simulator shows how many, not which
    for secret in (old, bench.model.password, CANARY, *tokens):
        for form in (secret, quote_plus(secret), json.dumps(secret)[1:-1]):
            assert form not in said


async def test_no_cookie_in_the_logs(
    scripted: ScriptedImis, everything: pytest.LogCaptureFixture
) -> None:
    """A session cookie of iMIS is a secret too; the HTTP library would log it at DEBUG."""
    empty = '{"Items": {"$values": []}}'
    scripted.script = [scripted.answer(empty, "200 OK", "Set-Cookie: s=canary-cookie")]
    imis = scripted.connector()
    await imis.read(OPENID_CONNECT)
    await imis.aclose()
    assert "send_request_body" in everything.text
    assert "canary" not in everything.text


async def test_the_connector_does_not_print_itself(bench: Bench, imis: ImisRest) -> None:
    await imis.read(OPENID_CONNECT)
    assert repr(imis) == "ImisRest(…)"
    assert bench.model.password not in str(vars(imis))


async def test_secrets_of_an_earlier_read_are_kept_out_of_a_later_error(
    bench: Bench, imis: ImisRest
) -> None:
    """An error to a read may quote what the product holds."""
    await imis.read(OPENID_CONNECT)
    held = bench.stored["ClientSecret"]
    bench.fault("status", "read", status=400, body=f"cannot show {held} to you")
    with pytest.raises(Problem, match=r"cannot show \[redacted\] to you"):
        await imis.read(OPENID_CONNECT)


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_a_secret_is_taken_out(form: str) -> None:
    """Product facts 3.5: an upstream error body may echo what was sent, the secret included."""
    found = Redactor([Secret(CANARY)]).sentence(f"value {form} is wrong")
    assert found.startswith("value ")
    assert "anary" not in found.lower()
    assert REDACTED in found


@given(secret=st.text(min_size=12, max_size=40), cut=st.integers(8, 40))
def test_a_piece_of_a_secret_is_withheld(secret: str, cut: int) -> None:
    """A product may cut what it echoes."""
    piece = secret[:cut]
    found = Redactor([Secret(secret)]).sentence(f"starts with {piece}!")
    assert found == REDACTED or piece not in found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<b>Bold</b>\r\n  and\tplain\x00", "Bold and plain"),
        ("<script>x</script>", "x"),
        ("open <tag", "open"),
        ("", ""),
        ("y" * 300, "y" * 199 + "…"),
    ],
)
def test_a_sentence_has_no_tags_and_an_end(text: str, expected: str) -> None:
    """Contract C30: no upstream HTML; short."""
    assert Redactor([]).sentence(text) == expected


def test_an_empty_secret_redacts_nothing() -> None:
    assert Redactor([Secret("")]).sentence("as it is") == "as it is"
