"""Row `rebuild`: a ledger that is lost, made again from a hundred thousand facts on the log."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Final
from uuid import uuid4

from confluent_kafka import Consumer, Producer, TopicPartition

from benchmarks.figures import Figure, at_most, plain
from benchmarks.kit.bed import CUSTOMERS, MANY, Bed
from benchmarks.kit.orders import SILENT, Raw, produce
from benchmarks.kit.past import fact_of
from benchmarks.kit.shop import packing
from benchmarks.kit.span import Moment
from benchmarks.kit.words import ORDERS, PARCELS, order
from choreography.ledger.table import State
from choreography.wire.codec import Codec
from choreography.wire.headers import cloud_event
from infra.errors import InfraError
from infra.operate.database import Home
from infra.operate.rebuild import rebuild_ledger

LIMIT: Final = 15.0  # seconds
_SECONDS: Final = 30.0


def measure(bed: Bed) -> Iterator[Figure]:
    """Have a group answer every order without a ledger, and rebuild the ledger that it would have."""
    topic, group = bed.many(), bed.group("rebuild")
    with bed.steps.part("facts that answer them", MANY) as told:
        asyncio.run(_answer(bed, group, told))
    _commit(bed, group, topic)
    home = Home(packing(group), bed.settings(), "benchmarks.kit", f"sqlite:///{bed.folder / f'{group}.db'}")
    with bed.steps.part("rebuilding", 2 * MANY):
        begun = Moment.now()
        outcome = asyncio.run(rebuild_ledger(home, execute=True, replace=False, repeats=False, progress=_silent))
        span = begun.until(Moment.now(), MANY)
    if outcome.rebuilt.rows[State.DONE] < MANY:
        raise InfraError(f"The ledger that was rebuilt lacks rows: {dict(outcome.rebuilt.rows)}.")
    yield at_most(f"rebuild of a ledger from {MANY:,} facts", span.seconds, LIMIT, "s")
    yield plain("  of these, processor time", span.busy, "s")


async def _answer(bed: Bed, group: str, told: Callable[[int], None]) -> None:
    producer = Producer({"bootstrap.servers": bed.broker.bootstrap_servers, "linger.ms": 20}, logger=SILENT)
    async with bed.filling_codec() as codec:
        for number in range(MANY):
            produce(producer, PARCELS.name, _fact(codec, group, number))
            if not number % 1_000:
                told(number)
    if producer.flush(_SECONDS):
        raise InfraError("The broker did not take every fact.")


def _fact(codec: Codec, group: str, number: int) -> Raw:
    event = order(number, CUSTOMERS)
    fact = fact_of(event, group)
    source = f"/{group.replace('.', '/', 1)}"
    headers = cloud_event(fact, PARCELS, source=source, causation=event.event_id)
    return Raw(fact.key.encode(), codec.encode(fact, PARCELS), headers)


def _commit(bed: Bed, group: str, topic: str) -> None:
    """Commit what a member would have, with the id of the ledger that is lost."""
    config = {"bootstrap.servers": bed.broker.bootstrap_servers, "group.id": group, "enable.auto.commit": False}
    consumer, lost = Consumer(config, logger=SILENT), str(uuid4())
    try:
        partitions = [TopicPartition(topic, one) for one in range(ORDERS.partitions)]
        ends = [consumer.get_watermark_offsets(one, timeout=_SECONDS) for one in partitions]
        reached = [
            TopicPartition(one.topic, one.partition, end[1], metadata=lost)
            for one, end in zip(partitions, ends, strict=True)
        ]
        consumer.commit(offsets=reached, asynchronous=False)
    finally:
        consumer.close()


def _silent(_what: str, _done: int, _total: int) -> None:
    """Nobody watches: it takes seconds."""
