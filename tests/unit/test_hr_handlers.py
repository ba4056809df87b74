"""What the HR service does about each event."""

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid5

import pytest

from choreography import ClaimLost, NothingToDo, Reject, Unavailable
from consumers.hr.booked import FINAL
from consumers.hr.entry import InterviewSlot
from consumers.hr.handler import cancel_exit_interview
from consumers.hr.invitations import ask_hr_to_arrange, call_off_interview, invite_to_interview
from consumers.hr.ports import CalendarSilent
from consumers.hr.service import service
from consumers.hr.slots import Period
from consumers.hr.tombstone import Tombstone
from schemas import ExitEvent
from schemas.exits import (
    EXIT_CLOSED,
    EmployeeResigned,
    EmployeeRetained,
    ExitCaseVoided,
    ExitConfirmed,
    ResignationWithdrawn,
)
from schemas.hr import (
    ExitInterviewCancelled,
    ExitInterviewNotPossible,
    HolidaysKnown,
    InterviewCancellationCause,
    InterviewInvitationSent,
    InterviewObstacle,
    InvitationMethod,
)
from tests.unit.hr_company import (
    CASE,
    HR,
    MINUTES,
    TUESDAY_NINE,
    UID,
    Company,
    at_tuesday,
    common,
    resigned,
    someone,
)


@pytest.fixture
def company() -> Company:
    return Company()


WITHDRAWN = ResignationWithdrawn(**common(2))


def test_the_interview_is_booked_at_the_first_time_that_is_free_for_both(company: Company) -> None:
    company.calendar.entries["ben"]["meeting"] = at_tuesday(0)
    company.calendar.entries["ana"]["dentist"] = at_tuesday(1.25)

    fact = company.schedule()

    assert fact.start == TUESDAY_NINE + timedelta(hours=2.25)
    assert company.calendar.entries["ben"][UID] == Period(fact.start, fact.start + MINUTES)
    assert UID not in company.calendar.entries["ana"]
    assert (fact.ical_uid, fact.sequence, fact.duration_minutes, fact.same_day, fact.clash) == (
        UID,
        1,
        45,
        False,
        False,
    )


def test_facts_name_people_by_id_only(company: Company) -> None:
    fact = company.schedule()
    invited = company.react(invite_to_interview, fact)

    for text in (fact.model_dump_json(), invited.model_dump_json()):
        assert "@example.com" not in text.replace("@example.com>", "")
        assert "Ana" not in text
    assert fact.attendee_ids == ("ben", "ana")


def test_booking_twice_is_booking_once(company: Company) -> None:
    company.calendar.down_after_put = True
    with pytest.raises(Unavailable):
        company.schedule()
    company.calendar.down_after_put = False

    fact = company.schedule(repeated=True)

    assert fact.start == TUESDAY_NINE
    assert len(company.calendar.put) == 1


def test_a_booked_interview_stands_though_the_directory_has_lost_everybody(company: Company) -> None:
    company.calendar.down_after_put = True
    with pytest.raises(Unavailable):
        company.schedule()
    company.directory.people.clear()
    company.directory.partner = None

    assert company.schedule(repeated=True).start == TUESDAY_NINE


@pytest.mark.parametrize("repeated", [True, False])
def test_a_time_that_has_passed_before_it_was_booked_is_chosen_anew(company: Company, repeated: bool) -> None:
    decide(company)
    company.now = TUESDAY_NINE + timedelta(hours=1)

    fact = company.schedule(repeated=repeated)

    assert fact.start == datetime(2026, 3, 4, 9, tzinfo=UTC)
    assert company.calendar.entries["ben"][UID].start == fact.start


def test_a_time_that_has_passed_after_it_was_booked_stands(company: Company) -> None:
    decide(company)
    company.calendar.entries["ben"][UID] = Period(TUESDAY_NINE, TUESDAY_NINE + MINUTES)
    company.now = TUESDAY_NINE + timedelta(hours=1)

    assert company.schedule(repeated=True).start == TUESDAY_NINE


