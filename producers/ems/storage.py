"""Whether requests can be written down, as health says it.

What failed once is not in order again before something was written: a request, or else a try at every look.
"""

from typing import Final

from sqlalchemy import Connection, delete, insert
from sqlalchemy.exc import DBAPIError

from choreography import Database, Health, diagnose
from producers.ems.keys import own_key
from producers.ems.store import requests

PART: Final = "database"
LOOK_SECONDS: Final = 5.0
_TRIAL: Final = own_key("trial", "")
_SIZE: Final = 16_384  # bytes; as much as the largest request, so that a place that happens to be free proves nothing


class Storage:
    """Tells health what becomes of requests.

    Args:
        database: where they are written down.
        health: is told.
    """

    def __init__(self, database: Database, health: Health) -> None:
        self._database = database
        self._health = health
        self._works = True

    def failed(self, error: Exception) -> None:
        """Say that a request could not be written down, and what to do."""
        kind, remedy = diagnose(error) if isinstance(error, DBAPIError) else (type(error).__name__, "")
        self._works = False
        self._health.set(
            PART, False, f"Requests cannot be written down ({kind}) and are answered 503. {remedy}".strip()
        )

    def works(self) -> None:
        """Say that a request was written down."""
        if not self._works:
            self._works = True
            self._health.set(PART, True)

    async def look(self) -> None:
        """Where writing failed, see whether it does still.

        Raises:
            DBAPIError: it does.
        """
        if not self._works:
            await self._database.run(_try)
            self.works()


def _try(tx: Connection) -> None:
    row = {"webhook_id": _TRIAL, "digest": "", "answer": "-" * _SIZE, "answered_at": ""}
    tx.execute(insert(requests).values(row))
    tx.execute(delete(requests).where(requests.c.webhook_id == _TRIAL))
