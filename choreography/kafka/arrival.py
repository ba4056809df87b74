"""Whether a member has arrived in its group, where the client does not say so by itself.

Under the classic protocol a member for which there is no partition is told so, by an assignment of none. Under KIP-848
the client (librdkafka 2.12 to 2.16) tells nothing until there is a first partition, so the group is asked whether it
knows the member: one that stands by is in good health, and one that cannot join is not.
"""

import time
from collections.abc import Callable
from typing import Final, Protocol

from choreography.errors import NoAnswer
from choreography.kafka.cluster import KafkaCluster
from choreography.settings import ServiceSettings

EVERY_SECONDS: Final = 2.0


class Groups(Protocol):
    """Who knows the members of groups."""

    def members(self, group: str) -> frozenset[str]:
        """Return the ids of a group's members.

        Raises:
            NoAnswer: nobody knows just now.
        """
        ...


class Arrival:
    """Asks until the member has arrived.

    Args:
        group: the consumer group.
        groups: opens whom to ask; only if it comes to that.
        monotonic: tells seconds that only ever grow.
    """

    def __init__(
        self, group: str, groups: Callable[[], Groups], monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._group = group
        self._open = groups
        self._groups: Groups | None = None
        self._monotonic = monotonic
        self._asked = monotonic()
        self._has_arrived = False

    def happened(self) -> None:
        """Take note that the client has said so itself."""
        self._has_arrived = True
        self._groups = None

    def is_news(self, member: Callable[[], str | None]) -> bool:
        """Return, once, that the member has arrived whose id is told by `member`, which is not asked in vain."""
        now = self._monotonic()
        if self._has_arrived or now - self._asked < EVERY_SECONDS:
            return False
        self._asked = now
        self._groups = self._groups or self._open()
        try:
            found = member() in self._groups.members(self._group)
        except NoAnswer:
            return False
        if found:
            self.happened()
        return found


def arrival_in(group: str, settings: ServiceSettings) -> Arrival | None:
    """Return what asks the group, where the client does not tell."""
    if settings.group_protocol == "classic":
        return None
    return Arrival(group, lambda: KafkaCluster(settings.connection(), group))
