"""The doors of the intake stand open to everybody: strangers are not waited for, and keep nobody out."""

import json
import logging
import resource
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import takewhile
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from producers.ems.connections import Limits
from tests.integration.intake.office import Office, open_office, signed

RESIGN = "/v1/resignations"
BODY = json.dumps({"employee_id": "e-1"})
HEAD = f"POST {RESIGN} HTTP/1.1\r\nhost: x\r\n".encode()
SECONDS = 0.5


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with open_office(tmp_path_factory.mktemp("office"), limits=Limits(20, SECONDS)) as running:
        yield running


def line_to(office: Office) -> socket.socket:
    address = urlsplit(office.address)
    return socket.create_connection((str(address.hostname), int(address.port or 0)), timeout=10)


def rest(line: socket.socket) -> bytes:
    """Return what comes until the other side closes."""
    found = b""
    try:
        while part := line.recv(10_000):
            found += part
    except ConnectionResetError:
        pass
    return found


def head(body: str, **more: str) -> bytes:
    """Return the head of a signed request."""
    said = signed(body) | {name.replace("_", "-"): value for name, value in more.items()}
    return HEAD + "".join(f"{name}: {value}\r\n" for name, value in said.items()).encode() + b"\r\n"


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"P",
        HEAD,
        HEAD + b"content-length: 5\r\n\r\n",
        HEAD + b"content-length: 5\r\n\r\n{",
        HEAD + b"transfer-encoding: chunked\r\n\r\n1\r\n{\r\n",
        HEAD + b"expect: 100-continue\r\ncontent-length: 5\r\n\r\n",
        b"GET /openapi.json HTTP/1.1\r\nhost: x\r\n\r\n",
        b"GET /openapi.json HTTP/1.1\r\nhost: x\r\n\r\nGET",
        HEAD + b"content-length: 0\r\n\r\n" + HEAD,
    ],
)
def test_who_falls_silent_is_not_waited_for(office: Office, sent: bytes) -> None:
    with line_to(office) as line:
        line.sendall(sent)

        assert b"HTTP/1.1 5" not in rest(line)


def test_who_sends_a_little_now_and_then_is_not_waited_for(office: Office) -> None:
    with line_to(office) as line:
        line.settimeout(SECONDS / 10)
        taken = sum(1 for _ in takewhile(lambda _: takes_a_little(line), range(100)))

    assert taken < 20


def takes_a_little(line: socket.socket) -> bool:
    try:
        line.sendall(b"x")
        return line.recv(1) != b""
    except TimeoutError:
        return True
    except OSError:
        return False


def test_silent_connections_keep_nobody_out(office: Office) -> None:
    with ExitStack() as stack:
        for number in range(60):
            line = stack.enter_context(line_to(office))
            line.sendall([b"", HEAD, HEAD + b"content-length: 5\r\n\r\n"][number % 3])

        answers = [office.post(RESIGN, "{}").status_code for _ in range(5)]

    assert answers == [422] * 5


def test_who_does_not_take_answers_is_not_waited_for(office: Office) -> None:
    question = b"GET /openapi.json HTTP/1.1\r\nhost: x\r\n\r\n"
    with line_to(office) as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        with pytest.raises(ConnectionError):
            line.sendall(question * 1_000_000)


@pytest.mark.parametrize(
    "path", ["/v1%2fresignations", "/v1%2Fresignations", "/%76%31/resignations", "/v1/resignations%00"]
)
def test_an_address_that_is_written_otherwise_is_none(office: Office, path: str) -> None:
    answer = office.send("POST", path, BODY, signed(BODY))

    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


@pytest.mark.parametrize("second", [b"", HEAD + b"\r\n"])
def test_a_body_that_says_its_length_in_two_ways_ends_the_connection(office: Office, second: bytes) -> None:
    chunked = f"{len(BODY):x}\r\n{BODY}\r\n0\r\n\r\n".encode()
    with line_to(office) as line:
        line.sendall(head(BODY, transfer_encoding="chunked", content_length="4") + chunked + second)
        answer = rest(line)

    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.count(b"HTTP/1.1") == 1
    assert office.rows()["cases"] == 0


def test_strangers_write_nothing_into_the_log(office: Office, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    said = [
        b"no HTTP\r\n\r\n",
        HEAD + b"upgrade: websocket\r\nconnection: upgrade\r\ncontent-length: 0\r\n\r\n",
        HEAD + b"content-length: 2\r\ncontent-length: 3\r\n\r\n",
        b"POST /nowhere HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n",
        HEAD + b"content-length: 2\r\n\r\n{}",
    ]
    for first in said:
        with line_to(office) as line:
            line.sendall(first)
            line.recv(10_000)
            line.sendall(b"garbage\r\n\r\n" * 10)
            rest(line)

    assert [one.getMessage() for one in caplog.records if not one.name.startswith("http")] == []


def test_the_process_takes_the_files_that_it_may_have_and_leaves_itself_half(tmp_path: Path) -> None:
    program = (
        "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (100, 600))\n"
        "from producers.ems.connections import raise_file_limit\n"
        "print(raise_file_limit().most, *resource.getrlimit(resource.RLIMIT_NOFILE))"
    )

    found = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True, timeout=60)

    assert found.stdout.split() == ["300", "600", "600"]
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[1] >= 600
