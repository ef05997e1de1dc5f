"""Secrets through restful: named ones by version, an inline one by `ephemeral_body` (contract 3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hand_written import HandWritten
from plans import planned, settles, words

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Settled
    from live_service import Pair

    Settle = Callable[[str], Settled]

pytestmark = [pytest.mark.acceptance, pytest.mark.shows_all]
PAGE, REF, VERSION = "imis_openid_connect", "client_secret_ref", "client_secret_version"
BUILT_IN = "cloud-sso-imis-client"
INLINE = "typed+by/hand=%and&kept:~secret"


def pushed(settled: Settled) -> Settled:
    """Have the service push the secret once more: what it pushed last is what it remembers."""
    service, pair = settled.configuration.service, settled.configuration.pair
    version = service.read(f"{pair.root}/cloud-sso/imis-client")[VERSION]
    pair.imis.change(record={"ClientSecret": "before"})
    body = {REF: BUILT_IN, VERSION: version}
    assert service.call("PUT", f"{pair.root}/imis/openid-connect", json=body).status_code == 200
    assert pair.snapshot() == settled.snapshot
    pair.count_anew()
    return settled


def test_a_secret_changed_by_hand_in_imis_is_found_and_pushed(settle: Settle) -> None:
    """R2: its version, and its reference, which no longer fits."""
    settled = settle("stack")
    pair, terraform = settled.configuration.pair, settled.configuration.terraform
    pair.imis.change(record={"ClientSecret": "typed by somebody"})
    plan = planned(terraform)
    fields = plan.differences[PAGE]
    assert fields.keys() == {REF, VERSION}
    assert fields[REF] == ("", BUILT_IN)
    assert plan.updated == {PAGE}
    terraform.run("apply", "-input=false", "tfplan")
    assert pair.snapshot() == settled.snapshot
    assert pair.stored() == 1


@pytest.mark.parametrize("kind", ["stack", "hcl-restful"])
def test_a_secret_rotated_at_cloud_sso_is_a_new_version_and_is_pushed(
    settle: Settle, kind: str
) -> None:
    """Contract C22, C23: the plan shows a rotation before anything happens."""
    settled = pushed(settle(kind))
    pair, terraform = settled.configuration.pair, settled.configuration.terraform
    wanted = pair.record
    pair.cloud_sso.act("rotate-secret")
    rotated = pair.cloud_sso.state()["client_secret"]
    plan = planned(terraform)
    assert plan.differences.keys() == {PAGE}
    before, after = plan.differences[PAGE][VERSION]
    assert plan.differences[PAGE].keys() == {VERSION}
    assert before != after
    assert rotated != wanted["ClientSecret"]
    terraform.run("apply", "-input=false", "tfplan")
    assert pair.record == wanted | {"ClientSecret": rotated}
    assert settles(terraform)


def test_a_secret_rotated_after_the_review_is_not_pushed(settle: Settle) -> None:
    """Contract C23: the reviewed plan was for another secret; the refusal says what to do."""
    settled = pushed(settle("hcl-restful"))
    pair, terraform = settled.configuration.pair, settled.configuration.terraform
    pair.cloud_sso.act("rotate-secret")
    planned(terraform)
    pair.cloud_sso.act("rotate-secret")
    told = words(terraform.run("apply", "-input=false", "tfplan", expect=1))
    assert "secret-version-changed" in told
    assert "Plan again." in told
    assert pair.stored() == 0
    terraform.run("apply", "-auto-approve")
    assert pair.record["ClientSecret"] == pair.cloud_sso.state()["client_secret"]


@pytest.fixture
def inline(hand_written: Callable[..., HandWritten], pair: Pair) -> HandWritten:
    """Give a configuration with an inline secret, applied."""
    found = hand_written("inline_secret", TF_VAR_client_secret=INLINE)
    found.terraform.run("apply", "-auto-approve")
    assert pair.record["ClientSecret"] == INLINE
    return found


def test_an_inline_secret_is_in_no_file_and_settles(inline: HandWritten, pair: Pair) -> None:
    """Contract C24, R1: write-only, and empty plans afterwards."""
    assert settles(inline.terraform, times=3)
    planned(inline.terraform)
    assert inline.files_holding(INLINE) == []
    assert INLINE not in inline.terraform.run("show", "-json", "tfplan")
    assert pair.stored() == 1


def test_another_field_of_an_inline_secrets_document_settles(
    inline: HandWritten, pair: Pair
) -> None:
    """The provider sends one more update with the secret; it writes nothing (providers, trap a)."""
    wanted: dict[str, Any] = pair.record | {"ProviderName": "Renamed"}
    inline.terraform.variables["TF_VAR_name"] = "Renamed"
    pair.count_anew()
    inline.terraform.run("apply", "-auto-approve")
    assert pair.record == wanted
    assert planned(inline.terraform).updated == {"page"}
    inline.terraform.run("apply", "-input=false", "tfplan")
    assert settles(inline.terraform)
    assert pair.record == wanted
    assert pair.stored() == 1


def test_another_inline_secret_is_pushed(inline: HandWritten, pair: Pair) -> None:
    """Write-only does not mean written only once."""
    inline.terraform.variables["TF_VAR_client_secret"] = INLINE[::-1]
    inline.terraform.run("apply", "-auto-approve")
    assert pair.record["ClientSecret"] == INLINE[::-1]
    assert settles(inline.terraform)
    assert inline.files_holding(INLINE[::-1]) == []


def test_a_masked_inline_secret_is_refused(inline: HandWritten, pair: Pair) -> None:
    """Contract C24: what a page shows in a secret's place is never stored."""
    inline.terraform.variables["TF_VAR_client_secret"] = "••••••••"
    told = words(inline.terraform.run("apply", "-auto-approve", expect=1))
    assert "Update API returns 422" in told
    assert "client_secret" in told
    assert pair.record["ClientSecret"] == INLINE
