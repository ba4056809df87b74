"""Servers behind something that changes what they say, or that keep what was deleted: who is told what then?"""

from dataclasses import replace

import httpx2
import pytest

from choreography import Hold, Unavailable
from consumers.hr.booked import Booked
from consumers.hr.caldav import CalDavCalendar
from consumers.hr.slots import Period
from tests.integration.hr.calendars import SLOT, busy, called_off, event_at, interview, still_ours, using

LATER = Period(SLOT.start.replace(day=4), SLOT.end.replace(day=4))
MOVED = replace(interview(LATER), sequence=2)


class Between(httpx2.AsyncHTTPTransport):
    """On the way to a server; remembers the methods of what was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(request.method)
        answer = await super().handle_async_request(request)
        if request.method == "GET" and "ETag" in answer.headers and self.changes(request):
            answer.headers["ETag"] = self.changed(answer.headers["ETag"])
        return answer

    def changes(self, request: httpx2.Request) -> bool:
        """Whether this answer is compressed."""
        return "gzip" in request.headers.get("Accept-Encoding", "")

    def changed(self, etag: str) -> str:
        """The ETag of what was compressed."""
        return f"W/{etag}"


class Apache(Between):
    """`mod_deflate`, which gives what it has compressed a name of its own."""

    def changed(self, etag: str) -> str:
        return f'{etag[:-1]}-gzip"'


class Always(Between):
    """Compresses for everybody."""

    def changes(self, request: httpx2.Request) -> bool:
        return True


class AlwaysApache(Apache, Always):
    """Compresses for everybody, and what it changes does not look changed."""


class Silent(Always):
    """Leaves the ETag out."""

    def changed(self, etag: str) -> str:
        return ""


class Hopeless(Always):
    """Changes every ETag, also where it is asked for as a property."""

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if request.method == "PROPFIND":
            return httpx2.Response(405)
        return await super().handle_async_request(request)


def booked_and_moved(url: str, owner: str, between: Between) -> Booked:
    async def both(calendar: CalDavCalendar) -> Booked:
        await calendar.book(owner, interview(), still_ours)
        return await calendar.book(owner, MOVED, still_ours)

    return using(url, both, transport=between)


@pytest.mark.parametrize("between", [Between, Apache, Always, AlwaysApache, Silent])
def test_behind_a_proxy_that_compresses_an_interview_is_booked_moved_and_called_off(
    url: str, owner: str, between: type[Between]
) -> None:
    assert booked_and_moved(url, owner, between()).period == LATER
    assert busy(url, owner) == [LATER]

    using(url, lambda calendar: calendar.cancel(owner, called_off(3), still_ours), transport=between())

    assert event_at(url, owner)["STATUS"] == "CANCELLED"


@pytest.mark.parametrize("between", [Between, Apache])
def test_a_server_that_answers_uncompressed_is_asked_no_more_than_before(
    url: str, owner: str, between: type[Between]
) -> None:
    server = between()

    booked_and_moved(url, owner, server)

    assert "PROPFIND" not in server.asked


def test_an_entry_that_cannot_be_replaced_though_nobody_changes_it_is_shown_to_a_person(url: str, owner: str) -> None:
    with pytest.raises(Hold, match="although nobody has changed it"):
        booked_and_moved(url, owner, Hopeless())
    with pytest.raises(Hold, match="although nobody has changed it"):
        using(url, lambda calendar: calendar.cancel(owner, called_off(), still_ours), transport=Hopeless())

    assert busy(url, owner) == [SLOT]


def test_an_entry_that_somebody_changes_each_time_is_waited_for(url: str, owner: str) -> None:
    using(url, lambda calendar: calendar.book(owner, interview(), still_ours))
    changes = iter(range(100, 200))

    async def changed() -> None:
        async with CalDavCalendar(url, seconds=5) as another:
            content = replace(interview(), title=f"Conversation {next(changes)}").ical()
            await another._put(owner, "interview-1", content, await another._get(owner, "interview-1"))

    with pytest.raises(Unavailable):
        using(url, lambda calendar: calendar.cancel(owner, called_off(), changed))


class TrashBin(Between):
    """Keeps the UID of what was deleted, and refuses whoever wants to put it anew."""

    def __init__(self, status: int) -> None:
        super().__init__()
        self.status = status

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(self.status) if request.method == "PUT" else await super().handle_async_request(request)


@pytest.mark.parametrize("status", [400, 403, 409, 412, 415, 422])
def test_an_interview_that_hr_has_deleted_is_called_off_where_no_tombstone_may_be_put(
    url: str, owner: str, status: int
) -> None:
    cancelled = using(
        url, lambda calendar: calendar.cancel(owner, called_off(), still_ours), transport=TrashBin(status)
    )

    assert cancelled == 2


def test_what_a_trash_bin_keeps_out_for_ever_is_shown_to_a_person(url: str, owner: str) -> None:
    with pytest.raises(Hold):
        using(url, lambda calendar: calendar.book(owner, interview(), still_ours), transport=TrashBin(412))
