"""What becomes of the interview when the last working day moves."""

import re
from datetime import UTC, date, datetime, timedelta

import pytest

from choreography import Event, NothingToDo, Unavailable
from consumers.hr.invitations import ask_hr_to_arrange, call_off_interview, invite_to_interview
from consumers.hr.moving import move_exit_interview
from consumers.hr.service import service
from consumers.hr.slots import Period
from schemas.exits import EXIT_CLOSED, EmployeeRetained, LastWorkingDayChanged
from schemas.hr import (
    ExitInterviewCancelled,
    ExitInterviewMoved,
    ExitInterviewNotPossible,
    ExitInterviewScheduled,
    InterviewInvitationSent,
    InterviewObstacle,
    InvitationMethod,
)
from tests.unit.hr_company import (
    CASE,
    HR,
    MINUTES,
    MONDAY_NOON,
    TUESDAY_NINE,
    UID,
    Company,
    at_tuesday,
    changed,
    common,
    someone,
    text_of,
)

FAR, FRIDAY, TUESDAY, LAST_FRIDAY = date(2026, 3, 31), date(2026, 3, 6), date(2026, 3, 3), date(2026, 2, 27)
TODAY = datetime(2026, 3, 2, 12, 30, tzinfo=UTC)
RETAINED = EmployeeRetained(**common(9))


@pytest.fixture
def company() -> Company:
    return Company()


def where(company: Company) -> datetime | None:
    found = company.calendar.entries["ben"].get(UID)
    return found.start if found else None


def moved(company: Company, order: int, day: date | None, *, repeated: bool = False) -> ExitInterviewMoved:
    fact = company.move(changed(order, day), repeated=repeated)
    assert isinstance(fact, ExitInterviewMoved)
    return fact


def given_up(company: Company, order: int = 2, day: date = LAST_FRIDAY) -> ExitInterviewNotPossible:
    fact = company.move(changed(order, day))
    assert isinstance(fact, ExitInterviewNotPossible)
    return fact


def left_alone(company: Company, day: date | None, why: str, order: int = 2) -> None:
    before = dict(company.calendar.entries["ben"])
    with pytest.raises(NothingToDo, match=why):
        company.attempt(move_exit_interview, changed(order, day))
    assert company.calendar.entries["ben"] == before


def busy_until_wednesday(company: Company) -> None:
    """Have the first interview stand on Thursday, and Tuesday become free afterwards."""
    company.calendar.entries["ben"]["fair"] = at_tuesday(0, 40)
    assert company.schedule().start.date() == date(2026, 3, 5)
    del company.calendar.entries["ben"]["fair"]


@pytest.mark.parametrize("day", [None, FAR, FRIDAY])
def test_an_interview_that_suits_the_new_day_stays_where_it_is(company: Company, day: date | None) -> None:
    company.schedule()

    left_alone(company, day, "suits")


def test_an_interview_that_would_be_too_late_is_moved_to_the_first_time_that_is_early_enough(company: Company) -> None:
    busy_until_wednesday(company)

    fact = moved(company, 2, FRIDAY)

    assert (fact.start, fact.previous_start) == (TUESDAY_NINE, datetime(2026, 3, 5, 9, tzinfo=UTC))
    assert (fact.ical_uid, fact.sequence, fact.interviewer_id, fact.same_day) == (UID, 2, "ben", False)
    assert where(company) == TUESDAY_NINE


def test_when_the_last_working_day_comes_very_near_the_interview_is_today(company: Company) -> None:
    company.schedule()

    fact = moved(company, 2, TUESDAY)

    assert (fact.start, fact.same_day) == (TODAY, True)
    assert company.ports.promised.to("ben") == {Period(TODAY, TODAY + MINUTES)}


def test_an_interview_today_is_not_moved_within_the_day(company: Company) -> None:
    company.schedule()
    moved(company, 2, TUESDAY)
    company.calendar.entries["ben"][UID] = Period(TODAY + 2 * MINUTES, TODAY + 3 * MINUTES)

    left_alone(company, date(2026, 3, 4), "suits", order=3)


