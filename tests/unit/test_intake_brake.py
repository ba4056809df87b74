"""The mass brake at the intake: too many resignations at once wait for a person."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from typer.testing import CliRunner

from choreography import IntakeHeld, IntakeRefused, IntakeReleased, Record, RefusalCause
from choreography.testing.fake import FakeClock
from infra.cli.app import app
from infra.errors import InfraError
from producers.ems import quarantine
from producers.ems.bodies import Decision, Resignation
from producers.ems.intake import Delivery
from producers.ems.quarantine import Brake, State, brake_of
from schemas.exits import EmployeeResigned
from tests.integration.intake.office import SECRET, Office, open_office
from tests.integration.intake.small_office import SmallOffice, database_of, on_both

NOW = datetime(2026, 3, 2, 22, 30, tzinfo=UTC)  # 23:30 where the office is
HOUR = timedelta(hours=1)


@pytest.fixture
def open_one(request: pytest.FixtureRequest) -> Iterator[Callable[[], SmallOffice]]:
    """Open a process of EMS; all work on one database, at one clock."""
    clock, opened, database_url = FakeClock(NOW), list[SmallOffice](), database_of(request)

    def one() -> SmallOffice:
        opened.append(SmallOffice(database_url, clock, Brake(3, HOUR)))
        return opened[-1]

    yield one
    for office in opened:
        office.close()


@pytest.fixture
def office(open_one: Callable[[], SmallOffice]) -> SmallOffice:
    one = open_one()
    for number in range(3):
        one.resign(f"before-{number}")
    return one


def resign(office: SmallOffice, employee: str, webhook_id: str = "") -> dict[str, str | None]:
    delivery = Delivery(webhook_id or f"of {employee}", "digest")
    return office.ask(None, Resignation(employee_id=employee), delivery)


def holds(office: SmallOffice) -> list[UUID]:
    return [one.hold_id for one in office.database.run_sync(lambda tx: quarantine.waiting(tx, State.HELD))]


def order(office: SmallOffice, what: State, *which: UUID) -> int:
    number = office.database.run_sync(lambda tx: quarantine.order(tx, what, which or None))
    office.do_orders()
    return number


@on_both("open_one")
def test_one_too_many_is_held_and_nothing_else_is_done(office: SmallOffice) -> None:
    answer = resign(office, "e-1")

    assert answer == {"case_id": None, "case_version": None, "status": "HELD", "hold_id": answer["hold_id"]}
    (said,) = office.facts()
    assert isinstance(said, IntakeHeld)
    assert (str(said.correlation_id), said.limit, said.window_seconds) == (answer["hold_id"], 3, 3_600)
    assert resign(office, "e-1") == answer, "the same request gets the same answer"
    assert len(office.facts()) == 1


def test_what_is_not_a_resignation_is_never_held(office: SmallOffice) -> None:
    case_id = office.facts("before-0")[0].case_id  # type: ignore[attr-defined]

    assert office.ask(case_id, Decision(outcome="CONFIRMED"))["status"] == "CONFIRMED"


def test_a_resignation_that_the_rules_refuse_is_refused_and_not_held(office: SmallOffice) -> None:
    with pytest.raises(Exception, match="already being handled"):
        resign(office, "before-0", "another")

    assert holds(office) == []


def test_the_brake_goes_off_by_itself_but_what_is_held_stays_held(office: SmallOffice) -> None:
    resign(office, "e-1")
    office.clock.advance(HOUR + timedelta(seconds=1))
    office.do_orders()

    assert resign(office, "e-2")["status"] == "SUBMITTED"
    assert len(holds(office)) == 1
    assert len(office.facts()) == 1


def test_a_release_opens_the_case_as_of_the_day_on_which_it_was_handed_in(
    office: SmallOffice, open_one: Callable[[], SmallOffice]
) -> None:
    resign(office, "e-1")
    office.clock.advance(timedelta(days=2))
    office.close()

    after_a_restart = open_one()
    assert order(after_a_restart, State.TO_RELEASE) == 1
    after_a_restart.do_orders()

    _, resigned, said = after_a_restart.facts()
    assert isinstance(resigned, EmployeeResigned)
    assert resigned.submitted_on == date(2026, 3, 2)
    assert isinstance(said, IntakeReleased)
    assert said.opened == resigned.case_id
    assert resign(after_a_restart, "e-1")["case_id"] == str(resigned.case_id)


def test_what_a_person_refuses_is_never_done(office: SmallOffice) -> None:
    first, second = (UUID(str(resign(office, employee)["hold_id"])) for employee in ("e-1", "e-2"))

    assert order(office, State.TO_REFUSE, first) == 1
    assert order(office, State.TO_RELEASE, first) == 0, "it has ended"

    assert holds(office) == [second]
    _, said = office.facts("e-1")
    assert isinstance(said, IntakeRefused)
    assert (said.cause, said.correlation_id, said.position) == (RefusalCause.PERSON, first, None)
    assert resign(office, "e-1")["status"] == "REFUSED"


def test_a_release_that_the_rules_refuse_is_stated(office: SmallOffice) -> None:
    for webhook_id in ("one", "two"):
        resign(office, "e-1", webhook_id)

    order(office, State.TO_RELEASE)

    kinds = [type(fact) for fact in office.facts()]
    assert sorted(kind.__name__ for kind in kinds) == [
        "EmployeeResigned",
        "IntakeHeld",
        "IntakeHeld",
        "IntakeRefused",
        "IntakeReleased",
    ]
    (refused,) = [fact for fact in office.facts() if isinstance(fact, IntakeRefused)]
    assert (refused.cause, "already being handled" in str(refused.detail)) == (RefusalCause.RULES, True)


def test_what_is_held_and_fits_no_more_is_refused_and_holds_nobody_up(office: SmallOffice) -> None:
    for employee in ("e-1", "e-2"):
        resign(office, employee)
        office.clock.advance(timedelta(seconds=1))
    spoilt = text("""UPDATE held_requests SET body = '{"once": "taken"}' WHERE employee_id = 'e-1'""")
    office.database.run_sync(lambda tx: tx.execute(spoilt))

    order(office, State.TO_RELEASE)

    (refused,) = [fact for fact in office.facts("e-1") if isinstance(fact, IntakeRefused)]
    assert (refused.cause, "new resignation" in str(refused.detail)) == (RefusalCause.MISFIT, True)
    assert isinstance(office.facts("e-2")[-1], IntakeReleased)


NEVER = {
    "sqlite": "CREATE TRIGGER never BEFORE INSERT ON cases WHEN NEW.employee_id = 'e-1' "
    "BEGIN SELECT RAISE(ABORT, 'no'); END",
    "postgresql": "ALTER TABLE cases ADD CONSTRAINT never CHECK (employee_id <> 'e-1')",
}


def test_an_order_that_cannot_be_carried_out_keeps_no_other_waiting_and_is_told(office: SmallOffice) -> None:
    for employee in ("e-1", "e-2"):
        resign(office, employee)
        office.clock.advance(timedelta(seconds=1))
    office.database.run_sync(lambda tx: quarantine.order(tx, State.TO_RELEASE, None))
    office.database.run_sync(lambda tx: tx.execute(text(NEVER[tx.dialect.name])))

    with pytest.raises(IntegrityError):
        office.do_orders()

    assert [type(fact) for fact in office.facts("e-1")] == [IntakeHeld]
    assert isinstance(office.facts("e-2")[-1], IntakeReleased)


@on_both("open_one")
def test_the_last_release_begins_the_window_anew(office: SmallOffice) -> None:
    for number in range(4):
        resign(office, f"e-{number}")
    office.clock.advance(timedelta(minutes=1))
    order(office, State.TO_RELEASE)
    office.clock.advance(timedelta(minutes=1))

    assert [resign(office, f"later-{number}")["status"] for number in range(4)] == ["SUBMITTED"] * 3 + ["HELD"]


def test_one_release_of_many_lets_nobody_else_through(office: SmallOffice) -> None:
    first, *_ = (UUID(str(resign(office, f"e-{number}")["hold_id"])) for number in range(3))
    order(office, State.TO_RELEASE, first)

    assert resign(office, "later")["status"] == "HELD"
    assert len(holds(office)) == 3


def test_what_was_released_does_not_count(office: SmallOffice) -> None:
    first, _ = (UUID(str(resign(office, f"e-{number}")["hold_id"])) for number in range(2))
    office.clock.advance(HOUR / 2)
    order(office, State.TO_RELEASE, first)
    office.clock.advance(HOUR / 2 + timedelta(seconds=1))

    assert [resign(office, f"later-{number}")["status"] for number in range(4)] == ["SUBMITTED"] * 3 + ["HELD"]


def test_what_was_asked_for_is_forgotten_with_the_hold(office: SmallOffice) -> None:
    resign(office, "e-1")
    order(office, State.TO_REFUSE)

    kept = office.database.run_sync(lambda tx: tx.execute(text("SELECT body FROM held_requests")).scalars().all())
    assert kept == [None]


@on_both("open_one")
def test_two_processes_do_an_order_once(open_one: Callable[[], SmallOffice], office: SmallOffice) -> None:
    resign(office, "e-1")
    other = open_one()
    office.database.run_sync(lambda tx: quarantine.order(tx, State.TO_RELEASE, None))

    both = office.database.run_sync(lambda tx: quarantine.waiting(tx, State.TO_RELEASE))
    office.do_orders()
    other.do_orders(both)

    assert [type(fact).__name__ for fact in office.facts()] == ["IntakeHeld", "EmployeeResigned", "IntakeReleased"]


def test_the_topic_is_braked_too(office: SmallOffice) -> None:
    office.read(Record("ems.intake.v1", 0, 0, b"e-1", b'{"employee_id":"e-1"}'))

    assert [type(fact) for fact in office.facts()] == [IntakeHeld]


@pytest.mark.parametrize(
    ("given", "limit"),
    [
        ((200, 3600, 2.0, None), 200),
        ((200, 3600, 2.0, 1_000), 20),
        ((200, 3600, 2.0, 100_000), 200),
        ((0, 3600, 2.0, 1_000), 20),
        ((200, 3600, 0.0, 1_000), 200),
        ((0, 3600, 0.0, 1_000), None),
        ((200, 3600, 2.0, 10), 1),
        ((0, 3600, 2.0, None), None),
    ],
)
def test_the_smaller_limit_counts(given: tuple[int, int, float, int | None], limit: int | None) -> None:
    brake = brake_of(*given)

    assert (brake and brake.limit) == limit


@pytest.fixture
def braked(tmp_path: Path) -> Iterator[Office]:
    with open_office(tmp_path, brake=Brake(2, HOUR)) as running:
        yield running


def ems(office: Office, *arguments: str) -> str:
    where = {"EMS_INTAKE_URL": office.address, "EMS_WEBHOOK_SECRET": SECRET, "EMS_WEBHOOK_SECRETS": ""}
    result = CliRunner(env=where).invoke(app, arguments)
    if isinstance(result.exception, InfraError):
        return str(result.exception)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_a_person_sees_what_is_held_and_says_what_becomes_of_it(braked: Office, tmp_path: Path) -> None:
    file = tmp_path / "leavers.csv"
    file.write_text("employee_id\nE1\nE2\nE3\nE4\nE5\n")
    database = ("--database-url", str(braked.database.url))

    handed_in = ems(braked, "resign", "--file", str(file))
    alone = ems(braked, "resign", "--employee", "E6")
    listed = json.loads(ems(braked, "intake", "held", "--output", "json", *database))
    refused = ems(braked, "intake", "refuse", listed[0]["hold_id"], *database)
    again = ems(braked, "intake", "refuse", listed[0]["hold_id"], *database)
    released = ems(braked, "intake", "release", "--all", *database)
    unsaid = ems(braked, "intake", "release", *database)
    shown = ems(braked, "intake", "held", *database)

    assert handed_in.startswith("Lines: 5. 2 accepted; 3 held until a person releases them.")
    assert "This resignation is held" in alone
    assert [one["employee_id"] for one in listed] == ["E3", "E4", "E5", "E6"]
    assert (refused, released) == (
        "1 to be refused; EMS does so in seconds.\n",
        "3 to be released; EMS does so in seconds.\n",
    )
    assert "0 were held" in again
    assert "--all" in unsaid
    assert "is being released" in shown
    assert braked.rows()["cases"] == 2


def test_where_nothing_is_held_that_is_said(braked: Office) -> None:
    assert ems(braked, "intake", "held", "--database-url", str(braked.database.url)) == "No resignation is held.\n"
    assert "no database" in ems(braked, "intake", "held", "--database-url", "sqlite:////nowhere/ems.db")
