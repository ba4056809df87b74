import threading
from uuid import UUID

import pytest
from confluent_kafka import KafkaError, KafkaException

from choreography import InvalidSettings
from choreography.errors import NoAnswer, Stopped
from choreography.kafka.offsets import _ledger, patiently

LEDGER = UUID("95e053b5-31d6-4caf-bde0-bde7c509c3bb")


class Broker:
    """A broker that fails so often before it answers."""

    def __init__(self, *failures: Exception) -> None:
        self._failures = list(failures)

    def ask(self) -> str:
        if self._failures:
            raise self._failures.pop(0)
        return "an answer"


class Soon(threading.Event):
    """Never set, and waits for nobody."""

    def wait(self, timeout: float | None = None) -> bool:
        return self.is_set()


def test_a_broker_that_is_away_is_asked_again() -> None:
    broker = Broker(KafkaException(KafkaError(KafkaError._TRANSPORT)), NoAnswer())

    assert patiently(broker.ask, Soon()) == "an answer"


def test_waiting_for_a_broker_ends_with_the_process() -> None:
    stopping = Soon()
    stopping.set()

    with pytest.raises(Stopped):
        patiently(Broker(NoAnswer()).ask, stopping)


def test_a_right_that_is_missing_is_not_waited_for() -> None:
    broker = Broker(KafkaException(KafkaError(KafkaError.GROUP_AUTHORIZATION_FAILED)))

    with pytest.raises(InvalidSettings, match="Allow this client to use its consumer group"):
        patiently(broker.ask, Soon())


@pytest.mark.parametrize(
    ("metadata", "ledger"),
    [(str(LEDGER), LEDGER), (None, None), ("", None), ("written by a tool", None), ("\x00" * 36, None)],
)
def test_metadata_that_is_no_ledger_says_nothing_about_one(metadata: str | None, ledger: UUID | None) -> None:
    assert _ledger(metadata) == ledger
