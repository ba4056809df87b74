"""Calendar servers of other habits: each an imitation of what one is known for, in front of the real client."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import pytest
from httpx2 import AsyncBaseTransport, Request, Response

from choreography import Unavailable
from consumers.hr.caldav import CalDavCalendar
from consumers.hr.ports import CalendarSilent, NotPossible
from consumers.hr.slots import Period
from consumers.shared.directory import Person
from tests.integration.hr.calendars import called_off, interview, still_ours
from tests.unit.hr_company import someone

T = TypeVar("T")
UTC_ZONE = ZoneInfo("UTC")
MARCH = Period(datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC))
NINE = Period(datetime(2026, 3, 3, 9, tzinfo=UTC), datetime(2026, 3, 3, 10, tzinfo=UTC))
TIMES = "BEGIN:VCALENDAR\r\nBEGIN:VFREEBUSY\r\nFREEBUSY:20260303T090000Z/PT1H\r\nEND:VFREEBUSY\r\nEND:VCALENDAR\r\n"
EVENT = (
    "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:a\r\nDTSTART:20260302T090000Z\r\nDURATION:PT1H\r\nRRULE:FREQ=DAILY;COUNT=2"
    "\r\nEXDATE:20260302T090000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)
HREFS = "<response><href>/ana/calendar/a.ics</href><status>HTTP/1.1 200 OK</status></response>"
ENTRIES = (
    "<response><href>/a.ics</href><propstat><prop>"
    f"<C:calendar-data>{EVENT}</C:calendar-data></prop></propstat></response>"
)
HOME = "<response><href>/p/</href><propstat><prop>{}</prop></propstat></response>"


def multistatus(content: str, root: str = "multistatus") -> Response:
    spaces = 'xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"'
    return Response(207, content=f"<{root} {spaces}>{content}</{root.split(maxsplit=1)[0]}>")


@dataclass
class Imitation(AsyncBaseTransport):
    """Answers as `answers` says by the question, and remembers what it was asked."""

    answers: dict[str, Response] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    async def handle_async_request(self, request: Request) -> Response:
        question = self.question(request)
        self.asked.append(f"{question} {request.url.raw_path.decode()}")
        answer = self.answers.get(question, Response(404))
        return Response(answer.status_code, headers=answer.headers, content=answer.content)

    def question(self, request: Request) -> str:
        """Return the method, or what is asked for in it."""
        found = re.search(r"<C:(free-busy-query|calendar-query)|<D:prop><[CD]:([\w-]+)", request.content.decode())
        return (found[1] or found[2]) if found else request.method


async def directory(employee_id: str) -> list[Person]:
    return [someone(employee_id, user_name=f"{employee_id}.jones", mail=f"{employee_id}@example.com")]


def using(server: AsyncBaseTransport, use: Callable[[CalDavCalendar], Awaitable[T]], **more: Any) -> T:
    async def run() -> T:
        given: dict[str, Any] = {"who": directory} | more
        async with CalDavCalendar("http://calendars/dav", transport=server, **given) as client:
            return await use(client)

    return asyncio.run(run())


def busy(server: Imitation, *owners: str, **more: Any) -> list[tuple[Period, ...] | None]:
    async def ask(client: CalDavCalendar) -> list[tuple[Period, ...] | None]:
        return [await client.busy(one, MARCH, UTC_ZONE) for one in owners]

    return using(server, ask, **more)


@pytest.mark.parametrize(
    "refusal",
    [*map(Response, (400, 403, 405, 406, 500, 501)), multistatus(HREFS), Response(200, content=b"<html/>")],
)
def test_where_free_busy_is_not_answered_the_entries_are_read_instead(refusal: Response) -> None:
    server = Imitation({"free-busy-query": refusal, "calendar-query": multistatus(ENTRIES)})

    assert busy(server, "ana") == [(NINE,)]


def test_what_a_server_can_do_is_asked_once() -> None:
    server = Imitation({"free-busy-query": Response(403), "calendar-query": multistatus(ENTRIES)})

    assert busy(server, "ana", "ben", "cleo") == [(NINE,)] * 3

    assert [one.split()[0] for one in server.asked] == ["free-busy-query", *["calendar-query"] * 3]


def test_a_server_that_answers_is_asked_nothing_else() -> None:
    server = Imitation({"free-busy-query": Response(200, content=TIMES)})

    assert busy(server, "ana", "ben") == [(NINE,)] * 2
    assert server.asked == ["free-busy-query /dav/ana/calendar/", "free-busy-query /dav/ben/calendar/"]


def test_that_one_calendar_is_closed_says_nothing_about_the_others() -> None:
    class OneIsClosed(Imitation):
        def question(self, request: Request) -> str:
            return "closed" if "/ana/" in str(request.url) else super().question(request)

    server = OneIsClosed({"closed": Response(403), "free-busy-query": Response(200, content=TIMES)})

    assert busy(server, "ana", "ben", "ana", "ben") == [None, (NINE,), None, (NINE,)]


def test_a_server_that_is_slow_is_not_asked_in_three_ways() -> None:
    class Slow(Imitation):
        async def handle_async_request(self, request: Request) -> Response:
            if request.method == "REPORT":
                self.asked.append("REPORT")
                await asyncio.Event().wait()
            return Response(200)

    server = Slow()

    with pytest.raises(CalendarSilent):
        busy(server, "ana", seconds=0.05)
    assert server.asked == ["REPORT"]


def schedule_response(status: str = "2.0;Success", data: str = TIMES) -> Response:
    content = f"<C:request-status>{status}</C:request-status><C:calendar-data>{data}</C:calendar-data>"
    return multistatus(f"<C:response>{content}</C:response>", "C:schedule-response")


def only_an_outbox(answer: Response) -> Imitation:
    """Baikal and others of sabre: our principal has an outbox, and nobody sees other people's calendars."""
    hrefs = "<href>/p/hr/</href><href>mailto:hr@example.com</href>"
    mails = f"<C:calendar-user-address-set>{hrefs}</C:calendar-user-address-set>"
    return Imitation(
        {
            "current-user-principal": multistatus(
                HOME.format("<current-user-principal><href>/dav/p/hr/</href></current-user-principal>")
            ),
            "schedule-outbox-URL": multistatus(
                HOME.format("<C:schedule-outbox-URL><href>/dav/c/hr/outbox</href></C:schedule-outbox-URL>")
            ),
            "calendar-user-address-set": multistatus(HOME.format(mails)),
            "POST": answer,
        }
    )