def test_an_interview_on_the_last_days_that_are_left_is_not_moved_by_a_quarter_of_an_hour(company: Company) -> None:
    company.now = datetime(2026, 2, 27, 17, 30, tzinfo=UTC)
    assert company.schedule(last_working_day=TUESDAY).start == datetime(2026, 3, 2, 9, tzinfo=UTC)

    left_alone(company, TUESDAY, "no better time")

    assert company.ports.promised.to("ben") == set()


def test_without_a_better_time_the_interview_stays_as_long_as_it_is_not_after_the_last_day(company: Company) -> None:
    company.schedule()
    company.calendar.entries["ben"]["today"] = Period(MONDAY_NOON, MONDAY_NOON + timedelta(hours=8))

    left_alone(company, TUESDAY, "no better time")


def test_an_interview_that_was_held_is_not_moved(company: Company) -> None:
    company.schedule()
    company.now = TUESDAY_NINE + timedelta(hours=1)

    left_alone(company, TUESDAY, "held")


def test_an_interview_that_hr_has_taken_out_stays_out(company: Company) -> None:
    company.schedule()
    del company.calendar.entries["ben"][UID]

    left_alone(company, TUESDAY, "taken it out")


def test_the_time_that_hr_agreed_on_counts_and_not_the_one_that_was_booked(company: Company) -> None:
    company.schedule()
    company.calendar.entries["ben"][UID] = Period(TUESDAY_NINE + 7 * MINUTES, TUESDAY_NINE + 8 * MINUTES)
    left_alone(company, FRIDAY, "suits")

    company.calendar.entries["ben"][UID] = at_tuesday(24 * 7)

    assert moved(company, 2, FRIDAY).start == TUESDAY_NINE


def test_when_it_can_no_longer_be_held_it_is_called_off_and_that_is_stated(company: Company) -> None:
    company.schedule()

    fact = given_up(company)

    assert where(company) is None
    assert (fact.cause, fact.start, fact.sequence) == (InterviewObstacle.TOO_LATE, TUESDAY_NINE, 2)
    assert (fact.last_working_day, fact.attendee_ids) == (LAST_FRIDAY, ("ben", "ana"))
    assert company.ports.promised.to("ben") == set()


def test_a_partner_who_has_left_cannot_keep_the_interview(company: Company) -> None:
    company.schedule()
    company.directory.people[1] = someone("ben", active=False)
    company.directory.partner = company.directory.people[2]

    assert given_up(company, day=date(2026, 3, 2)).cause is InterviewObstacle.NO_HR_PARTNER
    assert where(company) is None


def test_what_was_not_possible_is_booked_as_soon_as_it_is(company: Company) -> None:
    company.calendar.entries["ben"]["sabbatical"] = at_tuesday(-10, 24 * 30)
    company.fail_to_schedule(hr_partner_id="ben", country="DE", subdivision="BY")
    del company.calendar.entries["ben"]["sabbatical"]

    fact = company.move(changed(2, FAR))

    assert isinstance(fact, ExitInterviewScheduled)
    assert (fact.start, fact.sequence, fact.country, fact.subdivision) == (TUESDAY_NINE, 2, "DE", "BY")
    assert where(company) == TUESDAY_NINE


def test_what_is_still_not_possible_is_said_again_with_the_new_day(company: Company) -> None:
    del company.calendar.entries["ben"]
    company.fail_to_schedule()

    fact = given_up(company, day=FAR)

    assert (fact.cause, fact.last_working_day) == (InterviewObstacle.NO_CALENDAR, FAR)


def test_an_interview_that_was_called_off_for_want_of_time_is_booked_again_when_there_is_some(company: Company) -> None:
    company.schedule()
    given_up(company)

    fact = company.move(changed(3, FAR))

    assert isinstance(fact, ExitInterviewScheduled)
    assert (where(company), fact.sequence) == (TUESDAY_NINE, 3)


@pytest.mark.parametrize("day", [FAR, TUESDAY])
def test_nothing_happens_where_nothing_was_planned_or_the_employee_stays(company: Company, day: date) -> None:
    left_alone(company, day, "No interview")

    company.schedule()
    company.cancel(EmployeeRetained(**common(2)))
    left_alone(company, day, "No interview", order=3)


