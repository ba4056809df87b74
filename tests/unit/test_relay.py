import asyncio
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing
from uuid import uuid4

import pytest
from sqlalchemy import Connection, select

from choreography import outbox as outbox_tables
from choreography import registry as registry_tables
from choreography.codec import Codec
from choreography.database import Database
from choreography.fake import FakeClock, FakeProducer
from choreography.health import Health
from choreography.outbox import Outbox, pack_headers, unpack_headers
from choreography.registry import Schemas
from choreography.relay import Outgoing, Relay
from choreography.schema_client import FakeRegistry


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    with closing(Database(database_url)) as one:
        one.create(outbox_tables.metadata, registry_tables.metadata)
        yield one


def outbox(database: Database) -> Outbox:
    return Outbox(Codec(Schemas(FakeRegistry(), database)), "/shop", FakeClock())


def put(database: Database, *records: tuple[bytes, bytes]) -> None:
    box = outbox(database)

    def work(tx: Connection) -> None:
        for key, value in records:
            box.add_raw(tx, "shop.orders.v1", key, value, [])

    database.run_sync(work)


def values(producer: FakeProducer) -> list[bytes | None]:
    return [record.value for record in producer.log]


def test_records_leave_in_the_order_in_which_they_were_committed(database: Database) -> None:
    producer = FakeProducer()
    put(database, (b"a", b"1"), (b"b", b"2"))
    put(database, (b"a", b"3"))

    Relay(database, producer, FakeClock()).step()

    assert values(producer) == [b"1", b"2", b"3"]


def test_a_record_that_was_not_acknowledged_holds_back_only_its_key(database: Database) -> None:
    producer = FakeProducer()
    relay = Relay(database, producer, FakeClock())
    put(database, (b"a", b"1"), (b"a", b"2"), (b"b", b"3"))
    producer.refuses = lambda record: record.value == b"1"

    first = relay.step()
    producer.refuses = lambda _record: False
    second = relay.step()

    assert (first, second) == (1, 2)
    assert values(producer)[-2:] == [b"1", b"2"]


def test_a_crash_between_acknowledgement_and_mark_repeats_the_record(database: Database) -> None:
    class Dies(FakeProducer):
        def publish(self, records: object) -> set[int]:
            super().publish(records)  # type: ignore[arg-type]  # passed through
            raise KeyboardInterrupt

    dead, alive = Dies(), FakeProducer()
    put(database, (b"a", b"1"))

    with pytest.raises(KeyboardInterrupt):
        Relay(database, dead, FakeClock()).step()
    Relay(database, alive, FakeClock()).step()

    assert values(dead) == values(alive) == [b"1"]


def test_a_row_that_commits_late_is_not_skipped(database: Database) -> None:
    producer = FakeProducer()
    relay = Relay(database, producer, FakeClock())
    put(database, (b"a", b"1"), (b"b", b"2"))
    late = outbox_tables.outbox.update().where(outbox_tables.outbox.c.id == 1)
    database.run_sync(lambda tx: tx.execute(late.values(published_at="in another transaction")))
    relay.step()
    database.run_sync(lambda tx: tx.execute(late.values(published_at=None)))

    relay.step()

    assert values(producer) == [b"2", b"1"]


def test_what_is_rolled_back_never_leaves(database: Database) -> None:
    box, producer = outbox(database), FakeProducer()

    def work(tx: Connection) -> None:
        box.add_raw(tx, "shop.orders.v1", b"a", b"1", [])
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        database.run_sync(work)

    assert Relay(database, producer, FakeClock()).step() == 0


def test_a_commit_wakes_the_relay_and_stopping_publishes_what_waits(database: Database) -> None:
    producer = FakeProducer()
    relay = Relay(database, producer, FakeClock())
    box = outbox(database)
    box.wake = relay.wake

    async def waited() -> None:
        relay.start()
        row = await database.run(lambda tx: box.add_raw(tx, "shop.orders.v1", b"a", b"1", []))
        await asyncio.wait_for(relay.published(row), 10)
        await asyncio.wait_for(relay.published(row), 10)

    asyncio.run(waited())
    put(database, (b"a", b"2"))
    relay.stop(10)

    assert values(producer) == [b"1", b"2"]


