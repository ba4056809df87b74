"""The broker, the stack and the database server that tests share: real ones, started once per session, ended with it.

Without a network and without earlier downloads there is none: then a laptop skips with the reason, and CI fails.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from infra.local.download import DownloadFailed
from infra.local.ports import free_port as unused_port
from infra.local.stack import Stack
from infra.progress import progress_on
from infra.providers import Broker
from infra.providers.local import LocalBroker
from tests.missing import missing

if TYPE_CHECKING:
    from tests.postgres import Postgres

pytest_plugins = ["tests.workers"]
RUNNING = "EMS_TEST_BROKER"  # "host:port http://host:port/apis/ccompat/v7" of a broker that runs already


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """The event loop of async tests."""
    return "asyncio"


@pytest.fixture
def free_port() -> int:
    """A port on which nobody listens."""
    return unused_port()


@pytest.fixture(scope="session")
def broker(request: pytest.FixtureRequest) -> Broker:
    """A real Kafka broker and a real registry; topics and groups of a test need names of their own."""
    if running := os.environ.get(RUNNING):
        return Broker(*running.split())
    state_dir: Path = request.getfixturevalue("state_dir")
    capture = request.config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():  # a first download shows its MB
        try:
            return LocalBroker(state_dir / "broker").start(progress_on())
        except DownloadFailed as reason:
            missing(str(reason))


@pytest.fixture(scope="session")
def stack(request: pytest.FixtureRequest) -> Stack:
    """The whole system: broker, registry, sandbox and every service; ended with the session."""
    state_dir: Path = request.getfixturevalue("state_dir")
    stack = Stack(state_dir / "stack")
    capture = request.config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():
        try:
            stack.up(progress_on())
        except DownloadFailed as reason:
            missing(str(reason))
    return stack


@pytest.fixture(scope="session")
def postgres_server(request: pytest.FixtureRequest) -> Iterator["Postgres"]:
    """A real PostgreSQL server of this session alone."""
    try:
        from tests.postgres import running_postgres  # noqa: PLC0415 - its package may be missing
    except ImportError as reason:
        missing(f"There is no PostgreSQL: {reason}.")
    state_dir: Path = request.getfixturevalue("state_dir")
    with running_postgres(state_dir / "postgres") as server:
        yield server


@pytest.fixture
def postgres(postgres_server: "Postgres") -> Iterator[str]:
    """The address of an empty PostgreSQL database of this test alone."""
    with postgres_server.database() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database, of each kind in turn."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'new' / 'test.db'}"
    url: str = request.getfixturevalue("postgres")
    return url
