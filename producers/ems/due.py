"""What falls due without anybody asking: when a last working day is over, EMS states that the employee has left, once.

What is due is kept as a day and a time zone, in the row of the case, and not as a moment: the rules of time zones
change between the day on which a case is confirmed and the day on which it ends. A look reads the few cases whose last
working day may be over somewhere on Earth, so it finds the same after a restart, or after a night in which nobody
looked. Each departure is a transaction of its own, which reads the case again: whoever withdraws, moves the day or
departs in another process at the same moment is before it or after it.

Whatever else is due is looked for again and again in the same way: nothing wakes who looks, so nothing is missed.
"""

import secrets
from collections.abc import Awaitable, Callable, Iterable
from datetime import timedelta
from typing import Final, TypeVar

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from choreography import Clock, Database, Health, Outbox, diagnose
from producers.ems import moves, store
from producers.ems.case import Case
from producers.ems.casebook import Casebook

PART: Final = "departures"
LOOK_SECONDS: Final = 10.0
_FURTHEST_ZONE: Final = timedelta(days=1)  # no date on Earth is further ahead of UTC's


class Departures:
    """States departures as they fall due.

    Args:
        database: holds the tables of `store` and of the outbox.
        outbox: where facts wait to be published.
        clock: tells the time.
        random: returns that many random bytes.
    """

    def __init__(
        self,
        database: Database,
        outbox: Outbox,
        clock: Clock,
        random: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        self._database = database
        self._casebook = Casebook(outbox, clock, random)
        self._clock = clock

    async def look(self) -> None:
        """State every departure that is due.

        Raises:
            Exception: what was raised last; a case that cannot be dealt with keeps no other one waiting.
        """
        before = (self._clock.now() + _FURTHEST_ZONE).date()
        await deal_with_each(await self._database.run(lambda tx: store.leaving(tx, before)), self._depart)

    async def _depart(self, leaving: Case) -> None:
        if not leaving.has_departed(self._clock.now()):
            return

        def work(tx: Connection) -> None:
            case, stamp = store.find(tx, leaving.case_id), self._casebook.stamp()
            if case.has_departed(stamp.at):  # otherwise it has changed since it was read
                self._casebook.write(tx, moves.depart(case, stamp), stamp)

        await self._database.run(work)


T = TypeVar("T")
log = structlog.stdlib.get_logger(__name__)


async def keep_looking(
    look: Callable[[], Awaitable[None]], *, part: str, seconds: float, clock: Clock, health: Health
) -> None:
    """Look every few seconds, until it is cancelled; say in health while that fails.

    Args:
        look: does what is due.
        part: what health calls it.
        seconds: how long to wait between two looks.
        clock: waits.
        health: is told.
    """
    while True:
        try:
            await look()
        except DBAPIError as error:
            kind, remedy = diagnose(error)
            log.error("looking.stuck", part=part, error=kind)  # noqa: TRY400 - PostgreSQL says which values it refuses
            health.set(part, False, f"What is due cannot be written down ({kind}), and waits. {remedy}")
        except Exception as error:
            kind = type(error).__name__
            log.exception("looking.stuck", part=part, error=kind)
            health.set(part, False, f"What is due cannot be done ({kind}); it is tried again.")
        else:
            health.set(part, True)
        await clock.sleep(seconds)


async def deal_with_each(due: Iterable[T], deal: Callable[[T], Awaitable[None]]) -> None:
    """Deal with each of them; one that cannot be dealt with keeps no other one waiting.

    Raises:
        Exception: what was raised last.
    """
    failed: Exception | None = None
    for one in due:
        try:
            await deal(one)
        except Exception as error:  # noqa: BLE001 - raised below, once the others have been dealt with
            failed = error
    if failed is not None:
        raise failed