def test_a_moved_interview_is_cancelled_at_its_new_place(company: Company) -> None:
    company.schedule()
    fact = moved(company, 2, TUESDAY)

    cancelled = company.cancel(RETAINED)

    assert where(company) is None
    assert (cancelled.start, cancelled.sequence) == (fact.start, 9)
    assert company.calendar.tombs["ben", UID].version == 9
    assert company.ports.promised.to("ben", "ana") == set()


def test_a_moved_interview_that_was_held_is_not_cancelled(company: Company) -> None:
    company.schedule()
    moved(company, 2, TUESDAY)
    company.now = MONDAY_NOON + timedelta(hours=4)

    with pytest.raises(NothingToDo):
        company.cancel(RETAINED)


# ---- crashes


def crash_while_moving(company: Company, order: int, day: date | None) -> None:
    company.calendar.down_after_put = company.calendar.down_after_cancel = True
    with pytest.raises(Unavailable):
        company.move(changed(order, day))
    company.calendar.down_after_put = company.calendar.down_after_cancel = False


def test_moving_twice_is_moving_once_and_is_stated(company: Company) -> None:
    company.schedule()
    crash_while_moving(company, 2, TUESDAY)
    company.calendar.entries["ben"]["faster"] = Period(MONDAY_NOON, TODAY + 3 * MINUTES)

    fact = moved(company, 2, TUESDAY, repeated=True)

    assert (fact.start, fact.previous_start, fact.clash) == (TODAY, TUESDAY_NINE, True)
    assert len(company.calendar.put) == 2
    company.invite(fact)
    assert "something else was entered" in company.last_text()


def test_giving_up_twice_is_giving_up_once_and_is_stated(company: Company) -> None:
    company.schedule()
    crash_while_moving(company, 2, LAST_FRIDAY)

    fact = company.move(changed(2, LAST_FRIDAY), repeated=True)

    assert isinstance(fact, ExitInterviewNotPossible)
    assert (fact.cause, fact.start) == (InterviewObstacle.TOO_LATE, TUESDAY_NINE)


def test_a_time_that_has_passed_before_it_was_moved_there_is_chosen_anew_or_given_up(company: Company) -> None:
    company.schedule()
    company.memory.owned = True
    crash_while_moving(company, 2, TUESDAY)
    company.calendar.entries["ben"][UID] = Period(TUESDAY_NINE, TUESDAY_NINE + MINUTES)
    company.calendar.versions[UID] = 1  # it crashed before the request
    company.now = MONDAY_NOON + timedelta(hours=2)

    assert moved(company, 2, TUESDAY, repeated=True).start == datetime(2026, 3, 2, 14, 30, tzinfo=UTC)


def test_a_move_that_crashed_and_was_undone_is_cancelled_where_it_stands(company: Company) -> None:
    company.schedule()
    crash_while_moving(company, 2, TUESDAY)

    fact = company.cancel(RETAINED)

    assert where(company) is None
    assert fact.start == TUESDAY_NINE  # where it was said to be


def test_a_move_that_a_person_gave_up_does_not_make_what_was_stated_held(company: Company) -> None:
    company.schedule()
    crash_while_moving(company, 2, TUESDAY)
    company.memory.finished.add(company.memory.effect(changed(2, TUESDAY), company.now).key)
    company.now = MONDAY_NOON + timedelta(hours=4)

    fact = company.cancel(RETAINED)

    assert where(company) is None
    assert fact.start == TUESDAY_NINE  # which those who take part were told


def test_a_booking_that_crashed_after_it_became_possible_is_cancelled_too(company: Company) -> None:
    company.schedule()
    given_up(company)
    crash_while_moving(company, 3, FAR)
    assert where(company) is not None

    company.cancel(RETAINED)

    assert where(company) is None


