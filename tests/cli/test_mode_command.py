"""`imis-sso mode`: lowering and raising without Terraform (contract 1.2)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from command_line import Registry, command
from service_process import Running

from imis_sso.simulators import ImisModel

pytestmark = pytest.mark.browser

MODE = "/v1/environments/test/imis/oidc-authentication"
PAGE = "/v1/environments/test/imis/openid-connect"


@pytest.fixture
def low(at: Running) -> Iterator[Running]:
    """The service with a pair that is disabled, before and after."""
    assert at.call("PUT", MODE, json={"mode": "disabled"}).status_code == 200
    yield at
    assert at.call("PUT", MODE, json={"mode": "disabled"}).status_code == 200


def _mode(at: Running) -> str:
    return str(at.call("GET", MODE).json()["mode"])


def test_up_one_step_and_down_again(low: Running) -> None:
    assert command("mode", "test", "test_mode").out == (
        "test: mode changed from disabled to test_mode.\n"
    )
    assert _mode(low) == "test_mode"
    assert command("mode", "test", "test_mode").out == "test: mode is test_mode already.\n"
    told = command("mode", "test", "disabled", "--json")
    assert told.json["mode"] == "disabled"
    assert told.json["meta"]["changes"] == [
        {"field": "mode", "before": "test_mode", "after": "disabled"}
    ]
    assert _mode(low) == "disabled"


def test_a_dry_run_writes_nothing(low: Running) -> None:
    told = command("mode", "test", "test_mode", "--dry-run")
    assert told.out == "test: mode would change from disabled to test_mode.\n"
    assert _mode(low) == "disabled"


def test_no_step_is_left_out(low: Running) -> None:
    command("mode", "test", "enabled").failed(
        "Transition refused: The mode goes from disabled to test_mode first, and to enabled after "
        "verification."
    )
    assert _mode(low) == "disabled"


def test_raising_names_each_failing_check(low: Running) -> None:
    """And what to do about it, in one line."""
    assert low.call("PUT", PAGE, json={"redirect_login_url": "", "type": "okta",
        "user_authentication": {"claim_type": "role"}}).status_code == 200  # fmt: skip
    assert command("mode", "test", "test_mode").code == 0
    told = command("mode", "test", "enabled")
    told.failed("Verification failed: The pair does not verify, …")
    assert "redirect.matches" in told.err
    assert "claims.recipe" in told.err
    assert 'et user_authentication.claim_type to "staff"' in told.err
    assert _mode(low) == "test_mode"


def test_force_overrides_the_gate_and_lowering_needs_none(low: Running) -> None:
    assert low.call("PUT", PAGE, json={"user_authentication": {"claim_type": "role"}}).is_success
    assert command("mode", "test", "test_mode").code == 0
    told = command("mode", "test", "enabled", "--force")
    assert told.code == 0, told
    assert _mode(low) == "enabled"
    assert (
        command("mode", "test", "disabled").out == "test: mode changed from enabled to disabled.\n"
    )


def test_in_an_environment_that_asks_for_the_state(registry: Registry, imis: ImisModel) -> None:
    """contract C34, 1.2: raising names the state that it begins from, lowering needs none."""
    file = str(registry({"strict_preconditions": True}))
    for mode, number in (("test_mode", 1), ("disabled", 0)):
        told = command("mode", "test", mode, "--config", file)
        assert (told.code, imis.record["Mode"]) == (0, number), told.err
    imis.change(Mode=2)
    told = command("mode", "test", "test_mode", "--config", file)
    assert (told.code, imis.record["Mode"]) == (0, 1), told.err
