"""A private PostgreSQL server: a new cluster in a folder, reached by a Unix socket alone."""

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from gateway_stack.programs import READY, Command, Plan, running

DEBIAN = Path("/usr/lib/postgresql")
READY_S = 60.0
OPTIONS = ["-c", "listen_addresses=", "-c", "fsync=off"]


class Missing(Exception):
    """PostgreSQL is not installed; the message has how to get it."""


def find_programs(debian: Path = DEBIAN) -> Path:
    """The folder of initdb: on the PATH, else the newest version that Debian keeps beside it.

    Raises:
        Missing: There is none.
    """
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).resolve().parent
    found = [place for place in debian.glob("*/bin") if (place / "initdb").exists()]
    if not found:
        raise Missing("PostgreSQL is not installed: no initdb (`apt-get install postgresql`)")
    return max(found, key=lambda place: float(place.parent.name))


class PrivatePostgresql:
    """A server on a cluster that is made when it starts first; nobody else can reach it.

    Attributes:
        dsn: What clients connect with.
    """

    def __init__(self, programs: Path, folder: Path):
        self.dsn = f"host={folder} user=postgres dbname=postgres"
        self._programs = programs
        self._folder = folder
        self._data = folder / "data"
        self._running = contextlib.ExitStack()

    def start(self) -> None:
        """Starts the server; it ends with this process in any case.

        Raises:
            NotReady: It does not accept connections; the message has its log.
        """
        if not self._data.exists():
            self._call("initdb", "-D", self._data, "-U", "postgres", "-A", "trust", "-N")
        argv = self._argv("postgres", "-D", self._data, "-k", self._folder, *OPTIONS)
        plan = Plan(run=[Command(argv, str(self._folder / "postgres.log"))])
        self._running.enter_context(running(plan, self.dsn, self._folder, READY_S, self._ask))

    def stop(self) -> None:
        """Stops the server, if it runs, and closes all connections; the cluster stays."""
        if (self._data / "postmaster.pid").exists():
            self._call("pg_ctl", "-D", self._data, "-m", "fast", "-w", "stop")
        self._running.close()

    def sql(self, text: str, **values: str) -> list[str]:
        """The lines that statements print; `:'name'` in them is one of the values."""
        named = [word for name, value in values.items() for word in ("-v", f"{name}={value}")]
        words = [self._programs / "psql", "-qAtX", "-v", "ON_ERROR_STOP=1", *named, self.dsn]
        done = subprocess.run(words, input=text, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(done.stderr)
        return done.stdout.splitlines()

    def _ask(self, dsn: str) -> str:
        words = [self._programs / "pg_isready", "-d", dsn]
        done = subprocess.run(words, capture_output=True, text=True)
        return READY if done.returncode == 0 else done.stdout.strip()

    def _argv(self, program: str, *words: object) -> list[str]:
        # The server refuses to run as root; Debian's package makes the user `postgres`.
        user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
        lead = [] if os.geteuid() else user
        return [*lead, str(self._programs / program), *map(str, words)]

    def _call(self, program: str, *words: object) -> None:
        # The server must not inherit a pipe, which would stay open as long as it runs.
        with open(self._folder / f"{program}.log", "ab") as log:
            subprocess.run(self._argv(program, *words), stdout=log, stderr=log, check=True)


@contextlib.contextmanager
def private_postgresql() -> Iterator[PrivatePostgresql]:
    """A running server in a folder that goes at the end.

    Raises:
        Missing: PostgreSQL is not installed.
        NotReady: It does not accept connections; the message has its log.
    """
    programs = find_programs()
    # A socket's path may have 107 bytes, so not below the folders of pytest.
    with tempfile.TemporaryDirectory(prefix="pg-", dir="/tmp") as name:
        if os.geteuid() == 0:
            shutil.chown(name, "postgres", "postgres")
        server = PrivatePostgresql(programs, Path(name))
        try:
            server.start()
            yield server
        finally:
            server.stop()
