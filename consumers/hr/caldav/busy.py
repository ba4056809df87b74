"""When somebody is not free: asked in the one of three ways that the server has an answer to.

The way that has worked is tried first from then on; it is never the only one, since a server may refuse somebody's
calendar alone.
"""

from collections.abc import Awaitable, Callable
from typing import Final
from zoneinfo import ZoneInfo

from consumers.hr.caldav import questions
from consumers.hr.caldav.places import Places
from consumers.hr.caldav.server import XML, DavServer, Unanswered
from consumers.hr.ports import CalendarSilent
from consumers.hr.slots import DAY, Period

_ICAL: Final = {"Content-Type": "text/calendar; charset=utf-8"}
Way = Callable[[str, Period, ZoneInfo], Awaitable[tuple[Period, ...] | None]]


class BusyTimes:
    """The times of the owners of calendars.

    Args:
        server: which has the calendars.
        places: where they are.
    """

    def __init__(self, server: DavServer, places: Places) -> None:
        self._server, self._places = server, places
        self._ways: list[Way] = [self._free_busy, self._entries, self._outbox]

    async def of(
        self, owner: str, within: Period, zone: ZoneInfo, besides: str | None = None
    ) -> tuple[Period, ...] | None:
        """Return what is taken; `None` where there is no answer in any way that can tell.

        Raises:
            Unavailable: the server is away.
            CalendarSilent: it is there, but does not answer for this calendar.
        """
        around = Period(within.start - DAY, within.end + DAY)  # the server's days are UTC's
        silent: Unanswered | None = None
        for way in tuple(self._ways) if besides is None else (self._without(besides),):
            try:
                found = await way(owner, around, zone)
            except Unanswered as error:
                silent = error
                if not error.broken:  # somebody who is slow is not asked twice
                    break
                continue
            except questions.Unreadable:
                continue
            if found is not None:
                self._remember(way, silent)
                return tuple(one for one in found if one.start < one.end and one.overlaps(within))
        if silent is not None:
            await self._places.probe()
            raise CalendarSilent(untouched=True) from silent
        return None

    def _remember(self, way: Way, silent: Unanswered | None) -> None:
        if silent is None and way in self._ways:
            self._ways.sort(key=lambda one: one != way)

    def _without(self, besides: str) -> Way:
        async def way(owner: str, within: Period, zone: ZoneInfo) -> tuple[Period, ...] | None:
            return await self._entries(owner, within, zone, besides)

        return way

    async def _free_busy(self, owner: str, within: Period, zone: ZoneInfo) -> tuple[Period, ...] | None:
        answer = await self._report(owner, questions.free_busy(within))
        return None if answer is None else questions.busy_times(answer, within, zone)

    async def _entries(
        self, owner: str, within: Period, zone: ZoneInfo, besides: str | None = None
    ) -> tuple[Period, ...] | None:
        answer = await self._report(owner, questions.entries(within))
        return None if answer is None else questions.taken_times(answer, within, zone, besides)

    async def _report(self, owner: str, question: str) -> bytes | None:
        calendar = await self._places.calendar_of(owner)
        if calendar is None:
            return None
        answer = await self._server.ask("REPORT", calendar, XML | {"Depth": "1"}, question)
        return answer.content if answer.is_success else None

    async def _outbox(self, owner: str, within: Period, zone: ZoneInfo) -> tuple[Period, ...] | None:
        outbox, asked = await self._places.outbox(), await self._places.mail_of(owner)
        if outbox is None or asked is None:
            return None
        question = questions.outbox(within, outbox.ours, f"mailto:{asked}")
        about = {"Originator": outbox.ours, "Recipient": f"mailto:{asked}"}  # as drafts before RFC 6638 had it
        answer = await self._server.ask("POST", outbox.address, _ICAL | about, question)
        return questions.times_of(answer.content, within, zone) if answer.is_success and answer.content else None
