"""What the topics say of a person: which records are about them, which cases are over, and what else was made."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from choreography import Event
from choreography.wire.record import Record, TopicPartition
from infra.contract.examples import required_fields
from infra.operate.traces import Traces, is_about
from schemas.exits import (
    EmployeeDeparted,
    EmployeeResigned,
    EmployeeRetained,
    ExitCaseVoided,
    ExitConfirmed,
    LastWorkingDayChanged,
    ResignationWithdrawn,
)
from schemas.hr import ExitInterviewScheduled, InterviewInvitationSent
from schemas.notification import ManagerNotified

GONE = "E-4711"
EARLY, LATE = datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 4, tzinfo=UTC)


def record(
    value: bytes | None = b"\0avro", *, key: bytes | None = None, offset: int = 0, at: datetime = LATE
) -> Record:
    return Record("ems.exits.v1", 3, offset, key, value, (), int(at.timestamp() * 1000))


def traces_of(*kinds: type[Event]) -> Traces:
    """What there is once these were stated about one case."""
    traces = Traces()
    for kind in kinds:
        traces.add(record(), required_fields(kind))
    return traces


@pytest.mark.parametrize("ending", [EmployeeDeparted, EmployeeRetained, ExitCaseVoided, ResignationWithdrawn])
def test_a_case_is_over_once_it_ended(ending: type[Event]) -> None:
    traces = traces_of(EmployeeResigned, ExitConfirmed, ending)

    assert len(traces.cases) == 1
    assert traces.open == []


def test_a_confirmed_exit_is_open_until_the_departure() -> None:
    assert len(traces_of(EmployeeResigned, ExitConfirmed, LastWorkingDayChanged).open) == 1


def test_one_of_two_cases_may_be_open() -> None:
    traces, other = traces_of(EmployeeResigned, EmployeeRetained), uuid4()
    traces.add(record(), required_fields(EmployeeResigned).model_copy(update={"case_id": other}))

    assert traces.open == [other]
    assert len(traces.cases) == 2


def test_mails_and_entries_are_found_by_what_the_facts_name() -> None:
    traces = traces_of(ManagerNotified, ExitInterviewScheduled, InterviewInvitationSent)

    assert list(traces.mails) == ["message-id-1"]
    assert list(traces.entries) == ["ical-uid-1"]
    assert traces.cases == {}


def test_the_newest_record_counts_and_where_the_last_one_stands() -> None:
    traces = Traces()
    for offset, at in ((4, LATE), (7, EARLY)):
        traces.add(record(offset=offset, at=at), None)

    assert traces.records == {"ems.exits.v1": 2}
    assert traces.newest == {"ems.exits.v1": LATE}
    assert traces.last == {TopicPartition("ems.exits.v1", 3): 7}


@pytest.mark.parametrize(
    ("one", "is_theirs"),
    [
        (record(key=b"E-4711"), True),
        (record(None, key=b"E-4711"), True),
        (record(key=b"E-47110"), False),
        (record(b'{"employee_id": "E-4711"}', key=b"whatever"), True),
        (record(b'{"type": "resignation", "body": {"employee_id": "E-4711"}}'), True),
        (record(b'{"employee_id": "E-4712"}'), False),
        (record(b'{"employee_id": ["E-4711"]}'), False),
        (record(b'{"employee_id": "E-4711"'), False),
        (record(b' \r\n{"employee_id": "E-4711"}'), True),
        (record(b'{"a":' * 100_000), False),
        (record(b"\0E-4711"), False),
        (record(None), False),
    ],
)
def test_a_record_is_about_a_person_by_its_key_or_by_what_it_asks_for(one: Record, is_theirs: bool) -> None:
    assert is_about(one, GONE) is is_theirs
