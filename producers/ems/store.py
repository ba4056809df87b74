"""Where cases and the answers to requests are kept; every function works inside a transaction that it is given."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final
from uuid import UUID

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Date,
    Index,
    Integer,
    MetaData,
    Row,
    Table,
    Text,
    Uuid,
    bindparam,
    func,
    insert,
    literal_column,
    select,
    update,
)

from producers.ems.cases import OPEN, Case, CaseError, Status
from schemas.exits import Risk

metadata: Final = MetaData()
cases: Final = Table(
    "cases",
    metadata,
    Column("case_id", Uuid, primary_key=True),
    Column("employee_id", Text, nullable=False),
    Column("employment_id", Text),
    Column("version", Integer, nullable=False),
    Column("status", Text, nullable=False),
    Column("last_working_day", Date),
    Column("time_zone", Text, nullable=False),
    Column("risk", Text, nullable=False, server_default=Risk.NORMAL),
    Column("opened_at", Text, nullable=False),
    Column("changed_at", Text, nullable=False),
)
requests: Final = Table(
    "requests",
    metadata,
    Column("webhook_id", Text, primary_key=True),
    Column("digest", Text, nullable=False),
    Column("answer", Text, nullable=False),
    Column("answered_at", Text, nullable=False),
)


# Which case a request led to: an answer begins with `{"case_id":"` and the id.
led_to: Final = func.substr(requests.c.answer, literal_column("13"), literal_column("36"))
Index("requests_case", led_to)
Index("requests_answered", requests.c.answered_at)


def _stands_at(*statuses: Status) -> ColumnElement[bool]:
    # written out: SQLite uses an index over some rows only where the statement says that it wants no others
    return cases.c.status.in_([literal_column(f"'{status}'") for status in sorted(statuses)])


_is_open: Final = _stands_at(*OPEN)
# Two processes on one PostgreSQL may look at the same moment; the index lets only one of them open the case.
Index(
    "cases_open",
    cases.c.employee_id,
    func.coalesce(cases.c.employment_id, ""),
    unique=True,
    sqlite_where=_is_open,
    postgresql_where=_is_open,
)
Index("cases_opened", cases.c.opened_at)
Index("cases_employee", cases.c.employee_id)
_is_leaving: Final = _stands_at(Status.CONFIRMED) & cases.c.last_working_day.is_not(None)
Index("cases_leaving", cases.c.last_working_day, sqlite_where=_is_leaving, postgresql_where=_is_leaving)


class UnknownCase(CaseError):  # noqa: N818 - reads better without the suffix
    """There is no case with this id. Check the id that the resignation was answered with."""


class OtherRequest(CaseError):  # noqa: N818 - reads better without the suffix
    """This webhook-id was used before, for a different request. Give every new request an id of its own."""


# Built once: building a statement costs more than executing it.
_SHOW: Final = select(cases).where(cases.c.case_id == bindparam("case_id"))
_FIND: Final = _SHOW.with_for_update()
_OPEN_ONES: Final = select(cases).where(cases.c.employee_id == bindparam("employee_id"), _is_open)
_LEAVING: Final = (
    select(cases).where(_is_leaving, cases.c.last_working_day < bindparam("before")).order_by(cases.c.last_working_day)
)
_OPEN: Final = insert(cases)
_CHANGE: Final = update(cases).where(cases.c.case_id == bindparam("of"))
_ANSWER: Final = select(requests.c.digest, requests.c.answer).where(requests.c.webhook_id == bindparam("webhook_id"))
_REMEMBER: Final = insert(requests)
_ANSWER_ANEW: Final = update(requests).where(requests.c.webhook_id == bindparam("of"))


def find(tx: Connection, case_id: UUID) -> Case:
    """Return the case, kept from changing until the transaction ends.

    Raises:
        UnknownCase: there is none.
    """
    case = look_up(tx, case_id)
    if case is None:
        raise UnknownCase
    return case


def look_up(tx: Connection, case_id: UUID) -> Case | None:
    """Return the case, kept from changing until the transaction ends; None where there is none."""
    row = tx.execute(_FIND, {"case_id": case_id}).one_or_none()
    return None if row is None else _case(row)


def show(tx: Connection, case_id: UUID) -> Case:
    """Return the case as it stands; it may change at once.

    Raises:
        UnknownCase: there is none.
    """
    row = tx.execute(_SHOW, {"case_id": case_id}).one_or_none()
    if row is None:
        raise UnknownCase
    return _case(row)


def open_cases(tx: Connection, employee_id: str) -> Sequence[Case]:
    """Return the employee's open cases."""
    return [_case(row) for row in tx.execute(_OPEN_ONES, {"employee_id": employee_id})]


def leaving(tx: Connection, before: date) -> Sequence[Case]:
    """Return the confirmed cases with a last working day before this one, the oldest first."""
    return [_case(row) for row in tx.execute(_LEAVING, {"before": before})]


def keep(tx: Connection, case: Case, now: datetime) -> None:
    """Write the case down as it stands now."""
    values = {**vars(case), "changed_at": now.isoformat()}
    if case.version == 1:
        tx.execute(_OPEN, {**values, "opened_at": now.isoformat()})
    else:
        tx.execute(_CHANGE, {**values, "of": case.case_id})


def earlier_answer(tx: Connection, webhook_id: str, digest: str) -> str | None:
    """Return what this request was answered before; None when it is new.

    Raises:
        OtherRequest: the id was used for something else.
    """
    row = tx.execute(_ANSWER, {"webhook_id": webhook_id}).one_or_none()
    if row is not None and row.digest != digest:
        raise OtherRequest
    return None if row is None else str(row.answer)


def remember(tx: Connection, webhook_id: str, digest: str, answer: str, now: datetime) -> None:
    """Write down what the request is answered."""
    row = {"webhook_id": webhook_id, "digest": digest, "answer": answer, "answered_at": now.isoformat()}
    tx.execute(_REMEMBER, row)


def answer_anew(tx: Connection, webhook_id: str, answer: str) -> None:
    """Have the request answered otherwise from now on."""
    tx.execute(_ANSWER_ANEW, {"of": webhook_id, "answer": answer})


def _case(row: Row[tuple[object, ...]]) -> Case:
    return Case(
        case_id=row.case_id,
        employee_id=row.employee_id,
        employment_id=row.employment_id,
        version=row.version,
        status=Status(row.status),
        last_working_day=row.last_working_day,
        time_zone=row.time_zone,
        risk=Risk(row.risk),
    )