def test_a_first_booking_that_crashed_after_it_became_possible_is_cancelled_too(company: Company) -> None:
    company.calendar.entries["ben"]["sabbatical"] = at_tuesday(-10, 24 * 30)
    company.fail_to_schedule()
    del company.calendar.entries["ben"]["sabbatical"]
    crash_while_moving(company, 2, FAR)
    assert where(company) is not None

    company.cancel(RETAINED)

    assert where(company) is None


def test_a_move_that_was_given_up_by_a_person_after_it_had_begun_is_stated_by_the_next(company: Company) -> None:
    company.schedule()
    crash_while_moving(company, 2, TUESDAY)

    fact = moved(company, 3, FAR)

    assert (fact.start, fact.previous_start, fact.sequence) == (TODAY, TUESDAY_NINE, 3)


def test_what_was_called_off_and_never_said_to_be_is_planned_anew_by_the_next(company: Company) -> None:
    company.schedule()
    crash_while_moving(company, 2, LAST_FRIDAY)
    assert where(company) is None

    assert moved(company, 3, FAR).sequence == 3
    assert where(company) == TUESDAY_NINE


# ---- mails


def test_who_was_invited_is_told_of_the_new_time_and_of_the_old_one(company: Company) -> None:
    company.invite(company.schedule())

    sent = company.invite(moved(company, 2, TUESDAY))

    assert (sent.method, sent.sequence, sent.ical_uid) == (InvitationMethod.REQUEST, 2, UID)
    text = company.last_text()
    assert "planned for Tuesday, 3 March 2026, 09:00 (Europe/London) has been moved" in text
    assert "It now is on Monday, 2 March 2026, 12:30 (Europe/London)" in text
    assert company.mailer.sent[-1]["To"] == "ben@example.com, ana@example.com"


def test_who_was_not_invited_before_hears_of_one_time_only(company: Company) -> None:
    company.schedule()

    company.invite(moved(company, 2, TUESDAY))

    assert "moved" not in company.last_text()
    assert "planned for Monday, 2 March" in company.last_text()


def test_a_time_that_nobody_was_told_is_not_given_as_the_old_one(company: Company) -> None:
    busy_until_wednesday(company)
    company.invite(company.memory.stated[-1])
    moved(company, 2, FRIDAY)  # to Tuesday; the mail about it was outdated by the next move, and skipped

    company.invite(moved(company, 3, TUESDAY))

    assert "the conversation with you has been moved. It now is on Monday, 2 March 2026, 12:30" in company.last_text()
    assert "Tuesday" not in company.last_text()


def test_an_interview_that_comes_back_to_the_time_that_was_told_is_not_said_to_be_moved(company: Company) -> None:
    company.invite(company.schedule())
    company.calendar.entries["ben"][UID] = at_tuesday(24 * 7)

    fact = moved(company, 2, date(2026, 3, 9))
    assert (fact.start, fact.previous_start) == (TUESDAY_NINE, at_tuesday(24 * 7).start)
    company.invite(fact)

    assert "a conversation of 45 minutes is planned for Tuesday, 3 March 2026, 09:00" in company.last_text()


def test_after_a_mail_about_a_move_the_next_one_names_the_time_of_that(company: Company) -> None:
    busy_until_wednesday(company)
    company.invite(company.memory.stated[-1])
    company.invite(moved(company, 2, FRIDAY))

    company.invite(moved(company, 3, TUESDAY))

    assert "the conversation planned for Tuesday, 3 March 2026, 09:00 (Europe/London) has been" in company.last_text()


def test_one_mail_calls_it_off_and_asks_hr_to_arrange_it(company: Company) -> None:
    company.invite(company.schedule())

    sent = company.react(ask_hr_to_arrange, given_up(company))

    message, text = company.mailer.sent[-1], company.last_text()
    assert isinstance(sent, InterviewInvitationSent)
    assert (sent.method, sent.ical_uid, sent.sequence) == (InvitationMethod.TASK, UID, 2)
    assert message["To"] == f"ben@example.com, ana@example.com, {HR}"
    assert message["Subject"] == "Cancelled: Conversation"
    assert [part.get_param("method") for part in message.iter_parts()] == [None, None, "CANCEL"]
    assert "the day by which it was to be held is over" in text
    assert "please arrange the conversation by hand. It was to be held by Friday, 27 February 2026." in text


