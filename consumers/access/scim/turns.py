"""Whose turn it is to change a group: one at a time, or many who leave at once would refuse each other by its version.

Whoever waits is handed the group as the one before has just read it back, and need not read it for itself: its write
names that version, so that a change in between is noticed as ever. Nothing is kept once nobody waits.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from consumers.access.scim.group import Group


@dataclass
class Turn:
    """The right to change one group.

    Attributes:
        group: as the one before has read it back; to be set to what this one reads back.
    """

    group: Group | None = None


@dataclass
class _Queue:
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    length: int = 0
    left: Group | None = None


class Turns:
    """Gives turns, by the id of the group."""

    def __init__(self) -> None:
        self._queues: dict[str, _Queue] = {}

    @asynccontextmanager
    async def of(self, group_id: str) -> AsyncIterator[Turn]:
        """Give the turn to change this group; one that fails hands nothing on."""
        queue = self._queues.setdefault(group_id, _Queue())
        queue.length += 1
        try:
            async with queue.lock:
                turn, queue.left = Turn(queue.left), None
                yield turn
                queue.left = turn.group
        finally:
            queue.length -= 1
            if not queue.length:
                del self._queues[group_id]
