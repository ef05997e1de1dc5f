"""Logging in to the Staff site, in every mode, and proving it (product facts 3.1, C47)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest
from dashboard_account import PERIOD, Account
from staff_values import SINGLE, held

from imis_sso.connectors.imis_staff_site import ImisStaffSite
from imis_sso.domain.problems import Problem, UpstreamCredentialsRefused, UpstreamUnavailable
from imis_sso.domain.resources import OIDC_AUTHENTICATION, OPENID_CONNECT
from imis_sso.simulators import Fault, ImisModel

pytestmark = [pytest.mark.anyio, pytest.mark.browser]


@pytest.fixture(scope="module")
def account() -> Account:
    return Account()


@pytest.fixture(scope="module")
async def own(
    anyio_backend: str, staff_maker: Callable[..., ImisStaffSite], account: Account
) -> AsyncIterator[ImisStaffSite]:
    """A connector of this module, whose credential can be spoilt."""
    assert anyio_backend == "asyncio"
    connector = staff_maker(credential=account.credential, guard=account.guard)
    yield connector
    await connector.aclose()


@pytest.fixture
def ended(staff_model: ImisModel, account: Account) -> ImisModel:
    """The simulated iMIS without any session, codes of one second, and the right credential."""
    staff_model.patch({"totp_period": PERIOD})
    staff_model.expire_sessions()
    account.become(staff_model)
    return staff_model


@pytest.mark.parametrize(
    ("mode", "variant"),
    [
        (0, {"staff_log_in": "together"}),
        (0, {"staff_log_in": "in_turn", "staff_expiry": "in_place"}),
        (1, {"staff_choice": "beside"}),
        (1, {"staff_choice": "after"}),
        (2, {"staff_choice": "beside", "staff_expiry": "in_place"}),
        (2, {"staff_choice": "after"}),
        (0, {"staff_second_factor": "totp", "staff_log_in": "in_turn"}),
        (1, {"staff_second_factor": "totp", "staff_choice": "after", "staff_expiry": "in_place"}),
        (0, {**SINGLE, "staff_second_factor": "totp"}),
        (2, {**SINGLE, "staff_expiry": "in_place"}),
    ],
)
async def test_the_log_in_of_every_mode(
    own: ImisStaffSite, ended: ImisModel, account: Account, mode: int, variant: dict[str, object]
) -> None:
    """With a provider the e-mail comes first, and administrators have a choice.

    Whatever comes first, a one-time code may come last.
    """
    account.use_codes(ended)
    ended.change_variant(variant)
    ended.change(Mode=mode)
    seen = await own.read(OIDC_AUTHENTICATION)
    assert seen.values == held(ended)
    assert (ended.counters.logins, ended.counters.refused_logins) == (1, 0)


@pytest.mark.parametrize("mode", [0, 1])
async def test_a_wrong_password_is_tried_exactly_once(
    own: ImisStaffSite, ended: ImisModel, account: Account, mode: int
) -> None:
    ended.change(Mode=mode)
    account.password = "Wr0ng+pass%word"  # pragma: allowlist secret
    with pytest.raises(UpstreamCredentialsRefused) as first:
        await own.read(OPENID_CONNECT)
    assert account.password not in first.value.detail
    requests = ended.counters.requests
    with pytest.raises(UpstreamCredentialsRefused):
        await own.read(OPENID_CONNECT)
    assert (ended.counters.refused_logins, ended.counters.requests) == (1, requests)
    ((address, username, _),) = account.guard.refused
    # REST and Staff site share the memory: it is one account at one iMIS.
    assert (address, username) == (ended.base_url, ended.username)


@pytest.mark.parametrize("variant", [{}, SINGLE], ids=["server", "single-page"])
async def test_a_proof_is_a_log_in_beside_the_living_session(
    own: ImisStaffSite, ended: ImisModel, variant: dict[str, object]
) -> None:
    ended.change_variant(variant)
    await own.read(OPENID_CONNECT)
    (living,) = ended.staff._sessions
    ended.reset()
    await own.prove_login()
    assert ended.counters.logins == 1
    assert living in ended.staff._sessions
    await own.read(OPENID_CONNECT)
    assert ended.counters.logins == 1


@pytest.mark.parametrize("choice", ["beside", "after"])
async def test_a_proof_fails_where_the_mode_leaves_no_password(
    own: ImisStaffSite, ended: ImisModel, account: Account, choice: str
) -> None:
    """Product facts 3.1: enabled leaves iMIS credentials to administrators only.

    The living session goes on: it is what puts the old mode back.
    """
    await own.read(OPENID_CONNECT)
    ended.patch({"roles": ["RemoteService"]})
    ended.change_variant({"staff_choice": choice})
    ended.change(Mode=2, Authority=f"{ended.base_url}/elsewhere")
    with pytest.raises(Problem) as caught:
        await own.prove_login()
    assert account.password not in caught.value.detail
    assert (await own.read(OIDC_AUTHENTICATION)).values["mode"] == "enabled"


async def test_a_proof_fails_where_the_account_is_refused(
    own: ImisStaffSite, ended: ImisModel, account: Account
) -> None:
    await own.read(OPENID_CONNECT)
    ended.patch({"password": "another"})
    with pytest.raises(UpstreamCredentialsRefused):
        await own.prove_login()
    assert len(account.guard.refused) == 1
    with pytest.raises(UpstreamCredentialsRefused):
        await own.prove_login()
    assert ended.counters.refused_logins == 1
    assert (await own.read(OPENID_CONNECT)).exists


async def test_a_proof_fails_where_nothing_answers(own: ImisStaffSite, ended: ImisModel) -> None:
    await own.read(OPENID_CONNECT)
    ended.faults.add(Fault("status", {"role": "login"}, times=None, params={"status": 503}))
    with pytest.raises(UpstreamUnavailable):
        await own.prove_login()
    ended.faults.clear()
    assert (await own.read(OPENID_CONNECT)).exists
