"""What is PostgreSQL's own: sessions that are lost, and other processes at the same time."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import pytest
from sqlalchemy import Column, Connection, Integer, MetaData, Table, Text, insert, select, text, update
from sqlalchemy.exc import DBAPIError, OperationalError

from choreography.database.database import Database
from choreography.database.transaction import after_commit
from choreography.errors import ClaimLost
from choreography.ledger import claims
from choreography.ledger.claims import check_claim, take_claims
from choreography.outbox.outbox import Outbox, outbox
from choreography.outbox.outbox import metadata as outbox_tables
from choreography.outbox.pending import BATCH
from choreography.outbox.relay import Relay
from choreography.testing.fake import FakeClock, FakeProducer
from choreography.wire.codec import Codec
from choreography.wire.record import TopicPartition
from choreography.wire.registry import Schemas
from choreography.wire.schema_client import FakeRegistry
from tests.postgres import Postgres

AT = TopicPartition("shop.orders.v1", 0)
BESIDE = TopicPartition("shop.orders.v1", 1)
ENOUGH = 20.0
metadata = MetaData()
numbers = Table("numbers", metadata, Column("n", Integer, primary_key=True), Column("said", Text))


@pytest.fixture
def opened(postgres: str) -> Iterator[Callable[[], Database]]:
    """Open the database, each time as another process would."""
    with ExitStack() as stack:

        def open_one() -> Database:
            database = Database(postgres)
            stack.callback(database.close)
            database.create(metadata, claims.metadata, outbox_tables)
            return database

        yield open_one


@pytest.fixture
def database(opened: Callable[[], Database]) -> Database:
    return opened()


@pytest.fixture
def other(opened: Callable[[], Database]) -> Database:
    return opened()


def add(tx: Connection, number: int) -> None:
    tx.execute(insert(numbers).values(n=number))


def stored(database: Database) -> list[int]:
    return database.run_sync(lambda tx: list(tx.execute(select(numbers.c.n).order_by(numbers.c.n)).scalars()))


def session(tx: Connection) -> int:
    return int(tx.execute(text("SELECT pg_backend_pid()")).scalar_one())


def end(server: Postgres, pid: int) -> None:
    server.execute(f"SELECT pg_terminate_backend({pid}, 10000)")


def test_a_host_that_is_gone_keeps_nothing_from_the_others_for_longer_than_thirty_seconds(database: Database) -> None:
    def setting(tx: Connection, name: str) -> int:
        return int(tx.execute(text("SELECT setting FROM pg_settings WHERE name = :name"), {"name": name}).scalar_one())

    idle, interval, count, unanswered, standing = (
        database.run_sync(lambda tx, name=name: setting(tx, name))  # type: ignore[misc]  # a lambda in a loop
        for name in (
            "tcp_keepalives_idle",
            "tcp_keepalives_interval",
            "tcp_keepalives_count",
            "tcp_user_timeout",
            "idle_in_transaction_session_timeout",
        )
    )

    assert 0 < idle + interval * count <= 30
    assert 0 < unanswered <= 30_000
    assert 0 < standing <= 30_000


def test_a_session_that_was_ended_is_replaced_and_nobody_notices(database: Database, postgres_server: Postgres) -> None:
    database.run_sync(lambda tx: add(tx, 1))
    end(postgres_server, database.run_sync(session))

    database.run_sync(lambda tx: add(tx, 2))

    assert stored(database) == [1, 2]


def test_a_session_that_is_lost_within_a_transaction_takes_all_of_it_along(
    database: Database, postgres_server: Postgres
) -> None:
    told: list[str] = []
    began, go = threading.Event(), threading.Event()

    def slow(_tx: Connection) -> None:
        began.set()
        assert go.wait(ENOUGH)

    def fine(tx: Connection) -> None:
        add(tx, 1)
        after_commit(tx, lambda: told.append("never"))

    def lost(tx: Connection) -> None:
        end(postgres_server, session(tx))
        add(tx, 2)

    with ThreadPoolExecutor(4) as pool:
        pool.submit(database.run_sync, slow)
        assert began.wait(ENOUGH)
        jobs = [pool.submit(database.run_sync, one) for one in (fine, lost, lambda tx: add(tx, 3))]
        while database._jobs.qsize() < 3:
            assert not jobs[0].done()
        go.set()
        for job in jobs:
            with pytest.raises(DBAPIError) as raised:
                job.result(ENOUGH)
            assert raised.value.connection_invalidated

    assert (stored(database), told) == ([], [])


def test_who_is_chosen_to_end_a_deadlock_does_it_again(database: Database, other: Database) -> None:
    for number in (1, 2):
        database.run_sync(lambda tx, n=number: add(tx, n))  # type: ignore[misc]  # a lambda in a loop
    both, began = threading.Barrier(2), []

    def change(tx: Connection, first: int, second: int) -> None:
        tx.execute(update(numbers).where(numbers.c.n == first).values(said=str(second)))
        began.append(first)
        if began.count(first) == 1:
            both.wait(ENOUGH)
        tx.execute(update(numbers).where(numbers.c.n == second).values(said=str(second)))

    with ThreadPoolExecutor(2) as pool:
        jobs = [
            pool.submit(database.run_sync, lambda tx: change(tx, 1, 2)),
            pool.submit(other.run_sync, lambda tx: change(tx, 2, 1)),
        ]
        for job in jobs:
            job.result(ENOUGH)

    assert len(began) >= 3


def test_a_transaction_that_cannot_be_serialized_is_done_again_but_not_for_ever(database: Database) -> None:
    tried: list[int] = []

    def clashes(tx: Connection, times: int) -> int:
        tried.append(1)
        if len(tried) <= times:
            tx.execute(text("DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '40001'; END $$"))
        return len(tried)

    assert database.run_sync(lambda tx: clashes(tx, 2)) == 3
    with pytest.raises(OperationalError, match="no"):
        database.run_sync(lambda tx: clashes(tx, 1_000))


def test_two_processes_that_start_at_the_same_moment_make_the_tables_once(postgres: str) -> None:
    with ExitStack() as stack, ThreadPoolExecutor(4) as pool:
        many = [Database(postgres) for _ in range(4)]
        for one in many:
            stack.callback(one.close)

        for job in [pool.submit(one.create, metadata, claims.metadata) for one in many]:
            job.result(ENOUGH)

        assert stored(many[0]) == []


def test_two_members_that_claim_the_same_partitions_get_one_number_after_the_other(
    database: Database, other: Database
) -> None:
    with ThreadPoolExecutor(2) as pool:
        jobs = [
            pool.submit(one.run_sync, lambda tx, order=order: take_claims(tx, order))
            for _ in range(20)
            for one, order in ((database, (AT, BESIDE)), (other, (BESIDE, AT)))
        ]
        taken = [job.result(ENOUGH) for job in jobs]

    assert sorted(claim[AT] for claim in taken) == list(range(1, 41))
    assert all(claim[AT] == claim[BESIDE] for claim in taken)


def test_a_partition_is_not_claimed_anew_while_somebody_writes_under_the_claim_and_then_nobody_can(
    database: Database, other: Database
) -> None:
    claim = database.run_sync(lambda tx: take_claims(tx, [AT]))[AT]
    checked, go, claimed = threading.Event(), threading.Event(), threading.Event()

    def write(tx: Connection) -> bool:
        check_claim(tx, AT, claim)
        checked.set()
        assert go.wait(ENOUGH)
        add(tx, 1)
        return claimed.is_set()

    with ThreadPoolExecutor(2) as pool:
        writing = pool.submit(database.run_sync, write)
        assert checked.wait(ENOUGH)
        claiming = pool.submit(other.run_sync, lambda tx: take_claims(tx, [AT]))
        claiming.add_done_callback(lambda _: claimed.set())
        until_somebody_waits(other)
        go.set()

        assert not writing.result(ENOUGH)
        assert claiming.result(ENOUGH) == {AT: claim + 1}
    with pytest.raises(ClaimLost):
        database.run_sync(lambda tx: check_claim(tx, AT, claim))
    assert stored(database) == [1]


def test_what_two_transactions_say_about_a_key_leaves_in_the_order_in_which_they_commit(
    database: Database, other: Database
) -> None:
    first, second = Outbox(codec(database), "/shop", FakeClock()), Outbox(codec(other), "/shop", FakeClock())
    wrote, go, producer = threading.Event(), threading.Event(), FakeProducer()

    def slow(tx: Connection) -> int:
        row = first.add_raw(tx, AT.topic, b"a", b"1", [])
        wrote.set()
        assert go.wait(ENOUGH)
        return row

    with ThreadPoolExecutor(2) as pool:
        early = pool.submit(database.run_sync, slow)
        assert wrote.wait(ENOUGH)
        late = pool.submit(other.run_sync, lambda tx: second.add_raw(tx, AT.topic, b"a", b"2", []))
        until_somebody_waits(other)
        go.set()
        assert early.result(ENOUGH) < late.result(ENOUGH)
    Relay(database, producer, FakeClock()).step()

    assert [record.value for record in producer.log] == [b"1", b"2"]


def test_what_is_said_about_another_key_waits_for_nobody_and_what_commits_late_is_not_skipped(
    database: Database, other: Database
) -> None:
    first, second = Outbox(codec(database), "/shop", FakeClock()), Outbox(codec(other), "/shop", FakeClock())
    producer = FakeProducer()
    relay = Relay(other, producer, FakeClock())

    def slow(tx: Connection) -> None:
        first.add_raw(tx, AT.topic, b"a", b"1", [])
        other.run_sync(lambda tx: second.add_raw(tx, AT.topic, b"b", b"2", []))
        assert relay.step() == 1

    database.run_sync(slow)
    relay.step()

    assert [record.value for record in producer.log] == [b"2", b"1"]


def test_where_the_relay_looks_behind_what_is_refused_it_still_keeps_a_key_in_order(
    database: Database, other: Database
) -> None:
    first, second = Outbox(codec(database), "/shop", FakeClock()), Outbox(codec(other), "/shop", FakeClock())
    producer = FakeProducer()
    producer.refuses = lambda record: record.key == b"refused"
    relay = Relay(other, producer, FakeClock())
    row = {"topic": AT.topic, "key": b"refused", "value": b"", "headers": "{}", "created_at": "2026-03-02"}

    def slow(tx: Connection) -> None:
        first.add_raw(tx, AT.topic, b"a", b"1", [])
        other.run_sync(lambda tx: tx.execute(insert(outbox), [row] * BATCH))
        assert relay.step() == 0

    database.run_sync(slow)
    database.run_sync(lambda tx: second.add_raw(tx, AT.topic, b"a", b"2", []))
    while len(producer.log) < 2:
        relay.step()

    assert [record.value for record in producer.log] == [b"1", b"2"]


def test_a_character_that_a_text_cannot_hold_there_is_replaced(database: Database) -> None:
    database.run_sync(lambda tx: tx.execute(insert(numbers).values(n=1, said="a\0b")))

    found = database.run_sync(lambda tx: tx.execute(select(numbers.c.said).where(numbers.c.said == "a\0b")).scalar())

    assert found == "a\N{REPLACEMENT CHARACTER}b"


def codec(database: Database) -> Codec:
    return Codec(Schemas(FakeRegistry(), database))


def until_somebody_waits(database: Database) -> None:
    """Return when a session of this database waits for a lock; asked on a connection of its own."""
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    asking: Any = Database(database.url.render_as_string(hide_password=False))
    try:
        while not asking.run_sync(lambda tx: tx.execute(waiting).scalar_one()):
            pass
    finally:
        asking.close()
