"""`ems resign --file`, against a real intake."""

import asyncio
import json
import threading
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook
from typer.testing import CliRunner, Result

from infra.cli.app import app
from infra.errors import InfraError, Unreachable
from infra.resignations.lines import BadLine, lines, parse_json, resignations
from infra.resignations.sending import Sending
from schemas.exits import EmployeeResigned
from tests.integration.intake.office import SECRET, Office, open_office


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with open_office(tmp_path) as running:
        yield running


def resign(address: str, file: Path | str, *arguments: str, given: bytes = b"") -> Result:
    where = {"EMS_INTAKE_URL": address, "EMS_WEBHOOK_SECRET": SECRET, "EMS_WEBHOOK_SECRETS": ""}
    return CliRunner(env=where).invoke(app, ["resign", "--file", str(file), *arguments], input=given)


def summed_up(result: Result) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(result.stdout.splitlines()[-1])
    return found


def written(file: Path, *said: str | bytes) -> Path:
    file.write_bytes(b"\n".join(one if isinstance(one, bytes) else one.encode() for one in said))
    return file


def test_every_line_opens_a_case_and_says_all_it_knows(office: Office, tmp_path: Path) -> None:
    header = "employee_id,last_working_day,notice_period_days,risk"
    file = written(tmp_path / "leavers.csv", header, "E1,2027-01-31,30,HIGH", "E2,,,")

    result = resign(office.address, file)

    assert (result.exit_code, result.stdout) == (0, "Lines: 2. 2 accepted.\n")
    (fact,) = office.facts("E1")
    assert isinstance(fact, EmployeeResigned)
    assert (str(fact.last_working_day), fact.notice_period_days, fact.risk) == ("2027-01-31", 30, "HIGH")
    assert len(office.facts("E2")) == 1


def test_bad_lines_are_named_and_good_ones_go_on(office: Office, tmp_path: Path) -> None:
    canary = "rosa.canary@example.com"
    file = written(
        tmp_path / "leavers.jsonl",
        '{"employee_id":"E1"}',
        '{"department":"no id"}',
        b'{"employee_id":"\xff"}',
        "[]",
        json.dumps({"employee_id": "E5", "last_working_day": canary, "risk": canary}),
        json.dumps({"employee_id": "E6", "time_zone": canary}),
        json.dumps({"employee_id": canary * 400}),
        '{"employee_id":' + "[" * 300 + "]" * 300 + "}",
        '{"employee_id":"E9"}',
    )

    result = resign(office.address, file, "--output", "json")

    told = summed_up(result)
    assert result.exit_code == 1
    assert [one["number"] for one in told["bad"]] == [2, 3, 4, 5, 6, 7, 8]
    assert (told["lines"], told["opened"]) == (9, 2)
    assert "line 2: employee_id: Field required" in result.stderr
    assert "last_working_day: " in told["bad"][3]["reason"]
    assert "risk: " in told["bad"][3]["reason"]
    assert canary not in result.output
    assert office.rows()["cases"] == 2


def test_a_line_that_is_too_long_is_bad_also_where_its_beginning_would_do(office: Office, tmp_path: Path) -> None:
    file = written(tmp_path / "leavers.jsonl", '{"employee_id":"E1"}' + " " * 20_000, '{"employee_id":"E2"}')

    result = resign(office.address, file)

    assert (result.exit_code, "line 1: The line is longer than" in result.stderr) == (1, True)
    assert (office.facts("E1"), len(office.facts("E2"))) == ([], 1)


def test_the_same_file_again_changes_nothing(office: Office, tmp_path: Path) -> None:
    said = [json.dumps({"employee_id": f"E{number}"}) for number in range(300)]
    file = written(tmp_path / "leavers.jsonl", *said, said[0], said[7])

    first = resign(office.address, file, "--output", "json")
    rows = office.rows()
    again = resign(office.address, file)

    assert (summed_up(first)["opened"], summed_up(first)["repeated"], first.exit_code) == (300, 2, 0)
    assert (again.exit_code, again.stdout) == (0, "Lines: 302. 0 accepted; 302 accepted before, so nothing was done.\n")
    assert office.rows() == rows == {"cases": 300, "requests": 300, "outbox": 300}


def test_a_second_resignation_is_a_bad_line(office: Office, tmp_path: Path) -> None:
    file = written(tmp_path / "leavers.jsonl", '{"employee_id":"E1"}', '{"employee_id":"E1","country":"DE"}')

    result = resign(office.address, file)

    assert result.exit_code == 1
    assert "line 2: This employee's resignation is already being handled in case" in result.stderr


def test_an_id_that_was_used_for_something_else_is_a_bad_line(office: Office, tmp_path: Path) -> None:
    file = written(tmp_path / "leavers.csv", "id,employee_id", "1,E1", "1,E2")

    result = resign(office.address, file)

    assert (result.exit_code, "line 3: This webhook-id was used before" in result.stderr) == (1, True)