def test_where_nobody_sees_other_peoples_calendars_the_outbox_is_asked() -> None:
    server = only_an_outbox(schedule_response())

    assert busy(server, "ana", "ben") == [(NINE,)] * 2

    assert [one for one in server.asked if "outbox" in one.lower()][-1] == "POST /dav/c/hr/outbox"
    assert sum("current-user-principal" in one for one in server.asked) == 1
    assert [one.split()[0] for one in server.asked][-1:] == ["POST"]


@pytest.mark.parametrize(
    "answer",
    [
        schedule_response("3.7;Invalid calendar user", ""),
        Response(403),
        Response(200, content=b"<html>"),
        multistatus(""),
    ],
)
def test_whom_the_outbox_does_not_know_is_not_taken_to_be_free(answer: Response) -> None:
    assert busy(only_an_outbox(answer), "ana") == [None]


@pytest.mark.parametrize("answer", [Response(401), Response(403), Response(404), multistatus("")])
def test_without_an_outbox_it_is_looked_for_once(answer: Response) -> None:
    server = Imitation({"current-user-principal": answer})

    assert busy(server, "ana", "ben") == [None, None]
    assert sum("current-user-principal" in one for one in server.asked) == 1


@pytest.mark.parametrize(
    ("template", "path"),
    [
        ("calendars/{user_name}/personal/", "/dav/calendars/ana.jones/personal/"),
        ("{mail}/Calendar", "/dav/ana%40example.com/Calendar/"),
        ("/cal.php/calendars/{user_name}/default/", "/cal.php/calendars/ana.jones/default/"),
        ("{employee_id}/calendar/", "/dav/ana/calendar/"),
    ],
)
def test_a_calendar_is_where_the_template_says(template: str, path: str) -> None:
    server = Imitation({"free-busy-query": Response(200, content=TIMES)})

    assert busy(server, "ana", calendar=template) == [(NINE,)]
    assert server.asked == [f"free-busy-query {path}"]


async def nobody(employee_id: str) -> list[Person]:
    return []


async def two(employee_id: str) -> list[Person]:
    return [someone("ana", user_name="ana"), someone("ana", user_name="eve")]


async def nameless(employee_id: str) -> list[Person]:
    return [someone("ana", user_name=None, mail="")]


async def astray(employee_id: str) -> list[Person]:
    return [someone("ana", user_name="../ben", mail="..")]


