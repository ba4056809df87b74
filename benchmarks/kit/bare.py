"""The least that can be done with a record in Python: `consume(500)`, `fastavro`, `pydantic`, in one loop."""

from io import BytesIO
from typing import Final
from uuid import uuid4

from confluent_kafka import Consumer, TopicPartition
from fastavro import parse_schema, schemaless_reader

from benchmarks.kit.bed import Bed
from benchmarks.kit.orders import SILENT
from benchmarks.kit.span import Moment, Span
from benchmarks.kit.words import ORDERS, OrderPlaced
from choreography.kafka.config import consumer_config
from infra.errors import InfraError

BATCH: Final = 500
_FRAME: Final = 5
_SECONDS: Final = 30.0


def bare_loop(bed: Bed, topic: str, *, warm: int, number: int) -> Span:
    """Read `number` orders after the first `warm` ones, with the kit's own settings of the client.

    Raises:
        InfraError: the broker gave none any more.
    """
    settings = bed.settings()
    config = consumer_config(
        settings.connection(), "bare", f"bench.bare-{uuid4().hex[:8]}", settings.session_timeout_ms
    )
    consumer = Consumer(config | {"enable.partition.eof": False}, logger=SILENT)
    schema = parse_schema(OrderPlaced.avsc())
    seen, begun = 0, Moment.now()
    try:
        consumer.assign([TopicPartition(topic, one, 0) for one in range(ORDERS.partitions)])
        while seen < warm + number:
            messages = consumer.consume(BATCH, _SECONDS)
            if not messages:
                raise InfraError(f"The broker gave no more records of {topic}.")
            for message in messages:
                body = BytesIO(message.value() or b"")
                body.seek(_FRAME)
                OrderPlaced.model_validate(schemaless_reader(body, schema, None))
                seen += 1
                if seen == warm:
                    begun = Moment.now()
                elif seen == warm + number:
                    return begun.until(Moment.now(), number)
    finally:
        consumer.close()
    raise AssertionError
