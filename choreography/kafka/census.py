"""What lies before a group that begins: how many cases, counted by the headers of the records.

A new service that starts at the earliest record, or at a date, is about to act on all of them. The number of offsets
says little to a person; so the records are read once, by header only, before the first of them is handed out: 100,000
take a second. What takes longer than a while is not counted to its end.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from choreography.errors import NoAnswer
from choreography.kafka.topic_log import Span, TopicLog
from choreography.wire.headers import Envelope
from choreography.wire.record import TopicPartition

SECONDS: Final = 20.0


def count_cases(
    config: dict[str, Any], spans: Mapping[TopicPartition, Span], monotonic: Callable[[], float] = time.monotonic
) -> int | None:
    """Count the cases between offsets; return nothing where that takes too long.

    Args:
        config: the settings of a reader, see `choreography.kafka.config.reader_config`.
        spans: where each partition begins and ends.
        monotonic: tells seconds that only ever grow.
    """
    cases, over = set[int](), monotonic() + SECONDS
    try:
        with TopicLog(config) as log:
            for batch in log.read(spans):
                subjects = (Envelope.of(record).subject for record in batch)
                cases |= {hash(subject) for subject in subjects if subject is not None}
                if monotonic() > over:
                    return None
    except NoAnswer:
        return None
    return len(cases)
