"""`ems resign --file` with what HR systems export: looked at before it is sent, and people looked up."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
from typer.testing import CliRunner, Result

from infra.cli.app import app
from infra.errors import InfraError, Unreachable


class Scim(BaseHTTPRequestHandler):
    """A directory that ignores filters, answers one person a page, and counts how often it is asked."""

    people: ClassVar[list[dict[str, Any]]] = [
        {"id": "1", "userName": "rosa", "externalId": "E1", "emails": [{"value": "Rosa@Example.com"}]},
        {"id": "2", "userName": "otto", "externalId": "E2", "emails": [{"value": "both@example.com"}]},
        {"id": "3", "userName": "otto2", "externalId": "E3", "emails": [{"value": "both@example.com"}]},
        {"id": "4", "userName": "nobody", "emails": [{"value": "unnumbered@example.com"}]},
    ]
    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        start = int(self.path.partition("startIndex=")[2].partition("&")[0])
        self.asked.append(self.path)
        page = {"totalResults": len(self.people), "Resources": self.people[start - 1 : start]}
        body = json.dumps(page).encode()
        self.send_response(200 if self.headers["Authorization"] == "Bearer right" else 401)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def scim() -> Iterator[str]:
    Scim.asked.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Scim)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def look(file: Path, *arguments: str, **environment: str) -> Result:
    return CliRunner(env=environment).invoke(app, ["resign", "--file", str(file), "--dry-run", *arguments])


def test_a_dry_run_shows_the_first_lines_as_they_would_be_sent_without_an_intake(tmp_path: Path) -> None:
    file = tmp_path / "austritte.csv"
    file.write_bytes("Personal-Nr.;Abteilung;Ort\nE1;Müller\x1b;x\n;;\nE2;;y\n".encode("cp1252") + b"E3;;\n" * 9)
    how = ("--columns", "employee_id=Personal-Nr.", "--columns", "department=Abteilung", "--encoding", "cp1252")

    result = look(file, *how, EMS_STATE_DIR=str(tmp_path / "none"))

    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines() == [
        r'line 2: {"department":"Müller\u001b","employee_id":"E1"}',
        'line 4: {"employee_id":"E2"}',
        *(f'line {number}: {{"employee_id":"E3"}}' for number in (5, 6, 7)),
        "Nothing was sent. To send the file, leave --dry-run out.",
    ]
    assert result.stderr == "Columns that nobody maps are ignored: Ort\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_file_that_says_how_it_is_written_is_read_so(tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "one.csv"
    file.write_bytes("employee_id,department\r\nE1,Zoë\r\n".encode(encoding))

    assert look(file).stdout.splitlines()[0] == 'line 2: {"department":"Zoë","employee_id":"E1"}'


def test_a_person_is_the_right_one_or_nobody(tmp_path: Path, scim: str) -> None:
    file = tmp_path / "mails.csv"
    names = ("rosa@example.com", "both@example.com", "unnumbered@example.com", "none@example.com", "ROSA@example.com")
    file.write_text("\n".join(["employee_id", *names]))

    result = look(file, "--employee-is", "mail", EMS_SCIM_URL=scim, EMS_SCIM_TOKEN="right")

    assert result.exit_code == 1
    assert result.stdout.splitlines()[:2] == [f'line {number}: {{"employee_id":"E1"}}' for number in (2, 6)]
    assert [line.partition(". ")[0] for line in result.stderr.splitlines()] == [
        "line 3: employee_id: 2 in the directory is called so: it must be exactly one.",
        "line 4: employee_id: the directory knows no employee id of this person.",
        "line 5: employee_id: nobody in the directory is called so: it must be exactly one.",
    ]


def test_people_are_found_by_their_user_names_too_and_asked_for_once(tmp_path: Path, scim: str) -> None:
    file = tmp_path / "names.csv"
    file.write_text("employee_id,id\nOTTO,1\nOTTO,2\n")

    result = look(file, "--employee-is", "user_name", EMS_SCIM_URL=scim, EMS_SCIM_TOKEN="right")

    assert result.stdout.count('{"employee_id":"E2"}') == 2
    assert len(Scim.asked) == len(Scim.people)


@pytest.mark.parametrize("environment", [{"EMS_SCIM_TOKEN": "wrong"}, {"EMS_SCIM_URL": "http://127.0.0.1:1"}])
def test_a_directory_that_does_not_answer_ends_it(tmp_path: Path, scim: str, environment: dict[str, str]) -> None:
    file = tmp_path / "names.csv"
    file.write_text("employee_id\notto\n")

    result = look(file, "--employee-is", "mail", **{"EMS_SCIM_URL": scim, "EMS_SCIM_TOKEN": "right", **environment})

    assert isinstance(result.exception, Unreachable)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--file", "{}", "--employee-is", "mail", "--dry-run"), "EMS_SCIM_URL"),
        (("--file", "{}", "--encoding", "klingon", "--dry-run"), "--encoding"),
        (("--file", "{}", "--encoding", "ascii", "--dry-run"), "--encoding"),
        (("--employee", "E1", "--dry-run"), "--file"),
    ],
)
def test_what_cannot_be_done_is_said(tmp_path: Path, arguments: tuple[str, ...], says: str) -> None:
    file = tmp_path / "one.csv"
    file.write_text("employee_id\nZoë\n")
    words = [word.format(file) for word in arguments]

    result = CliRunner(env={"EMS_SCIM_URL": "", "EMS_SCIM_TOKEN": ""}).invoke(app, ["resign", *words])

    assert isinstance(result.exception, InfraError)
    assert (result.exception.exit_code, says in str(result.exception)) == (2, True)