ENGLISH = r"exit|resign|leav|left|depart|last (working )?day|notice"
GERMAN = r"austritt|kündig|ausscheid|ausgeschied|verl[aä]ss|letzte|abschied|personalangelegenheit"
LEAVING = re.compile(rf"{ENGLISH}|{GERMAN}|2026-", re.IGNORECASE)


@pytest.mark.parametrize("cause", list(InterviewObstacle))
def test_no_mail_to_those_who_take_part_says_that_somebody_leaves(cause: InterviewObstacle) -> None:
    company = Company(hr_language="de")
    company.directory.people[0] = someone("ana", preferred_language="de")  # and Ben reads English
    company.invite(company.schedule())
    company.invite(moved(company, 2, TUESDAY).model_copy(update={"clash": True}))
    company.react(ask_hr_to_arrange, given_up(company, order=3).model_copy(update={"cause": cause}))
    company.invite(company.move(changed(4, FAR)))
    company.react(call_off_interview, company.cancel(RETAINED))

    to_both = [one for one in company.mailer.sent if "ana@example.com" in one["To"]]
    assert len(to_both) == 5
    for message in to_both:
        for kind in ("plain", "html"):
            said = f"{message['Subject']}\n{text_of(message, kind)}"
            assert "Gespräch" in said
            assert "onversation" in said
            assert LEAVING.findall(said) == []


def test_who_was_never_invited_is_not_told_that_it_is_off(company: Company) -> None:
    company.schedule()

    sent = company.react(ask_hr_to_arrange, given_up(company))

    assert isinstance(sent, InterviewInvitationSent)
    assert sent.ical_uid is None
    assert company.mailer.sent[-1]["To"] == HR


def test_hr_hears_that_it_need_not_arrange_what_is_booked_after_all(company: Company) -> None:
    company.schedule()
    company.react(ask_hr_to_arrange, given_up(company))

    company.invite(company.move(changed(3, FAR)))

    assert company.mailer.sent[-1]["To"] == f"ben@example.com, ana@example.com, {HR}"
    assert "There is no need to any more" in company.last_text()


def test_after_a_task_only_hr_is_told_that_the_employee_stays(company: Company) -> None:
    company.invite(company.schedule())
    company.react(ask_hr_to_arrange, given_up(company))

    company.react(call_off_interview, company.cancel(RETAINED))

    assert company.mailer.sent[-1]["To"] == HR


def test_who_was_invited_to_what_was_given_up_in_silence_is_told_when_the_employee_stays(company: Company) -> None:
    company.invite(company.schedule())
    given_up(company)  # the mail about it came too late and was skipped

    sent = company.react(call_off_interview, company.cancel(RETAINED))

    assert isinstance(sent, InterviewInvitationSent)
    assert (sent.method, sent.sequence) == (InvitationMethod.CANCEL, 9)
    assert company.mailer.sent[-1]["To"] == "ben@example.com, ana@example.com"


def test_a_task_that_is_said_again_still_calls_off_what_was_given_up_in_silence(company: Company) -> None:
    company.invite(company.schedule())
    given_up(company)

    fact = given_up(company, order=3, day=date(2026, 2, 26))
    company.react(ask_hr_to_arrange, fact)

    assert fact.start == TUESDAY_NINE
    assert "ana@example.com" in company.mailer.sent[-1]["To"]


def test_only_the_newest_move_and_the_newest_mail_count() -> None:
    reactions = {reaction.event: reaction for reaction in service.reactions}

    assert reactions[LastWorkingDayChanged].unless == (*EXIT_CLOSED, LastWorkingDayChanged)
    planned: set[type[Event]] = {ExitInterviewScheduled, ExitInterviewMoved, ExitInterviewNotPossible}
    for event in planned:
        assert set(reactions[event].unless) == planned | {ExitInterviewCancelled}
    assert reactions[ExitInterviewMoved].handler is invite_to_interview
    assert str(CASE) in UID
