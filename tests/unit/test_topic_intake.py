"""Requests that come by a topic: the rules of the routes, and a fact for whatever is refused."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from choreography import Position, Record, RefusalCause
from choreography.testing.fake import FakeClock
from producers.ems.bodies import Resignation
from producers.ems.intake import Delivery
from producers.ems.requests import digest_of
from schemas.exits import EmployeeResigned, EmployeeRetained, ExitCaseVoided, ExitConfirmed, ResignationWithdrawn
from tests.integration.intake.small_office import SmallOffice

CANARY = "rosa.canary@example.com"
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture
def office(database_url: str) -> Iterator[SmallOffice]:
    one = SmallOffice(database_url, FakeClock(NOW))
    yield one
    one.close()


def record(value: object, offset: int = 0, key: str | None = "e-1", **headers: str | bytes) -> Record:
    said = value if isinstance(value, bytes | None) else json.dumps(value).encode()
    named = tuple(
        (name.replace("_", "-"), text if isinstance(text, bytes) else text.encode()) for name, text in headers.items()
    )
    return Record("ems.intake.v1", 0, offset, key.encode() if key else None, said, named, 1_770_000_000_000)


def opened(office: SmallOffice, employee: str = "e-1") -> UUID:
    return office.facts(employee)[-1].case_id  # type: ignore[attr-defined,no-any-return]


def test_a_body_alone_is_a_resignation(office: SmallOffice) -> None:
    office.read(record({"employee_id": "e-1", "risk": "HIGH"}, key=None))

    (fact,) = office.facts()
    assert isinstance(fact, EmployeeResigned)
    assert fact.risk == "HIGH"
    assert office.refused() == []


@pytest.mark.parametrize("by", ["headers", "envelope"])
def test_every_kind_is_said_by_headers_or_by_an_envelope(office: SmallOffice, by: str) -> None:
    said: list[tuple[str, dict[str, Any]]] = [
        ("last-working-day", {"last_working_day": "2027-01-31"}),
        ("decision", {"outcome": "CONFIRMED"}),
        ("withdrawal", {}),
    ]
    office.read(record({"employee_id": "e-1"}))
    case_id = str(opened(office))

    for offset, (kind, body) in enumerate(said, 1):
        if by == "headers":
            office.read(record(body, offset, ems_type=kind, ems_case_id=case_id))
        else:
            office.read(record({"type": kind, "case_id": case_id, "body": body}, offset))
    office.read(record({"employee_id": "e-1"}, 4))
    voided = {"type": "void", "case_id": str(opened(office)), "body": {"reason": "ENTERED_IN_ERROR"}}
    office.read(record(voided, 5))

    _, _, confirmed, withdrawn, *_, last = office.facts()
    assert isinstance(confirmed, ExitConfirmed)
    assert isinstance(withdrawn, ResignationWithdrawn)
    assert isinstance(last, ExitCaseVoided)
    assert office.refused() == []


def test_records_of_one_key_are_taken_in_their_order(office: SmallOffice) -> None:
    office.read(record({"employee_id": "e-1"}))
    about = {"case_id": str(opened(office))}

    office.read(
        record({"type": "decision", **about, "body": {"outcome": "RETAINED"}}, 1),
        record({"employee_id": "e-1"}, 2),
        *(record({"employee_id": f"e-{number}"}, number, f"e-{number}") for number in range(3, 100)),
    )

    assert [type(fact) for fact in office.facts()] == [EmployeeResigned, EmployeeRetained, EmployeeResigned]
    assert all(len(office.facts(f"e-{number}")) == 1 for number in range(3, 100))
    assert office.refused() == []


@pytest.mark.parametrize(
    ("value", "cause", "says"),
    [
        (None, RefusalCause.UNREADABLE, "no value"),
        (b"", RefusalCause.UNREADABLE, "no JSON object"),
        (b"\x00\x00\x00\x00\x01avro", RefusalCause.UNREADABLE, "no JSON object"),
        (b'{"employee_id":"\xff"}', RefusalCause.UNREADABLE, "no JSON object"),
        (b"[" * 10_000, RefusalCause.UNREADABLE, "no JSON object"),
        (b"[]", RefusalCause.UNREADABLE, "no JSON object"),
        (b" " * 20_000 + b"{}", RefusalCause.UNREADABLE, "larger than"),
        ({}, RefusalCause.MISFIT, "employee_id: Field required."),
        ({"employee_id": "e-1", "last_working_day": "0"}, RefusalCause.MISFIT, "YYYY-MM-DD"),
        ({"body": {"employee_id": "e-1", "submitted_on": 86400}}, RefusalCause.MISFIT, "YYYY-MM-DD"),
        (b'{"employee_id": "e-1", "employee_id": "e-2"}', RefusalCause.UNREADABLE, "named twice"),
        (b'{"body": {"employee_id": "e-1"}, "body": {"employee_id": "e-2"}}', RefusalCause.UNREADABLE, "named twice"),
        ({"employee_id": "e-1", "last_working_day": CANARY}, RefusalCause.MISFIT, "last_working_day: "),
        ({"employee_id": "e-1", CANARY: 1}, RefusalCause.MISFIT, "a field that there is not: "),
        ({"type": "promotion", "body": {}}, RefusalCause.MISFIT, "type: "),
        ({"type": "withdrawal", "body": {}}, RefusalCause.MISFIT, "case_id: "),
        ({"type": "withdrawal", "case_id": str(uuid4()), "body": {}}, RefusalCause.RULES, "There is no case"),
    ],
)
def test_a_refusal_is_stated_and_holds_nobody_up(
    office: SmallOffice, value: object, cause: RefusalCause, says: str
) -> None:
    office.read(record(value), record({"employee_id": "e-2"}, 1))

    (fact,) = office.refused()
    assert (fact.cause, fact.position and fact.position.offset) == (cause, 0)
    assert says in (fact.detail or "")
    assert CANARY not in fact.model_dump_json()
    assert len(office.facts("e-2")) == 1


def test_what_nobody_foresaw_is_refused_and_logged_without_what_was_sent(
    office: SmallOffice, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    case_id = office.resign("e-1")
    office.database.run_sync(lambda tx: tx.execute(text("UPDATE cases SET time_zone = :zone"), {"zone": CANARY}))

    decision = {"type": "decision", "case_id": str(case_id), "body": {"outcome": "CONFIRMED"}}
    office.read(record(decision), record({"employee_id": "e-2"}, 1))

    (fact,) = office.refused()
    logged = "".join(capfd.readouterr()) + caplog.text
    assert (fact.cause, "the log of EMS says why" in str(fact.detail)) == (RefusalCause.FAILED, True)
    assert all(part in logged for part in ("record.failed", "ZoneInfoNotFoundError", "ems.intake.v1/0/0", "zones.py"))
    assert CANARY not in logged
    assert len(office.facts("e-2")) == 1


def test_a_header_that_is_no_text_is_not_said(office: SmallOffice) -> None:
    office.read(record({"employee_id": "e-1"}, ems_type=b"\xff"))

    assert len(office.facts()) == 1


def test_what_comes_again_is_done_once(office: SmallOffice) -> None:
    records = [record({"employee_id": "e-1"}), record({"employee_id": "e-2", "risk": "none"}, 1, "e-2")]

    office.read(*records)
    office.read(*records, *records)

    assert (len(office.facts()), len(office.refused())) == (1, 1)


def test_what_was_refused_stays_refused_when_it_comes_again(office: SmallOffice) -> None:
    office.read(record({"employee_id": "e-1"}))
    office.read(record({"employee_id": "e-1", "country": "DE"}, 1))
    office.read(record({"type": "decision", "case_id": str(opened(office)), "body": {"outcome": "RETAINED"}}, 2))

    office.read(record({"employee_id": "e-1", "country": "DE"}, 1))

    assert [type(fact) for fact in office.facts()] == [EmployeeResigned, EmployeeRetained]
    assert [fact.cause for fact in office.refused()] == [RefusalCause.RULES]


def test_an_id_of_ones_own_counts_once_at_whichever_place_and_also_over_http(office: SmallOffice) -> None:
    raw = b'{ "employee_id": "e-1" }'

    body = Resignation(employee_id="e-1")

    office.ask(None, body, Delivery("mine", digest_of("/v1/resignations", body)))
    office.read(record(raw, 0, webhook_id="mine"), record(raw, 1, webhook_id="mine"))
    office.read(record({"employee_id": "e-2"}, 2, webhook_id="mine"))

    assert len(office.facts()) == 1
    assert [fact.cause for fact in office.refused()] == [RefusalCause.OTHER_REQUEST]


def taken_by(stranger: str) -> dict[str, object]:
    """A request that has the key of another one."""
    return {"id": stranger, "body": {"employee_id": "e-9"}}


@pytest.mark.parametrize("prefix", ["refused ", "ems:refused ", "ems:record ", "ems:bamboohr ", ""])
def test_nobody_takes_the_key_of_another_record_or_of_its_refusal(office: SmallOffice, prefix: str) -> None:
    place = "ems.intake.v1/0/{}@1770000000000"
    strangers = [taken_by(prefix + place.format(offset)) for offset in (2, 3)]

    office.read(record(strangers[0], 0, key=None), record(strangers[1], 1, key=None))
    office.read(record({"employee_id": "e-1"}, 2), record({}, 3))

    assert len(office.facts("e-1")) == 1
    assert office.refused()[-1].position == Position(topic="ems.intake.v1", partition=0, offset=3)
    assert {fact.cause for fact in office.refused()} <= {RefusalCause.MISFIT, RefusalCause.RULES}


def test_a_topic_that_was_made_anew_has_other_records(office: SmallOffice) -> None:
    first = record({"employee_id": "e-1"})
    later = Record(first.topic, 0, 0, b"e-2", b'{"employee_id":"e-2"}', (), first.timestamp_ms + 1)

    office.read(first)
    office.read(later)

    assert len(office.facts("e-2")) == 1


class Mending(FakeClock):
    """A clock on which somebody mends the database while another one waits."""

    office: SmallOffice

    async def sleep(self, seconds: float) -> None:
        await self.office.database.run(lambda tx: tx.execute(text("ALTER TABLE gone RENAME TO outbox")))
        await super().sleep(seconds)


def test_a_database_that_cannot_be_written_is_waited_for(database_url: str) -> None:
    clock = Mending(NOW)
    office = clock.office = SmallOffice(database_url, clock)
    office.database.run_sync(lambda tx: tx.execute(text("ALTER TABLE outbox RENAME TO gone")))

    office.read(record({"employee_id": "e-1"}), record({}, 1))

    assert clock.now() > NOW
    assert (len(office.facts()), len(office.refused())) == (1, 1)
    office.close()
