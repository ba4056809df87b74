"""Writing moves of cases down: the case as it is then and the fact that says so, in one transaction, or neither."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from choreography import Clock, Event, Outbox
from producers.ems import moves, statements, store
from producers.ems.bodies import Resignation
from producers.ems.case import Move, Stamp


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


def opening(tx: Connection, body: Resignation, stamp: Stamp, time_zone: str, random: Callable[[int], bytes]) -> Move:
    """Return the move that opens a case.

    Raises:
        CaseError: the rules refuse.
    """
    return moves.resign(
        body.fact(stamp.at, time_zone),
        employee_id=body.employee_id,
        case_id=uuid7(stamp.at, random),
        others=store.open_cases(tx, body.employee_id),
        stamp=stamp,
    )


def uuid7(now: datetime, random: Callable[[int], bytes]) -> UUID:
    """Make an id of 48 bits of Unix milliseconds and 74 random bits.

    Args:
        now: the present time.
        random: returns that many random bytes, such as `secrets.token_bytes`.
    """
    milliseconds = int(now.timestamp() * 1000)
    number = milliseconds << 80 | int.from_bytes(random(10))
    number = number & ~(0xF << 76) | 0x7 << 76
    return UUID(int=number & ~(0x3 << 62) | 0x2 << 62)
