"""Forgetting requests: idempotency keys are kept for a stated time, or else they would grow for ever.

Whatever is sent again after that is a new request. So it is long: a file of last year, sent once more, opens nothing.
Kept for good are the keys of vendors, one for each exit, since most of them sign no time and anybody who has seen a
webhook could send it again in years; and, as long as a person has not decided, that of what is held.
"""

from datetime import timedelta
from typing import Final

from sqlalchemy import Connection, bindparam, delete, or_, select

from choreography import Clock, Database
from producers.ems.held import open_keys
from producers.ems.keys import OWN, own_key
from producers.ems.store import requests

PART: Final = "memory"
LOOK_SECONDS: Final = 600.0
AT_ONCE: Final = 500  # a transaction of some milliseconds; others come in between
_PAUSE_SECONDS: Final = 0.1
_key: Final = requests.c.webhook_id
_of_senders: Final = or_(
    ~_key.startswith(OWN), _key.startswith(own_key("record", "")), _key.startswith(own_key("refused", ""))
)
_OLD: Final = (
    select(_key)
    .where(requests.c.answered_at < bindparam("before"), _of_senders, _key.not_in(open_keys()))
    .order_by(requests.c.answered_at)
    .limit(AT_ONCE)
)
FORGET: Final = delete(requests).where(_key.in_(_OLD))


class Forgetting:
    """Forgets what is old enough.

    Args:
        database: holds the tables of `store` and of `held`.
        clock: tells the time and waits.
        days: how long a request is remembered.
    """

    def __init__(self, database: Database, clock: Clock, days: int) -> None:
        self._database = database
        self._clock = clock
        self._age = timedelta(days=days)

    async def look(self) -> None:
        """Forget all that is due, some at a time, so that nobody waits for it."""
        before = (self._clock.now() - self._age).isoformat()

        def work(tx: Connection) -> int:
            return tx.execute(FORGET, {"before": before}).rowcount

        while await self._database.run(work) == AT_ONCE:
            await self._clock.sleep(_PAUSE_SECONDS)
