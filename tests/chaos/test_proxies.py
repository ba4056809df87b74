"""The proxies misbehave exactly as the plan says: what is said to have happened at the target has happened there."""

import smtplib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import httpx2
import pytest

from infra.local.ports import free_port
from tests.chaos.diary import Diary
from tests.chaos.http_proxy import HttpProxy
from tests.chaos.mischief import Mischief
from tests.chaos.proxies import Proxies, Reader, Writer
from tests.chaos.smtp_proxy import SmtpProxy
from tests.e2e.waiting import eventually


class Planned(Mischief):
    """One fault after the other, then none."""

    def __init__(self, *faults: str) -> None:
        self._faults = list(faults)

    def next(self) -> str | None:
        return self._faults.pop(0) if self._faults else None


class Target(ThreadingHTTPServer):
    """Remembers what was written to it, and answers with its state."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        super().__init__(("127.0.0.1", 0), _Answers)


class _Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Target

    def do_PATCH(self) -> None:
        self.server.written.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.do_GET()

    def do_GET(self) -> None:
        body = b"%d written" % len(self.server.written)
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base class
        pass


@pytest.fixture
def proxies() -> Iterator[Proxies]:
    proxies = Proxies()
    proxies.start()
    yield proxies
    proxies.end()


@pytest.fixture
def target() -> Iterator[Target]:
    with Target() as server:
        thread = Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def http(proxies: Proxies, target: Target, *faults: str) -> httpx2.Client:
    port = free_port()
    proxies.open(port, HttpProxy(target.server_port, Planned(*faults)).serve)
    return httpx2.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False)


@pytest.mark.parametrize("fault", ["401", "409", "412", "429 with Retry-After", "500"])
def test_a_refused_write_never_gets_to_the_target(proxies: Proxies, target: Target, fault: str) -> None:
    with http(proxies, target, fault) as client:
        refused = client.patch("/Groups/1", content=b"x")
        accepted = client.patch("/Groups/1", content=b"y")

    assert refused.status_code == int(fault[:3])
    assert ("retry-after" in refused.headers) == (fault == "429 with Retry-After")
    assert accepted.status_code == 200
    assert target.written == [b"y"]


def test_a_write_that_is_said_to_have_worked_and_changed_nothing_was_only_read(
    proxies: Proxies, target: Target
) -> None:
    with http(proxies, target, "200 but unchanged") as client:
        answer = client.patch("/Groups/1", content=b"x", headers={"If-Match": "1"})

    assert (answer.status_code, answer.content) == (200, b"0 written")
    assert target.written == []


def test_a_lost_reply_hides_what_was_written(proxies: Proxies, target: Target) -> None:
    with http(proxies, target, "reply lost, written") as client, pytest.raises(httpx2.TransportError):
        client.patch("/Groups/1", content=b"x")

    assert target.written == [b"x"]


class Post:
    """A mail server of a few words, which keeps what it accepted."""

    def __init__(self) -> None:
        self.kept: list[bytes] = []

    async def serve(self, reader: Reader, writer: Writer) -> None:
        writer.write(b"220 here\r\n")
        while line := await reader.readline():
            if line.upper().startswith(b"DATA"):
                writer.write(b"354 go on\r\n")
                self.kept.append(await reader.readuntil(b"\r\n.\r\n"))
            writer.write(b"221 bye\r\n" if line.upper().startswith(b"QUIT") else b"250 fine\r\n")


def send(proxies: Proxies, *faults: str) -> tuple[Post, int]:
    post, behind, before = Post(), free_port(), free_port()
    proxies.open(behind, post.serve)
    proxies.open(before, SmtpProxy(behind, Planned(*faults)).serve)
    try:
        with smtplib.SMTP("127.0.0.1", before, timeout=10) as client:
            client.sendmail("a@example.com", ["b@example.com"], b"Subject: x\r\n\r\nx\r\n")
    except smtplib.SMTPRecipientsRefused as refusal:
        return post, refusal.recipients["b@example.com"][0]
    except smtplib.SMTPResponseException as refusal:
        return post, int(refusal.smtp_code)
    except smtplib.SMTPServerDisconnected:
        return post, 0
    return post, 250


@pytest.mark.parametrize(
    ("fault", "code", "kept"),
    [
        ("none", 250, 1),
        ("421 at connect", 421, 0),
        ("450 at RCPT", 450, 0),
        ("550 at RCPT", 550, 0),
        ("550 for everybody", 550, 0),
        ("dropped before the final dot", 0, 0),
        ("451 after the final dot", 451, 0),
        ("dropped after the final dot, delivered", 0, 1),
    ],
)
def test_a_mail_is_kept_or_not_as_the_fault_is_called(proxies: Proxies, fault: str, code: int, kept: int) -> None:
    post, answered = send(proxies, fault)

    assert (answered, len(post.kept)) == (code, kept)


def test_a_mail_may_be_kept_long_after_the_connection_is_gone(proxies: Proxies) -> None:
    post, answered = send(proxies, "dropped after the final dot, delivered late")

    assert (answered, post.kept) == (0, [])
    eventually(lambda: post.kept, "the mail to be kept", lambda: "none", seconds=10)


def test_every_kind_of_fault_strikes_once_in_its_period_and_the_same_seed_chooses_the_same_places(
    tmp_path: Path,
) -> None:
    diary = Diary(tmp_path / "diary.jsonl")
    periods = {"401": 10, "500": 25}

    first, second = (Mischief("scim", periods, seed=3, diary=diary) for _ in range(2))
    plans = [[one.next() for _ in range(50)] for one in (first, second)]

    diary.close()
    assert plans[0] == plans[1]
    assert plans[0].count("401") == 5
    assert plans[0].count("500") == 2
