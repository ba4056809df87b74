"""When a record will have left its topic, as the topic's own configuration says."""

from datetime import UTC, datetime, timedelta

import pytest

from choreography.settings import KafkaConnection
from infra.errors import Unreachable
from infra.retention import Retention, _retention, retention_of

WRITTEN = datetime(2026, 3, 2, tzinfo=UTC)
WEEK = timedelta(days=7)


def config(retention_ms: int, cleanup: str = "delete") -> Retention:
    segment_ms = str(WEEK // timedelta(milliseconds=1))
    return _retention({"retention.ms": str(retention_ms), "segment.ms": segment_ms, "cleanup.policy": cleanup})


def test_a_record_goes_with_its_segment_which_takes_new_ones_for_a_while() -> None:
    gone = config(86_400_000).gone_by(WRITTEN)

    assert gone is not None
    assert WRITTEN + timedelta(days=8) < gone < WRITTEN + timedelta(days=8, minutes=10)


@pytest.mark.parametrize("kept", [config(-1), config(86_400_000, "compact"), config(86_400_000, "compact,delete")])
def test_a_topic_that_keeps_for_ever_or_the_newest_of_a_key_says_never(kept: Retention) -> None:
    assert kept.gone_by(WRITTEN) is None


def test_a_broker_that_does_not_answer_is_named(free_port: int) -> None:
    with pytest.raises(Unreachable, match=f"127.0.0.1:{free_port} does not tell how long"):
        retention_of(KafkaConnection(f"127.0.0.1:{free_port}"), ["ems.exits.v1"])
