"""The readable copy of a record that this group could not handle, for console tools.

Key, value and headers are untouched; what went wrong is said in additional `dlq_…` headers.
"""

from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from traceback import extract_tb

from choreography.errors import ChoreographyError
from choreography.record import Record

Headers = list[tuple[str, bytes | None]]


def dead_letter_topic(group: str) -> str:
    """Return the dead letter topic of a group, which is that group's alone."""
    return f"{group}.dlq.v1"


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
                "service_version": service_version(),
            }.items()
        ),
    ]


def describe(error: BaseException) -> str:
    """Say what went wrong without saying what was in the record: only our own messages are known to be safe."""
    return str(error) if isinstance(error, ChoreographyError) else f"{type(error).__name__} was raised"


def frames_of(error: BaseException) -> list[str]:
    """Say where an error was raised, the innermost frame last, without its message: that may quote a name."""
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in extract_tb(error.__traceback__)]


def service_version() -> str:
    """Return the version of the distribution that this process runs."""
    try:
        return version("exit-management-system")
    except PackageNotFoundError:
        return "unknown"