def test_the_standard_input_is_a_file(office: Office) -> None:
    unsaid = resign(office.address, "-", given=b'{"employee_id":"E1"}\n')
    said = resign(office.address, "-", "--format", "jsonl", given=b'{"employee_id":"E1"}\n')

    assert isinstance(unsaid.exception, InfraError)
    assert "--format" in str(unsaid.exception)
    assert said.stdout == "Lines: 1. 1 accepted.\n"


@pytest.mark.parametrize("arguments", [("--employee", "E1"), ("--risk", "high")])
def test_what_each_line_says_is_not_said_beside_it(office: Office, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    result = resign(office.address, written(tmp_path / "one.jsonl", '{"employee_id":"E1"}'), *arguments)

    assert isinstance(result.exception, InfraError)
    assert result.exception.exit_code == 2
    assert office.rows()["cases"] == 0


def test_a_file_that_is_not_there_is_said(office: Office, tmp_path: Path) -> None:
    result = resign(office.address, tmp_path / "none.csv")

    assert isinstance(result.exception, InfraError)
    assert "No such file" in str(result.exception)


def test_a_wrong_secret_ends_it(office: Office, tmp_path: Path) -> None:
    file = written(tmp_path / "one.jsonl", '{"employee_id":"E1"}')

    result = resign(office.address, file, "--webhook-secret", "whsec_" + "A" * 32)

    assert isinstance(result.exception, InfraError)
    assert (result.exception.exit_code, "signature" in str(result.exception)) == (1, True)


def test_an_intake_that_dies_meanwhile_is_said_and_running_again_completes(tmp_path: Path) -> None:
    said = [json.dumps({"employee_id": f"E{number}"}) for number in range(2_000)]
    file = written(tmp_path / "leavers.jsonl", *said)

    with open_office(tmp_path) as office, file.open("rb") as source:
        sending = Sending(office.address, Webhook(SECRET), _after(500, office.stop))
        with pytest.raises(Unreachable):
            asyncio.run(sending.send(resignations(lines(source), parse_json)))
        result = resign(office.address, file)
        stored = office.rows()["cases"]
    assert isinstance(result.exception, Unreachable)
    assert (result.exception.exit_code, "no line counts twice" in result.stderr) == (3, True)
    assert sending.tally.opened <= stored < 2_000

    with open_office(tmp_path) as office:
        told = summed_up(resign(office.address, file, "--output", "json"))
        assert (told["opened"], told["repeated"], told["bad"]) == (2_000 - stored, stored, [])
        assert office.rows()["cases"] == 2_000


class Busy(BaseHTTPRequestHandler):
    """Has time for a batch the third time, and then not for its second line."""

    answers: Sequence[tuple[int, dict[str, str], Any]] = (
        (429, {"Retry-After": "0"}, {}),
        (503, {"Retry-After": "0"}, {"detail": "later"}),
        (200, {}, [{"code": 202, "body": {}}, {"code": 409, "retry_after": 0, "body": {}}]),
        (200, {}, [{"code": 202, "body": {}}]),
    )
    asked: list[int]

    def do_POST(self) -> None:
        requests = json.loads(self.rfile.read(int(self.headers["content-length"])))["requests"]
        code, headers, said = self.answers[min(len(self.asked), len(self.answers) - 1)]
        self.asked.append(len(requests))
        body = json.dumps({"answers": said} if isinstance(said, list) else said).encode()
        self.send_response(code)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def busy() -> Iterator[ThreadingHTTPServer]:
    Busy.asked = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Busy)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_whoever_is_busy_is_waited_for(busy: ThreadingHTTPServer, tmp_path: Path) -> None:
    file = written(tmp_path / "leavers.jsonl", '{"employee_id":"E1"}', '{"employee_id":"E2"}')

    result = resign(f"http://127.0.0.1:{busy.server_port}", file)

    assert (result.exit_code, result.stdout) == (0, "Lines: 2. 2 accepted.\n")
    assert Busy.asked == [2, 2, 2, 1], "what was answered is not sent again"


def test_nobody_is_waited_for_for_ever(busy: ThreadingHTTPServer) -> None:
    sending = Sending(f"http://127.0.0.1:{busy.server_port}", Webhook(SECRET), lambda _: None, patience=-1)

    with pytest.raises(Unreachable, match="no time"):
        asyncio.run(sending.send(resignations(iter([(1, '{"employee_id":"E1"}')]), parse_json)))


def _after(number: int, act: Any) -> Any:
    count = 0

    def told(_: BadLine | None) -> None:
        nonlocal count
        count += 1
        if count == number:
            act()

    return told
