"""`ems resign`, `decide`, `withdraw`, `move`, `void`, `case`, against a real intake."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from typer.testing import CliRunner

from infra.cli.app import app
from infra.endpoints import Endpoints
from infra.errors import InfraError
from producers.ems.bodies import Resignation
from schemas.exits import (
    EmployeeResigned,
    EmployeeRetained,
    ExitCaseVoided,
    LastWorkingDayChanged,
    RequestedBy,
    ResignationWithdrawn,
    Risk,
    VoidReason,
)
from tests.integration.intake.office import NEXT_SECRET, SECRET, Office, open_office

NO_WHERE = {"EMS_INTAKE_URL": "", "EMS_WEBHOOK_SECRET": "", "EMS_WEBHOOK_SECRETS": ""}


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with open_office(tmp_path_factory.mktemp("office")) as running:
        yield running


@dataclass
class Ems:
    """The command line, told by its environment where the intake is."""

    environment: dict[str, str]

    def __call__(self, *arguments: str) -> str:
        code, out = self.fails(*arguments)
        assert code == 0, out
        return out

    def json(self, *arguments: str) -> Any:
        return json.loads(self(*arguments, "--output", "json"))

    def fails(self, *arguments: str) -> tuple[int, str]:
        result = CliRunner(env=NO_WHERE | self.environment).invoke(app, arguments)
        if isinstance(result.exception, InfraError):
            return result.exception.exit_code, f"{result.output}{result.exception}"
        return result.exit_code, result.output


@pytest.fixture
def ems(office: Office) -> Ems:
    return Ems({"EMS_INTAKE_URL": office.address, "EMS_WEBHOOK_SECRET": SECRET})


@pytest.fixture
def employee() -> str:
    return f"e-{uuid4()}"


def test_a_resignation_is_handed_in_and_says_what_comes_next(ems: Ems, office: Office, employee: str) -> None:
    said = ems("resign", "--employee", employee, "--last-working-day", "2026-06-30", "--risk", "high")

    (fact,) = office.facts(employee)
    assert isinstance(fact, EmployeeResigned)
    assert (fact.risk, fact.last_working_day and fact.last_working_day.isoformat()) == (Risk.HIGH, "2026-06-30")
    assert f"Case {fact.case_id} is SUBMITTED (version 1)." in said
    assert f"ems decide {fact.case_id} --outcome" in said


def test_programs_read_json(ems: Ems, employee: str) -> None:
    case = ems.json("resign", "--employee", employee)
    decided = ems.json("decide", case["case_id"], "--outcome", "confirmed", "--by", "hr-1")
    withdrawn = ems.json("withdraw", case["case_id"], "--requested-by", "both")
    shown = ems.json("case", case["case_id"])

    assert [answer["status"] for answer in (case, decided, withdrawn)] == ["SUBMITTED", "CONFIRMED", "WITHDRAWN"]
    assert shown["case_version"] == withdrawn["case_version"] == 3


def test_a_decision_and_a_withdrawal_say_by_whom(ems: Ems, office: Office, employee: str) -> None:
    first = ems.json("resign", "--employee", employee)["case_id"]
    ems("decide", first, "--outcome", "RETAINED", "--by", "hr-1")
    second = ems.json("resign", "--employee", employee)["case_id"]
    ems("withdraw", second, "--requested-by", "employee")

    _, retained, _, withdrawn = office.facts(employee)
    assert isinstance(retained, EmployeeRetained)
    assert retained.decided_by_id == "hr-1"
    assert isinstance(withdrawn, ResignationWithdrawn)
    assert withdrawn.requested_by is RequestedBy.EMPLOYEE


def test_the_last_working_day_is_moved_and_left_open(ems: Ems, office: Office, employee: str) -> None:
    case_id = ems.json("resign", "--employee", employee)["case_id"]
    ems("move", case_id, "--to", "2026-06-30")
    moved = ems.json("move", case_id, "--open")

    _, known, open_again = office.facts(employee)
    assert isinstance(known, LastWorkingDayChanged)
    assert isinstance(open_again, LastWorkingDayChanged)
    assert (known.previous, known.current) == (None, date(2026, 6, 30))
    assert (open_again.previous, open_again.current) == (date(2026, 6, 30), None)
    assert moved == {"case_id": case_id, "case_version": 3, "status": "SUBMITTED"}


def test_a_case_is_voided_as_an_error_or_as_a_duplicate(ems: Ems, office: Office, employee: str) -> None:
    first = ems.json("resign", "--employee", employee, "--employment-id", "main")["case_id"]
    second = ems.json("resign", "--employee", employee, "--employment-id", "side")["case_id"]
    ems("void", second, "--reason", "duplicate", "--duplicate-of", first)
    said = ems("void", first, "--reason", "entered-in-error")

    _, _, duplicate, error = office.facts(employee)
    assert isinstance(duplicate, ExitCaseVoided)
    assert isinstance(error, ExitCaseVoided)
    assert (duplicate.reason, str(duplicate.duplicate_of)) == (VoidReason.DUPLICATE, first)
    assert (error.reason, error.duplicate_of) == (VoidReason.ENTERED_IN_ERROR, None)
    assert said.strip() == f"Case {first} is VOIDED (version 2)."


def test_a_case_is_shown_in_words(ems: Ems, employee: str) -> None:
    case_id = ems.json("resign", "--employee", employee)["case_id"]

    shown = ems("case", case_id)

    assert shown.splitlines()[0].split() == ["case", "id", case_id]
    assert "SUBMITTED" in shown
    assert "None" not in shown


def test_what_the_intake_refuses_ends_with_1_and_its_sentence(ems: Ems, employee: str) -> None:
    case_id = ems.json("resign", "--employee", employee)["case_id"]

    code, said = ems.fails("resign", "--employee", employee, "--output", "json")

    assert code == 1
    assert case_id in said
    assert json.loads(said.splitlines()[0])["case_id"] == case_id


def test_a_field_that_does_not_fit_is_named(ems: Ems, employee: str) -> None:
    code, said = ems.fails("resign", "--employee", employee, "--time-zone", "Mars/Olympus")

    assert code == 1
    assert "#/time_zone" in said


def test_an_unknown_case_and_a_wrong_secret_are_refusals(ems: Ems, employee: str) -> None:
    assert ems.fails("case", str(uuid4()))[0] == 1
    ems.environment["EMS_WEBHOOK_SECRET"] = "whsec_" + "QUJD" * 8
    assert ems.fails("resign", "--employee", employee)[0] == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["resign"],
        ["resign", "--employee", "e-1", "--last-working-day", "tomorrow"],
        ["resign", "--employee", "e-1", "--risk", "extreme"],
        ["decide", "x"],
        ["decide", "x", "--outcome", "perhaps"],
        ["move", "x"],
        ["move", "x", "--to", "tomorrow"],
        ["move", "x", "--to", "2026-06-30", "--open"],
        ["void", "x"],
        ["void", "x", "--reason", "perhaps"],
        ["resign", "--employee", "e-1", "--output", "xml"],
        ["resign", "--employee", "e-1", "--webhook-secret", "whsec_!"],
        ["resign", "--employee", "e-1", "--intake", "http://host:port"],
        ["resign", "--employee", "e-1", "--intake", "127.0.0.1:8080"],
    ],
)
def test_a_call_that_makes_no_sense_ends_with_2(ems: Ems, arguments: list[str]) -> None:
    assert ems.fails(*arguments)[0] == 2


def test_without_anything_running_one_is_told_how_to_start_it(tmp_path: Path) -> None:
    nowhere = Ems({"EMS_STATE_DIR": str(tmp_path)})

    assert nowhere.fails("resign", "--employee", "e-1") == (3, "Nothing is running here. Start it with: make up")


def test_an_intake_that_does_not_answer_is_unreachable(ems: Ems) -> None:
    ems.environment["EMS_INTAKE_URL"] = "http://127.0.0.1:1"

    code, said = ems.fails("resign", "--employee", "e-1")

    assert code == 3
    assert "does not answer" in said


def test_the_running_system_is_found_by_its_endpoints(office: Office, tmp_path: Path, employee: str) -> None:
    endpoints = Endpoints(
        kafka="127.0.0.1:1",
        registry="http://127.0.0.1:1/apis/ccompat/v7",
        intake=office.address,
        webhook_secret=SECRET,
        smtp="127.0.0.1:1",
        maildir="/nowhere",
        imap="127.0.0.1:1",
        caldav="http://127.0.0.1:1/",
        scim="http://127.0.0.1:1",
        scim_token="token",
        pids={},
    )
    endpoints.write(tmp_path)

    Ems({"EMS_STATE_DIR": str(tmp_path)})("resign", "--employee", employee)

    assert len(office.facts(employee)) == 1


def test_flags_come_before_the_environment_and_of_several_secrets_the_first_signs(
    office: Office, employee: str
) -> None:
    ems = Ems({"EMS_INTAKE_URL": "http://127.0.0.1:1", "EMS_WEBHOOK_SECRETS": f"{NEXT_SECRET}, {SECRET}"})

    ems("resign", "--employee", employee, "--intake", office.address)

    assert len(office.facts(employee)) == 1


def test_whatever_a_resignation_may_say_has_an_option() -> None:
    shown = CliRunner(env={"COLUMNS": "200", "TERM": "dumb"}).invoke(app, ["resign", "--help"]).output

    missing = [name for name in Resignation.model_fields if f"--{name.replace('_', '-')}" not in shown]

    assert missing == ["employee_id"], "which is called --employee"
    assert "Example: ems resign --employee" in shown
