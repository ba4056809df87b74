"""A person is erased from the cases of EMS, and no request that led to them opens another one."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Connection, select

from choreography import Database
from producers.ems import quarantine, store
from producers.ems.answers import accepted, refused
from producers.ems.case import Case, Status
from producers.ems.erasure import Known, erase, find
from producers.ems.quarantine import State
from schemas.exits import Risk

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
GONE, OTHER = "E-4711", "E-4712"


def case(employee_id: str, status: Status) -> Case:
    return Case(
        case_id=uuid4(),
        employee_id=employee_id,
        employment_id=f"{employee_id}-main",
        version=1,
        status=status,
        last_working_day=date(2026, 5, 31),
        time_zone="Europe/Berlin",
        risk=Risk.HIGH,
    )


class Office:
    """EMS's database, with cases that were asked for."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def keep(self, one: Case) -> Case:
        def work(tx: Connection) -> None:
            store.keep(tx, one, NOW)
            store.remember(tx, f"to open {one.case_id}", "its digest", accepted(one), NOW)

        self.database.run_sync(work)
        return one

    def erase(self) -> None:
        self.database.run_sync(lambda tx: erase(tx, GONE))

    def known(self, employee_id: str) -> Known:
        return self.database.run_sync(lambda tx: find(tx, employee_id))

    def look_up(self, case_id: UUID) -> Case | None:
        return self.database.run_sync(lambda tx: store.look_up(tx, case_id))

    def asked_again(self, one: Case) -> str | None:
        again = f"to open {one.case_id}", "its digest"
        return self.database.run_sync(lambda tx: store.earlier_answer(tx, *again))


@pytest.fixture
def office(database_url: str) -> Iterator[Office]:
    database = Database(database_url)
    database.create(store.metadata)
    yield Office(database)
    database.close()


def test_a_case_that_is_over_stays_without_saying_whose_it_was(office: Office) -> None:
    over = office.keep(case(GONE, Status.DEPARTED))

    office.erase()

    left = office.look_up(over.case_id)
    assert left is not None
    assert left.employee_id.startswith("erased:")
    assert left == replace(
        over, employee_id=left.employee_id, employment_id=None, last_working_day=None, risk=Risk.NORMAL
    )
    known = office.database.run_sync(lambda tx: find(tx, GONE))
    assert (known.cases, known.requests) == (0, 0)


def test_a_request_that_led_to_it_is_refused_as_another_one_and_opens_nothing(office: Office) -> None:
    over = office.keep(case(GONE, Status.RETAINED))
    assert office.asked_again(over) == accepted(over)

    office.erase()

    with pytest.raises(store.OtherRequest):
        office.asked_again(over)
    kept = select(store.requests.c.webhook_id, store.requests.c.digest, store.requests.c.answer)
    rows = office.database.run_sync(lambda tx: tx.execute(kept).all())
    assert [tuple(row) for row in rows] == [(f"to open {over.case_id}", "", "")]


def test_open_cases_and_those_of_others_are_left_alone(office: Office) -> None:
    still = [office.keep(case(GONE, Status.CONFIRMED)), office.keep(case(OTHER, Status.VOIDED))]
    known = office.database.run_sync(lambda tx: find(tx, GONE))

    office.erase()

    assert (known.open, known.cases, known.requests) == ((still[0],), 1, 1)
    assert [office.look_up(one.case_id) for one in still] == still
    assert [office.asked_again(one) for one in still] == [accepted(one) for one in still]


def test_a_hold_that_has_ended_names_nobody_and_an_open_one_is_counted(office: Office) -> None:
    def keep(tx: Connection) -> None:
        for number in range(2):
            quarantine.hold(tx, quarantine.Held(uuid4(), f"w-{number}", GONE, "{}", State.HELD, NOW.isoformat()))

    office.database.run_sync(keep)
    (over, still) = office.database.run_sync(lambda tx: quarantine.waiting(tx, State.HELD))
    office.database.run_sync(lambda tx: quarantine.order(tx, State.TO_REFUSE, [over.hold_id]))
    office.database.run_sync(lambda tx: quarantine.end(tx, over.hold_id, State.REFUSED, NOW))

    office.erase()

    (ended,) = office.database.run_sync(lambda tx: quarantine.waiting(tx, State.REFUSED))
    (left,) = office.database.run_sync(lambda tx: quarantine.waiting(tx, State.HELD))
    assert ended.employee_id.startswith("erased:")
    assert (left, left.employee_id) == (still, GONE)
    assert office.database.run_sync(lambda tx: find(tx, GONE)).held == 1


def test_of_what_was_held_and_refused_only_the_id_of_the_request_stays(office: Office) -> None:
    def keep(tx: Connection) -> None:
        for number, person in enumerate((GONE, OTHER)):
            one = quarantine.Held(uuid4(), f"w-{number}", person, "{}", State.HELD, NOW.isoformat())
            quarantine.hold(tx, one)
            quarantine.order(tx, State.TO_REFUSE, None)
            quarantine.end(tx, one.hold_id, State.REFUSED, NOW)
            store.remember(tx, one.webhook_id, "its digest", refused(one.hold_id), NOW)

    office.database.run_sync(keep)
    known = [office.known(person).requests for person in (GONE, OTHER)]

    office.erase()

    kept = select(store.requests.c.webhook_id, store.requests.c.digest, store.requests.c.answer)
    first, second = office.database.run_sync(lambda tx: tx.execute(kept.order_by("webhook_id")).all())
    assert known == [1, 1]
    assert (tuple(first), second.digest) == (("w-0", "", ""), "its digest")
    assert office.known(GONE).requests == 0


def test_of_a_column_that_comes_later_somebody_decides_whether_it_is_kept() -> None:
    erased = {"employee_id", "employment_id", "last_working_day", "risk"}
    kept = {"case_id", "version", "status", "time_zone", "opened_at", "changed_at"}

    assert {column.name for column in store.cases.c} == erased | kept
    assert {column.name for column in store.requests.c} == {"webhook_id", "digest", "answer", "answered_at"}
