"""Variants: every open question of product facts 3.5 and 4.5, changeable at run time."""

from __future__ import annotations

from typing import Literal, get_args, get_origin, get_type_hints

import httpx
import pytest

from imis_sso.simulators import ImisModel, Variant

CHOICES = {
    name: get_args(hint)
    for name, hint in get_type_hints(Variant).items()
    if get_origin(hint) is Literal
}


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in CHOICES.items() for value in values]
)
def test_every_value_of_every_choice_is_taken(name: str, value: object) -> None:
    variant = Variant()
    variant.update({name: value})
    assert variant.as_dict() == Variant().as_dict() | {name: value}


@pytest.mark.parametrize("name", CHOICES)
def test_another_value_is_refused_and_the_values_named(name: str) -> None:
    variant = Variant()
    with pytest.raises(ValueError, match=f"{name} takes one of .*{CHOICES[name][0]}"):
        variant.update({name: "something else"})
    assert variant == Variant()


def test_nothing_is_changed_when_one_of_several_values_is_wrong() -> None:
    variant = Variant()
    with pytest.raises(ValueError, match="cloud_sso_confirm takes a value of type bool"):
        variant.update({"imis_secret": "masked", "cloud_sso_confirm": 1})
    assert variant == Variant()


@pytest.mark.parametrize("value", [-1, True, "1"])
def test_a_delay_is_a_number_of_seconds(value: object) -> None:
    with pytest.raises(ValueError, match="cloud_sso_save_delay takes a value of type float"):
        Variant().update({"cloud_sso_save_delay": value})


def test_control_api_changes_the_variant_of_both_products(
    imis_client: httpx.Client, sso_client: httpx.Client
) -> None:
    changes = {"imis_secret": "masked", "cloud_sso_secret": "copy"}
    answer = imis_client.patch("/_control/variant", json=changes)
    assert answer.json().items() >= changes.items()
    assert sso_client.get("/_control/variant").json() == answer.json()


def test_control_api_explains_an_unknown_variant(imis_client: httpx.Client) -> None:
    answer = imis_client.patch("/_control/variant", json={"imis_sercet": "masked"})
    assert answer.status_code == 422
    assert "unknown variant 'imis_sercet'; known: imis_secret" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("records", "modes"),
    [("one", [0]), ("none", []), ("several", [0, 0]), ("several_active", [0, 1])],
)
def test_records_are_put_in_place_when_their_variant_changes(
    imis: ImisModel, records: str, modes: list[int]
) -> None:
    imis.change_variant({"imis_records": records})
    assert [record["Mode"] for record in imis.records] == modes
