"""Opening a case, at once or once a person has released the resignation."""

from collections.abc import Callable

from sqlalchemy import Connection

from producers.ems import moves, store
from producers.ems.bodies import Resignation
from producers.ems.cases import Move, Stamp
from producers.ems.ids import uuid7


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
