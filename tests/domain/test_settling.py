"""What became of an interrupted write, as far as reading can tell (contract section 7, R7)."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imis_sso.domain.audit import Result
from imis_sso.domain.intents import Found, Intent, SecretMove, settle
from imis_sso.domain.ledger import AppliedSecret

INTENT = Intent(
    id="w",
    environment="test",
    product="imis",
    resource="imis/openid-connect",
    at=datetime(2026, 1, 31, tzinfo=UTC),
    who="ci",
    before={"name": "old", "set_login_hint": False},
    after={"name": "new", "set_login_hint": True},
    existed=True,
)
MOVE = SecretMove("v1-old", AppliedSecret("a", "v1-new"))
SECRET_ONLY = replace(INTENT, before={}, after={}, secret=MOVE)
BOTH = replace(INTENT, secret=MOVE)
NEW = {"name": "new", "set_login_hint": True}
OLD = {"name": "old", "set_login_hint": False}


@pytest.mark.parametrize(
    ("intent", "found", "result"),
    [
        (INTENT, Found(NEW, None), Result.APPLIED),
        (INTENT, Found(OLD, None), Result.NOT_APPLIED),
        (INTENT, Found(NEW | {"name": "old"}, None), Result.DIFFERS),
        (INTENT, Found(NEW | {"name": "by hand"}, None), Result.DIFFERS),
        (INTENT, Found(NEW | {"client_id": "by hand"}, None), Result.APPLIED),
        (INTENT, Found({}, None, exists=False), Result.DIFFERS),
        (SECRET_ONLY, Found({}, "v1-new"), Result.APPLIED),
        (SECRET_ONLY, Found({}, "v1-old"), Result.NOT_APPLIED),
        (SECRET_ONLY, Found({}, "v1-by-hand"), Result.DIFFERS),
        (SECRET_ONLY, Found({}, None), Result.UNKNOWN),
        (BOTH, Found(NEW, None), Result.APPLIED),
        (BOTH, Found(NEW, "v1-new"), Result.APPLIED),
        (BOTH, Found(NEW, "v1-old"), Result.DIFFERS),
        (BOTH, Found(OLD, "v1-old"), Result.NOT_APPLIED),
        (replace(INTENT, existed=False), Found({}, None, exists=False), Result.NOT_APPLIED),
        (replace(INTENT, existed=False), Found(NEW, None), Result.APPLIED),
        (replace(INTENT, existed=False), Found(OLD, None), Result.DIFFERS),
    ],
)
def test_every_way_to_find_it(intent: Intent, found: Found, result: Result) -> None:
    assert settle(intent, found) is result


values = st.dictionaries(st.sampled_from("abcd"), st.one_of(st.booleans(), st.text(max_size=2)))


@given(values, values)
def test_what_is_as_before_or_as_wanted_is_never_taken_for_something_else(
    before: dict[str, str | bool], after: dict[str, str | bool]
) -> None:
    after = {path: value for path, value in after.items() if before.get(path) != value}
    before = {path: before.get(path, "") for path in after}
    changed = replace(INTENT, before=before, after=after)
    really = any(before[path] != after[path] for path in after)
    assert settle(changed, Found(after, None)) is (Result.APPLIED if really else Result.UNKNOWN)
    assert settle(changed, Found(before, None)) is (
        Result.NOT_APPLIED if really else Result.UNKNOWN
    )


@pytest.mark.parametrize("intent", [INTENT, SECRET_ONLY, BOTH])
def test_an_intent_is_read_back_as_it_was(intent: Intent) -> None:
    stored = json.loads(json.dumps(intent.as_dict()))
    columns = (intent.id, intent.environment, intent.product, intent.resource, intent.at)
    assert Intent.of(columns, stored, "snap") == replace(intent, found="snap")
