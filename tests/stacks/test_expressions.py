"""Literal texts, references and import ids in Terraform's JSON syntax."""

from __future__ import annotations

import itertools
import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from imis_sso_stacks.expressions import import_id, literal, mask, reference

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from terraform_runs import Terraform

# What the template language of Terraform makes of a text that holds no expression but `${"…"}`.
TEMPLATE = re.compile(r'\$\$\{|%%\{|\$\{"([^"]*)"\}|[$%]\{|.', re.DOTALL)
PIECES = st.sampled_from(["$", "%", "{", "}", "TfToken[", "TOKEN.0]", '"', "\\", "\n", "~", "a"])
TEXTS = st.text() | st.lists(PIECES).map("".join)
VALUES = st.recursive(
    TEXTS | st.booleans() | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
LIBRARY_MARKER = re.compile(r"TfToken\[")


def evaluated(template: str) -> str:
    """Give the text that a template stands for; fail where it holds a foreign expression."""

    def one(match: re.Match[str]) -> str:
        piece, inner = match.group(0), match.group(1)
        assert piece not in {"${", "%{"}, template
        return inner if inner is not None else piece[-2:]

    return TEMPLATE.sub(one, template)


@given(TEXTS)
@example("$${a}")
@example("${TfToken[TOKEN.0]}")
def test_a_literal_means_itself(text: str) -> None:
    """Whatever is written in a settings file reaches the product as it stands (contract C10)."""
    assert evaluated(literal(text)) == text


@given(TEXTS)
def test_a_literal_holds_no_marker_of_the_library(text: str) -> None:
    """The library would put something of its own in the marker's place."""
    assert not LIBRARY_MARKER.search(literal(text))


@given(VALUES)
def test_literals_keep_their_shape(value: Any) -> None:
    """Only texts change: truth values, numbers, lists and keys stay."""

    def back(escaped: Any) -> Any:
        if isinstance(escaped, dict):
            return {key: back(inner) for key, inner in escaped.items()}
        if isinstance(escaped, list):
            return [back(inner) for inner in escaped]
        return evaluated(escaped) if isinstance(escaped, str) else escaped

    assert back(literal(value)) == value


def test_a_reference_is_the_whole_value() -> None:
    """Inside other text, a truth value or a number would become text."""
    assert reference("var.x") == "${var.x}"


def test_an_import_id_names_the_managed_keys_at_every_depth() -> None:
    """Contract C13: with the keys and no values, the plan after an import is the difference."""
    body = {"b": {"c": "1"}, "a": True}
    assert mask(body) == {"a": None, "b": {"c": None}}
    assert json.loads(import_id("/v1/x", body)) == {
        "id": "/v1/x",
        "path": "/v1/x",
        "body": {"a": None, "b": {"c": None}},
    }


@pytest.mark.acceptance
def test_terraform_agrees_that_literals_mean_themselves(
    tmp_path: Path, terraform: Callable[[Path], Terraform]
) -> None:
    """Every text of up to five of the characters that matter, through real Terraform."""
    texts = ["".join(t) for n in range(1, 6) for t in itertools.product("${%a", repeat=n)]
    texts += ["${TfToken[TOKEN.0]}", "#{TfToken[TOKEN.1]}", '"\\\n\n~}', "\u2028é\U0001f600"]
    output = {"output": {"texts": {"value": literal(texts)}}}
    (tmp_path / "main.tf.json").write_text(json.dumps(output), "utf-8")
    applied = terraform(tmp_path)
    applied.run("apply", "-auto-approve")
    assert applied.json("output", "-json", "texts") == texts
