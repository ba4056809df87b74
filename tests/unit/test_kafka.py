from typing import Any, cast

import pytest
from confluent_kafka import KafkaError, KafkaException, Message

from choreography import InvalidSettings
from choreography.kafka.consumer import is_record


class Told:
    """A message that carries an error, as the client hands out."""

    def __init__(self, code: int) -> None:
        self._error = KafkaError(code)

    def error(self) -> KafkaError:
        return self._error


def message(code: int) -> Message:
    told: Any = Told(code)
    return cast("Message", told)


@pytest.mark.parametrize(
    "code",
    [KafkaError._MAX_POLL_EXCEEDED, KafkaError._ALL_BROKERS_DOWN, KafkaError._TRANSPORT, KafkaError._PARTITION_EOF],
)
def test_what_passes_by_itself_ends_nobody(code: int) -> None:
    assert not is_record(message(code))


@pytest.mark.parametrize(
    ("code", "remedy"),
    [
        (KafkaError.UNKNOWN_TOPIC_OR_PART, "deploy step"),
        (KafkaError.TOPIC_AUTHORIZATION_FAILED, "Allow"),
        (KafkaError.GROUP_AUTHORIZATION_FAILED, "Allow"),
    ],
)
def test_what_a_person_must_mend_says_how(code: int, remedy: str) -> None:
    with pytest.raises(InvalidSettings, match=remedy):
        is_record(message(code))


def test_what_nobody_can_mend_is_raised() -> None:
    with pytest.raises(KafkaException):
        is_record(message(KafkaError._FATAL))