def decide(company: Company) -> None:
    """Let the service crash after it has written down Tuesday nine, before it has booked."""
    company.memory.owned = True
    slot = InterviewSlot(uid=UID, interviewer_id="ben", start=TUESDAY_NINE, time_zone="Europe/London")

    async def chosen() -> InterviewSlot:
        return slot

    asyncio.run(company.memory.effect(resigned(), company.now).once(InterviewSlot, chosen))


def test_the_hr_partner_whom_the_event_names_holds_the_interview(company: Company) -> None:
    assert company.schedule(hr_partner_id="cleo").interviewer_id == "cleo"


@pytest.mark.parametrize("named", ["ana", "nobody", "gone"])
def test_the_directory_decides_where_the_named_hr_partner_cannot_hold_it(company: Company, named: str) -> None:
    company.directory.people.append(someone("gone", active=False))

    assert company.schedule(hr_partner_id=named).interviewer_id == "ben"


def test_nobody_interviews_themselves(company: Company) -> None:
    company.directory.partner = company.directory.people[0]

    assert company.fail_to_schedule().cause is InterviewObstacle.NO_HR_PARTNER


def test_who_has_no_calendar_is_taken_to_be_free(company: Company) -> None:
    del company.calendar.entries["ana"]

    assert company.schedule().start == TUESDAY_NINE


def test_office_hours_of_the_interviewer_are_respected(company: Company) -> None:
    company.directory.partner = someone("ben", time_zone="America/New_York")

    assert company.schedule().start == datetime(2026, 3, 3, 14, tzinfo=UTC)


@pytest.mark.parametrize(("zone", "hour"), [("Europe/Berlin", 14), ("Europe/Paris", 8)])
def test_the_directory_knows_where_somebody_works_whose_resignation_does_not_say(
    company: Company, zone: str, hour: int
) -> None:
    company.directory.people[0] = someone("ana", time_zone="America/New_York")
    company.directory.partner = someone("ben", time_zone="Europe/Paris")

    fact = company.schedule(time_zone=zone)

    assert fact.start == datetime(2026, 3, 3, hour, tzinfo=UTC)
    assert fact.time_zone == ("America/New_York" if zone == "Europe/Berlin" else zone)


def test_one_who_leaves_and_interviews_is_not_in_two_interviews_at_once(company: Company) -> None:
    company.directory.people.append(someone("dan"))
    company.calendar.entries["dan"] = {}
    first = company.schedule()
    other = uuid5(CASE, "another")

    second = company.schedule(employee_id="dan", hr_partner_id="ana", case_id=other, event_id=other)

    assert second.start != first.start


@pytest.mark.parametrize("zone", [None, "Nowhere/Else", "../etc"])
def test_an_interviewer_without_a_zone_works_where_the_employee_does(company: Company, zone: str | None) -> None:
    company.directory.partner = someone("ben", time_zone=zone)

    assert company.schedule().start == TUESDAY_NINE


def test_an_interview_on_the_same_day_says_so(company: Company) -> None:
    fact = company.schedule(last_working_day=date(2026, 3, 3))

    assert fact.start == datetime(2026, 3, 2, 12, 30, tzinfo=UTC)
    assert fact.same_day


def test_a_clash_that_came_up_meanwhile_is_shown(company: Company) -> None:
    decide(company)
    company.calendar.entries["ben"]["faster"] = at_tuesday(0.5)

    assert company.schedule().clash


def test_a_decision_that_cannot_be_written_down_moves_no_interview(company: Company) -> None:
    company.memory.owned = False
    for _ in range(3):
        with pytest.raises(ClaimLost):
            company.schedule()
    assert company.ports.promised.to("ana", "ben") == set()
    company.memory.owned = True

    assert company.schedule().start == TUESDAY_NINE


def test_what_was_promised_in_a_calendar_that_nobody_may_write_to_is_taken_back(company: Company) -> None:
    company.calendar.read_only.add("ben")

    company.fail_to_schedule()

    assert company.ports.promised.to("ana", "ben") == set()


def case_number(number: int) -> dict[str, Any]:
    case = uuid5(CASE, f"case {number}")
    return {"case_id": case, "event_id": case, "employee_id": f"E-{number}"}


def two_partners(company: Company, leavers: int) -> None:
    company.directory.others = [someone("cleo")]
    company.directory.people += [someone(f"E-{number}") for number in range(leavers)]


