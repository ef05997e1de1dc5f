"""Environments, each an iMIS, a Cloud SSO and directories, served over HTTPS on loopback."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from imis_sso.simulators.cloud_sso.app import cloud_sso_app
from imis_sso.simulators.cloud_sso.model import RETURN_PATH, CloudSsoModel
from imis_sso.simulators.directory.app import directory_app
from imis_sso.simulators.directory.connection import connected
from imis_sso.simulators.directory.model import DirectoryModel
from imis_sso.simulators.imis.app import imis_app
from imis_sso.simulators.imis.model import ImisModel
from imis_sso.simulators.openid.keys import SigningKey
from imis_sso.simulators.server import Listener, ServerThread, bind
from imis_sso.simulators.tls import Authority
from imis_sso.simulators.variant import Variant

if TYPE_CHECKING:
    import socket
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

    from imis_sso.simulators.profile import Profile


@dataclass(frozen=True)
class SimulatedEnvironment:
    """Addresses and credentials of one simulated pair, as the ready file holds them."""

    imis_url: str
    imis_username: str
    imis_password: str
    cloud_sso_url: str
    cloud_sso_username: str
    cloud_sso_password: str
    cloud_id: str
    directory_url: str
    directory_password: str


class Simulation:
    """Simulated environments under one throw-away CA, by default `test` and `prod`.

    `directory` takes the certificates; `variants` gives a name its variant; `ports` gives a name
    the ports of its iMIS and its Cloud SSO, 0 for any free one; with a `profile` all of them behave
    like the tenant that it was captured from. The addresses are known from the
    start. Raises OSError naming the address where a port is taken.
    """

    def __init__(
        self,
        directory: Path,
        names: Sequence[str] = ("test", "prod"),
        *,
        variants: Mapping[str, Variant] | None = None,
        ports: Mapping[str, tuple[int, int]] | None = None,
        profile: Profile | None = None,
    ) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._authority, self._keys = Authority(directory), (SigningKey(), SigningKey())
        self.trust = self._authority.trust()
        self._sockets: list[socket.socket] = []
        self._listeners: list[Listener] = []
        self._imis: dict[str, ImisModel] = {}
        self._cloud_sso: dict[str, CloudSsoModel] = {}
        self._directories: dict[str, DirectoryModel] = {}
        self.ca_file = self._authority.ca_file
        try:
            for name in names:
                variant = (variants or {}).get(name) or Variant()
                self._add(name, variant, (ports or {}).get(name, (0, 0)))
        except BaseException:
            self._close()
            raise
        if profile is not None:
            for name in self._imis:
                profile.apply(self._imis[name], self._cloud_sso[name])
        self._thread = ServerThread(self._listeners)

    @property
    def environments(self) -> dict[str, SimulatedEnvironment]:
        """Addresses and credentials by environment, as they are now."""
        return {name: self._described(name) for name in self._imis}

    @property
    def spki_pins(self) -> tuple[str, ...]:
        """The pin of every server's key, for Chromium's `--ignore-certificate-errors-spki-list`."""
        return tuple(listener.certificate.spki_pin for listener in self._listeners)

    def imis(self, name: str) -> ImisModel:
        """Give the iMIS of an environment: state, counters, faults; raises KeyError."""
        return self._imis[name]

    def cloud_sso(self, name: str) -> CloudSsoModel:
        """Give the Cloud SSO of an environment: state, counters, faults; raises KeyError."""
        return self._cloud_sso[name]

    def directory(self, name: str) -> DirectoryModel:
        """Give the directories of an environment: state, counters, faults; raises KeyError."""
        return self._directories[name]

    def start(self) -> None:
        """Start serving; returns when every server answers. A simulation starts once."""
        self._thread.start()

    def stop(self) -> None:
        """Stop serving and free the ports; harmless when repeated."""
        self._thread.stop()
        self._close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _add(self, name: str, variant: Variant, ports: tuple[int, int]) -> None:
        imis_socket, sso_socket = self._bound(ports[0]), self._bound(ports[1])
        people_socket, url, (key, other_key) = self._bound(0), _url(sso_socket), self._keys
        imis = ImisModel(name, _url(imis_socket), variant, trust=self.trust)
        directory = DirectoryModel(
            name, _url(people_socket), variant, other_key, f"{url}{RETURN_PATH}"
        )
        cloud_sso = CloudSsoModel(
            name, url, variant, key, trust=self.trust, directories=connected(directory)
        )
        self._imis[name], self._cloud_sso[name] = imis, cloud_sso
        self._directories[name] = directory
        issue = self._authority.issue
        shown = issue(f"{name}-cloud-sso")
        greeted = self._authority.wrong(shown).greeting(lambda: cloud_sso.certificate)
        self._listeners += [
            Listener(imis_app(imis), imis_socket, issue(f"{name}-imis")),
            Listener(cloud_sso_app(cloud_sso), sso_socket, shown, greeted),
            Listener(directory_app(directory), people_socket, issue(f"{name}-directory")),
        ]

    def _bound(self, port: int) -> socket.socket:
        bound = bind(port)
        self._sockets.append(bound)
        return bound

    def _described(self, name: str) -> SimulatedEnvironment:
        imis, cloud_sso = self._imis[name], self._cloud_sso[name]
        directory = self._directories[name]
        return SimulatedEnvironment(
            imis_url=imis.base_url,
            imis_username=imis.username,
            imis_password=imis.password,
            cloud_sso_url=cloud_sso.base_url,
            cloud_sso_username=cloud_sso.username,
            cloud_sso_password=cloud_sso.password,
            cloud_id=cloud_sso.cloud_id,
            directory_url=directory.base_url,
            directory_password=directory.password,
        )

    def _close(self) -> None:
        for bound in self._sockets:
            bound.close()


def _url(bound: socket.socket) -> str:
    return f"https://127.0.0.1:{bound.getsockname()[1]}"
