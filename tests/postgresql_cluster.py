"""A throw-away PostgreSQL server for the tests of one process, and a fresh database for each test.

It listens on a socket in its own temporary directory, runs as an ordinary user also where root
runs the tests, and waits for no disk.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from imis_sso.store.migrate import prepare_server
from imis_sso.store.postgresql import Server

MISSING = "no PostgreSQL server programs: run script/bootstrap --only postgresql"
OWNER = "owner"
_SETTINGS = """
listen_addresses = ''
unix_socket_directories = '{folder}'
fsync = off
full_page_writes = off
autovacuum = off
shared_buffers = 16MB
max_connections = 100
"""
_RULES = """
local all guarded scram-sha-256
local all all trust
"""
_SECONDS = 60
_WATCH = """
import os, pathlib, shutil, signal, sys
sys.stdin.read()  # ends with the process that holds the other end
folder = pathlib.Path(sys.argv[1])
file = folder / "data" / "postmaster.pid"
if file.exists():
    os.kill(int(file.read_text().split()[0]), signal.SIGQUIT)
shutil.rmtree(folder, ignore_errors=True)
"""
_TEMPLATE = "migrated"


def _unprivileged() -> dict[str, Any]:
    """Give what makes a child process somebody else where root runs the tests."""
    if os.geteuid() != 0:
        return {}
    known = {each.pw_name for each in pwd.getpwall()}
    who = pwd.getpwnam("postgres" if "postgres" in known else "nobody")
    return {"user": who.pw_uid, "group": who.pw_gid, "extra_groups": []}


@dataclass
class Cluster:
    """A running server in a folder of its own."""

    programs: Path
    folder: Path
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def make(self) -> None:
        """Make the data directory and start the server."""
        who = _unprivileged()
        if who:
            os.chown(self.folder, who["user"], who["group"])
        words = ["--no-sync", "--auth=trust", "--encoding=UTF8", "--locale=C", f"-U{OWNER}"]
        self._run("initdb", "-D", self._data, *words)
        with (self._data / "postgresql.conf").open("a") as file:
            file.write(_SETTINGS.format(folder=self.folder))
        (self._data / "pg_hba.conf").write_text(_RULES)
        self.start()
        self.sql("CREATE ROLE guarded LOGIN PASSWORD 'right'")

    def start(self) -> None:
        """Start the server; returns when it answers."""
        self._run("pg_ctl", "-D", self._data, "-w", "-l", self.folder / "log", "start")

    def stop(self) -> None:
        """Stop the server as a crash does, without a word to its clients."""
        self._run("pg_ctl", "-D", self._data, "-w", "-m", "immediate", "stop")

    def sql(self, statement: str, database: str = "postgres") -> str:
        """Run one statement, and give the rows as text."""
        words = ["-h", self.folder, "-U", OWNER, "-d", database, "-Atqc", statement]
        return self._run("psql", "-X", "-vON_ERROR_STOP=1", *words).strip()

    def url(self, database: str, user: str = OWNER) -> str:
        """Give the URL of a database."""
        return f"postgresql://{user}@/{database}?host={self.folder}"

    def empty(self) -> str:
        """Make a database without tables; gives its URL."""
        name = f"empty{next(self._numbers)}"
        self.sql(f"CREATE DATABASE {name}")
        return self.url(name)

    def migrated(self) -> str:
        """Make a database with this version's tables; gives its URL."""
        name = f"fresh{next(self._numbers)}"
        if not self.sql(f"SELECT 1 FROM pg_database WHERE datname = '{_TEMPLATE}'"):
            self.sql(f"CREATE DATABASE {_TEMPLATE}")
            asyncio.run(_migrate(self.url(_TEMPLATE)))
        self.sql(f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE}")
        return self.url(name)

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def _run(self, program: str, *words: Path | str) -> str:
        with tempfile.TemporaryFile("w+") as output:  # a server would keep a pipe open for ever
            done = subprocess.run(
                [self.programs / program, *words],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
                check=False,
                timeout=_SECONDS,
                **_unprivileged(),
            )
            output.seek(0)
            printed = output.read()
        assert done.returncode == 0, f"{program}: {printed}"
        return printed


async def _migrate(url: str) -> None:
    await prepare_server(Server(url))


@contextmanager
def _ended_with_this_process(folder: Path) -> Iterator[None]:
    """End the server also where these tests are killed and have no time for it."""
    words = [sys.executable, "-S", "-c", _WATCH, folder]
    with subprocess.Popen(words, stdin=subprocess.PIPE, start_new_session=True):
        yield


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """Give the server of this process; without PostgreSQL the tests that need it fail."""
    programs = Path(os.environ.get("IMIS_SSO_POSTGRESQL_BIN", "/nowhere"))
    if not (programs / "postgres").is_file():
        pytest.fail(MISSING)
    # A socket's path has 107 characters at the most: not below pytest's own directory.
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
    running = Cluster(programs, folder)
    with _ended_with_this_process(folder):
        try:
            running.make()
            yield running
        finally:
            if (folder / "data" / "postmaster.pid").exists():
                running.stop()
            shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def database_url(cluster: Cluster) -> str:
    """Give the URL of a fresh database with this version's tables."""
    return cluster.migrated()
