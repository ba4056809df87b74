"""A database that is waited for: a disk that is full or a lock that is held is no reason to lose anything.

What our own statements do wrong (a constraint, a missing table) is not waited for: it would never get better.

When a connection is lost during the commit, nobody can tell whether it happened, and the work is done again. So it
reads before it writes, and a fact that it puts into the outbox twice has the same id both times.
"""

import threading
from collections.abc import Callable
from typing import Final, TypeVar

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, ProgrammingError

from choreography.clock import Clock
from choreography.database.database import Database
from choreography.database.diagnosis import diagnose
from choreography.health import Health
from choreography.retries import Backoff

log = structlog.stdlib.get_logger(__name__)

T = TypeVar("T")
PART: Final = "database"
_OURS: Final = (DataError, IntegrityError, ProgrammingError)


class PatientDatabase:
    """Runs transactions until they succeed, and says in health while they do not.

    Args:
        database: where they run.
        health: is told while the database cannot be used.
        clock: waits.
        backoff: how long.
    """

    def __init__(self, database: Database, health: Health, clock: Clock, backoff: Backoff) -> None:
        self._database = database
        self._health = health
        self._clock = clock
        self._backoff = backoff
        self._away = False

    async def run(self, work: Callable[[Connection], T]) -> T:
        """Run a transaction; wait while the database cannot be used."""
        attempt = 0
        while True:
            try:
                result = await self._database.run(work)
            except _OURS:
                raise
            except DBAPIError as error:
                attempt += 1
                await self._clock.sleep(self._is_away(error, attempt))
            else:
                self._is_back()
                return result

    def run_sync(self, work: Callable[[Connection], T]) -> T:
        """Do the same from a thread that may wait."""
        attempt = 0
        while True:
            try:
                result = self._database.run_sync(work)
            except _OURS:
                raise
            except DBAPIError as error:
                attempt += 1
                threading.Event().wait(self._is_away(error, attempt))
            else:
                self._is_back()
                return result

    def _is_away(self, error: DBAPIError, attempt: int) -> float:
        kind, remedy = diagnose(error)
        self._away = True
        log.error("database.unavailable", error=kind, attempt=attempt)
        self._health.set(PART, False, f"The database cannot be used ({kind}); no effect is attempted. {remedy}")
        return self._backoff.after(attempt)

    def _is_back(self) -> None:
        if self._away:
            self._away = False
            self._health.set(PART, True)