def test_while_one_relay_publishes_no_other_one_of_the_database_does(database: Database) -> None:
    class Slow(FakeProducer):
        def publish(self, records: Sequence[Outgoing]) -> set[int]:
            began.set()
            assert go.wait(10)
            return super().publish(records)

    began, go = threading.Event(), threading.Event()
    first, second = Slow(), FakeProducer()
    active, standby = Relay(database, first, FakeClock()), Relay(database, second, FakeClock())
    put(database, (b"a", b"1"))

    active.start()
    assert began.wait(10)
    standby.start()
    standby.stop(10)
    go.set()
    active.stop(10)

    assert (values(first), values(second)) == ([b"1"], [])


def test_who_adds_to_the_outbox_wakes_the_relay_at_the_commit(database: Database) -> None:
    box, woken = outbox(database), []
    box.wake = lambda: woken.append(1)

    def work(tx: Connection) -> list[int]:
        box.add_raw(tx, "shop.orders.v1", b"a", b"1", [])
        return list(woken)

    before = database.run_sync(work)

    assert (before, woken) == ([], [1])


def test_only_one_relay_of_a_database_is_active_and_the_other_takes_over(database: Database) -> None:
    first, second = FakeProducer(), FakeProducer()
    active, standby = Relay(database, first, FakeClock()), Relay(database, second, FakeClock())
    box = outbox(database)

    async def waited(relay: Relay, value: bytes) -> None:
        row = await database.run(lambda tx: box.add_raw(tx, "shop.orders.v1", b"a", value, []))
        await asyncio.wait_for(relay.published(row), 10)

    active.start()
    asyncio.run(waited(active, b"1"))
    standby.start()
    asyncio.run(waited(active, b"2"))
    active.stop(10)
    asyncio.run(waited(standby, b"3"))
    standby.stop(10)

    assert (values(first), values(second)) == ([b"1", b"2"], [b"3"])


def test_headers_survive_whatever_they_hold() -> None:
    headers = [("ce_id", str(uuid4()).encode()), ("x", None), ("x", b"\xff\x00"), ("", b"")]

    assert unpack_headers(pack_headers(headers)) == headers


def test_rows_keep_the_time_at_which_they_were_marked(database: Database) -> None:
    clock = FakeClock()
    put(database, (b"a", b"1"))

    Relay(database, FakeProducer(), clock).step()

    marked = database.run_sync(lambda tx: tx.execute(select(outbox_tables.outbox.c.published_at)).scalar_one())
    assert marked == clock.now().isoformat()


def test_health_says_when_the_broker_does_not_take_what_waits(database: Database) -> None:
    health, producer = Health(), FakeProducer()
    relay = Relay(database, producer, FakeClock(), health)
    put(database, (b"a", b"1"))
    producer.refuses = lambda _record: True

    relay.step()
    refused = health.report()["parts"]
    producer.refuses = lambda _record: False
    while relay.step():
        pass

    assert "shop.orders.v1" in str(refused)
    assert health.ready


def test_a_producer_that_raises_does_not_end_the_relay(database: Database) -> None:
    class Flaky(FakeProducer):
        fails = True

        def publish(self, records: Sequence[Outgoing]) -> set[int]:
            if self.fails:
                self.fails = False
                raise RuntimeError("no")
            return super().publish(records)

    producer = Flaky()
    relay = Relay(database, producer, FakeClock())
    box = outbox(database)

    async def waited() -> None:
        relay.start()
        row = await database.run(lambda tx: box.add_raw(tx, "shop.orders.v1", b"a", b"1", []))
        await asyncio.wait_for(relay.published(row), 10)

    asyncio.run(waited())
    relay.stop(10)

    assert values(producer) == [b"1"]
