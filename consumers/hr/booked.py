"""What became of an interview in a calendar, and the order in which events may write over one another there.

Every object that we put carries the `case_version` of its event (`MARK`). An event writes over what an earlier event of
its case has left, never over what a later one has: so a member that was paused changes nothing when it wakes. What a
calendar program has saved without the mark counts as the first version; what a person has called off is never
overwritten.
"""

from dataclasses import dataclass
from typing import Final

from consumers.hr.slots import Period

MARK: Final = "X-CASE-VERSION"
FIRST: Final = 1
FINAL: Final = 2**31 - 1


@dataclass(frozen=True)
class Booked:
    """An interview as it stands in a calendar.

    Attributes:
        sequence: its `SEQUENCE`; the `case_version` of the event that put it, or more where HR has changed it.
        version: the `case_version` of the event that put it.
        is_cancelled: whether it was called off, and takes no time.
    """

    period: Period
    sequence: int
    version: int
    is_cancelled: bool = False
