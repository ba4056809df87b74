"""Writing moves of cases down: the case as it is then and the fact that says so, in one transaction, or neither."""

from collections.abc import Callable

from sqlalchemy import Connection

from choreography import Clock, Event, Outbox
from producers.ems import statements, store
from producers.ems.cases import Move, Stamp
from producers.ems.ids import uuid7


class Casebook:
    """Writes moves down.

    Args:
        outbox: where facts wait to be published.
        clock: tells the time.
        random: returns that many random bytes.
    """

    def __init__(self, outbox: Outbox, clock: Clock, random: Callable[[int], bytes]) -> None:
        self._outbox = outbox
        self._clock = clock
        self._random = random

    def stamp(self) -> Stamp:
        """Return the identity and the time of a fact that is stated now."""
        now = self._clock.now()
        return Stamp(uuid7(now, self._random), now)

    def write(self, tx: Connection, move: Move, stamp: Stamp) -> None:
        """Keep the case and state the fact, in the transaction of the caller."""
        store.keep(tx, move.case, stamp.at)
        self._outbox.add(tx, move.event)

    def say(self, tx: Connection, statement: Event) -> None:
        """State what did not simply happen, in the transaction of the caller."""
        self._outbox.add(tx, statement, topic=statements.STATED_ON)
