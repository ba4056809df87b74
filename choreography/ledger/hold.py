"""Why a record waits in the ledger, until when, and whether what follows in its lane waits with it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from choreography.records import HoldReason

BLOCKING: Final = frozenset({HoldReason.FAILED, HoldReason.LATER, HoldReason.QUEUED})
SHORTEST_WAIT: Final = timedelta(minutes=5)
LONGEST_WAIT: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Holding:
    """One record's waiting.

    Attributes:
        reason: FAILED and LATER block their lane, QUEUED stands behind one that does; the others block nobody.
        detail: for people; nothing of the record's content.
        not_before: when it is tried again by itself; without it a person decides.
    """

    reason: HoldReason
    detail: str
    not_before: datetime | None = None

    @property
    def blocks_lane(self) -> bool:
        """Whether what follows in the lane has to wait, too."""
        return self.reason in BLOCKING


def later(now: datetime, since: datetime, jitter: float) -> datetime:
    """Say when something that has been tried in vain since a time is tried again: ever less often.

    Args:
        now: the present time.
        since: when it was tried first.
        jitter: between 0 and 1, so that those who failed together do not come back together.
    """
    waited = min(max((now - since) / 2, SHORTEST_WAIT), LONGEST_WAIT)
    return now + waited * (1 + jitter / 2)
