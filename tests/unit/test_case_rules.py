"""The rules of a case, move by move; in every order they are tried in `test_lives_of_cases`."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from pydantic import ValidationError

from producers.ems.bodies import Decision, Resignation, Voiding, Withdrawal
from producers.ems.case import AlreadyOpen, Case, IllegalMove, Move, Stamp, Status
from producers.ems.casebook import uuid7
from producers.ems.moves import change_last_working_day, decide, depart, resign, void, withdraw
from producers.ems.zones import today
from schemas import ExitEvent
from schemas.exits import (
    EmployeeDeparted,
    EmployeeResigned,
    EmployeeRetained,
    ExitCaseVoided,
    ExitConfirmed,
    LastWorkingDayChanged,
    RequestedBy,
    ResignationWithdrawn,
    Risk,
    VoidReason,
    WorkerType,
)

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
CASE_ID = UUID("0195567a-0000-7000-8000-000000000001")
RESIGNED = EmployeeResigned(submitted_on=date(2026, 3, 2), time_zone="Europe/Berlin")
WITHDRAWN = ResignationWithdrawn(withdrawn_on=date(2026, 3, 3))
RETAINED = EmployeeRetained(decided_on=date(2026, 3, 3))
CONFIRMED = ExitConfirmed(decided_on=date(2026, 3, 3))
VOIDED = ExitCaseVoided(reason=VoidReason.ENTERED_IN_ERROR)
THEN, NOW_ON = date(2026, 5, 29), date(2026, 6, 30)
MOVED = LastWorkingDayChanged(previous=THEN, current=NOW_ON)
DEPARTED = EmployeeDeparted(departed_on=date(2026, 2, 27))


def a_stamp() -> Stamp:
    return Stamp(uuid4(), NOW)


def a_case(status: Status = Status.SUBMITTED, employment_id: str | None = None) -> Case:
    return Case(
        case_id=CASE_ID,
        employee_id="e-1",
        employment_id=employment_id,
        version=1 if status is Status.SUBMITTED else 2,
        status=status,
        last_working_day=None,
        time_zone="Europe/Berlin",
    )


def move(case: Case, event: ExitEvent) -> Move:
    match event:
        case ResignationWithdrawn():
            return withdraw(case, event, a_stamp())
        case ExitCaseVoided():
            return void(case, event, a_stamp())
        case LastWorkingDayChanged():
            return change_last_working_day(replace(case, last_working_day=event.previous), event.current, a_stamp())
        case EmployeeDeparted():
            return depart(replace(case, last_working_day=event.departed_on), a_stamp())
    assert isinstance(event, ExitConfirmed | EmployeeRetained)
    return decide(case, event, a_stamp())


def test_a_resignation_opens_a_case() -> None:
    resigned = RESIGNED.model_copy(update={"employment_id": "main", "last_working_day": date(2026, 5, 29)})
    stamp = a_stamp()

    opened = resign(resigned, employee_id="e-1", case_id=CASE_ID, others=(), stamp=stamp)

    assert opened.case == replace(a_case(employment_id="main"), last_working_day=date(2026, 5, 29))
    assert isinstance(opened.event, EmployeeResigned)
    assert (opened.event.event_id, opened.event.occurred_at) == (stamp.event_id, NOW)
    assert (opened.event.key, opened.event.correlation, opened.event.order) == ("e-1", CASE_ID, 1)


@pytest.mark.parametrize(
    ("status", "event", "after"),
    [
        (Status.SUBMITTED, WITHDRAWN, Status.WITHDRAWN),
        (Status.SUBMITTED, RETAINED, Status.RETAINED),
        (Status.SUBMITTED, CONFIRMED, Status.CONFIRMED),
        (Status.SUBMITTED, VOIDED, Status.VOIDED),
        (Status.CONFIRMED, WITHDRAWN, Status.WITHDRAWN),
        (Status.SUBMITTED, MOVED, Status.SUBMITTED),
        (Status.CONFIRMED, MOVED, Status.CONFIRMED),
        (Status.CONFIRMED, DEPARTED, Status.DEPARTED),
    ],
)
def test_a_case_goes_on_as_its_life_allows(status: Status, event: ExitEvent, after: Status) -> None:
    before = a_case(status)

    moved = move(before, event)

    assert replace(moved.case, last_working_day=None) == replace(before, status=after, version=before.version + 1)
    assert type(moved.event) is type(event)
    assert moved.event.case_version == before.version + 1


def test_that_somebody_leaves_is_stated_with_the_risk_of_the_resignation() -> None:
    high = RESIGNED.model_copy(update={"risk": Risk.HIGH, "last_working_day": date(2026, 2, 27)})
    opened = resign(high, employee_id="e-1", case_id=CASE_ID, others=(), stamp=a_stamp())

    confirmed = decide(opened.case, CONFIRMED, a_stamp())
    departed = depart(confirmed.case, a_stamp())

    assert isinstance(confirmed.event, ExitConfirmed)
    assert isinstance(departed.event, EmployeeDeparted)
    assert (confirmed.event.risk, departed.event.risk) == (Risk.HIGH, Risk.HIGH)


@pytest.mark.parametrize(
    ("status", "event", "sentence"),
    [
        (Status.WITHDRAWN, CONFIRMED, "The resignation was withdrawn, so there is nothing left to decide."),
        (Status.WITHDRAWN, RETAINED, "The resignation was withdrawn, so there is nothing left to decide."),
        (Status.WITHDRAWN, WITHDRAWN, "The resignation was withdrawn, so there is nothing left to withdraw."),
        (Status.RETAINED, CONFIRMED, "It was decided that the employee stays, so there is nothing left to decide."),
        (Status.RETAINED, RETAINED, "It was decided that the employee stays, so there is nothing left to decide."),
        (Status.RETAINED, WITHDRAWN, "It was decided that the employee stays, so there is nothing left to withdraw."),
        (Status.CONFIRMED, CONFIRMED, "It was decided that the employee leaves, so there is nothing left to decide."),
        (Status.CONFIRMED, RETAINED, "It was decided that the employee leaves, so there is nothing left to decide."),
        (Status.VOIDED, CONFIRMED, "The case was voided, so there is nothing left to decide."),
        (Status.VOIDED, RETAINED, "The case was voided, so there is nothing left to decide."),
        (Status.VOIDED, WITHDRAWN, "The case was voided, so there is nothing left to withdraw."),
        (Status.DEPARTED, CONFIRMED, "The employee has left, so there is nothing left to decide."),
        (Status.DEPARTED, RETAINED, "The employee has left, so there is nothing left to decide."),
        (Status.DEPARTED, WITHDRAWN, "The employee has left, so there is nothing left to withdraw."),
        (Status.CONFIRMED, VOIDED, "It was decided that the employee leaves, so the case can no longer be voided."),
        (Status.WITHDRAWN, VOIDED, "The resignation was withdrawn, so the case can no longer be voided."),
        (Status.RETAINED, VOIDED, "It was decided that the employee stays, so the case can no longer be voided."),
        (Status.VOIDED, VOIDED, "The case was voided, so the case can no longer be voided."),
        (Status.DEPARTED, VOIDED, "The employee has left, so the case can no longer be voided."),
        (Status.WITHDRAWN, MOVED, "The resignation was withdrawn, so the last working day can no longer be moved."),
        (Status.RETAINED, MOVED, "It was decided that the employee stays, so the last working day can no longer be"),
        (Status.VOIDED, MOVED, "The case was voided, so the last working day can no longer be moved."),
        (Status.DEPARTED, MOVED, "The employee has left, so the last working day can no longer be moved."),
        (Status.SUBMITTED, DEPARTED, "The resignation was submitted, so the employee does not depart by this case."),
        (Status.WITHDRAWN, DEPARTED, "The resignation was withdrawn, so the employee does not depart by this case."),
        (Status.RETAINED, DEPARTED, "It was decided that the employee stays, so the employee does not depart by"),
        (Status.VOIDED, DEPARTED, "The case was voided, so the employee does not depart by this case."),
        (Status.DEPARTED, DEPARTED, "The employee has left, so the employee does not depart by this case."),
    ],
)
def test_what_a_case_does_not_allow_is_refused_with_a_sentence(status: Status, event: ExitEvent, sentence: str) -> None:
    with pytest.raises(IllegalMove) as refused:
        move(a_case(status), event)

    assert str(refused.value).startswith(sentence)


def test_who_cannot_decide_any_more_is_told_what_to_do_instead() -> None:
    with pytest.raises(IllegalMove, match="send a new resignation"):
        decide(a_case(Status.WITHDRAWN), CONFIRMED, a_stamp())
    with pytest.raises(IllegalMove, match="withdraw the resignation"):
        decide(a_case(Status.CONFIRMED), RETAINED, a_stamp())


@pytest.mark.parametrize("days", [(None, THEN), (THEN, NOW_ON), (NOW_ON, THEN), (THEN, None)])
def test_the_last_working_day_becomes_known_moves_either_way_and_is_open_again(
    days: tuple[date | None, date | None],
) -> None:
    before, after = days
    moved = change_last_working_day(replace(a_case(), last_working_day=before), after, a_stamp())

    assert moved.case.last_working_day == after
    assert isinstance(moved.event, LastWorkingDayChanged)
    assert (moved.event.previous, moved.event.current) == (before, after)


@pytest.mark.parametrize(("day", "sentence"), [(THEN, "is that day already"), (None, "is open already")])
def test_a_last_working_day_does_not_move_to_where_it_is(day: date | None, sentence: str) -> None:
    with pytest.raises(IllegalMove, match=sentence):
        change_last_working_day(replace(a_case(), last_working_day=day), day, a_stamp())


TWIN = replace(a_case(employment_id="side"), case_id=uuid4())


def test_a_duplicate_is_voided_in_favour_of_the_case_that_goes_on() -> None:
    duplicate = ExitCaseVoided(reason=VoidReason.DUPLICATE, duplicate_of=TWIN.case_id)

    voided = void(a_case(), duplicate, a_stamp(), twin=TWIN)

    assert voided.case.status is Status.VOIDED
    assert isinstance(voided.event, ExitCaseVoided)
    assert voided.event.duplicate_of == TWIN.case_id


@pytest.mark.parametrize(
    ("twin", "sentence"),
    [
        (None, "There is no case with the id in duplicate_of."),
        (a_case(), "A case cannot be the duplicate of itself."),
        (replace(TWIN, employee_id="e-2"), "The case in duplicate_of is another person's."),
        *(
            (replace(TWIN, status=status), "The case in duplicate_of has ended")
            for status in (Status.WITHDRAWN, Status.RETAINED, Status.VOIDED, Status.DEPARTED)
        ),
    ],
)
def test_a_duplicate_needs_another_open_case_of_the_same_person(twin: Case | None, sentence: str) -> None:
    duplicate = ExitCaseVoided(reason=VoidReason.DUPLICATE, duplicate_of=uuid4())

    with pytest.raises(IllegalMove, match=sentence):
        void(a_case(), duplicate, a_stamp(), twin=twin)


@pytest.mark.parametrize("status", [Status.SUBMITTED, Status.CONFIRMED])
def test_the_same_employment_cannot_be_ended_twice(status: Status) -> None:
    with pytest.raises(AlreadyOpen, match=str(CASE_ID)) as refused:
        resign(RESIGNED, employee_id="e-1", case_id=uuid4(), others=[a_case(status)], stamp=a_stamp())

    assert refused.value.case_id == CASE_ID


@pytest.mark.parametrize("ended", [Status.WITHDRAWN, Status.RETAINED, Status.VOIDED, Status.DEPARTED])
def test_after_a_case_has_ended_the_employee_may_resign_again(ended: Status) -> None:
    opened = resign(RESIGNED, employee_id="e-1", case_id=uuid4(), others=[a_case(ended)], stamp=a_stamp())

    assert opened.case.status is Status.SUBMITTED


@pytest.mark.parametrize(
    ("open_one", "new_one", "allowed"),
    [
        ("main", "side", True),
        (None, "side", True),
        ("main", "main", False),
        ("main", None, False),
        (None, None, False),
    ],
)
def test_each_employment_of_a_person_has_a_case_of_its_own(
    open_one: str | None, new_one: str | None, *, allowed: bool
) -> None:
    resigned = RESIGNED.model_copy(update={"employment_id": new_one})
    others = [a_case(employment_id=open_one)]

    try:
        resign(resigned, employee_id="e-1", case_id=uuid4(), others=others, stamp=a_stamp())
    except AlreadyOpen:
        accepted = False
    else:
        accepted = True

    assert accepted is allowed


def test_a_resignation_that_says_nothing_more_gets_sensible_values() -> None:
    fact = Resignation(employee_id="e-1").fact(NOW, "Europe/Berlin")

    assert fact == RESIGNED
    assert (fact.worker_type, fact.risk) == (WorkerType.UNKNOWN, Risk.NORMAL)


def test_today_is_the_date_in_the_zone_of_the_case() -> None:
    late = datetime(2026, 3, 2, 23, 30, tzinfo=UTC)

    assert Resignation(employee_id="e-1").fact(late, "UTC").submitted_on == date(2026, 3, 2)
    assert Resignation(employee_id="e-1").fact(late, "Europe/Berlin").submitted_on == date(2026, 3, 3)
    assert Resignation(employee_id="e-1", time_zone="Pacific/Pago_Pago").fact(late, "UTC").submitted_on.day == 2
    assert today(late, "Pacific/Kiritimati") == date(2026, 3, 3)


def test_a_decision_states_the_fact_of_its_outcome() -> None:
    stays = Decision(outcome="RETAINED", decided_by_id="hr-1").fact(NOW, "UTC")
    leaves = Decision(outcome="CONFIRMED", decided_on=date(2026, 3, 1)).fact(NOW, "UTC")

    assert stays == EmployeeRetained(decided_on=date(2026, 3, 2), decided_by_id="hr-1")
    assert leaves == ExitConfirmed(decided_on=date(2026, 3, 1))


def test_a_withdrawal_says_who_asked_for_it() -> None:
    assert Withdrawal(requested_by=RequestedBy.BOTH).fact(NOW, "UTC") == ResignationWithdrawn(
        withdrawn_on=date(2026, 3, 2), requested_by=RequestedBy.BOTH
    )
    assert Withdrawal().fact(NOW, "UTC").requested_by is RequestedBy.UNKNOWN


def test_a_voiding_states_why() -> None:
    assert Voiding(reason="ENTERED_IN_ERROR").fact() == VOIDED
    assert Voiding(reason="DUPLICATE", duplicate_of=CASE_ID).fact() == ExitCaseVoided(
        reason=VoidReason.DUPLICATE, duplicate_of=CASE_ID
    )


def test_garden_leave_ends_after_the_last_working_day() -> None:
    fact = Resignation(employee_id="e-1", last_working_day=THEN, employment_end_date=NOW_ON).fact(NOW, "UTC")

    assert (fact.last_working_day, fact.employment_end_date) == (THEN, NOW_ON)
    with pytest.raises(ValidationError, match="cannot end before the last working day"):
        Resignation(employee_id="e-1", last_working_day=NOW_ON, employment_end_date=THEN)


def test_a_resignation_may_carry_every_own_field_of_its_event_and_no_other() -> None:
    stamped = set(ExitEvent.model_fields)
    own = set(EmployeeResigned.model_fields) - stamped

    assert set(Resignation.model_fields) == own | {"employee_id"}


def test_ids_are_those_of_the_standard() -> None:
    at = datetime(2022, 2, 22, 19, 22, 22, tzinfo=UTC)

    made = uuid7(at, lambda _: bytes.fromhex("0cc318c4dc0c0c07398f"))

    assert made == UUID("017f22e2-79b0-7cc3-98c4-dc0c0c07398f"), "the test vector of RFC 9562, A.6"


def test_ids_sort_by_time() -> None:
    early, late = uuid7(NOW, lambda n: b"\xff" * n), uuid7(NOW + timedelta(milliseconds=1), lambda n: b"\0" * n)

    assert early < late
    assert early.version == late.version == 7