def test_the_interviews_of_a_division_are_shared_among_its_partners(company: Company) -> None:
    two_partners(company, 10)

    held_by = [company.schedule(**case_number(number)).interviewer_id for number in range(10)]

    assert Counter(held_by) == {"ben": 5, "cleo": 5}


def test_who_has_more_to_do_gets_no_interview(company: Company) -> None:
    two_partners(company, 4)
    company.calendar.entries["cleo"]["fair"] = at_tuesday(0, 6)

    assert {company.schedule(**case_number(number)).interviewer_id for number in range(4)} == {"ben"}


@pytest.mark.parametrize("number", range(4))
def test_of_partners_without_a_time_or_a_calendar_another_is_asked(company: Company, number: int) -> None:
    two_partners(company, 4)
    if number % 2:
        del company.calendar.entries["ben"]
    else:
        all_busy(company)

    assert company.schedule(**case_number(number)).interviewer_id == "cleo"


def test_of_many_partners_few_calendars_are_read_and_all_have_their_turn(company: Company) -> None:
    company.directory.others = [someone(f"P-{number}") for number in range(30)]
    company.directory.people += [someone(f"E-{number}") for number in range(40)]
    company.calendar.entries.update({f"P-{number}": {} for number in range(30)})

    held_by = {company.schedule(**case_number(number)).interviewer_id for number in range(40)}

    assert len(held_by) > 15
    assert len(company.calendar.asked) <= 40 * (1 + 5 + 2)


def test_a_holiday_of_the_interviewers_own_country_is_no_day_for_an_interview(company: Company) -> None:
    company.now = datetime(2026, 10, 23, 12, tzinfo=UTC)  # a Friday, and Monday is Austria's national day
    company.directory.partner = someone("ben", country="AT")

    assert company.schedule(country="GB").start.date() == date(2026, 10, 27)


def no_calendar(company: Company) -> None:
    del company.calendar.entries["ben"]


def no_employee(company: Company) -> None:
    company.directory.people.pop(0)


def two_employees(company: Company) -> None:
    company.directory.people.append(someone("ana"))


def no_partner(company: Company) -> None:
    company.directory.partner = None


def all_busy(company: Company) -> None:
    company.calendar.entries["ben"]["sabbatical"] = at_tuesday(0, 24 * 30)


@pytest.mark.parametrize(
    ("obstacle", "cause", "partner"),
    [
        (no_calendar, InterviewObstacle.NO_CALENDAR, "ben"),
        (no_employee, InterviewObstacle.PERSON_NOT_FOUND, None),
        (two_employees, InterviewObstacle.PERSON_AMBIGUOUS, None),
        (no_partner, InterviewObstacle.NO_HR_PARTNER, None),
        (all_busy, InterviewObstacle.NO_FREE_SLOT, "ben"),
    ],
)
def test_what_stands_in_the_way_is_stated_and_hr_is_asked_to_arrange_it(
    company: Company, obstacle: Callable[[Company], None], cause: InterviewObstacle, partner: str | None
) -> None:
    obstacle(company)

    fact = company.fail_to_schedule()
    asked = company.react(ask_hr_to_arrange, fact)

    assert (fact.cause, fact.hr_partner_id) == (cause, partner)
    assert isinstance(asked, InterviewInvitationSent)
    assert asked.method is InvitationMethod.TASK
    assert company.mailer.sent[0]["To"] == HR
    assert company.calendar.put == []


@pytest.mark.parametrize(
    ("differs", "cause"),
    [
        ({"time_zone": "Mars/Olympus"}, InterviewObstacle.INVALID_TIME_ZONE),
        ({"last_working_day": date(2026, 2, 27)}, InterviewObstacle.TOO_LATE),
    ],
)
def test_a_resignation_that_leaves_no_time_is_said_to(
    company: Company, differs: dict[str, Any], cause: InterviewObstacle
) -> None:
    assert company.fail_to_schedule(**differs).cause is cause


