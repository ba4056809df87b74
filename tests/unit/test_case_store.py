"""How cases are found: by an index, however many have ended."""

import re
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import Connection, Engine, create_engine, event, insert

from choreography.database.migration import bring_up_to_date
from producers.ems import store
from producers.ems.cases import Case, Status
from producers.ems.erasure import erase
from producers.ems.forgetting import FORGET
from schemas.exits import Risk

CASE = {
    "case_id": UUID(int=1),
    "employee_id": "e-1",
    "version": 1,
    "status": "DEPARTED",
    "time_zone": "UTC",
} | dict.fromkeys(("opened_at", "changed_at"), "")


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    engine = create_engine(f"sqlite:///{tmp_path / 'ems.db'}")
    store.metadata.create_all(engine)
    return engine


@pytest.fixture
def statements(engine: Engine) -> list[str]:
    """What is executed, as SQLite gets it."""
    heard: list[str] = []

    def hear(_connection: Connection, _cursor: object, statement: str, *_: object) -> None:
        heard.append(statement)

    event.listen(engine, "before_cursor_execute", hear)
    return heard


def plan(engine: Engine, statement: str, *values: str) -> str:
    with engine.connect() as connection:
        rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
        return " ".join(str(row[-1]) for row in rows)


def test_the_open_cases_of_an_employee_are_found_without_reading_all_others(
    engine: Engine, statements: list[str]
) -> None:
    with engine.connect() as connection:
        store.open_cases(connection, "e-1")

    found = plan(engine, statements[-1], "e-1")
    assert "USING INDEX cases_open" in found or "USING INDEX cases_employee" in found


def test_those_who_leave_are_found_without_reading_all_others(engine: Engine, statements: list[str]) -> None:
    with engine.connect() as connection:
        store.leaving(connection, date(2026, 3, 2))

    assert "USING INDEX cases_leaving" in plan(engine, statements[-1], "2026-03-02")


def test_whom_a_request_was_about_is_found_without_reading_all_others(engine: Engine, statements: list[str]) -> None:
    with engine.begin() as connection:
        connection.execute(insert(store.cases).values(CASE))
        erase(connection, "e-1")

    asked = [one for one in statements if "requests" in one or "cases" in one or "held" in one]
    plans = [plan(engine, one, *[""] * one.count("?")) for one in asked if not one.startswith("INSERT")]
    assert len(plans) >= 5
    assert not [one for one in plans if re.search("SCAN (requests|cases|held)", one)]
    assert any("USING INDEX requests_case" in one for one in plans)


def test_what_is_old_is_found_by_when_it_was_answered(engine: Engine, statements: list[str]) -> None:
    with engine.begin() as connection:
        connection.execute(FORGET, {"before": ""})

    assert "USING INDEX requests_answered" in plan(engine, statements[-1], *[""] * statements[-1].count("?"))


def test_the_risk_of_a_case_is_kept_and_one_from_before_it_was_has_none(engine: Engine) -> None:
    case = Case(
        case_id=UUID(int=1),
        employee_id="e-1",
        employment_id=None,
        version=1,
        status=Status.SUBMITTED,
        last_working_day=None,
        time_zone="UTC",
        risk=Risk.HIGH,
    )

    with engine.begin() as connection:
        store.keep(connection, case, datetime(2026, 3, 2, tzinfo=UTC))
        kept = store.find(connection, case.case_id)
        connection.exec_driver_sql("ALTER TABLE cases DROP COLUMN risk")
        bring_up_to_date(connection, store.metadata)
        from_before = store.find(connection, case.case_id)

    assert (kept.risk, from_before.risk) == (Risk.HIGH, Risk.NORMAL)
