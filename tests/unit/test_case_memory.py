"""Requests are remembered for a stated time, and what cannot be written down is said until something can."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import OperationalError

from choreography import Record
from choreography.testing.fake import FakeClock
from producers.ems.bodies import Resignation
from producers.ems.brake import brake_of
from producers.ems.forgetting import AT_ONCE, Forgetting
from producers.ems.held import State, order
from producers.ems.intake import Delivery
from producers.ems.keys import own_key
from producers.ems.store import requests
from tests.integration.intake.small_office import SmallOffice

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
DAYS = 400
LONG = timedelta(days=DAYS, seconds=1)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[SmallOffice]:
    one = SmallOffice(f"sqlite:///{tmp_path / 'ems.db'}", FakeClock(START), brake_of(3, 3_600, 0, None))
    yield one
    one.close()


def keys(office: SmallOffice) -> set[str]:
    return set(office.database.run_sync(lambda tx: tx.execute(select(requests.c.webhook_id)).scalars().all()))


def forget(office: SmallOffice) -> None:
    asyncio.run(Forgetting(office.database, office.clock, DAYS).look())


def test_a_request_is_remembered_for_as_long_as_is_stated_and_not_longer(office: SmallOffice) -> None:
    body, delivery = Resignation(employee_id="e-1"), Delivery("once", "digest")
    first = office.ask(None, body, delivery)
    office.clock.advance(timedelta(days=DAYS))
    forget(office)
    again = office.ask(None, body, delivery)

    office.clock.advance(timedelta(seconds=1))
    forget(office)

    assert again == first
    assert keys(office) == set()


def test_records_of_the_topic_are_forgotten_too_and_keys_of_vendors_are_not(office: SmallOffice) -> None:
    office.read(Record("ems.intake.v1", 0, 0, None, b'{"employee_id": "e-1"}', (), 1))
    office.read(Record("ems.intake.v1", 0, 1, None, b"no JSON", (), 1))
    of_vendor = own_key("hibob", "digest")
    office.ask(None, Resignation(employee_id="e-2"), Delivery(of_vendor, "digest"))
    before = len(keys(office))
    office.clock.advance(LONG)

    forget(office)

    assert (before, keys(office)) == (3, {of_vendor})


def test_what_is_held_is_remembered_until_a_person_has_decided(office: SmallOffice) -> None:
    for number in range(4):
        office.ask(None, Resignation(employee_id=f"e-{number}"), Delivery(f"w-{number}", "digest"))
    office.clock.advance(LONG)
    forget(office)
    waiting = keys(office)
    office.database.run_sync(lambda tx: order(tx, State.TO_RELEASE, None))
    office.do_orders()

    forget(office)

    assert (waiting, keys(office)) == ({"w-3"}, set())


def test_a_great_deal_is_forgotten_a_little_at_a_time(office: SmallOffice) -> None:
    row = {"digest": "", "answer": "", "answered_at": START.isoformat()}
    many = [{"webhook_id": str(number), **row} for number in range(2 * AT_ONCE + 1)]
    office.database.run_sync(lambda tx: tx.execute(insert(requests), many))
    office.clock.advance(LONG)
    begun = office.clock.now()

    forget(office)

    assert keys(office) == set()
    assert office.clock.now() > begun, "it has left others room in between"


def pages(office: SmallOffice, most: int) -> None:
    """Have the disk full, or not; SQLite takes the present size as the least."""
    office.database.run_sync(lambda tx: tx.execute(text(f"PRAGMA max_page_count = {most}")))


def resigns(office: SmallOffice, number: int) -> bool:
    try:
        office.resign(f"e-{number}")
    except OperationalError:
        return False
    return True


def test_a_full_disk_is_named_until_something_can_be_written_again(tmp_path: Path) -> None:
    office = SmallOffice(f"sqlite:///{tmp_path / 'ems.db'}", FakeClock(START))
    pages(office, 1)
    answered = [resigns(office, number) for number in range(100)]

    full = office.health.report()
    with pytest.raises(OperationalError):
        asyncio.run(office.storage.look())
    still = office.health.report()
    pages(office, 1_000_000)
    asyncio.run(office.storage.look())

    assert answered.count(False) > 6
    assert full == still
    assert full["ready"] is False
    assert all(part in str(full["parts"]) for part in ("SQLITE_FULL", "make room", "503"))
    assert office.health.ready
    assert resigns(office, 101)
    office.close()


def test_a_request_that_is_written_down_says_that_the_disk_has_room(tmp_path: Path) -> None:
    office = SmallOffice(f"sqlite:///{tmp_path / 'ems.db'}", FakeClock(START))
    pages(office, 1)
    while resigns(office, 1):
        office.database.run_sync(lambda tx: tx.execute(text("UPDATE cases SET status = 'WITHDRAWN'")))
    failed = office.health.ready
    pages(office, 1_000_000)

    office.resign("e-2")

    assert (failed, office.health.ready) == (False, True)
    office.close()
