"""The doctor: one door after the other, whatever each of them does (product facts 3.2)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from imis_sso.connectors.base import Connector
from imis_sso.domain.claims import CLAIMS, MARKS, claim
from imis_sso.domain.examination import Door, Examination, holds_private, without
from imis_sso.domain.ledger import StoreUnavailable
from imis_sso.domain.observed import Finding, Reach, Shape
from imis_sso.domain.problems import UpstreamUnavailable
from imis_sso.domain.resources import IMIS_SSO_PAGE, OPENID_CONNECT, OPENID_PROVIDER, Product
from imis_sso.services import doctor
from imis_sso.services.doctor import Candidate, examine

pytestmark = pytest.mark.anyio
REACH = Reach({OPENID_PROVIDER.name: frozenset({"name"}), IMIS_SSO_PAGE.name: frozenset({"x"})})
READS = Finding("Does it read?", "yes", held=True, need="read")
WRITES = Finding("Does it write?", "yes", held=True, need="write")
REFUSED = Finding("Does it let us in?", "no", held=False, claim="imis.token", need="read")


class OneDoor:
    """A way in that finds what it is told to."""

    name, reach = "door", REACH

    def __init__(self, *found: Finding | Exception) -> None:
        self.found, self.closed = found, False

    async def findings(self) -> Sequence[Finding]:
        for each in self.found:
            if isinstance(each, Exception):
                raise each
        return [each for each in self.found if isinstance(each, Finding)]

    async def tenant(self) -> dict[str, str]:
        return {"version": "20.3"}

    async def aclose(self) -> None:
        self.closed = True


class SlowDoor(OneDoor):
    """A way in that never answers."""

    async def findings(self) -> Sequence[Finding]:
        await asyncio.sleep(60)
        raise AssertionError


def candidate(way_in: Any, product: Product = "imis", excuse: str = "") -> Candidate:
    def make() -> Connector:
        return way_in  # type: ignore[no-any-return]

    return Candidate(product, "door", configured=True, make=make, excuse=excuse)


async def test_doors_are_tried_in_their_order_and_closed() -> None:
    ways, said = [OneDoor(READS, WRITES), OneDoor(READS)], list[str]()
    doors = await examine([candidate(each) for each in ways], said.append)
    assert said == ["Trying door …"] * 2
    assert [each.closed for each in ways] == [True, True]
    assert [each.works for each in doors] == [True, False]
    assert [each.version for each in doors] == ["20.3", "20.3"]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (UpstreamUnavailable("It is away."), "It is away."),
        (StoreUnavailable("the disk is full"), "the disk is full"),
    ],
)
async def test_a_door_that_fails_is_a_finding(error: Exception, words: str) -> None:
    (door,) = await examine([candidate(way := OneDoor(error))])
    assert words in door.findings[0].answer
    assert (door.works, way.closed) == (False, True)
    assert door.capabilities()["imis/openid-connect"] == "not known"


async def test_a_door_that_never_answers_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "SECONDS", 0.05)
    (door,) = await examine([candidate(way := SlowDoor())])
    assert "did not end within" in door.findings[0].answer
    assert (door.version, way.closed) == ("", True)


async def test_after_a_refusal_nobody_tries_the_same_password() -> None:
    """Contract C47: an account must not be locked out by a second way in."""
    untouched, other = OneDoor(READS), OneDoor(READS)
    doors = await examine(
        [candidate(OneDoor(REFUSED)), candidate(untouched), candidate(other, "cloud-sso")]
    )
    assert "were refused" in doors[1].untried
    assert (untouched.closed, other.closed) == (False, True)
    assert doors[0].capabilities()["imis/openid-connect"] == "no"


async def test_an_excused_door_is_not_made() -> None:
    (door,) = await examine([candidate(None, excuse="nobody permitted it")])
    assert door.untried == "nobody permitted it"
    assert not Examination("test", (door,)).passed


@pytest.mark.parametrize(
    ("found", "able"),
    [
        ((READS, WRITES), "reads and writes"),
        ((READS,), "reads, writing is not known"),
        ((READS, Finding("", "", held=None, need="write")), "reads, writing is not known"),
        ((READS, Finding("", "", held=False, need="write")), "reads, may not write"),
        ((Finding("", "", held=None, need="read"), WRITES), "not known"),
        ((Finding("", "", held=False, need="read"), READS), "no"),
        ((Finding("", "", held=False, need="read", resources=("x",)), READS, WRITES), "reads and writes"),
        ((), "not known"),
    ],
)  # fmt: skip
def test_what_a_door_can_do(found: tuple[Finding, ...], able: str) -> None:
    door = Door("imis", "door", configured=True, reach=REACH, findings=found)
    assert door.capabilities()[OPENID_CONNECT.path] == able
    assert door.capabilities()["imis/licence"] == "out of its reach"
    assert door.works == (able == "reads and writes")


def test_only_configured_doors_have_to_work() -> None:
    works = Door("imis", "a", configured=True, reach=REACH, findings=(READS, WRITES))
    closed = Door("imis", "b", configured=False, reach=REACH, findings=(REFUSED,))
    assert Examination("test", (works, closed)).passed


def test_private_words_are_taken_out_whatever_their_case() -> None:
    private = ("sso.example.org", "sso.example.org:443", "ab", "")
    text = "at SSO.example.org:443 and sso.Example.org, ab"
    assert without(text, private) == "at [withheld] and [withheld], ab"
    assert without("straße am SSO", ["SSO"]) == "straße am [withheld]"
    assert holds_private({"a": ["b", {"sso.EXAMPLE.org": 1}]}, private)
    assert not holds_private({"a": ["b", 5, None]}, private)


def test_the_catalogue_of_claims() -> None:
    assert len({each.id for each in CLAIMS}) == len(CLAIMS) > 60
    assert {each.mark for each in CLAIMS} == set(MARKS)
    assert claim("imis.record-served").is_open
    assert not claim("imis.contract-type").is_open
    assert all(each.text.endswith(".") and each.affects for each in CLAIMS)


async def test_a_version_that_is_not_told_is_no_failure() -> None:
    way = OneDoor(READS, WRITES)

    async def away() -> dict[str, str]:
        raise UpstreamUnavailable("gone")

    way.tenant = away  # type: ignore[method-assign]
    (door,) = await examine([candidate(way)])
    assert (door.version, door.works) == ("", True)


def test_an_examination_for_a_machine_has_everything_but_shapes() -> None:
    shape = Shape("records", {"status": 200})
    told = Finding("Q?", "a", held=False, claim="imis.token", ask="Why?", shape=shape)
    again = Finding("Q2?", "b", ask="Why?")
    doors = (
        Door("imis", "one", configured=True, reach=REACH, findings=(told, again), version="1"),
        Door("cloud-sso", "two", configured=False, untried="nobody permitted it"),
    )
    examination = Examination("test", doors)
    found = examination.as_dict()
    assert found["questions"] == [{"product": "imis", "question": "Why?"}]
    assert found["doors"][0]["findings"][0]["claim"]["meaning"] == "documented by the vendor"
    assert "claim" not in found["doors"][0]["findings"][1]
    assert found["doors"][1]["resources"]["cloud-sso/directories"] == "not known"
    assert examination.capture() == {
        "format": 1,
        "connectors": {"one": {"records": {"status": 200}}},
    }
    assert "email_body" in doors[0].unreachable("imis/openid-connect")
    assert doors[1].unreachable("cloud-sso/directories") == ()