@pytest.mark.parametrize(
    ("kind", "cause"),
    [
        (ResignationWithdrawn, InterviewCancellationCause.WITHDRAWN),
        (EmployeeRetained, InterviewCancellationCause.RETAINED),
        (ExitCaseVoided, InterviewCancellationCause.VOIDED),
    ],
)
def test_when_the_person_stays_the_interview_is_cancelled(
    company: Company, kind: type[ExitEvent], cause: InterviewCancellationCause
) -> None:
    booked = company.schedule()

    fact = company.cancel(kind(**common(2)))

    assert UID not in company.calendar.entries["ben"]
    assert (fact.cause, fact.start, fact.sequence, fact.interviewer_id) == (cause, booked.start, 2, "ben")


def test_a_cancelled_time_may_be_given_to_somebody_else(company: Company) -> None:
    company.schedule()
    company.cancel(WITHDRAWN)

    assert company.ports.promised.to("ben", "ana") == set()


def test_without_an_interview_nothing_is_cancelled(company: Company) -> None:
    with pytest.raises(NothingToDo):
        company.cancel(WITHDRAWN)


def test_it_is_cancelled_once(company: Company) -> None:
    company.schedule()
    company.cancel(WITHDRAWN)

    with pytest.raises(NothingToDo):
        company.cancel(EmployeeRetained(**common(3)))


def test_an_interview_that_was_held_is_not_cancelled(company: Company) -> None:
    company.schedule()
    company.now = TUESDAY_NINE + timedelta(days=1)

    with pytest.raises(NothingToDo):
        company.cancel(WITHDRAWN)
    assert UID in company.calendar.entries["ben"]


def moved_by_hand(company: Company, hours: float) -> Period:
    """Book the interview on Tuesday at nine, and have HR move it in the calendar."""
    company.schedule()
    company.calendar.entries["ben"][UID] = at_tuesday(hours)
    company.now = TUESDAY_NINE + timedelta(hours=2)
    return at_tuesday(hours)


def test_an_interview_that_hr_moved_by_hand_is_cancelled_where_it_stands(company: Company) -> None:
    friday = moved_by_hand(company, 72)

    fact = company.cancel(WITHDRAWN)

    assert UID not in company.calendar.entries["ben"]
    assert (fact.start, fact.duration_minutes) == (friday.start, 60)
    assert company.calendar.tombs["ben", UID].slot.period == friday
    assert company.ports.promised.to("ben", "ana") == set()


def test_an_interview_that_hr_moved_forward_and_held_is_not_cancelled(company: Company) -> None:
    moved_by_hand(company, 1)
    company.now = TUESDAY_NINE - timedelta(hours=3)
    company.calendar.entries["ben"][UID] = Period(company.now - MINUTES, company.now)

    with pytest.raises(NothingToDo, match="held"):
        company.cancel(WITHDRAWN)


def test_cancelling_twice_what_hr_moved_by_hand_is_cancelling_once_and_is_stated(company: Company) -> None:
    friday = moved_by_hand(company, 72)
    company.calendar.down_after_cancel = True
    with pytest.raises(Unavailable):
        company.cancel(WITHDRAWN)
    company.calendar.down_after_cancel = False

    fact = company.react(cancel_exit_interview, WITHDRAWN, repeated=True)

    assert isinstance(fact, ExitInterviewCancelled)
    assert fact.start == friday.start
    assert company.calendar.tombs["ben", UID].slot.period == friday


def test_an_interview_that_hr_left_without_a_length_is_cancelled(company: Company) -> None:
    company.schedule()
    company.calendar.entries["ben"][UID] = at_tuesday(72, -1)

    assert company.cancel(WITHDRAWN).duration_minutes == 45


@pytest.mark.parametrize("by_hand", ["deleted", "called off"])
def test_of_what_hr_took_out_the_time_that_was_stated_counts(company: Company, by_hand: str) -> None:
    booked = company.schedule()
    del company.calendar.entries["ben"][UID]
    if by_hand == "called off":
        slot = InterviewSlot(uid=UID, interviewer_id="ben", start=at_tuesday(-24).start, time_zone="Europe/London")
        company.calendar.tombs["ben", UID] = Tombstone(slot, FINAL, company.now, "Cancelled: Conversation")

    assert company.cancel(WITHDRAWN).start == booked.start


