"""What the client hands out: records, and news about the broker."""

from collections.abc import Iterable
from typing import Final, cast

import structlog
from confluent_kafka import KafkaError, KafkaException, Message

from choreography.errors import ChoreographyError, InvalidSettings
from choreography.wire.record import Record, TopicPartition

log = structlog.stdlib.get_logger(__name__)

_PASSING: Final = frozenset(
    {
        KafkaError._ALL_BROKERS_DOWN,  # noqa: SLF001 - the client's public names, here and below
        KafkaError._MAX_POLL_EXCEEDED,  # noqa: SLF001 - this process slept; the client joins again by itself
        KafkaError._TIMED_OUT,  # noqa: SLF001
        KafkaError._TRANSPORT,  # noqa: SLF001
    }
)
_NO_SUCH_PROTOCOL: Final = "This broker does not speak the group protocol: set GROUP_PROTOCOL to classic."
_REMEDY: Final = {
    KafkaError.UNKNOWN_TOPIC_OR_PART: "Create the topics first, with the deploy step of this system.",
    KafkaError.TOPIC_AUTHORIZATION_FAILED: "Allow this client to read the topic.",
    KafkaError.GROUP_AUTHORIZATION_FAILED: "Allow this client to use its consumer group.",
    KafkaError.INVALID_SESSION_TIMEOUT: "Set SESSION_TIMEOUT_MS between the broker's group.min.session.timeout.ms and "
    "group.max.session.timeout.ms.",
    KafkaError._AUTO_OFFSET_RESET: "Records that this group had not read were deleted, or the topic was made anew. "  # noqa: SLF001
    "Choose where to go on with kafka-consumer-groups.sh --reset-offsets.",
}


def is_record(message: Message) -> bool:
    """Whether the client handed out a record, and not news about the broker.

    Raises:
        InvalidSettings: a person must mend something.
        KafkaException: the client cannot go on.
    """
    error = message.error()
    if error is None:
        return True
    if error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001
        return False
    if error.code() in _PASSING or error.retriable():
        log.info("broker.away", reason=error.str())
        return False
    raise refusal(error)


def refusal(error: KafkaError) -> InvalidSettings | KafkaException:
    """Return what to raise for an error that does not pass by itself, with its remedy where there is one."""
    if error.code() == KafkaError._FATAL and "ConsumerGroupHeartbeat" in error.str():  # noqa: SLF001 - all that is told
        return InvalidSettings((f"{error.str()}. {_NO_SUCH_PROTOCOL}",))
    if error.code() in _REMEDY:
        return InvalidSettings((f"{error.str()}. {_REMEDY[error.code()]}",))
    return KafkaException(error)


def end_of(message: Message) -> tuple[TopicPartition, int] | None:
    """Return the partition whose end was reached, and its offset, if that is the news."""
    error, topic, partition, offset = message.error(), message.topic(), message.partition(), message.offset()
    if error is None or error.code() != KafkaError._PARTITION_EOF:  # noqa: SLF001
        return None
    if topic is None or partition is None or offset is None:
        return None
    return TopicPartition(topic, partition), offset


def record_of(message: Message) -> Record:
    """Return what the client fetched as a record."""
    topic, partition, offset = message.topic(), message.partition(), message.offset()
    if topic is None or partition is None or offset is None:
        raise ChoreographyError("The client returned a record without coordinates.")
    # in what was fetched every value is bytes or nothing; the client's types are those of what may be produced
    headers = cast("Iterable[tuple[str, bytes | None]]", message.headers() or ())
    return Record(topic, partition, offset, message.key(), message.value(), tuple(headers), message.timestamp()[1])
