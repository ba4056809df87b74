"""Looking people up in real SCIM directories, polite and rude ones."""

import asyncio
import gzip
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self, TypeVar

import httpx2
import pytest

from choreography import Unavailable
from consumers.shared.directory import Person, ScimPeople

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
LISTED = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
TOKEN = "a-token"
T = TypeVar("T")


class Directory:
    """A running scim2-server, filled over its own protocol."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._http = httpx2.Client(base_url=url, headers={"Authorization": f"Bearer {TOKEN}"})

    def __enter__(self) -> Self:
        self._http.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def user(self, name: str, employee_id: str, **attributes: Any) -> str:
        schemas = ["urn:ietf:params:scim:schemas:core:2.0:User", *([ENTERPRISE] if ENTERPRISE in attributes else [])]
        return self._post("/Users", {"schemas": schemas, "userName": name, "externalId": employee_id, **attributes})

    def numbered(self, name: str, number: str) -> str:
        schemas = ["urn:ietf:params:scim:schemas:core:2.0:User", ENTERPRISE]
        return self._post("/Users", {"schemas": schemas, "userName": name, ENTERPRISE: {"employeeNumber": number}})

    def group(self, name: str, *members: str) -> str:
        schemas = ["urn:ietf:params:scim:schemas:core:2.0:Group"]
        body = {"schemas": schemas, "displayName": name, "members": [{"value": member} for member in members]}
        return self._post("/Groups", body)

    def _post(self, path: str, body: dict[str, Any]) -> str:
        answer = self._http.post(path, json=body, headers={"Content-Type": "application/scim+json"})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A scim2-server process of its own."""
    port = free_port()
    command = Path(sys.executable).with_name("scim2-server")
    log = tmp_path_factory.mktemp("scim") / "log"
    with (
        log.open("wb") as out,
        subprocess.Popen(
            [command, "--port", str(port), "--bearer-token", TOKEN], stdout=out, stderr=out, env=dict(os.environ)
        ) as process,
    ):
        try:
            wait_for_port(port, process)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def wait_for_port(port: int, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 20
    while process.poll() is None and time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        threading.Event().wait(0.02)
    raise AssertionError("scim2-server did not start")


@pytest.fixture
def directory(server: str) -> Iterator[Directory]:
    with Directory(server) as directory:
        yield directory


def ask(
    url: str, question: Callable[[ScimPeople], Coroutine[Any, Any, T]], token: str = TOKEN, seconds: float = 2
) -> T:
    async def asked() -> T:
        async with ScimPeople(url, token, seconds=seconds) as people:
            return await question(people)

    return asyncio.run(asked())


class Nobody(Exception):  # noqa: N818 - an answer, not a failure
    """Nobody has this employee id."""


class Several(Exception):  # noqa: N818 - an answer, not a failure
    """Several have it."""


async def the_one(people: ScimPeople, employee_id: str) -> Person:
    found = await people.with_employee_id(employee_id)
    if len(found) != 1:
        raise Several if found else Nobody
    return found[0]


def test_someone_is_found_by_employee_id(directory: Directory) -> None:
    ana = directory.user("found", "E-found", displayName="Ana", emails=[{"value": "ana@example.com"}])

    person = ask(directory.url, lambda people: the_one(people, "E-found"))

    mail = "ana@example.com"
    assert person == Person(
        id=ana, employee_id="E-found", display_name="Ana", mail=mail, mails=(mail,), user_name=person.user_name
    )
    assert (person.user_name or "").startswith("found")


def test_many_who_ask_for_one_person_at_once_share_the_answer(directory: Directory) -> None:
    boss = directory.user("shared", "E-shared")
    asked: list[str] = []

    class Counting(httpx2.AsyncHTTPTransport):
        async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
            asked.append(request.url.path)
            return await super().handle_async_request(request)

    async def found() -> list[Person | None]:
        async with ScimPeople(directory.url, TOKEN, transport=Counting()) as people:
            first = await asyncio.gather(*(the_one(people, "E-shared") for _ in range(9)))
            second = await asyncio.gather(*(people.by_id(boss) for _ in range(9)))
            return [*first, *second, await the_one(people, "E-shared")]

    assert {one.id if one else None for one in asyncio.run(found())} == {boss}
    assert asked == ["/Users", f"/Users/{boss}", "/Users"]  # nothing is kept for who asks later


def test_nobody_is_found_for_an_unknown_id(directory: Directory) -> None:
    with pytest.raises(Nobody):
        ask(directory.url, lambda people: the_one(people, "E-nobody"))
    assert ask(directory.url, lambda people: people.by_id("nobody")) is None


def test_two_people_with_one_employee_id_are_nobody(directory: Directory) -> None:
    directory.user("twin-1", "E-twin")
    directory.user("twin-2", "E-twin")

    with pytest.raises(Several):
        ask(directory.url, lambda people: the_one(people, "E-twin"))
    assert len(ask(directory.url, lambda people: people.with_employee_id("E-twin"))) == 2


@pytest.mark.parametrize(
    "employee_id", ['E"7', "E\\7", 'E" or externalId pr or externalId eq "', "Ä☃ 7", "E\n7", "", "*"]
)
def test_an_employee_id_is_never_read_as_part_of_the_question(directory: Directory, employee_id: str) -> None:
    with pytest.raises(Nobody):
        ask(directory.url, lambda people: the_one(people, employee_id))

    if employee_id:
        directory.user(f"odd {employee_id!r}", employee_id)
        found = ask(directory.url, lambda people: the_one(people, employee_id))
        assert found.employee_id == employee_id


def test_someone_without_an_employee_id_is_found_by_number(directory: Directory) -> None:
    numbered = directory.numbered("numbered", "N-1")

    person = ask(directory.url, lambda people: the_one(people, "N-1"))

    assert (person.id, person.employee_id) == (numbered, "N-1")
    directory.user("rival", "N-1")
    assert ask(directory.url, lambda people: the_one(people, "N-1")).id != numbered


def test_a_number_of_somebody_who_has_an_employee_id_finds_nobody(directory: Directory) -> None:
    directory.user("both", "E-both", **{ENTERPRISE: {"employeeNumber": "N-2"}})
    with pytest.raises(Nobody):
        ask(directory.url, lambda people: the_one(people, "N-2"))


def test_two_people_with_one_number_are_nobody(directory: Directory) -> None:
    directory.numbered("twin-3", "N-3")
    directory.numbered("twin-4", "N-3")
    with pytest.raises(Several):
        ask(directory.url, lambda people: the_one(people, "N-3"))


def test_an_employee_id_is_compared_letter_by_letter(directory: Directory) -> None:
    directory.user("cased", "E-Cased")

    with pytest.raises(Nobody):
        ask(directory.url, lambda people: the_one(people, "e-cased"))


def test_the_manager_is_found_active_or_not(directory: Directory) -> None:
    boss = directory.user("boss", "E-boss", active=False)
    directory.user("worker", "E-worker", **{ENTERPRISE: {"manager": {"value": boss}}})

    async def manager(people: ScimPeople) -> Person | None:
        return await people.manager_of(await the_one(people, "E-worker"))

    found = ask(directory.url, manager)

    assert found is not None
    assert (found.employee_id, found.active) == ("E-boss", False)


@pytest.mark.parametrize("manager_id", [None, "gone", "..", "self"])
def test_no_manager_is_found_where_there_is_none(directory: Directory, manager_id: str | None) -> None:
    person = Person(id="self", employee_id="E-alone", display_name="Alone", manager_scim_id=manager_id)

    assert ask(directory.url, lambda people: people.manager_of(person)) is None


def test_hr_is_every_active_partner_of_the_division_who_is_not_the_person(directory: Directory) -> None:
    away = directory.user("hr-1", "H-1", active=False)
    second, third = directory.user("hr-2", "H-2"), directory.user("hr-3", "H-3")
    directory.group("HR partners Harbour", third, second, away)
    directory.group("HR partners", third)
    division: dict[str, Any] = {ENTERPRISE: {"division": "Harbour"}}
    directory.user("crane", "E-crane", **division)

    async def partners(people: ScimPeople, employee_id: str) -> tuple[Person, ...]:
        return await people.hr_partners_of(await the_one(people, employee_id))

    of_crane = ask(directory.url, lambda people: partners(people, "E-crane"))
    elsewhere = Person(id="x", employee_id="x", display_name="x", division="Elsewhere")
    of_elsewhere = ask(directory.url, lambda people: people.hr_partners_of(elsewhere))
    herself = Person(id=second, employee_id="H-2", display_name="HR", division="Harbour")
    of_herself = ask(directory.url, lambda people: people.hr_partners_of(herself))

    assert [[one.employee_id for one in found] for found in (of_crane, of_elsewhere, of_herself)] == [
        ["H-2", "H-3"],
        ["H-3"],
        ["H-3"],
    ]


@pytest.mark.parametrize(
    ("addresses", "country"),
    [
        ([{"type": "work", "country": "AT"}], "AT"),
        ([{"type": "home", "country": "DE"}, {"country": "FR"}, {"type": "work", "country": "AT"}], "AT"),
        ([{"country": "DE"}, {"country": "FR", "primary": True}], "FR"),
        ([{"type": "home", "country": "DE"}], None),
        ([{"type": "work", "locality": "Wien"}], None),
        (None, None),
    ],
)
def test_the_country_is_that_of_the_place_of_work(addresses: Any, country: str | None) -> None:
    assert Person.from_scim({"id": "x", "addresses": addresses}).country == country


def test_a_directory_that_refuses_the_token_is_unavailable(directory: Directory) -> None:
    with pytest.raises(Unavailable) as refused:
        ask(directory.url, lambda people: the_one(people, "E-found"), token="wrong")
    assert (refused.value.port, refused.value.untouched) == ("people", True)


def test_a_directory_that_is_down_is_unavailable() -> None:
    url = f"http://127.0.0.1:{free_port()}"

    for question in (lambda people: people.by_id("7"), lambda people: people.probe()):
        with pytest.raises(Unavailable):
            ask(url, question)


def test_the_probe_succeeds_while_the_directory_answers(directory: Directory) -> None:
    ask(directory.url, lambda people: people.probe())


@contextmanager
def rude_server(answer: Callable[[str], tuple[int, bytes]], **headers: str) -> Iterator[str]:
    """Serve whatever `answer` says to a path, with SCIM's content type unless another header is given."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = answer(self.path)
            self.send_response(status)
            for name, value in {"Content-Type": "application/scim+json", **headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        http.daemon_threads = True
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{http.server_port}"
        finally:
            http.shutdown()
            thread.join()


def pages_that_ignore_filters(path: str) -> tuple[int, bytes]:
    """Answer with three of 250 people, wherever the page begins."""
    start = int(httpx2.URL(path).params["startIndex"])
    people = [{"id": f"s{n}", "externalId": f"E-{n}"} for n in range(start, min(start + 3, 251))]
    body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"], "totalResults": 250, "Resources": people}
    return 200, json.dumps(body).encode()


def test_a_directory_that_ignores_the_question_still_yields_the_right_person() -> None:
    with rude_server(pages_that_ignore_filters) as url:
        assert ask(url, lambda people: the_one(people, "E-200")).id == "s200"
        with pytest.raises(Nobody):
            ask(url, lambda people: the_one(people, "E-251"))


def test_a_directory_that_answers_with_someone_else_yields_nobody() -> None:
    with rude_server(lambda _: (200, json.dumps({"schemas": ["User"], "id": "other"}).encode())) as url:
        assert ask(url, lambda people: people.by_id("wanted")) is None


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b"\xff\xfe{"),
        (200, b"null"),
        (200, b"[]"),
        (200, b""),
        (200, b'{"schemas": []}'),
        (302, b""),
        (307, b"{}"),
        (403, b'{"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": "403"}'),
        (404, b"not here"),
        (429, b"slow down"),
        (500, b'{"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": "500"}'),
        (503, b"<html>"),
    ],
)
def test_a_directory_that_talks_nonsense_is_unavailable(status: int, body: bytes) -> None:
    with rude_server(lambda _: (status, body)) as url, pytest.raises(Unavailable):
        ask(url, lambda people: the_one(people, "E-1"))


ODD: tuple[dict[str, Any], ...] = (
    {"externalId": "E-1"},
    {"id": "", "externalId": "E-1"},
    {"id": {"value": "1"}, "externalId": "E-1"},
)


@pytest.mark.parametrize("odd", [7, None, "E-1", *ODD])
def test_something_odd_in_a_list_keeps_nobody_from_the_others(odd: object) -> None:
    page = {"schemas": [LISTED], "totalResults": 2, "Resources": [odd, {"id": "1", "externalId": "E-1"}]}

    with rude_server(lambda _: (200, json.dumps(page).encode())) as url:
        assert ask(url, lambda people: the_one(people, "E-1")).id == "1"


@pytest.mark.parametrize("odd", ODD)
def test_someone_who_cannot_be_told_from_others_is_nobody_and_the_directory_is_up(odd: dict[str, Any]) -> None:
    page = {"schemas": [LISTED], "totalResults": 1, "Resources": [odd]}

    with rude_server(lambda _: (200, json.dumps(page).encode())) as url, pytest.raises(Nobody):
        ask(url, lambda people: the_one(people, "E-1"))


def test_a_directory_that_says_404_for_no_match_has_nobody_of_that_id() -> None:
    nobody = json.dumps({"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": "404"}).encode()

    with rude_server(lambda _: (404, nobody)) as url:
        with pytest.raises(Nobody):
            ask(url, lambda people: the_one(people, "E-1"))
        with pytest.raises(Unavailable):
            ask(url, lambda people: people.probe())


def test_one_weak_moment_does_not_end_the_asking_by_pages() -> None:
    weak = iter([(500, b"<html>")])
    asked: list[bool] = []

    def once_weak(path: str) -> tuple[int, bytes]:
        asked.append("count" in httpx2.URL(path).params)
        return next(weak, None) or pages_that_ignore_filters(path)

    with rude_server(once_weak) as url:
        assert ask(url, lambda people: the_one(people, "E-200")).id == "s200"
    assert asked[:2] == [True, False]
    assert all(asked[2:])


def test_who_in_hr_is_responsible_is_asked_of_the_group_itself(directory: Directory) -> None:
    partner = directory.user("hidden-partner", "H-hidden")
    directory.group("HR partners Hidden", partner)

    class HidesInLists(httpx2.AsyncHTTPTransport):
        async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
            response = await super().handle_async_request(request)
            await response.aread()
            found = response.json()
            for one in found.get("Resources", ()):
                one.pop("members", None)
            return httpx2.Response(response.status_code, json=found)

    async def asked() -> tuple[Person, ...]:
        async with ScimPeople(directory.url, TOKEN, transport=HidesInLists()) as people:
            placed = Person(id="x", employee_id="x", display_name="x", division="Hidden")
            return await people.hr_partners_of(placed)

    assert [one.id for one in asyncio.run(asked())] == [partner]


def test_a_directory_that_never_answers_is_unavailable_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(Unavailable):
            ask(url, lambda people: people.by_id("7"), seconds=0.2)


EVERYBODY = (
    {"id": "ana", ENTERPRISE: {"employeeNumber": "E-1"}},
    {"id": "mgr", ENTERPRISE: {"employeeNumber": "E-2"}},
)


def like_canaille(path: str) -> tuple[int, bytes]:
    """Ignore filters, keep no `externalId`, and fail at `count`, as Canaille 0.3.6 does."""
    if "count" in httpx2.URL(path).params:
        return 500, b"<html>Internal Server Error</html>"
    body = {"schemas": [LISTED], "totalResults": len(EVERYBODY), "Resources": EVERYBODY}
    return 200, json.dumps(body).encode()


def test_a_directory_that_fails_at_a_page_size_is_asked_without_one() -> None:
    with rude_server(like_canaille) as url:
        assert ask(url, lambda people: the_one(people, "E-2")).id == "mgr"
        with pytest.raises(Nobody):
            ask(url, lambda people: the_one(people, "E-3"))
        ask(url, lambda people: people.probe())


def test_a_directory_that_knows_no_filter_by_number_knows_nobody_by_it() -> None:
    def by_external_id_only(path: str) -> tuple[int, bytes]:
        if "employeeNumber" in path:
            return 400, json.dumps(
                {"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": "400"}
            ).encode()
        return 200, json.dumps({"schemas": [LISTED], "totalResults": 0}).encode()

    with rude_server(by_external_id_only) as url, pytest.raises(Nobody):
        ask(url, lambda people: the_one(people, "E-1"))


def person_of(size: int) -> bytes:
    resource = {"id": "1", "externalId": "E-1", "title": "x" * size}
    return json.dumps({"schemas": [LISTED], "totalResults": 1, "Resources": [resource]}).encode()


def test_a_directory_that_answers_with_a_page_of_html_is_unavailable() -> None:
    html = b"<html><body>Please sign in</body></html>"
    for headers in ({}, {"Content-Type": "text/html"}):
        with rude_server(lambda _: (200, html), **headers) as url, pytest.raises(Unavailable) as down:
            ask(url, lambda people: the_one(people, "E-1"))
        assert (down.value.port, down.value.untouched) == ("people", True)


def test_a_directory_that_answers_with_ten_megabytes_is_unavailable() -> None:
    with rude_server(lambda _: (200, person_of(1_000))) as url:
        assert ask(url, lambda people: the_one(people, "E-1")).id == "1"
    with rude_server(lambda _: (200, person_of(10_000_000))) as url, pytest.raises(Unavailable):
        ask(url, lambda people: the_one(people, "E-1"))


def test_a_directory_whose_answer_would_swell_is_unavailable() -> None:
    bomb = gzip.compress(person_of(10_000_000))
    headers = {"Content-Encoding": "gzip"}
    with rude_server(lambda _: (200, bomb), **headers) as url, pytest.raises(Unavailable):
        ask(url, lambda people: the_one(people, "E-1"))


def test_a_directory_that_asks_for_patience_gets_it() -> None:
    headers = {"Retry-After": "120"}
    with rude_server(lambda _: (429, b"slow down"), **headers) as url, pytest.raises(Unavailable) as busy:
        ask(url, lambda people: the_one(people, "E-1"))
    assert (busy.value.port, busy.value.untouched, busy.value.after) == ("people", True, timedelta(minutes=2))


def test_a_directory_that_answers_drop_by_drop_is_unavailable_in_time() -> None:
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/scim+json\r\nContent-Length: 9999\r\n\r\n")
        try:
            with suppress(OSError):
                while True:
                    writer.write(b" ")
                    await writer.drain()
                    await asyncio.sleep(0.05)
        finally:
            writer.close()

    async def asked() -> None:
        async with await asyncio.start_server(drip, "127.0.0.1", 0) as server:
            url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            async with asyncio.timeout(10), ScimPeople(url, TOKEN, seconds=0.3) as people:
                with pytest.raises(Unavailable):
                    await people.by_id("7")

    asyncio.run(asked())