@pytest.mark.parametrize("whose", ["ana", "ben"])
def test_a_silent_calendar_is_waited_for_and_after_an_hour_counts_as_none(company: Company, whose: str) -> None:
    company.calendar.silent.add(whose)
    with pytest.raises(CalendarSilent):
        company.schedule()

    company.now += timedelta(hours=1)

    if whose == "ana":
        assert company.schedule().start == TUESDAY_NINE
    else:
        assert company.fail_to_schedule().cause is InterviewObstacle.NO_CALENDAR


def test_who_has_a_calendar_that_nobody_may_write_to_has_none(company: Company) -> None:
    company.calendar.read_only.add("ben")

    fact = company.fail_to_schedule()

    assert (fact.cause, fact.hr_partner_id) == (InterviewObstacle.NO_CALENDAR, "ben")


def test_facts_say_whose_public_holidays_counted(company: Company) -> None:
    fact = company.schedule(country="DE", subdivision="BY")

    assert (fact.country, fact.subdivision, fact.holidays) == ("DE", "BY", HolidaysKnown.SUBDIVISION)


def test_what_stays_in_the_calendar_says_of_which_interview_and_by_which_event_it_was_called_off(
    company: Company,
) -> None:
    company.schedule()

    company.cancel(WITHDRAWN)

    (tombstone,) = company.calendar.tombs.values()
    assert (tombstone.slot.uid, tombstone.slot.start) == (UID, TUESDAY_NINE)
    assert (tombstone.version, tombstone.stamp) == (WITHDRAWN.case_version, WITHDRAWN.occurred_at)


def test_a_booking_that_was_decided_and_comes_after_the_cancellation_books_nothing(company: Company) -> None:
    decide(company)
    company.memory.owned = True
    company.cancel(WITHDRAWN)

    with pytest.raises(NothingToDo, match="called off"):
        company.schedule(repeated=True)
    assert company.calendar.put == []


def test_an_interview_that_was_booked_before_a_crash_is_cancelled_too(company: Company) -> None:
    company.calendar.down_after_put = True
    with pytest.raises(Unavailable):
        company.schedule()

    fact = company.cancel(WITHDRAWN)

    assert UID not in company.calendar.entries["ben"]
    assert fact.start == TUESDAY_NINE


def test_another_case_of_the_same_person_is_left_alone(company: Company) -> None:
    other = uuid5(CASE, "another")
    company.schedule(case_id=other, event_id=other)

    with pytest.raises(NothingToDo):
        company.cancel(WITHDRAWN)
    assert f"interview-{other}" in company.calendar.entries["ben"]


def test_partner_and_employee_are_invited(company: Company) -> None:
    sent = company.react(invite_to_interview, company.schedule())

    message = company.mailer.sent[0]
    assert message["To"] == "ben@example.com, ana@example.com"
    assert message["Subject"] == "Invitation: Conversation"
    assert "Tuesday, 3 March 2026, 09:00 (Europe/London)" in company.last_text()
    assert isinstance(sent, InterviewInvitationSent)
    assert (sent.method, sent.message_id) == (InvitationMethod.REQUEST, message["Message-ID"])
    assert not sent.perhaps_repeated


@pytest.mark.parametrize("clash", [True, False])
def test_the_invitation_says_that_something_else_is_at_the_same_time(company: Company, clash: bool) -> None:
    decide(company)
    if clash:
        company.calendar.entries["ben"]["faster"] = at_tuesday(0.5)

    company.invite(company.schedule())

    assert ("something else was entered in one of your calendars" in company.last_text()) is clash


def test_a_repeated_mail_is_the_same_mail_and_says_that_it_may_be_one(company: Company) -> None:
    fact = company.schedule()
    company.attempt(invite_to_interview, fact)
    sent = company.attempt(invite_to_interview, fact, repeated=True)

    first, second = company.mailer.sent
    assert bytes(first) == bytes(second)
    assert isinstance(sent, InterviewInvitationSent)
    assert sent.perhaps_repeated


@pytest.mark.parametrize("mail", [None, "", "nonsense", "ana@example.com\nBcc: eve@example.com", "a na@example.com"])
def test_hr_is_asked_to_pass_the_invitation_on_where_there_is_no_usable_address(
    company: Company, mail: str | None
) -> None:
    company.directory.people[0] = someone("ana", mail=mail)

    company.react(invite_to_interview, company.schedule())

    assert company.mailer.sent[0]["To"] == f"ben@example.com, {HR}"
    assert "No mail address is known for ana" in company.last_text()


