"""The last working day is over: stated once, at the right moment, whatever happened meanwhile."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from zoneinfo import available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from choreography.testing.fake import FakeClock
from producers.ems.bodies import LastWorkingDay, Voiding, Withdrawal
from producers.ems.case import IllegalMove
from producers.ems.due import LOOK_SECONDS, PART
from producers.ems.zones import end_of, today
from tests.integration.intake.small_office import SmallOffice, database_of, on_both

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
LAST = date(2026, 3, 31)
MOMENT = timedelta(microseconds=1)
NIGHT = timedelta(hours=12)


@pytest.fixture
def open_one(request: pytest.FixtureRequest) -> Iterator[Callable[[], SmallOffice]]:
    """Open a process of EMS; all work on one database, at one clock."""
    clock, opened, database_url = FakeClock(START), list[SmallOffice](), database_of(request)

    def one() -> SmallOffice:
        opened.append(SmallOffice(database_url, clock))
        return opened[-1]

    yield one
    for office in opened:
        office.close()


@pytest.fixture
def office(open_one: Callable[[], SmallOffice]) -> SmallOffice:
    return open_one()


ZONES = [
    ("Pacific/Pago_Pago", datetime(2026, 4, 1, 11, tzinfo=UTC)),  # UTC-11
    ("America/New_York", datetime(2026, 4, 1, 4, tzinfo=UTC)),
    ("UTC", datetime(2026, 4, 1, tzinfo=UTC)),
    ("Europe/Berlin", datetime(2026, 3, 31, 22, tzinfo=UTC)),
    ("Asia/Kathmandu", datetime(2026, 3, 31, 18, 15, tzinfo=UTC)),  # UTC+5:45
    ("Pacific/Kiritimati", datetime(2026, 3, 31, 10, tzinfo=UTC)),  # UTC+14
]


@pytest.mark.parametrize(("zone", "over"), ZONES)
def test_the_departure_is_stated_when_the_last_working_day_is_over_in_the_persons_zone(
    office: SmallOffice, zone: str, over: datetime
) -> None:
    case_id = office.leaving(LAST, zone)

    office.look_at(over - MOMENT)
    assert office.departed() == []

    office.look_at(over)
    (stated,) = office.departed()
    assert (stated.case_id, stated.case_version, stated.departed_on) == (case_id, 3, LAST)
    assert stated.occurred_at == stated.recorded_at == over


@pytest.mark.parametrize(
    ("zone", "day", "over"),
    [
        ("Europe/Berlin", date(2026, 3, 28), datetime(2026, 3, 28, 23, tzinfo=UTC)),
        ("Europe/Berlin", date(2026, 3, 29), datetime(2026, 3, 29, 22, tzinfo=UTC)),  # of 23 hours
        ("Europe/Berlin", date(2026, 10, 25), datetime(2026, 10, 25, 23, tzinfo=UTC)),  # of 25 hours
        ("Africa/Cairo", date(2026, 4, 23), datetime(2026, 4, 23, 22, tzinfo=UTC)),  # 00:00 becomes 01:00
        ("Africa/Cairo", date(2026, 10, 29), datetime(2026, 10, 29, 22, tzinfo=UTC)),  # 24:00 becomes 23:00
        ("America/Havana", date(2026, 10, 31), datetime(2026, 11, 1, 4, tzinfo=UTC)),  # 01:00 becomes 00:00
        ("Australia/Lord_Howe", date(2026, 4, 5), datetime(2026, 4, 5, 13, 30, tzinfo=UTC)),  # by half an hour
        ("Pacific/Apia", date(2011, 12, 29), datetime(2011, 12, 30, 10, tzinfo=UTC)),  # the 30th was left out
    ],
)
def test_a_day_on_which_clocks_change_ends_when_the_wall_shows_the_next(zone: str, day: date, over: datetime) -> None:
    assert end_of(day, zone) == over
    assert today(over - MOMENT, zone) == day


@given(
    zone=st.sampled_from(sorted(available_timezones() - {"localtime", "Factory"})),
    day=st.dates(date(2020, 1, 1), date(2037, 12, 30)),
)
def test_a_day_is_over_at_the_first_moment_of_a_later_one_everywhere(zone: str, day: date) -> None:
    over = end_of(day, zone)

    assert today(over, zone) > day
    assert today(over - MOMENT, zone) <= day


@pytest.mark.parametrize("day", [date(1900, 1, 1), date(2999, 12, 31)])
def test_the_furthest_days_that_may_be_given_can_be_reckoned_with(office: SmallOffice, day: date) -> None:
    for number, (zone, _) in enumerate(ZONES):
        office.leaving(day, zone, f"e-{number}")

    office.look()

    assert len(office.departed("e-0")) == (1 if day < START.date() else 0)


@on_both("open_one")
def test_a_departure_is_stated_once_however_often_one_looks(office: SmallOffice) -> None:
    office.leaving(LAST)

    for hours in range(48):
        office.look_at(datetime(2026, 3, 31, 12, tzinfo=UTC) + timedelta(hours=hours))

    assert len(office.departed()) == 1


def test_after_a_night_down_the_departure_is_stated_as_of_the_moment_at_which_it_was(
    open_one: Callable[[], SmallOffice],
) -> None:
    evening = open_one()
    evening.leaving(LAST)
    evening.look_at(datetime(2026, 3, 31, 20, tzinfo=UTC))
    evening.close()
    evening.clock.advance(NIGHT)

    for _ in range(2):
        morning = open_one()
        morning.look()

    (stated,) = morning.departed()
    assert stated.occurred_at == datetime(2026, 3, 31, 22, tzinfo=UTC)
    assert stated.recorded_at == datetime(2026, 4, 1, 8, tzinfo=UTC)


@on_both("open_one")
def test_two_processes_that_look_at_once_state_it_once(open_one: Callable[[], SmallOffice]) -> None:
    one, other = open_one(), open_one()
    for number in range(20):
        one.leaving(LAST, employee=f"e-{number}")
    one.clock.advance(timedelta(days=60))

    async def together() -> None:
        await asyncio.gather(one.departures.look(), other.departures.look())

    asyncio.run(together())

    assert [len(one.departed(f"e-{number}")) for number in range(20)] == [1] * 20


def test_nobody_departs_without_a_decision_or_a_day(office: SmallOffice) -> None:
    office.resign("undecided", last_working_day=LAST)
    office.leaving(None, employee="open")

    office.look_at(datetime(2030, 1, 1, tzinfo=UTC))

    assert office.departed("undecided") == office.departed("open") == []


def test_who_leaves_with_a_day_that_is_over_already_departs_at_once(office: SmallOffice) -> None:
    office.leaving(START.date() - timedelta(days=3))

    office.look()

    (stated,) = office.departed()
    assert stated.occurred_at == datetime(2026, 2, 27, 23, tzinfo=UTC)


def test_a_day_that_becomes_known_after_the_decision_counts(office: SmallOffice) -> None:
    case_id = office.leaving(None)
    office.ask(case_id, LastWorkingDay(last_working_day=LAST))

    office.look_at(datetime(2026, 4, 1, tzinfo=UTC))

    assert [fact.departed_on for fact in office.departed()] == [LAST]


def test_who_moves_the_last_working_day_moves_the_departure(office: SmallOffice) -> None:
    case_id = office.leaving(LAST)
    for day in (date(2026, 6, 30), date(2026, 3, 20), date(2026, 4, 30)):
        office.ask(case_id, LastWorkingDay(last_working_day=day))

    office.look_at(datetime(2026, 4, 30, 12, tzinfo=UTC))
    assert office.departed() == []

    office.look_at(datetime(2026, 4, 30, 22, tzinfo=UTC))
    (stated,) = office.departed()
    assert (stated.departed_on, stated.case_version) == (date(2026, 4, 30), 6)


def test_a_day_that_is_open_again_or_a_rescission_ends_the_matter(office: SmallOffice) -> None:
    office.ask(office.leaving(LAST, employee="open"), LastWorkingDay(last_working_day=None))
    office.ask(office.leaving(LAST, employee="stays"), Withdrawal())

    office.look_at(datetime(2026, 5, 1, tzinfo=UTC))

    assert office.departed("open") == office.departed("stays") == []


def test_during_garden_leave_the_employee_has_left(office: SmallOffice) -> None:
    office.leaving(LAST, employment_end_date=date(2026, 9, 30))

    office.look_at(datetime(2026, 4, 1, tzinfo=UTC))

    assert [fact.departed_on for fact in office.departed()] == [LAST]


def test_nothing_follows_a_departure(office: SmallOffice) -> None:
    case_id = office.leaving(LAST)
    office.look_at(datetime(2026, 4, 1, tzinfo=UTC))

    for body in (LastWorkingDay(last_working_day=None), Withdrawal(), Voiding(reason="ENTERED_IN_ERROR")):
        with pytest.raises(IllegalMove, match="The employee has left"):
            office.ask(case_id, body)


def test_who_was_hired_again_resigns_in_a_new_case_with_a_departure_of_its_own(office: SmallOffice) -> None:
    first = office.leaving(LAST)
    office.look_at(datetime(2026, 4, 1, tzinfo=UTC))
    office.clock.advance(timedelta(days=100))
    second = office.leaving(date(2026, 12, 31))

    office.look()
    assert [fact.case_id for fact in office.departed()] == [first]

    office.look_at(datetime(2027, 1, 1, tzinfo=UTC))
    assert [fact.case_id for fact in office.departed()] == [first, second]


def test_each_employment_ends_on_its_own_day(office: SmallOffice) -> None:
    main = office.leaving(date(2026, 4, 30), employment_id="main")
    side = office.leaving(LAST, employment_id="side")

    office.look_at(datetime(2026, 4, 1, tzinfo=UTC))
    assert [fact.case_id for fact in office.departed()] == [side]

    office.look_at(datetime(2026, 5, 1, tzinfo=UTC))
    assert [fact.case_id for fact in office.departed()] == [side, main]


def watch_until(office: SmallOffice, reached: Callable[[], bool]) -> None:
    async def until() -> None:
        watching = asyncio.create_task(office.keep_departing())
        async with asyncio.timeout(30):
            while not reached():
                await asyncio.sleep(0)
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching

    asyncio.run(until())


def test_it_looks_by_itself_within_seconds_of_the_end_of_the_day(office: SmallOffice) -> None:
    office.leaving(LAST)
    over = datetime(2026, 3, 31, 22, tzinfo=UTC)
    office.clock.advance(over - timedelta(seconds=45) - START)

    watch_until(office, lambda: office.clock.now() > over + timedelta(minutes=1))

    (stated,) = office.departed()
    assert stated.occurred_at == over
    assert timedelta() <= stated.recorded_at - over <= timedelta(seconds=LOOK_SECONDS)
    assert office.health.ready


def test_a_case_that_cannot_be_dealt_with_keeps_nobody_waiting_and_is_told_to_whoever_asks(office: SmallOffice) -> None:
    office.leaving(LAST, employee="e-1")
    office.leaving(LAST + timedelta(days=1), employee="e-2")
    office.database.run_sync(lambda tx: tx.execute(text("UPDATE cases SET time_zone='Gone' WHERE employee_id='e-1'")))
    office.clock.advance(timedelta(days=60))

    watch_until(office, lambda: PART in str(office.health.report()))

    assert len(office.departed("e-2")) == 1
    assert not office.health.ready
    office.database.run_sync(lambda tx: tx.execute(text("UPDATE cases SET time_zone='UTC'")))
    watch_until(office, lambda: office.health.ready)
    assert len(office.departed("e-1")) == 1


NEVER = {
    "sqlite": "CREATE TRIGGER never BEFORE UPDATE ON cases BEGIN SELECT RAISE(ABORT, 'no'); END",
    "postgresql": "ALTER TABLE cases ADD CONSTRAINT never CHECK (status <> 'DEPARTED')",  # its error shows the row
}


@on_both("open_one")
def test_nobody_is_named_in_the_log_of_what_cannot_be_written(
    office: SmallOffice, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    office.leaving(LAST, employee="canary-4711")
    office.database.run_sync(lambda tx: tx.execute(text(NEVER[tx.dialect.name])))
    office.clock.advance(timedelta(days=60))

    watch_until(office, lambda: PART in str(office.health.report()))

    said = "".join(capfd.readouterr()) + caplog.text
    assert "looking.stuck" in said
    assert "canary" not in said + str(office.health.report())


def test_a_database_that_is_away_for_a_while_is_tried_again(office: SmallOffice) -> None:
    office.leaving(LAST)
    office.clock.advance(timedelta(days=60))
    office.database.run_sync(lambda tx: tx.execute(text("ALTER TABLE cases RENAME TO gone")))

    watch_until(office, lambda: PART in str(office.health.report()))

    assert not office.health.ready
    office.database.run_sync(lambda tx: tx.execute(text("ALTER TABLE gone RENAME TO cases")))
    watch_until(office, lambda: office.health.ready)
    assert len(office.departed()) == 1
