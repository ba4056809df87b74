"""Row `relay`: a backlog of fifty thousand records leaves the outbox, beside producing them in a bare loop."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import closing
from time import monotonic, sleep
from typing import Any, Final

from confluent_kafka import Producer
from sqlalchemy import Connection, insert

from benchmarks.figures import Figure, at_least, plain
from benchmarks.kit.bed import CUSTOMERS, RELAYED, Bed
from benchmarks.kit.orders import SILENT, Raw, produce
from benchmarks.kit.span import Moment, Span, median_rate, times_as_fast
from benchmarks.kit.words import order
from choreography import SystemClock
from choreography.database.database import Database
from choreography.kafka.config import client_config
from choreography.outbox import outbox as outbox_tables
from choreography.outbox.outbox import outbox, pack_headers
from choreography.outbox.pending import is_waiting
from choreography.outbox.producer import KafkaProducer
from choreography.outbox.relay import Relay
from infra.errors import InfraError

ROUNDS: Final = 3
NUMBER: Final = 50_000
_SECONDS: Final = 60.0
_LOOK: Final = 0.02  # seconds between two looks at the last row
Records = Sequence[Raw]


def measure(bed: Bed) -> Iterator[Figure]:
    """Publish the same records in both ways, in turns."""
    records = asyncio.run(_records(bed))
    pairs = []
    for turn in range(ROUNDS):
        with bed.steps.part(f"{turn + 1} of {ROUNDS}", 2) as told:
            bare = _bare(bed, records)
            told(1)
            pairs.append((_relayed(bed, records, turn), bare))
    yield plain("bare idempotent produce loop", median_rate(bare for _, bare in pairs), "/s", 0)
    yield at_least(f"relay, from a backlog of {NUMBER:,}", median_rate(ours for ours, _ in pairs), 20_000, "/s", 0)
    yield at_least("  ÷ bare loop", times_as_fast(pairs), 0.15, "ratio", 2)


async def _records(bed: Bed) -> Records:
    async with bed.filling_codec() as codec:
        return [Raw.of(codec, order(number, CUSTOMERS)) for number in range(NUMBER)]


def _bare(bed: Bed, records: Records) -> Span:
    producer = Producer(
        client_config(bed.broker.bootstrap_servers, "bare") | {"enable.idempotence": True, "linger.ms": 0},
        logger=SILENT,
    )
    delivered = 0

    def tell(error: object, _message: object) -> None:
        nonlocal delivered
        delivered += error is None

    produce(producer, RELAYED.name, records[0], tell)  # it fetches its id
    producer.flush(_SECONDS)
    begun = Moment.now()
    for record in records:
        produce(producer, RELAYED.name, record, tell)
    producer.flush(_SECONDS)
    span = begun.until(Moment.now(), len(records))
    if delivered <= len(records):
        raise InfraError("The broker did not take every record of the bare loop.")
    return span


def _relayed(bed: Bed, records: Records, turn: int) -> Span:
    with closing(Database(f"sqlite:///{bed.folder / f'relay-{turn}.db'}")) as database:
        database.create(outbox_tables.metadata)
        relay = Relay(database, KafkaProducer(bed.broker.bootstrap_servers, "relay"), SystemClock())
        _wait_in(database, records[:1])
        relay.start()
        try:
            _until_published(database, 1)
            _wait_in(database, records)
            begun = Moment.now()
            relay.wake()
            _until_published(database, 1 + len(records))
            return begun.until(Moment.now(), len(records))
        finally:
            relay.stop(_SECONDS)


def _wait_in(database: Database, records: Records) -> None:
    """Put records into the outbox, in one transaction."""
    rows = [_row(record) for record in records]
    database.run_sync(lambda tx: tx.execute(insert(outbox), rows))


def _row(raw: Raw) -> dict[str, Any]:
    packed, now = pack_headers(raw.headers), "2026-03-02T09:30:00+00:00"
    return {"topic": RELAYED.name, "key": raw.key, "value": raw.value, "headers": packed, "created_at": now}


def _until_published(database: Database, row: int) -> None:
    """Wait until a row is marked; the database's thread is asked rarely enough not to be in the way."""
    deadline = monotonic() + _SECONDS

    def waits(tx: Connection) -> bool:
        return is_waiting(tx, row)

    while database.run_sync(waits):
        if monotonic() > deadline:
            raise InfraError("The relay did not publish its backlog in time.")
        sleep(_LOOK)
