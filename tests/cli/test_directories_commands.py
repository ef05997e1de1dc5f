"""`imis-sso directories`: what there is, and which key stands for which (contract 1.3)."""

from __future__ import annotations

import pytest
from command_line import command
from service_process import Running

pytestmark = pytest.mark.browser


def test_keys_are_bound_listed_and_unbound(at: Running) -> None:
    listed = command("directories", "list", "test", "--json").json["directories"]
    names = [each["name"] for each in listed]
    assert {"Example user pool", "Example tenant", "Example org"} <= set(names)
    assert {each["id"] for each in listed} == {""}

    wrong = command("directories", "bind", "test", "staff", "Nobody's")
    assert wrong.code == 1
    assert 'There is no record with the name "Nobody\'s"; there is: "Example' in wrong.err
    bound = command("directories", "bind", "test", "staff", "Example tenant")
    assert (bound.code, 'staff stands for "Example tenant" (https://' in bound.out) == (0, True)
    record = next(each["record"] for each in listed if each["name"] == "Example org")
    assert command("directories", "bind", "test", "partners", "--record", record).code == 0
    table = command("directories", "list", "test").words
    assert table.index("partners Example org") < table.index("staff Example tenant")
    assert "cloud-sso/directories/staff" in command("show", "test", "--json").json
    shown = command("show", "test", "cloud-sso/directories/staff", "--json").json
    assert shown["name"] == "Example tenant"

    for key in ("staff", "partners", "staff"):
        assert command("directories", "unbind", "test", key).code == 0
    left = command("directories", "list", "test", "--json").json["directories"]
    assert {each["id"] for each in left} == {""}
    assert at.call("GET", "/v1/environments/test/cloud-sso/directories/staff").status_code == 404
    trail = at.call("GET", "/v1/environments/test/changes?kind=bound").json()["items"]
    names = [each["facts"]["name"] for each in trail][:4]
    assert names == ["", "", "Example org", "Example tenant"], "the newest first"
