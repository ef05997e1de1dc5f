"""One running service for each test process, and configurations in front of it."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from configurations import KINDS
from hand_written import HandWritten
from live_service import serving
from long_runs import IS_LONG
from plans import settles
from terraform_runs import PROGRAM

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from configurations import Configuration
    from live_service import LiveService, Pair

    Declare = Callable[..., Configuration]


@pytest.fixture(scope="session", autouse=True)
def terraform_on_path(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Let ``terraform`` mean the program under test, for commands run as documents write them."""
    found = shutil.which(PROGRAM)
    assert found, f"{PROGRAM} is not on PATH: run script/bootstrap"
    folder = tmp_path_factory.mktemp("bin")
    (folder / "terraform").symlink_to(found)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", str(folder), prepend=os.pathsep)
        yield


CONNECTORS = "ACCEPTANCE_IMIS_CONNECTORS"
"""Environment variable: connectors of the iMIS half to run every test with, by commas."""
SHOWN = "-with-a-shown-secret"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test once for each connector that its mark `imis_connectors`, or everybody, names.

    A test with the mark `only_by` says of the connectors it names no other which reason there is;
    one with the mark `shows_all` has a page that shows the secret: whoever sees a mask sees no
    drift of what is behind it. What is done with a hidden one is proved in
    tests/api/test_staff_site.py.
    """
    marked = metafunc.definition.get_closest_marker
    own, only, shown = (marked(each) for each in ("imis_connectors", "only_by", "shows_all"))
    everybody = "imis_rest,imis_staff_site" if IS_LONG else ""
    asked = os.environ.get(CONNECTORS, everybody)
    names = asked.split(",") if asked else list(own.args) if own else []
    if not names or "service" not in metafunc.fixturenames:
        return
    runs = [
        pytest.param(
            f"{name}{SHOWN}" if shown and name == "imis_staff_site" else name,
            marks=pytest.mark.skip(only.kwargs["reason"]) if only and name not in only.args else (),
            id=name,
        )
        for name in names
    ]
    metafunc.parametrize("service", runs, indirect=True, scope="session")


@pytest.fixture(scope="session")
def service(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LiveService]:
    """Run the service with simulated products, once for all tests of a process and connector."""
    connector, shown, _ = getattr(request, "param", "imis_rest").partition(SHOWN)
    with serving(tmp_path_factory.mktemp("service"), connector) as running:
        if shown:
            for each in running.pairs.values():
                each.imis.vary(staff_secret="shown")
                each.hides_the_secret = False
        yield running


@pytest.fixture
def pair(service: LiveService) -> Pair:
    """Give the environment ``test``, half-finished as a simulation starts."""
    service.pairs["test"].start_anew()
    return service.pairs["test"]


@pytest.fixture
def prod(service: LiveService) -> Pair:
    """Give the environment ``prod``, half-finished as a simulation starts."""
    service.pairs["prod"].start_anew()
    return service.pairs["prod"]


@pytest.fixture(params=[*KINDS])
def declared(
    request: pytest.FixtureRequest, tmp_path: Path, service: LiveService, pair: Pair
) -> Configuration:
    """Give a pair declared in each of the shipped ways for restful, nothing applied yet."""
    return KINDS[request.param](tmp_path, service, pair)


@pytest.fixture
def by_hand(tmp_path: Path, service: LiveService, pair: Pair) -> Configuration:
    """Give the pair declared by hand with restful, nothing applied yet."""
    return KINDS["hcl-restful"](tmp_path, service, pair)


@pytest.fixture
def hand_written(tmp_path: Path, service: LiveService) -> Callable[..., HandWritten]:
    """Give the maker of hand-written configurations: names of files, variables."""

    def written(*names: str, **variables: str) -> HandWritten:
        return HandWritten.of(tmp_path / "hand", names, service.variables | variables)

    return written


@dataclass(frozen=True)
class Settled:
    """A configuration that has been applied, and how everything was then."""

    configuration: Configuration
    snapshot: dict[str, Any]
    states: dict[Path, bytes]

    @classmethod
    def applied(cls, configuration: Configuration) -> Settled:
        """Apply a configuration and see that it settles."""
        configuration.terraform.run("apply", "-auto-approve")
        assert settles(configuration.terraform)
        files = configuration.terraform.folder.glob("*.tfstate")
        states = {file: file.read_bytes() for file in files}
        return cls(configuration, configuration.pair.snapshot(), states)

    def again(self) -> Settled:
        """Put products and state back to how they were."""
        self.configuration.pair.restore(self.snapshot)
        for file, content in self.states.items():
            file.write_bytes(content)
        return self


@pytest.fixture(scope="session")
def settle(
    service: LiveService, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Settled]:
    """Give a kind of configuration, applied; each is applied once for a test process."""
    known: dict[str, Settled] = {}

    def settled(kind: str) -> Settled:
        if kind not in known:
            pair = service.pairs["test"]
            pair.start_anew()
            folder = tmp_path_factory.mktemp(kind)
            known[kind] = Settled.applied(KINDS[kind](folder, service, pair))
        return known[kind].again()

    return settled
