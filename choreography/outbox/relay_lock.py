"""The right to publish what waits in a database: one relay has it, the others stand by.

Two active relays could reorder a key. The right is a lock that the process's death releases and a mere pause does not
(see `choreography.database.locks`). On PostgreSQL the relay reads and marks on the very connection that holds the lock:
a relay whose connection is gone can neither read a row to publish nor mark one, before it has obtained the right anew.
What it had handed to the producer by then may still arrive late, beside its successor's: a repeat, with the same id.
"""

from collections.abc import Callable
from typing import Final, TypeVar

from sqlalchemy import Connection

from choreography.database.database import Database
from choreography.database.lock_sessions import Holder, SessionHolder, open_holder

T = TypeVar("T")
_NAME: Final = "relay"


class RelayLock:
    """The right to publish, and the transactions of who has it; used by one thread at a time.

    Args:
        database: whose outbox it is about.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._holder: Holder | None = None

    @property
    def is_held(self) -> bool:
        """Whether this relay may publish, as far as it knows."""
        return self._holder is not None and self._holder.holds(_NAME)

    def try_take(self) -> bool:
        """Take the right, unless another relay has it.

        Raises:
            DBAPIError: the database server cannot be asked.
            OSError: there can be no lock beside the database file.
        """
        self._holder = self._holder or open_holder(self._database.url)
        return self._holder.try_hold(_NAME)

    def run(self, work: Callable[[Connection], T]) -> T:
        """Run a transaction as the one who has the right; beside SQLite the lock cannot be lost meanwhile.

        Raises:
            DBAPIError: it failed; on PostgreSQL the right may be lost, see `is_held`.
        """
        if isinstance(self._holder, SessionHolder):
            return self._holder.run(work)
        return self._database.run_sync(work)

    def give_back(self) -> None:
        """Let another relay publish."""
        if self._holder is not None:
            self._holder.close()
            self._holder = None
