"""A record as it was read from a topic, before anything is known about it."""

from dataclasses import dataclass
from typing import NamedTuple


class TopicPartition(NamedTuple):
    """A partition of a topic."""

    topic: str
    partition: int


class Place(NamedTuple):
    """Where a record stands."""

    topic: str
    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class Record:
    """The bytes of one record and where they stand.

    Attributes:
        headers: in the order of the wire; a name may occur twice, a value may be null.
        timestamp_ms: milliseconds since 1970, UTC, as the broker gives it.
    """

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...] = ()
    timestamp_ms: int = 0

    @property
    def at(self) -> TopicPartition:
        """The partition it stands in."""
        return TopicPartition(self.topic, self.partition)

    @property
    def place(self) -> Place:
        """Where it stands."""
        return Place(self.topic, self.partition, self.offset)

    def header(self, name: str) -> str | None:
        """Return the last header of that name as text; `None` when missing or not UTF-8."""
        for found, value in reversed(self.headers):
            if found == name and value is not None:
                try:
                    return value.decode()
                except UnicodeDecodeError:
                    return None
        return None
