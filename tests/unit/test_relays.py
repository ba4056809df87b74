"""Relays as real processes: which one publishes, and what becomes of it when that one dies."""

import signal
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from choreography.database.database import Database
from choreography.outbox import outbox as outbox_tables
from choreography.outbox.outbox import Outbox
from choreography.testing.fake import FakeClock
from choreography.wire.codec import Codec
from choreography.wire.registry import Schemas
from choreography.wire.schema_client import FakeRegistry
from tests.child import Child, child
from tests.postgres import Postgres

RELAY = """
import sys
from choreography import Database, SystemClock
from choreography.outbox.relay import Relay
from choreography.outbox.relay_lock import RelayLock

url, log, name = sys.argv[1:]

class ToFile:
    def publish(self, records):
        with open(log, "a") as file:
            for record in records:
                file.write(f"{name} {record.row} {record.value.decode()}\\n")
        print("published", flush=True)
        return {record.row for record in records}

class Telling(RelayLock):
    def try_take(self):
        taken = super().try_take()
        print("active" if taken else "standby", flush=True)
        return taken

    def run(self, work):
        result = super().run(work)
        if not result:
            print("idle", flush=True)
        return result

database = Database(url)
relay = Relay(database, ToFile(), SystemClock())
relay._right = Telling(database)
relay.start()
sys.stdin.read()
"""


class Shop:
    """A database with an outbox, and the relays that publish what waits in it, to a file."""

    def __init__(self, url: str, database: Database, log: Path) -> None:
        self.url = url
        self.database = database
        self.log = log
        self.outbox = Outbox(Codec(Schemas(FakeRegistry(), database)), "/shop", FakeClock())

    def relay(self, name: str, fails_at: str = "") -> AbstractContextManager[Child]:
        return child(RELAY, self.url, str(self.log), name, environment={"CHOREOGRAPHY_FAIL_AT": fails_at})

    def put(self, value: bytes) -> None:
        self.database.run_sync(lambda tx: self.outbox.add_raw(tx, "shop.orders.v1", b"a", value, []))

    def pause_and_put(self, relay: Child, value: bytes) -> None:
        """Pause a relay, but not within a transaction: SQLite has only one writer, and would have none then."""
        while True:
            relay.signal(signal.SIGSTOP)
            try:
                self.put(value)
            except OperationalError:
                relay.signal(signal.SIGCONT)
            else:
                return

    def published(self) -> list[str]:
        """Return who published what, in order; the number of a row is not looked at."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return [f"{name} {value}" for name, _, value in map(str.split, lines)]


@pytest.fixture
def shop(database_url: str, tmp_path: Path) -> Iterator[Shop]:
    with closing(Database(database_url, busy_seconds=1)) as database:
        database.create(outbox_tables.metadata)
        yield Shop(database_url, database, tmp_path / "published")


def test_the_one_that_stands_by_takes_over_when_the_active_one_is_killed_but_not_while_it_is_only_paused(
    shop: Shop,
) -> None:
    with shop.relay("first") as first:
        first.says("active")
        with shop.relay("second") as second:
            second.says("standby")
            shop.put(b"1")
            first.says("published")
            first.says("idle")
            shop.pause_and_put(first, b"2")
            second.forget()
            second.says("standby", times=2)
            assert shop.published() == ["first 1"]

            first.signal(signal.SIGKILL)
            second.says("active")
            second.says("published")

    assert shop.published() == ["first 1", "second 2"]


def test_a_paused_one_that_goes_on_is_still_the_active_one(shop: Shop) -> None:
    with shop.relay("first") as first:
        first.says("active")
        first.says("idle")
        with shop.relay("second") as second:
            second.says("standby")
            shop.pause_and_put(first, b"1")
            second.forget()
            second.says("standby", times=2)

            first.signal(signal.SIGCONT)
            first.says("published")

    assert shop.published() == ["first 1"]


@pytest.mark.parametrize(
    ("dies", "published"),
    [("relay_after_ack", ["first 1", "second 1", "second 2"]), ("relay_after_mark", ["first 1", "second 2"])],
)
def test_what_was_acknowledged_and_not_marked_when_the_relay_died_is_published_again(
    shop: Shop, dies: str, published: list[str]
) -> None:
    shop.put(b"1")
    with shop.relay("first", fails_at=dies) as first:
        assert first.process.wait(30) == -signal.SIGKILL
    shop.put(b"2")

    with shop.relay("second") as second:
        second.says("published")
        second.says("idle")

    assert shop.published() == published


def test_an_active_one_whose_session_is_lost_publishes_nothing_before_it_is_active_again(
    postgres: str, postgres_server: Postgres, tmp_path: Path
) -> None:
    with closing(Database(postgres)) as database:
        database.create(outbox_tables.metadata)
        shop = Shop(postgres, database, tmp_path / "published")
        with shop.relay("first") as first:
            first.says("active")
            first.says("idle")
            with shop.relay("second") as second:
                second.says("standby")
                first.signal(signal.SIGSTOP)
                end_session_with_lock(postgres_server)
                second.says("active")
                shop.put(b"1")
                second.says("published")
                second.says("idle")
                first.forget()
                first.signal(signal.SIGCONT)
                first.says("standby", times=2)
                shop.put(b"2")
                second.says("published")
                first.forget()
                first.says("standby")

    assert shop.published() == ["second 1", "second 2"]


def end_session_with_lock(server: Postgres) -> None:
    """End the session of the active relay on the server, as its keepalives do when the host does not answer."""
    server.execute("SELECT pg_terminate_backend(pid, 10000) FROM pg_locks WHERE locktype = 'advisory' AND granted")