def test_where_hr_as_a_whole_stands_in_for_the_partner_it_reads_its_own_language() -> None:
    company = Company(hr_language="de")
    company.directory.people[:2] = [someone("ana", preferred_language="de"), someone("ben", mail=None)]

    company.react(invite_to_interview, company.schedule())

    assert company.mailer.sent[0]["To"] == f"{HR}, ana@example.com"
    assert company.mailer.sent[0]["Subject"] == "Einladung: Gespräch"
    assert company.last_text().startswith("Guten Tag HR und Ana, ein Gespräch von 45 Minuten ist geplant für Dienstag")


def test_a_mail_that_nobody_may_have_is_kept_for_a_person_to_look_at(company: Company) -> None:
    company.mailer.refuses = True

    with pytest.raises(Reject):
        company.react(invite_to_interview, company.schedule())


def test_those_who_were_invited_are_told_that_it_is_off(company: Company) -> None:
    company.react(invite_to_interview, company.schedule())

    sent = company.react(call_off_interview, company.cancel(WITHDRAWN))

    assert company.mailer.sent[-1]["Subject"] == "Cancelled: Conversation"
    assert isinstance(sent, InterviewInvitationSent)
    assert (sent.method, sent.sequence) == (InvitationMethod.CANCEL, 2)


def test_who_was_never_invited_hears_nothing(company: Company) -> None:
    company.schedule()
    cancelled = company.cancel(WITHDRAWN)

    with pytest.raises(NothingToDo):
        company.react(call_off_interview, cancelled)
    assert company.mailer.sent == []


def test_hr_need_not_arrange_an_interview_with_somebody_who_stays(company: Company) -> None:
    no_calendar(company)
    company.react(ask_hr_to_arrange, company.fail_to_schedule())

    cancelled = company.cancel(EmployeeRetained(**common(2)))
    company.react(call_off_interview, cancelled)

    assert company.mailer.sent[-1]["To"] == HR
    assert "is not needed any more: the employee stays" in company.last_text()


def test_the_mail_to_hr_says_who_why_and_until_when(company: Company) -> None:
    no_calendar(company)
    company.react(ask_hr_to_arrange, company.fail_to_schedule(last_working_day=date(2026, 3, 31)))

    text = company.last_text()
    assert "with Ana (employee id ana): the HR partner has no calendar that can be read and written." in text
    assert "the last working day is Tuesday, 31 March 2026." in text


UNKNOWN = {"en": "the cause is not known", "de": "der Grund ist nicht bekannt"}


@pytest.mark.parametrize("language", UNKNOWN)
@pytest.mark.parametrize("cause", list(InterviewObstacle))
def test_every_obstacle_has_words(language: str, cause: InterviewObstacle) -> None:
    company = Company(hr_language=language)
    company.react(ask_hr_to_arrange, ExitInterviewNotPossible(cause=cause, **common(1)))

    assert (UNKNOWN[language] in company.last_text()) is (cause is InterviewObstacle.UNKNOWN)


@pytest.mark.parametrize("language", UNKNOWN)
@pytest.mark.parametrize("cause", list(InterviewCancellationCause))
def test_every_reason_why_hr_need_not_arrange_it_has_words(language: str, cause: InterviewCancellationCause) -> None:
    company = Company(hr_language=language)
    no_calendar(company)
    company.react(ask_hr_to_arrange, company.fail_to_schedule())

    cancelled = company.cancel(EmployeeRetained(**common(2))).model_copy(update={"cause": cause})
    company.react(call_off_interview, cancelled)

    assert (UNKNOWN[language] in company.last_text()) is (cause is InterviewCancellationCause.UNKNOWN)


def test_a_confirmed_exit_is_no_reason_to_forget_the_interview() -> None:
    reactions = {reaction.event: reaction for reaction in service.reactions}

    assert reactions[EmployeeResigned].unless == EXIT_CLOSED
    assert ExitConfirmed not in reactions[EmployeeResigned].unless
    assert service.starts == "earliest"
