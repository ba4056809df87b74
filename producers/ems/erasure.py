"""Erasing what EMS knows of a person whose cases are over.

A case stays as something that was and is over, without saying whose; so a second delivery of one of its requests opens
nothing: its `webhook-id` is remembered, as long as any, and what it was answered is not.

All is found by indexes: whoever hands in a request meanwhile must not wait.
"""

from dataclasses import dataclass
from typing import Final
from uuid import uuid4

from sqlalchemy import Connection, bindparam, func, select, update

from producers.ems import held
from producers.ems.cases import Case
from producers.ems.store import cases, led_to, open_cases, requests
from schemas.exits import Risk

_OF_PERSON: Final = select(cases.c.case_id).where(cases.c.employee_id == bindparam("of"))
_NOTHING: Final = {"digest": "", "answer": ""}
_ASKED: Final = select(func.count()).select_from(requests).where(led_to == bindparam("case"))
_FORGET: Final = update(requests).where(led_to == bindparam("case")).values(_NOTHING)


@dataclass(frozen=True)
class Known:
    """What EMS knows of a person.

    Attributes:
        open: the cases that are not over.
        cases: how many there are.
        requests: how many requests led to them, or to nothing because a person refused what was held.
        held: how many resignations wait for a person.
    """

    open: tuple[Case, ...]
    cases: int
    requests: int
    held: int = 0


def find(tx: Connection, employee_id: str) -> Known:
    """Return what is known of a person."""
    ids = [str(one) for one in tx.execute(_OF_PERSON, {"of": employee_id}).scalars()]
    asked = sum(tx.execute(_ASKED, {"case": one}).scalar_one() for one in ids)
    asked += len(held.refused_of(tx, employee_id))
    return Known(tuple(open_cases(tx, employee_id)), len(ids), asked, held.count_of(tx, employee_id))


def erase(tx: Connection, employee_id: str) -> None:
    """Erase a person from the cases that are over, and from the answers to requests that led to them or to nothing."""
    still_open = {case.case_id for case in open_cases(tx, employee_id)}
    over = [one for one in tx.execute(_OF_PERSON, {"of": employee_id}).scalars() if one not in still_open]
    refused = requests.c.webhook_id.in_(held.refused_of(tx, employee_id))
    tx.execute(update(requests).where(refused).values(_NOTHING))
    held.erase(tx, employee_id, f"erased:{uuid4()}")
    nobody = {"employee_id": f"erased:{uuid4()}", "employment_id": None}
    nothing = {"last_working_day": None, "risk": Risk.NORMAL}
    for one in over:
        tx.execute(_FORGET, {"case": str(one)})
        tx.execute(update(cases).where(cases.c.case_id == one).values({**nobody, **nothing}))
