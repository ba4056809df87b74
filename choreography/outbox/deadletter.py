"""The readable copy of a record that this group could not handle, for console tools.

Key, value and headers are untouched; what went wrong is said in additional `dlq_…` headers.
"""

from datetime import datetime
from traceback import extract_tb
from typing import Final

from choreography.declare.topic import Topic
from choreography.errors import ChoreographyError
from choreography.version import __version__
from choreography.wire.record import Record

Headers = list[tuple[str, bytes | None]]
LARGEST_BYTES: Final = 4_000_000
ROOM_BYTES: Final = 200_000  # for key and headers


def dead_letters_of(group: str) -> Topic:
    """Return the dead letter topic of a group, which is that group's alone.

    It takes larger records than others: the copy of the largest record there can be, and what is said about it.
    """
    return Topic(f"{group}.dlq.v1", package=__package__, partitions=1, max_message_bytes=LARGEST_BYTES)


def copied_value(record: Record) -> tuple[bytes | None, Headers]:
    """Return the value that a dead letter carries; one that no topic would take is left out, and a header says so."""
    if record.value is None or len(record.value) <= LARGEST_BYTES - ROOM_BYTES:
        return record.value, []
    return None, [("dlq_value_omitted_bytes", str(len(record.value)).encode())]


def dead_letter_headers(
    record: Record, *, group: str, stage: str, error: BaseException, attempts: int, first: datetime, last: datetime
) -> Headers:
    """Return the record's own headers and what is to be known about its failure."""
    return [
        *record.headers,
        *(
            (f"dlq_{name}", str(value).encode())
            for name, value in {
                "original_topic": record.topic,
                "original_partition": record.partition,
                "original_offset": record.offset,
                "original_timestamp": record.timestamp_ms,
                "group": group,
                "exception_type": type(error).__name__,
                "exception_message": describe(error),
                "attempts": attempts,
                "first_failed_at": first.isoformat(),
                "last_failed_at": last.isoformat(),
                "stage": stage,
                "service_version": __version__,
            }.items()
        ),
    ]


def describe(error: BaseException) -> str:
    """Say what went wrong without saying what was in the record: only our own messages are known to be safe."""
    return str(error) if isinstance(error, ChoreographyError) else f"{type(error).__name__} was raised"


def frames_of(error: BaseException) -> list[str]:
    """Say where an error was raised, the innermost frame last, without its message: that may quote a name."""
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in extract_tb(error.__traceback__)]
