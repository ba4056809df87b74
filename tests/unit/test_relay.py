import asyncio
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from datetime import timedelta
from typing import TypeVar
from uuid import uuid4

import pytest
from sqlalchemy import Connection, select
from sqlalchemy.exc import OperationalError

from choreography.database.database import Database
from choreography.health import Health
from choreography.outbox import outbox as outbox_tables
from choreography.outbox.outbox import Outbox, pack_headers, unpack_headers
from choreography.outbox.pending import BATCH
from choreography.outbox.relay import KEPT, Outgoing, Relay
from choreography.testing.fake import FakeClock, FakeProducer
from choreography.wire import registry as registry_tables
from choreography.wire.codec import Codec
from choreography.wire.registry import Schemas
from choreography.wire.schema_client import FakeRegistry

T = TypeVar("T")


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


def test_headers_are_kept_as_text_that_a_person_can_read() -> None:
    assert pack_headers([("ce_id", b"1"), ("ce_source", b"/ems/hr")]) == '{"ce_id":"1","ce_source":"/ems/hr"}'


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


def test_fifty_thousand_that_wait_leave_in_order_and_never_all_at_once(database: Database) -> None:
    class Counting(FakeProducer):
        most = 0

        def publish(self, records: Sequence[Outgoing]) -> set[int]:
            self.most = max(self.most, len(records))
            return super().publish(records)

    producer = Counting()
    wait(database, ((f"{n % 2_000}".encode(), f"{n}".encode()) for n in range(50_000)))
    relay = Relay(database, producer, FakeClock())

    while relay.step():
        pass

    assert [int(record.value or b"") for record in producer.log] == list(range(50_000))
    assert producer.most == BATCH


def test_large_records_that_wait_do_not_fill_the_memory(database: Database) -> None:
    producer, large = FakeProducer(), bytes(1_000_000)
    wait(database, ((f"{n}".encode(), large) for n in range(40)))
    relay = Relay(database, producer, FakeClock())

    steps = [relay.step() for _ in range(4)]

    assert steps == [16, 16, 8, 0]


def test_what_the_broker_refuses_keeps_no_other_key_waiting_however_much_it_is(database: Database) -> None:
    health, producer = Health(), FakeProducer()
    relay = Relay(database, producer, FakeClock(), health)
    wait(database, ((b"refused", f"{n}".encode()) for n in range(BATCH)))
    wait(database, ((b"other" if n % 2 else b"refused", f"{n}".encode()) for n in range(BATCH)))
    producer.refuses = lambda record: record.key == b"refused"

    async def waited() -> None:
        relay.start()
        await asyncio.wait_for(relay.published(2 * BATCH), 30)

    asyncio.run(waited())
    relay.stop(10)

    assert [int(value or b"") for value in dict.fromkeys(values(producer))] == list(range(1, BATCH, 2))
    assert "shop.orders.v1" in str(health.report())


def test_while_the_broker_is_away_for_minutes_nothing_is_lost_and_when_it_is_back_all_of_it_leaves_in_order(
    database: Database,
) -> None:
    health, producer, clock = Health(), FakeProducer(), FakeClock()
    relay = Relay(database, producer, clock, health)
    producer.refuses = lambda _record: True
    tried = 0
    for minute in range(5):
        wait(database, ((b"a" if n % 2 else b"b", f"{minute}.{n}".encode()) for n in range(200)))
        clock.advance(timedelta(minutes=1))
        tried += relay.step()
    away = health.ready

    producer.refuses = lambda record: record.row > 300
    while relay.step():
        pass
    producer.refuses = lambda _record: False
    while relay.step():
        pass

    assert (tried, away, health.ready) == (0, False, True)
    for key, odd in ((b"a", 1), (b"b", 0)):
        published = [record.value for record in producer.log if record.key == key]
        expected = [f"{minute}.{n}".encode() for minute in range(5) for n in range(odd, 200, 2)]
        assert list(dict.fromkeys(published)) == expected


def test_what_was_published_is_deleted_after_a_week_and_what_waits_never_is(database: Database) -> None:
    producer, clock = FakeProducer(), FakeClock()
    relay = Relay(database, producer, clock)
    put(database, (b"a", b"1"), (b"b", b"2"), (b"a", b"3"))
    producer.refuses = lambda record: record.key == b"b"
    relay.step()

    early = relay.tidy()
    clock.advance(KEPT)
    put(database, (b"c", b"4"))
    relay.step()
    clock.advance(timedelta(seconds=1))
    late = relay.tidy()
    clock.advance(KEPT)
    producer.refuses = lambda _record: False
    relay.step()

    assert (early, late) == (0, 2)
    assert values(producer) == [b"1", b"3", b"4", b"2"]


def test_a_database_that_fails_while_somebody_waits_for_the_broker_is_no_news_to_him(database: Database) -> None:
    class Flaky(Database):
        failures = 2

        async def run(self, work: Callable[[Connection], T]) -> T:
            if self.failures:
                self.failures -= 1
                raise OperationalError("SELECT", {}, Exception("disk I/O error"))
            return await super().run(work)

    put(database, (b"a", b"1"))

    async def waited() -> None:
        with closing(Flaky(database.url.render_as_string(hide_password=False))) as flaky:
            relay = Relay(flaky, FakeProducer(), FakeClock())
            waiting = asyncio.ensure_future(relay.published(1))
            while flaky.failures:
                await asyncio.sleep(0)
            relay.step()
            await asyncio.wait_for(waiting, 10)

    asyncio.run(waited())


def wait(database: Database, records: Iterable[tuple[bytes, bytes]]) -> None:
    """Have many records wait, written at once."""
    rows = [
        {"topic": "shop.orders.v1", "key": key, "value": value, "headers": "{}", "created_at": "2026-03-02"}
        for key, value in records
    ]
    database.run_sync(lambda tx: tx.execute(outbox_tables.outbox.insert(), rows))
