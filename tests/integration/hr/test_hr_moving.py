"""Interviews that are booked, moved and called off in real calendars, and what mails say of it."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import httpx2
import pytest

from choreography import NothingToDo
from consumers.hr.caldav import CalDavCalendar
from consumers.hr.handler import cancel_exit_interview, schedule_exit_interview
from consumers.hr.interview import Tombstone, slot_of, uid_of
from consumers.hr.invitations import ask_hr_to_arrange, call_off_interview, invite_to_interview
from consumers.hr.moving import move_exit_interview
from consumers.hr.slots import Period
from schemas.exits import EmployeeRetained
from schemas.hr import (
    ExitInterviewCancelled,
    ExitInterviewMoved,
    ExitInterviewNotPossible,
    ExitInterviewScheduled,
    HolidaysKnown,
    InterviewObstacle,
)
from tests.integration.hr.calendars import address, busy, put, still_ours, using
from tests.integration.hr.office import HR, Office, calendar_in

BERLIN = ZoneInfo("Europe/Berlin")
FAR, TOMORROW, OVER = date(2026, 3, 31), date(2026, 3, 3), date(2026, 2, 27)


def scheduled(office: Office, **differs: object) -> ExitInterviewScheduled:
    fact = office.react(schedule_exit_interview, office.resigned(**differs))
    assert isinstance(fact, ExitInterviewScheduled)
    return fact


def not_possible(office: Office, **differs: object) -> ExitInterviewNotPossible:
    fact = office.react(schedule_exit_interview, office.resigned(**differs))
    assert isinstance(fact, ExitInterviewNotPossible)
    return fact


def taken(office: Office) -> list[datetime]:
    return [one.start for one in busy(office.url, office.partner) or []]


def whole_month(office: Office) -> None:
    put(office.url, office.partner, "DTSTART;VALUE=DATE:20260301", "DTEND;VALUE=DATE:20260401")


def remove(office: Office, uid: str) -> None:
    httpx2.delete(address(office.url, office.partner, uid)).raise_for_status()


def test_the_first_time_that_is_free_in_both_calendars_is_booked(office: Office) -> None:
    office.hire()
    put(office.url, office.partner, "DTSTART:20260303T080000Z", "DTEND:20260303T090000Z")
    put(office.url, office.leaver, "DTSTART:20260303T090000Z", "DTEND:20260303T100000Z")

    fact = scheduled(office)

    assert fact.start == datetime(2026, 3, 3, 11, tzinfo=BERLIN)
    assert (fact.clash, fact.holidays) == (False, HolidaysKnown.COUNTRY)


def test_who_was_faster_is_seen_after_booking_and_the_invitation_says_so(office: Office) -> None:
    office.hire()

    async def put_between() -> None:
        put(office.url, office.leaver, "DTSTART:20260303T083000Z", "DTEND:20260303T090000Z")

    office.before_writing = put_between

    fact = scheduled(office)
    office.react(invite_to_interview, fact)

    assert fact.clash
    assert office.script.accepted[-1][0] == ("ben@example.com", "ana@example.com")
    assert "something else was entered in one of your calendars at the same time" in office.text()


def test_public_holidays_of_the_subdivision_are_free(office: Office) -> None:
    office.hire()
    office.now = datetime(2026, 1, 5, 9, tzinfo=UTC)  # a Monday, and Tuesday is Epiphany

    fact = scheduled(office, subdivision="BY")

    assert (fact.start.date(), fact.holidays) == (date(2026, 1, 7), HolidaysKnown.SUBDIVISION)


@pytest.mark.parametrize(
    ("differs", "known", "words"),
    [
        ({"country": "ZZ"}, HolidaysKnown.NONE, "none are known for ZZ: every Monday to Friday"),
        ({"country": None}, HolidaysKnown.NONE, "none are known: every Monday to Friday"),
        ({"subdivision": "XX"}, HolidaysKnown.COUNTRY, "none are known for DE, XX"),
    ],
)
def test_where_no_holidays_are_known_fact_and_invitation_say_so(
    office: Office, differs: dict[str, object], known: HolidaysKnown, words: str
) -> None:
    fact = scheduled(office.hire(), **differs)
    office.react(invite_to_interview, fact)

    assert fact.holidays is known
    assert words in office.text()


def test_a_moved_interview_stands_once_under_its_uid_with_a_higher_sequence(office: Office) -> None:
    office.react(invite_to_interview, scheduled(office.hire()))

    fact = office.react(move_exit_interview, office.changed(TOMORROW))
    office.react(invite_to_interview, fact)

    assert isinstance(fact, ExitInterviewMoved)
    assert (fact.start, fact.same_day) == (datetime(2026, 3, 2, 13, 30, tzinfo=BERLIN), True)
    assert taken(office) == [fact.start]
    first, second = (calendar_in(one).events[0] for one in office.mails())
    assert first.uid == second.uid == fact.ical_uid
    assert (first.sequence, second.sequence, second.start) == (1, 2, fact.start)
    assert "has been moved" in office.text()


def test_an_interview_that_hr_has_edited_is_moved_with_a_sequence_above_that(office: Office) -> None:
    fact = scheduled(office.hire())
    uid = fact.ical_uid
    put(office.url, office.partner, "DTSTART:20260309T090000Z", "DURATION:PT1H", "SEQUENCE:7", uid=uid)

    moved = office.react(move_exit_interview, office.changed(date(2026, 3, 6)))

    assert isinstance(moved, ExitInterviewMoved)
    assert (moved.sequence, moved.previous_start) == (8, datetime(2026, 3, 9, 9, tzinfo=UTC))
    assert taken(office) == [fact.start]


def test_an_interview_that_suits_is_not_touched(office: Office) -> None:
    fact = scheduled(office.hire())
    before = httpx2.get(address(office.url, office.partner, fact.ical_uid)).headers["ETag"]

    with pytest.raises(NothingToDo, match="suits"):
        office.react(move_exit_interview, office.changed(FAR))

    assert httpx2.get(address(office.url, office.partner, fact.ical_uid)).headers["ETag"] == before


@pytest.mark.parametrize("how", ["deleted", "called off"])
def test_an_interview_that_hr_has_taken_out_stays_out(office: Office, how: str) -> None:
    fact = scheduled(office.hire())
    if how == "deleted":
        remove(office, fact.ical_uid)
    else:
        lines = ("DTSTART:20260303T080000Z", "DURATION:PT45M", "STATUS:CANCELLED")
        put(office.url, office.partner, *lines, uid=fact.ical_uid)

    with pytest.raises(NothingToDo, match="taken it out"):
        office.react(move_exit_interview, office.changed(TOMORROW))

    assert taken(office) == []


def test_when_no_time_is_left_it_is_called_off_and_hr_is_asked_in_one_mail(office: Office) -> None:
    office.react(invite_to_interview, scheduled(office.hire()))

    fact = office.react(move_exit_interview, office.changed(OVER))
    office.react(ask_hr_to_arrange, fact)

    assert isinstance(fact, ExitInterviewNotPossible)
    assert fact.cause is InterviewObstacle.TOO_LATE
    assert taken(office) == []
    assert office.script.accepted[-1][0] == ("ben@example.com", "ana@example.com", HR)
    calendar = calendar_in(office.mail())
    assert (calendar["METHOD"], calendar.events[0].sequence) == ("CANCEL", 2)


def test_it_is_booked_again_in_the_place_of_what_was_called_off_when_there_is_time_again(office: Office) -> None:
    scheduled(office.hire())
    office.react(move_exit_interview, office.changed(OVER))

    fact = office.react(move_exit_interview, office.changed(FAR))

    assert isinstance(fact, ExitInterviewScheduled)
    assert taken(office) == [fact.start]
    assert fact.sequence == 3


def test_a_moved_interview_is_cancelled_where_it_stands_now(office: Office) -> None:
    scheduled(office.hire())
    office.react(move_exit_interview, office.changed(TOMORROW))

    office.react(cancel_exit_interview, office.another(EmployeeRetained))

    assert taken(office) == []


def test_an_interview_that_hr_moved_by_hand_is_cancelled_and_those_who_were_invited_are_told(office: Office) -> None:
    fact = scheduled(office.hire())
    office.react(invite_to_interview, fact)
    put(office.url, office.partner, "DTSTART:20260306T130000Z", "DURATION:PT1H", "SEQUENCE:4", uid=fact.ical_uid)
    office.now = fact.start + timedelta(hours=2)

    cancelled = office.react(cancel_exit_interview, office.another(EmployeeRetained))
    office.react(call_off_interview, cancelled)

    assert isinstance(cancelled, ExitInterviewCancelled)
    friday = datetime(2026, 3, 6, 13, tzinfo=UTC)
    assert (cancelled.start, cancelled.duration_minutes, cancelled.sequence) == (friday, 60, 5)
    assert taken(office) == []
    event = calendar_in(office.mail()).events[0]
    assert (event.start, event.sequence, str(event["STATUS"])) == (friday, 5, "CANCELLED")
    assert "Friday, 6 March 2026, 14:00 (Europe/Berlin)" in office.text()


def test_an_interview_that_hr_moved_forward_and_held_is_left_in_the_calendar(office: Office) -> None:
    fact = scheduled(office.hire())
    put(office.url, office.partner, "DTSTART:20260302T130000Z", "DURATION:PT1H", uid=fact.ical_uid)
    office.now = datetime(2026, 3, 2, 15, tzinfo=UTC)

    with pytest.raises(NothingToDo, match="held"):
        office.react(cancel_exit_interview, office.another(EmployeeRetained))

    assert taken(office) == [datetime(2026, 3, 2, 13, tzinfo=UTC)]


def test_cancelling_again_after_a_crash_states_the_time_that_hr_had_moved_it_to(office: Office) -> None:
    fact = scheduled(office.hire())
    put(office.url, office.partner, "DTSTART:20260306T130000Z", "DURATION:PT1H", uid=fact.ical_uid)
    end = office.another(EmployeeRetained)
    first = office.react(cancel_exit_interview, end)
    office.memory.stated.pop()  # it crashed before it could state it

    second = office.react(cancel_exit_interview, end, repeated=True)

    assert isinstance(first, ExitInterviewCancelled)
    assert first.start == datetime(2026, 3, 6, 13, tzinfo=UTC)
    assert second == first


def test_a_move_that_was_paused_until_after_the_cancellation_changes_nothing(office: Office) -> None:
    booked = scheduled(office.hire())
    late, end = office.changed(TOMORROW), office.another(EmployeeRetained)
    slot = slot_of(booked)
    assert slot is not None
    tombstone = Tombstone(slot, end.order, office.now, "Cancelled: Conversation")

    async def paused() -> None:
        """Wake when the successor has called it off; the claim was checked before that."""
        async with CalDavCalendar(office.url) as another:
            await another.cancel(office.partner, tombstone, still_ours)

    office.before_writing = paused

    with pytest.raises(NothingToDo, match="called off"):
        office.react(move_exit_interview, late)

    assert taken(office) == []


# ---- what cannot be booked


def test_without_a_partner_hr_is_asked(office: Office) -> None:
    fact = not_possible(office.hire(has_partner=False))
    office.react(ask_hr_to_arrange, fact)

    assert fact.cause is InterviewObstacle.NO_HR_PARTNER
    assert office.script.accepted[-1][0] == (HR,)
    assert "names no HR partner" in office.text()


def test_without_a_calendar_hr_is_asked(office: Office) -> None:
    httpx2.delete(f"{office.url}{office.partner}/calendar/").raise_for_status()

    fact = not_possible(office.hire())
    office.react(ask_hr_to_arrange, fact)

    assert fact.cause is InterviewObstacle.NO_CALENDAR
    assert "no calendar that can be read" in office.text()


def test_without_a_free_time_hr_is_asked_and_it_is_booked_once_there_is_one(office: Office) -> None:
    whole_month(office)
    fact = not_possible(office.hire())
    office.react(ask_hr_to_arrange, fact)
    assert fact.cause is InterviewObstacle.NO_FREE_SLOT
    assert "no time in the office hours" in office.text()

    remove(office, "meeting")
    booked = office.react(move_exit_interview, office.changed(FAR))
    office.react(invite_to_interview, booked)

    assert isinstance(booked, ExitInterviewScheduled)
    assert taken(office) == [booked.start]
    assert office.script.accepted[-1][0] == ("ben@example.com", "ana@example.com", HR)


def test_hr_learns_that_it_need_not_arrange_anything(office: Office) -> None:
    office.react(ask_hr_to_arrange, not_possible(office.hire(has_partner=False)))

    office.react(call_off_interview, office.react(cancel_exit_interview, office.another(EmployeeRetained)))

    assert "the employee stays" in office.text()


@pytest.mark.parametrize("zone", ["Pacific/Pago_Pago", "Pacific/Kiritimati", "Asia/Kathmandu", "America/St_Johns"])
def test_office_hours_are_those_of_the_employees_zone(office: Office, zone: str) -> None:
    office.zone = zone
    office.hire()
    put(office.url, office.partner, "DTSTART:20260303T000000Z", "DURATION:PT30M")

    fact = scheduled(office, time_zone=zone, country=None)

    local = fact.start.astimezone(ZoneInfo(zone))
    assert local.hour in range(9, 17)
    assert local.weekday() < 5
    assert fact.start > office.now + timedelta(minutes=30)
    assert not Period(fact.start, fact.start + timedelta(minutes=45)).overlaps(
        Period(datetime(2026, 3, 3, tzinfo=UTC), datetime(2026, 3, 3, 0, 30, tzinfo=UTC))
    )
    assert using(office.url, lambda calendar: calendar.find(office.partner, uid_of(office.case_id))) is not None