@pytest.mark.parametrize("who", [None, nobody, two, nameless, astray])
@pytest.mark.parametrize("template", ["{user_name}/calendar/", "{mail}/calendar/"])
def test_whose_name_is_not_known_for_certain_has_no_calendar(who: Any, template: str) -> None:
    server = Imitation({"free-busy-query": Response(200, content=TIMES), "PUT": Response(201)})

    assert busy(server, "ana", calendar=template, who=who) == [None]
    with pytest.raises(NotPossible):
        using(server, lambda client: client.book("ana", interview(), still_ours), calendar=template, who=who)
    assert using(server, lambda client: client.find("ana", "interview-1"), calendar=template, who=who) is None
    assert using(server, lambda client: client.cancel("ana", called_off(), still_ours), calendar=template, who=who) == 2
    assert not [one for one in server.asked if one.startswith(("PUT", "free-busy"))]


def collection(href: str, *kinds: str, component: str = "VEVENT") -> str:
    kind = "".join(f"<{one}/>" for one in kinds)
    holds = f'<C:supported-calendar-component-set><C:comp name="{component}"/></C:supported-calendar-component-set>'
    prop = f"<prop><resourcetype>{kind}</resourcetype>{holds}</prop>"
    return f"<response><href>{href}</href><propstat>{prop}</propstat></response>"


def with_home(home: str, *collections: str) -> Imitation:
    """Return a server that says where the home of somebody's calendars is, and what is in it."""
    told = HOME.format(f"<C:calendar-home-set><href>{home}</href></C:calendar-home-set>")
    return Imitation(
        {
            "calendar-home-set": multistatus(told),
            "resourcetype": multistatus("".join(collections)),
            "free-busy-query": Response(200, content=TIMES),
        }
    )


def test_a_calendar_is_found_by_the_principal_and_found_once() -> None:
    server = with_home(
        "/dav/c/ana/",
        collection("/dav/c/ana/", "collection"),
        collection("/dav/c/ana/inbox/", "collection", "C:schedule-inbox"),
        collection("/dav/c/ana/contact_birthdays/", "collection", "C:calendar"),
        collection("/dav/c/ana/default/", "collection", "C:calendar", component="VTODO"),
        collection("/dav/c/ana/personal", "collection", "C:calendar"),
    )

    assert busy(server, "ana", "ana", principal="principals/users/{user_name}/") == [(NINE,)] * 2

    assert server.asked == [
        "calendar-home-set /dav/principals/users/ana.jones/",
        "resourcetype /dav/c/ana/",
        "free-busy-query /dav/c/ana/personal/",
        "free-busy-query /dav/c/ana/personal/",
    ]


@pytest.mark.parametrize(
    "server",
    [
        Imitation({"free-busy-query": Response(200, content=TIMES)}),
        with_home("http://elsewhere/c/ana/", collection("/c/ana/default/", "C:calendar")),
        with_home("/dav/c/ana/", collection("//elsewhere/default/", "C:calendar")),
        with_home("/dav/c/ana/", collection("/dav/c/ana/", "collection")),
        with_home("/dav/c/ana/"),
        with_home(""),
    ],
)
def test_where_no_calendar_is_found_there_is_none_and_no_other_server_is_asked(server: Imitation) -> None:
    assert busy(server, "ana", principal="principals/{user_name}/") == [None]
    assert not [one for one in server.asked if one.startswith("free-busy")]


def test_a_directory_that_is_away_is_waited_for() -> None:
    async def away(employee_id: str) -> list[Person]:
        raise Unavailable("people", untouched=True)

    with pytest.raises(Unavailable) as caught:
        busy(Imitation(), "ana", calendar="{user_name}/", who=away)
    assert caught.value.port == "people"


@pytest.mark.parametrize(
    ("start", "hour"),
    [(":20260303T090000", 14), (";VALUE=DATE:20260303", 5), (";TZID=europe/berlin:20260303T090000", 8)],
)
def test_an_interview_that_a_calendar_program_left_without_a_zone_is_meant_where_its_owner_is(
    start: str, hour: int
) -> None:
    async def in_new_york(employee_id: str) -> list[Person]:
        return [someone(employee_id, time_zone="America/New_York")]

    text = f"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:interview-1\r\nDTSTART{start}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    server = Imitation({"GET": Response(200, content=text, headers={"ETag": '"1"'})})

    found = using(server, lambda client: client.find("ben", "interview-1"), who=in_new_york)

    assert found is not None
    assert found.period.start == datetime(2026, 3, 3, hour, tzinfo=UTC)
