"""What calendar servers answer, and what it means: the forms that servers and other people's programs are known for."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from consumers.hr.caldav.questions import Unreadable, busy_times, taken_times
from consumers.hr.slots import Period

BERLIN, AUCKLAND = ZoneInfo("Europe/Berlin"), ZoneInfo("Pacific/Auckland")
MARCH = Period(datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC))
UTC_ZONE = ZoneInfo("UTC")


def utc(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC)


def day(number: int, zone: ZoneInfo) -> Period:
    start = datetime.combine(date(2026, 3, number), time.min, zone)
    return Period(start, datetime.combine(date(2026, 3, number + 1), time.min, zone))


MEETING = Period(utc(3, 9), utc(3, 10))
TIMES = ("DTSTART:20260303T090000Z", "DTEND:20260303T100000Z")


def lines(*given: str) -> str:
    return "\r\n".join((*given, ""))


def calendar(*given: str, kind: str = "VFREEBUSY") -> str:
    return lines("BEGIN:VCALENDAR", "VERSION:2.0", f"BEGIN:{kind}", *given, f"END:{kind}", "END:VCALENDAR")


def free_busy(*texts: str, zone: ZoneInfo = UTC_ZONE) -> set[Period]:
    return set(busy_times("".join(texts).encode(), MARCH, zone))


def event(*given: str, uid: str = "meeting") -> tuple[str, ...]:
    return ("BEGIN:VEVENT", f"UID:{uid}", "DTSTAMP:20260101T000000Z", *given, "END:VEVENT")


def stored(*given: str) -> str:
    return lines("BEGIN:VCALENDAR", "VERSION:2.0", *given, "END:VCALENDAR")


def found(text: str, status: str = "200 OK") -> str:
    data = f"<C:calendar-data>{text}</C:calendar-data>"
    propstat = f"<propstat><prop>{data}</prop><status>HTTP/1.1 {status}</status></propstat>"
    return f"<response><href>/a.ics</href>{propstat}</response>"


def answered(*responses: str) -> bytes:
    spaces = 'xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"'
    return f"<multistatus {spaces}>{''.join(responses)}</multistatus>".encode()


def taken(*objects: str, zone: ZoneInfo = UTC_ZONE, besides: str | None = None) -> set[Period]:
    return set(taken_times(answered(*map(found, objects)), MARCH, zone, besides))


@pytest.mark.parametrize("zone", ["Pacific/Auckland", "America/Los_Angeles", "Pacific/Honolulu", "Europe/Berlin"])
@pytest.mark.parametrize("joined", ["20260304T000000Z/20260305T010000Z", "20260303T230000Z/20260305T000000Z"])
def test_a_day_off_that_is_joined_with_a_meeting_is_a_day_where_the_person_lives(zone: str, joined: str) -> None:
    place = ZoneInfo(zone)

    busy = free_busy(calendar(f"FREEBUSY:{joined}"), zone=place)

    assert day(4, place) in busy


def test_days_off_that_are_joined_are_days_where_the_person_lives() -> None:
    busy = free_busy(calendar("FREEBUSY:20260303T220000Z/20260306T020000Z"), zone=AUCKLAND)

    assert Period(day(4, AUCKLAND).start, day(5, AUCKLAND).end) in busy


def test_a_meeting_over_midnight_is_no_day_off() -> None:
    assert free_busy(calendar("FREEBUSY:20260303T220000Z/20260304T020000Z"), zone=AUCKLAND) == {
        Period(utc(3, 22), utc(4, 2))
    }


def test_a_day_off_that_is_read_alone_is_that_day_and_no_other() -> None:
    assert taken(stored(*event("DTSTART;VALUE=DATE:20260304")), zone=AUCKLAND) == {day(4, AUCKLAND)}


@pytest.mark.parametrize("kind", ["FREE", "free", "Free", '"free"'])
def test_what_is_free_is_free_in_any_case(kind: str) -> None:
    busy = free_busy(calendar(f"FREEBUSY;FBTYPE={kind}:20260303T090000Z/PT1H", "freebusy:20260305T090000Z/pt1h"))

    assert busy == {Period(utc(5, 9), utc(5, 10))}


@pytest.mark.parametrize("kind", ["BUSY", "BUSY-UNAVAILABLE", "busy-tentative", "X-FREE-SOMETIMES"])
def test_what_is_not_said_to_be_free_is_busy(kind: str) -> None:
    assert free_busy(calendar(f"FREEBUSY;FBTYPE={kind}:20260303T090000Z/PT1H")) == {MEETING}


def test_two_calendars_in_one_answer_are_both_read() -> None:
    first, second = calendar("FREEBUSY:20260303T090000Z/PT1H"), calendar("FREEBUSY:20260305T090000Z/PT1H")

    assert free_busy(first, second) == {MEETING, Period(utc(5, 9), utc(5, 10))}


@pytest.mark.parametrize("empty", ["FREEBUSY:", "FREEBUSY", "FREEBUSY;FBTYPE=BUSY:", "FREEBUSY:,"])
def test_an_empty_list_of_times_is_none(empty: str) -> None:
    assert free_busy(calendar(empty)) == set()
    assert free_busy(calendar(empty, "FREEBUSY:20260303T090000Z/PT1H")) == {MEETING}


@pytest.mark.parametrize(
    "broken",
    ["20260305T100000Z/nonsense", "20260305T100000Z/20260305T090000Z", "20260305T100000Z", "20260305/20260305T256199Z"],
)
def test_of_a_broken_time_among_good_ones_the_day_that_it_names_counts_as_busy(broken: str) -> None:
    assert free_busy(calendar(f"FREEBUSY:20260303T090000Z/PT1H,{broken}"), zone=BERLIN) == {MEETING, day(5, BERLIN)}


@pytest.mark.parametrize("broken", ["yesterday", "20261399T000000Z/PT1H", "/", "\x00"])
def test_a_broken_time_that_names_no_day_counts_as_busy_throughout(broken: str) -> None:
    assert free_busy(calendar(f"FREEBUSY:20260303T090000Z/PT1H,{broken}")) == {MEETING, MARCH}
    with pytest.raises(Unreadable):
        free_busy(calendar(f"FREEBUSY:{broken}"))


def test_half_an_answer_is_none() -> None:
    whole = calendar("FREEBUSY:20260303T090000Z/PT1H")

    for cut in (whole[:-12], whole[:70], "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", "", "<html/>"):
        with pytest.raises(Unreadable):
            free_busy(cut)


def test_a_line_that_is_folded_is_read_whole() -> None:
    assert free_busy(calendar("FREEBUSY:20260303T09", " 0000Z/PT1H")) == {MEETING}


@pytest.mark.parametrize("said", ["STATUS:Cancelled", "status:cancelled", "TRANSP:Transparent", "TRANSP:transparent"])
def test_what_takes_no_time_takes_none_in_any_case(said: str) -> None:
    assert taken(stored(*event(*TIMES, said))) == set()


@pytest.mark.parametrize("said", ["STATUS:CANCELLED", "TRANSP:Transparent"])
def test_one_occurrence_of_a_series_that_takes_no_time_takes_none_and_the_others_do(said: str) -> None:
    series = event(*TIMES, "RRULE:FREQ=DAILY;COUNT=3")

    busy = taken(stored(*series, *event(*TIMES, "RECURRENCE-ID:20260303T090000Z", said)))

    assert busy == {Period(utc(4, 9), utc(4, 10)), Period(utc(5, 9), utc(5, 10))}


def test_an_occurrence_that_was_moved_takes_its_new_time_alone() -> None:
    moved = event("RECURRENCE-ID:20260303T090000Z", "DTSTART:20260303T150000Z", "DTEND:20260303T160000Z")

    busy = taken(stored(*event(*TIMES, "RRULE:FREQ=DAILY;COUNT=1"), *moved))

    assert busy == {Period(utc(3, 15), utc(3, 16))}


@pytest.mark.parametrize("rule", ["FREQ=SECONDLY", "FREQ=MINUTELY;BYDAY=MO", "freq=hourly"])
def test_a_series_that_recurs_all_the_time_is_not_counted_out(rule: str) -> None:
    assert taken(stored(*event(*TIMES, f"RRULE:{rule}"))) == {MARCH}


@pytest.mark.parametrize(
    "broken",
    [
        ("DTSTART:20260305T090000Z", "DTEND:nonsense"),
        ("DTSTART:20260305T090000Z", "DTEND;VALUE=DATE:20260305"),
        ("DTSTART:20260305T090000Z", "DTEND:20260305T080000Z"),
        ("DTSTART:20260305T090000Z", "DURATION:PTX"),
        ("DTSTART:20260305T090000Z", "DTSTART:20260305T090000Z"),
        ("DTSTART:20260305T090000Z", "RRULE:FREQ=SOMETIMES"),
        ("DTSTART:20260305T256199Z",),
    ],
)
def test_a_broken_object_counts_as_busy_on_the_days_that_it_names_and_hides_no_other(broken: tuple[str, ...]) -> None:
    busy = taken(stored(*event(*broken, uid="broken")), stored(*event(*TIMES)), zone=BERLIN)

    assert busy == {MEETING, day(5, BERLIN)}


@pytest.mark.parametrize("broken", ["nonsense", stored(*event("SUMMARY:no time")), stored(*event("DTSTART:tomorrow"))])
def test_an_object_without_any_time_hides_no_other(broken: str) -> None:
    assert taken(broken, stored(*event(*TIMES))) == {MEETING}


@pytest.mark.parametrize("nothing", ["", "  \r\n"])
def test_an_object_that_the_server_cannot_show_hides_no_other(nothing: str) -> None:
    answer = answered(found(nothing, "404 Not Found"), found(stored(*event(*TIMES))))

    assert taken_times(answer, MARCH, UTC_ZONE, "interview-1") == (MEETING,)


def test_addresses_without_objects_are_no_answer() -> None:
    with pytest.raises(Unreadable):
        taken_times(answered(found("", "404 Not Found")), MARCH, UTC_ZONE, None)
    assert taken_times(answered(), MARCH, UTC_ZONE, None) == ()


def test_an_entry_does_not_clash_with_itself() -> None:
    ours, another = stored(*event(*TIMES, uid="interview-1")), stored(*event(*TIMES, uid="interview-12"))

    assert taken(ours, besides="interview-1") == set()
    assert taken(ours, another, besides="interview-1") == {MEETING}


CUSTOM = "Customized Time Zone"


def customized(offset: str) -> tuple[str, ...]:
    rule = ("DTSTART:16010101T000000", f"TZOFFSETFROM:{offset}", f"TZOFFSETTO:{offset}")
    return ("BEGIN:VTIMEZONE", f"TZID:{CUSTOM}", "BEGIN:STANDARD", *rule, "END:STANDARD", "END:VTIMEZONE")


@pytest.mark.parametrize("is_last", [False, True])
def test_a_zone_of_ones_own_counts_in_its_object_alone(is_last: bool) -> None:
    at_nine = event(f"DTSTART;TZID={CUSTOM}:20260303T090000", "DURATION:PT1H")

    def read(offset: str) -> set[Period]:
        parts = (customized(offset), at_nine)
        return taken(stored(*parts[is_last], *parts[not is_last]))

    assert read("-0400") == {Period(utc(3, 13), utc(3, 14))}
    assert read("-1000") == {Period(utc(3, 19), utc(3, 20))}
    assert taken(stored(*at_nine), zone=BERLIN) == {Period(utc(3, 8), utc(3, 9))}


@pytest.mark.parametrize(
    ("zone", "start"),
    [
        (";TZID=europe/berlin", 8),
        (";TZID=EUROPE/BERLIN", 8),
        (';TZID="Europe/Berlin"', 8),
        (";TZID=/citadel.org/20210210_1/Europe/Berlin", 8),
        (";TZID=W. Europe Standard Time", 8),
        ("", 14),
        (";TZID=Mars/Olympus", 14),
    ],
)
def test_a_time_is_meant_in_its_zone_and_without_one_where_the_owner_is(zone: str, start: int) -> None:
    times = (f"DTSTART{zone}:20260303T090000", f"DTEND{zone}:20260303T100000")

    assert taken(stored(*event(*times)), zone=ZoneInfo("America/New_York")) == {
        Period(utc(3, start), utc(3, start) + timedelta(hours=1))
    }


def test_a_series_without_a_zone_keeps_its_time_where_the_owner_is() -> None:
    series = event("DTSTART:20260305T090000", "DTEND:20260305T100000", "RRULE:FREQ=WEEKLY;COUNT=2")

    busy = taken(stored(*series), zone=ZoneInfo("America/New_York"))  # where clocks change on the 8th

    assert busy == {Period(utc(5, 14), utc(5, 15)), Period(utc(12, 13), utc(12, 14))}
