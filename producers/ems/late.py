"""A vendor's webhook that comes after the departure that it speaks of: it is late, and nobody resigns by it.

It may come while it is still the last working day where EMS reckons, and over where the person is; and one that names
no day may say no more than that somebody has left, which EMS has stated by then.
"""

from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import Connection, bindparam, select

from producers.ems.cases import CaseError, Status
from producers.ems.store import cases

LATE: Final = timedelta(days=30)
_NEWEST: Final = (
    select(cases.c.status, cases.c.last_working_day, cases.c.changed_at)
    .where(cases.c.employee_id == bindparam("of"))
    .order_by(cases.c.opened_at.desc())
    .limit(1)
)


class HasLeft(CaseError):  # noqa: N818 - reads better without the suffix
    """EMS has stated already that this employee has left. Whoever was hired again since resigns by another way."""


def refuse_late(tx: Connection, employee_id: str, day: date | None, now: datetime) -> None:
    """Do nothing, unless what a webhook says is what EMS has stated already.

    Args:
        tx: the transaction.
        employee_id: who leaves.
        day: the last working day; None where it is not said, and then who departed long ago may have been hired again.
        now: the time.

    Raises:
        HasLeft: it is.
    """
    newest = tx.execute(_NEWEST, {"of": employee_id}).one_or_none()
    if newest is None or newest.status != Status.DEPARTED:
        return
    if newest.changed_at > (now - LATE).isoformat() if day is None else day <= newest.last_working_day:
        raise HasLeft
