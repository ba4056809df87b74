"""The bare round trip: one record produced, and `poll()` returns it; nothing of ours on the way.

The producer waits for all acknowledgements as ours does, lingers for nothing, and is warm.
"""

import logging
from time import perf_counter, sleep
from typing import Any, Final
from uuid import uuid4

from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import NewTopic

from benchmarks.spread import Spread
from infra.admin import admin_client
from infra.errors import InfraError

_RECORD: Final = bytes(203)  # as large as the record of a resignation
_WARM: Final = 50
_PATIENCE: Final = 10.0
_SILENT: Final = logging.getLogger("benchmarks.librdkafka")


def bare_round_trip(bootstrap_servers: str, rate: float, rounds: int) -> Spread:
    """Return how long produce → `poll()` takes, `rounds` times at `rate` a second.

    Raises:
        InfraError: a record did not arrive.
    """
    topic = f"bench.round-trip-{uuid4().hex[:8]}.v1"
    admin = admin_client(bootstrap_servers)
    admin.create_topics([NewTopic(topic, 1, 1)])[topic].result(_PATIENCE)
    common = {"bootstrap.servers": bootstrap_servers}
    producer = Producer(common | {"enable.idempotence": True, "linger.ms": 0}, logger=_SILENT)
    consumer = Consumer(common | _reading(topic), logger=_SILENT)
    try:
        consumer.assign([TopicPartition(topic, 0, 0)])
        times = [_round(producer, consumer, topic, 1 / rate) for _ in range(_WARM + rounds)]
    finally:
        consumer.close()
    return Spread.of(times[_WARM:])


def _reading(group: str) -> dict[str, Any]:
    return {"group.id": group, "enable.auto.commit": False, "auto.offset.reset": "earliest", "fetch.wait.max.ms": 50}


def _round(producer: Producer, consumer: Consumer, topic: str, seconds: float) -> float:
    begun = perf_counter()
    producer.produce(topic, _RECORD)
    message = consumer.poll(_PATIENCE)
    took = perf_counter() - begun
    if message is None or message.error():
        raise InfraError("A record of the bare round trip did not arrive.")
    producer.poll(0)
    sleep(max(seconds - took, 0))
    return took * 1e3
