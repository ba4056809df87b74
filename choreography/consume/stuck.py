"""Lanes that a bug of the runtime's own has stopped: said loudly, tried again, and everyone else goes on."""

from collections.abc import Iterable
from typing import Final

import structlog

from choreography.consume.partition import LaneState
from choreography.health import Health
from choreography.outbox.deadletter import describe, frames_of
from choreography.wire.record import TopicPartition

log = structlog.stdlib.get_logger(__name__)

PART: Final = "lanes"


class Stuck:
    """The lanes that are stuck now.

    Args:
        health: names one of them.
    """

    def __init__(self, health: Health) -> None:
        self._health = health
        self._details: dict[tuple[TopicPartition, bytes | None], str] = {}

    def report(self, lane: LaneState, offset: int | None, error: Exception) -> None:
        """Say that a record, or without an offset what waits in the ledger, cannot be brought to any end."""
        at, kind = lane.partition.at, type(error).__name__
        where = {"topic": at.topic, "partition": at.partition, "offset": offset}
        log.error("lane.stuck", error=kind, reason=describe(error), frames=frames_of(error), **where)
        what = "What waits in the ledger" if offset is None else f"{at.topic}:{at.partition}:{offset}"
        detail = f"{what} raises {kind} in the runtime itself; its lane waits, everyone else goes on. See the log."
        self._details[at, lane.key] = detail
        self._health.set(PART, False, detail)

    def is_over(self, lane: LaneState) -> None:
        """Take note that a lane goes on."""
        if self._details and self._details.pop((lane.partition.at, lane.key), None) is not None:
            self._tell()

    def forget(self, partitions: Iterable[TopicPartition]) -> None:
        """Forget what is somebody else's now."""
        gone = set(partitions)
        if any(at in gone for at, _ in self._details):
            self._details = {place: detail for place, detail in self._details.items() if place[0] not in gone}
            self._tell()

    def _tell(self) -> None:
        detail = next(iter(self._details.values()), "")
        self._health.set(PART, not detail, detail)
