"""When an exit interview may be held."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumers.hr.slots import (
    LENGTH,
    NOTICE,
    Office,
    Period,
    Promises,
    WorkingDays,
    days_to_offer,
    first_free,
    load_of,
    may_stay,
)
from schemas.hr import HolidaysKnown

BERLIN, LONDON, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("Europe/London"), ZoneInfo("America/New_York")
KOLKATA, TOKYO, SYDNEY = ZoneInfo("Asia/Kolkata"), ZoneInfo("Asia/Tokyo"), ZoneInfo("Australia/Sydney")
ZONES = [BERLIN, LONDON, NEW_YORK, KOLKATA, TOKYO, SYDNEY, ZoneInfo("America/Los_Angeles"), ZoneInfo("UTC")]
WEEKDAYS = WorkingDays(None, None)
GERMANY = WorkingDays("DE", None)
MONDAY = date(2026, 3, 2)
MONDAY_NOON = datetime(2026, 3, 2, 12, tzinfo=BERLIN)


def at(text: str, zone: ZoneInfo = BERLIN) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def busy(start: str, end: str, zone: ZoneInfo = BERLIN) -> Period:
    return Period(at(start, zone), at(end, zone))


def at_work(zone: ZoneInfo, country: str | None = None) -> Office:
    return Office(zone, WorkingDays(country, None))


def free(*taken: Period, days: list[date], other: ZoneInfo = BERLIN, now: datetime = MONDAY_NOON) -> datetime | None:
    slot = first_free(days, BERLIN, at_work(other), taken, now)
    return slot.start.astimezone(BERLIN) if slot else None


def test_an_interview_is_offered_on_the_five_working_days_that_follow() -> None:
    days = days_to_offer(MONDAY, None, WEEKDAYS)

    assert days == tuple(date(2026, 3, day) for day in (3, 4, 5, 6, 9))


def test_a_public_holiday_is_no_working_day_where_it_is_one() -> None:
    epiphany = date(2026, 1, 6)

    assert epiphany not in WorkingDays("DE", "BY")
    assert epiphany in WorkingDays("DE", "BE")
    assert date(2026, 1, 1) not in WorkingDays("de", None)


@pytest.mark.parametrize(("country", "subdivision"), [(None, None), ("ZZ", None), ("ZZ", "1"), ("", "BY")])
def test_without_a_known_country_only_weekends_are_off(country: str | None, subdivision: str | None) -> None:
    works = WorkingDays(country, subdivision)

    assert date(2026, 1, 1) in works
    assert date(2026, 1, 3) not in works


@pytest.mark.parametrize(
    ("country", "subdivision", "known"),
    [
        ("DE", "BY", HolidaysKnown.SUBDIVISION),
        ("de", None, HolidaysKnown.COUNTRY),
        ("DE", "nowhere", HolidaysKnown.COUNTRY),
        ("ZZ", "BY", HolidaysKnown.NONE),
        (None, None, HolidaysKnown.NONE),
    ],
)
def test_it_is_known_whose_holidays_count(country: str | None, subdivision: str | None, known: HolidaysKnown) -> None:
    assert WorkingDays(country, subdivision).known is known


def test_where_the_weekend_is_on_other_days_they_are_off() -> None:
    saudi_arabia = WorkingDays("SA", None)

    assert date(2026, 3, 6) not in saudi_arabia  # a Friday
    assert date(2026, 3, 8) in saudi_arabia  # a Sunday


def test_an_unknown_subdivision_still_has_the_holidays_of_its_country() -> None:
    assert date(2026, 12, 25) not in WorkingDays("DE", "nowhere")


def test_the_interview_is_two_working_days_before_the_last_one_or_earlier() -> None:
    friday, following_monday = date(2026, 3, 6), date(2026, 3, 9)

    assert max(days_to_offer(MONDAY, friday, WEEKDAYS)) == date(2026, 3, 4)
    assert max(days_to_offer(MONDAY, following_monday, WEEKDAYS)) == date(2026, 3, 5)


def test_holidays_do_not_count_as_days_before_the_last_one() -> None:
    maundy_thursday, after_easter = date(2026, 4, 2), date(2026, 4, 7)

    assert days_to_offer(date(2026, 4, 1), after_easter, GERMANY)[0] == date(2026, 4, 1)
    assert days_to_offer(date(2026, 4, 1), date(2026, 4, 8), GERMANY) == (maundy_thursday,)


def test_when_the_last_working_day_is_too_near_every_day_that_is_left_is_offered() -> None:
    friday, saturday = date(2026, 2, 27), date(2026, 2, 28)

    assert days_to_offer(MONDAY, date(2026, 3, 4), WEEKDAYS) == tuple(date(2026, 3, day) for day in (2, 3, 4))
    assert days_to_offer(friday, date(2026, 3, 3), WEEKDAYS) == (friday, MONDAY, date(2026, 3, 3))
    assert days_to_offer(saturday, MONDAY, WEEKDAYS) == (MONDAY,)
    assert days_to_offer(MONDAY, MONDAY, WEEKDAYS) == (MONDAY,)


def test_who_resigns_when_the_office_has_closed_is_interviewed_on_the_next_day_that_is_left() -> None:
    friday = date(2026, 2, 27)

    slot = free(days=list(days_to_offer(friday, date(2026, 3, 3), WEEKDAYS)), now=at("2026-02-27T17:30"))

    assert slot == at("2026-03-02T09:00")


def test_there_is_no_day_on_a_weekend_or_after_the_last_one() -> None:
    saturday = date(2026, 2, 28)

    assert days_to_offer(saturday, saturday, WEEKDAYS) == ()
    assert days_to_offer(MONDAY, saturday, WEEKDAYS) == ()


def test_a_holiday_where_the_interviewer_works_is_no_day_for_an_interview() -> None:
    days, now = [date(2026, 10, 26), date(2026, 10, 27)], at("2026-10-23T12:00")  # the first is Austria's national day

    assert first_free(days, BERLIN, at_work(BERLIN, "AT"), [], now) == Period(
        at("2026-10-27T09:00"), at("2026-10-27T09:45")
    )
    assert first_free(days, BERLIN, at_work(BERLIN, "DE"), [], now) == Period(
        at("2026-10-26T09:00"), at("2026-10-26T09:45")
    )


def test_the_first_free_time_is_taken_between_two_meetings() -> None:
    taken = busy("2026-03-03T09:00", "2026-03-03T10:20"), busy("2026-03-03T11:30", "2026-03-03T17:00")

    assert free(*taken, days=[date(2026, 3, 3)]) == at("2026-03-03T10:30")


def test_a_gap_that_is_too_short_is_passed_over() -> None:
    taken = busy("2026-03-03T09:30", "2026-03-03T12:00"), busy("2026-03-03T12:30", "2026-03-03T16:30")

    assert free(*taken, days=[date(2026, 3, 3)]) is None
    assert free(*taken, days=[date(2026, 3, 3), date(2026, 3, 4)]) == at("2026-03-04T09:00")


def test_meetings_that_only_touch_the_time_do_not_take_it() -> None:
    taken = busy("2026-03-03T08:00", "2026-03-03T09:00"), busy("2026-03-03T09:45", "2026-03-03T17:00")

    assert free(*taken, days=[date(2026, 3, 3)]) == at("2026-03-03T09:00")


def test_on_the_same_day_it_leaves_time_to_read_the_invitation() -> None:
    assert free(days=[MONDAY], now=at("2026-03-02T10:01")) == at("2026-03-02T10:45")
    assert free(days=[MONDAY], now=at("2026-03-02T16:00")) is None


def test_it_is_within_office_hours_of_both() -> None:
    assert free(days=[date(2026, 3, 3)], other=LONDON) == at("2026-03-03T10:00")
    assert free(days=[date(2026, 3, 3)], other=NEW_YORK) == at("2026-03-03T15:00")


def test_office_hours_that_do_not_overlap_have_no_time() -> None:
    assert free(days=[date(2026, 3, 3), date(2026, 3, 4)], other=SYDNEY) is None


@pytest.mark.parametrize("day", [date(2026, 3, 30), date(2026, 10, 26)])
def test_after_the_clocks_have_changed_it_is_nine_o_clock_on_the_wall(day: date) -> None:
    assert free(days=[day], now=at("2026-03-02T12:00")) == datetime.combine(day, time(9), BERLIN)


def test_two_who_resign_in_the_same_second_get_different_times() -> None:
    promises, now = Promises(), at("2026-03-02T12:00")

    def first_of(uid: str) -> Period:
        taken = promises.to("partner", besides=uid)
        slot = first_free([date(2026, 3, 3)], BERLIN, at_work(BERLIN), taken, now)
        assert slot is not None
        return slot

    first = first_of("interview-1")
    promises.give("interview-1", first, "partner", now=now)

    assert not first_of("interview-2").overlaps(first)
    assert first_of("interview-1") == first
    promises.take_back("interview-1")
    assert first_of("interview-2") == first


def test_what_was_promised_is_forgotten_when_it_has_passed_or_is_chosen_anew() -> None:
    promises, first, second = Promises(), busy("2026-03-03T09:00", "2026-03-03T09:45"), at("2026-03-04T09:00")
    promises.give("interview-1", first, "partner", "ana", now=at("2026-03-02T12:00"))
    promises.give("interview-1", Period(second, second + LENGTH), "partner", "ana", now=at("2026-03-02T12:00"))
    assert promises.to("ana") == {Period(second, second + LENGTH)}

    promises.give("interview-2", busy("2026-03-09T09:00", "2026-03-09T09:45"), "ben", now=at("2026-03-05T12:00"))

    assert promises.to("partner") == set()


def test_time_that_is_taken_twice_counts_once() -> None:
    within = busy("2026-03-03T00:00", "2026-03-04T00:00")
    taken = (busy("2026-03-03T09:00", "2026-03-03T10:00"), busy("2026-03-03T09:30", "2026-03-03T11:00"))

    assert load_of((*taken, busy("2026-03-02T09:00", "2026-03-03T01:00"), taken[0]), within) == timedelta(hours=3)
    assert load_of((), within) == timedelta()


def test_a_last_working_day_in_the_far_future_takes_no_longer_to_reckon_with() -> None:
    works = WorkingDays("DE", "BY")

    assert days_to_offer(MONDAY, date(2999, 12, 31), works) == days_to_offer(MONDAY, None, works)
    assert works._calendar.years <= {2026}


@pytest.mark.parametrize(
    ("day", "last", "stays"),
    [
        (date(2026, 3, 4), None, True),
        (date(2026, 3, 4), date(2026, 3, 6), True),  # Thursday and Friday are left
        (date(2026, 3, 4), date(2026, 3, 5), False),
        (date(2026, 3, 6), date(2026, 3, 9), False),  # the weekend does not count
        (date(2026, 3, 6), date(2026, 3, 10), True),
        (date(2026, 4, 2), date(2026, 4, 7), False),  # nor does Easter
        (date(2026, 4, 2), date(2026, 4, 8), True),
        (MONDAY, MONDAY, True),  # it is today, and there is no better day
        (MONDAY, date(2026, 3, 3), True),
        (MONDAY, date(2026, 2, 27), False),
        (date(2026, 3, 4), date(2026, 3, 3), False),
    ],
)
def test_an_interview_may_stay_where_it_could_be_chosen(day: date, last: date | None, *, stays: bool) -> None:
    assert may_stay(day, MONDAY, last, GERMANY) is stays


@pytest.mark.parametrize("zone", sorted(available_timezones() - {"localtime", "Factory"}))
def test_on_every_day_on_which_clocks_change_an_interview_is_in_office_hours_and_lasts_45_minutes(zone: str) -> None:
    place, start = ZoneInfo(zone), datetime(2026, 1, 1, 12, tzinfo=UTC)
    offsets = [(start + timedelta(days=day)).astimezone(place).utcoffset() for day in range(366)]
    changes = [day for day in range(1, 366) if offsets[day] != offsets[day - 1]] or [0]

    for number in changes:
        day = (start + timedelta(days=number)).astimezone(place).date()
        for late in (day - timedelta(days=1), day):
            slot = first_free([late], place, at_work(place), [], at("2025-01-01T12:00"))
            if late.weekday() > 4:
                assert slot is None
                continue
            assert slot is not None
            assert slot.end - slot.start == LENGTH
            assert slot.start.astimezone(place) == datetime.combine(late, time(9), place)
            assert slot.start.astimezone(place).astimezone(UTC) == slot.start  # a time that exists


@pytest.mark.parametrize(("zone", "day"), [("Pacific/Pago_Pago", 3), ("Pacific/Kiritimati", 5)])
def test_today_is_today_where_the_employee_is(zone: str, day: int) -> None:
    place, now = ZoneInfo(zone), datetime(2026, 3, 3, 10, 30, tzinfo=UTC)  # the 2nd, 23:30, and the 4th, 00:30

    days = days_to_offer(now.astimezone(place).date(), None, WEEKDAYS)

    assert days[0] == date(2026, 3, day)


def test_half_hours_and_three_quarters_of_an_hour_between_zones_are_respected() -> None:
    kathmandu = ZoneInfo("Asia/Kathmandu")

    slot = first_free([date(2026, 3, 3)], kathmandu, at_work(BERLIN), [], at("2026-03-02T12:00"))

    assert slot is not None
    assert slot.start.astimezone(kathmandu).time() == time(13, 45)
    assert slot.start.astimezone(BERLIN).time() == time(9)


moments = st.datetimes(datetime(2025, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001


@st.composite
def periods(draw: st.DrawFn, around: datetime) -> Period:
    start = around + timedelta(minutes=draw(st.integers(0, 8 * 24 * 60)))
    return Period(start, start + timedelta(minutes=draw(st.integers(1, 600))))


@given(st.data(), moments, st.sampled_from(ZONES), st.sampled_from(ZONES))
def test_whatever_is_taken_the_time_is_free_in_time_and_in_the_office_hours_of_both(
    data: st.DataObject, now: datetime, zone: ZoneInfo, other: ZoneInfo
) -> None:
    taken = data.draw(st.lists(periods(now), max_size=30))
    last = data.draw(st.none() | st.integers(0, 20).map(lambda days: now.date() + timedelta(days=days)))
    days = days_to_offer(now.astimezone(zone).date(), last, WEEKDAYS)

    slot = first_free(days, zone, at_work(other), taken, now)

    assert slot == first_free(days, zone, at_work(other), list(reversed(taken)), now)
    if slot is not None:
        assert slot.end - slot.start == LENGTH
        assert slot.start >= now + NOTICE
        assert not any(slot.overlaps(period) for period in taken)
        for clock in (zone, other):
            start, end = slot.start.astimezone(clock), slot.end.astimezone(clock)
            assert start.date() == end.date()
            assert start.weekday() < 5
            assert time(9) <= start.time() <= end.time() <= time(17)
        assert last is None or slot.start.astimezone(zone).date() <= last


@given(moments, st.sampled_from(ZONES))
def test_in_an_empty_calendar_it_is_the_next_working_day_at_nine(now: datetime, zone: ZoneInfo) -> None:
    days = days_to_offer(now.astimezone(zone).date(), None, WEEKDAYS)

    slot = first_free(days, zone, at_work(zone), [], now)

    assert slot is not None
    assert slot.start.astimezone(zone) == datetime.combine(days[0], time(9), zone)
