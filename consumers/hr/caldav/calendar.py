"""The company's calendars over CalDAV (RFC 4791).

Where somebody's calendar is, `places` knows, and `busy` when somebody is not free. An entry is `<uid>.ics` in it.
"""

from types import TracebackType
from typing import Final, Self
from urllib.parse import quote
from zoneinfo import ZoneInfo

from httpx2 import AsyncBaseTransport

from choreography import Hold, NothingToDo, Outcome, Reject, Unavailable
from consumers.hr.booked import Booked
from consumers.hr.caldav.busy import BusyTimes
from consumers.hr.caldav.places import TEMPLATE, Asked, Places
from consumers.hr.caldav.questions import GET_ETAG, etag_in, properties
from consumers.hr.caldav.server import XML, Answer, DavServer
from consumers.hr.caldav.standing import Standing
from consumers.hr.entry import Entry
from consumers.hr.obstacle import NotPossible
from consumers.hr.ports import Claim
from consumers.hr.slots import Period
from consumers.hr.tombstone import Tombstone
from schemas.hr import InterviewObstacle

_GONE: Final = frozenset({403, 404, 405, 410})  # nothing stands there, or nothing that may be read
_NO_PLACE: Final = frozenset({403, 404, 405, 409, 410, 507})  # nobody can put anything there, or we may not
# nothing stands there, and nothing will: a trash bin, say, that keeps the UID of what was deleted by hand
_KEPT_OUT: Final = _NO_PLACE | {400, 415, 422}
_CHANGED: Final = 412
_ATTEMPTS: Final = 5
# a proxy that compresses marks the ETag of what it has compressed, and the server does not know that one
_AS_IT_IS: Final = {"Accept-Encoding": "identity"}
_ICAL: Final = {"Content-Type": "text/calendar; charset=utf-8"}
_WEAK: Final = ("W/", "*")  # what may have been changed on the way, and what was not said at all
_NOWHERE: Final = Answer(404, None, "")
_NEW: Final = {"If-None-Match": "*"}


class CalDavCalendar:
    """The calendars behind one address; an async context manager that keeps its connections.

    Args:
        url: the base address.
        username: of an account that may write to everybody's calendar; without, nothing is said about who asks.
        password: of that account.
        seconds: how long one request may take.
        transport: what carries requests; by default the network.
        calendar: the path of somebody's calendar below the address, see `places`.
        principal: the path of somebody's principal; where it is given, the server says where the calendar is.
        who: finds the people of an employee id, where their names or zones are needed.
    """

    def __init__(
        self,
        url: str,
        *,
        username: str = "",
        password: str = "",
        seconds: float = 10.0,
        transport: AsyncBaseTransport | None = None,
        calendar: str = TEMPLATE,
        principal: str = "",
        who: Asked | None = None,
    ) -> None:
        self._server = DavServer(username=username, password=password, seconds=seconds, transport=transport)
        self._places = Places(self._server, url, calendar, principal, who)
        self._times = BusyTimes(self._server, self._places)

    async def __aenter__(self) -> Self:
        await self._server.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._server.__aexit__(kind, error, traceback)

    async def busy(
        self, owner: str, within: Period, zone: ZoneInfo, *, besides: str | None = None
    ) -> tuple[Period, ...] | None:
        """Return when the owner, who lives in this zone, is not free; `None` where nothing can be read.

        Raises:
            Unavailable: the server is away.
            CalendarSilent: it is there, but does not answer for this calendar.
        """
        return await self._times.of(owner, within, zone, besides)

    async def find(self, owner: str, uid: str) -> Booked | None:
        """Return what stands in the owner's calendar of this interview, also when it was called off."""
        found = await self._get(owner, uid)
        return found.booked if found else None

    async def book(self, owner: str, entry: Entry, claim: Claim) -> Booked:
        """Have the entry stand in place of what an earlier event of the case has left.

        Raises:
            NothingToDo: a later event, or a person, called it off.
            NotPossible: nobody can put anything into this calendar.
        """
        found: Standing | None = None
        seen: set[bytes] = set()
        for _ in range(_ATTEMPTS):
            await claim()
            sequence = found.booked.sequence if found else None
            answer = await self._put(owner, entry.slot.uid, entry.ical(over=sequence), found)
            if answer.is_success:
                return Booked(entry.slot.period, entry.sequence_over(sequence), entry.sequence)
            if answer.status in _NO_PLACE and found is None:
                raise NotPossible(InterviewObstacle.NO_CALENDAR, owner)
            _refuse_unless_changed(answer)
            found = await self._get(owner, entry.slot.uid, refused=found.etag if found else "")
            seen.add(found.content if found else b"")
            if found is not None and found.booked.version >= entry.sequence:
                return _ours(found.booked, entry, owner)
        raise _never_written(seen)

    async def cancel(self, owner: str, tombstone: Tombstone, claim: Claim) -> int:
        """Have the tombstone stand in place of the entry, or where it would be put; leave a later one alone.

        Raises:
            NothingToDo: a later event of the case has put the entry there.
        """
        refused, seen = "", set[bytes]()
        for _ in range(_ATTEMPTS):
            found = await self._get(owner, tombstone.slot.uid, refused=refused)
            there = found.booked if found else None
            if there is not None and there.is_cancelled and there.version >= tombstone.version:
                return there.sequence
            if there is not None and there.version > tombstone.version:
                raise NothingToDo("A later event has planned the interview anew.")
            await claim()
            answer = await self._put(owner, tombstone.slot.uid, tombstone.ical(found.event if found else None), found)
            if answer.is_success or (found is None and answer.status in _KEPT_OUT):
                return tombstone.sequence_over(there.sequence if there else None)
            _refuse_unless_changed(answer)
            refused = found.etag if found else ""
            seen.add(found.content if found else b"")
        if seen == {b""}:  # nothing stands there, and the server lets nobody put anything there either
            return tombstone.version
        raise _never_written(seen)

    async def probe(self) -> None:
        """Make sure that the server answers."""
        await self._places.probe()

    async def _get(self, owner: str, uid: str, *, refused: str = "") -> Standing | None:
        """Read an entry and the ETag that the server will know it by; `refused` is one that it did not."""
        address = await self._address(owner, uid)
        if address is None:
            return None
        answer = await self._server.ask("GET", address, _AS_IT_IS)
        if answer.status in _GONE:
            return None
        content, etag = answer.content if answer.is_success else None, answer.etag
        if etag == refused or etag.startswith(_WEAK):
            asked = await self._server.ask("PROPFIND", address, XML | _AS_IT_IS | {"Depth": "0"}, properties(GET_ETAG))
            etag = etag_in(asked.content) or etag
        found = Standing.read(content or b"", etag, uid)
        return found.where(await self._places.zone_of(owner)) if found.is_local else found

    async def _put(self, owner: str, uid: str, content: bytes, over: Standing | None) -> Answer:
        address = await self._address(owner, uid)
        if address is None:
            return _NOWHERE
        condition = {"If-Match": over.etag} if over else _NEW
        return await self._server.ask("PUT", address, _ICAL | condition, content, writes=True)

    async def _address(self, owner: str, uid: str) -> str | None:
        calendar = await self._places.calendar_of(owner)
        return calendar and f"{calendar}{quote(uid, safe='')}.ics"


def _ours(there: Booked, entry: Entry, owner: str) -> Booked:
    """Return what this event has put there before, or a later one."""
    if there.is_cancelled and there.version == entry.sequence:  # an earlier attempt has given up
        raise NotPossible(InterviewObstacle.NO_FREE_SLOT, owner)
    if there.is_cancelled:
        raise NothingToDo("The interview was called off.")
    return there


def _never_written(seen: set[bytes]) -> Outcome:
    """Return why nothing could be put in place of what was `seen`, one time after another."""
    if len(seen) > 1:
        return Unavailable(untouched=True)  # it changes whenever it is read
    return Hold(
        "The calendar server refuses to replace the entry of this interview (412), although nobody has changed it since"
        " it was read: something between us and it changes ETags, or it does not know its own. The entry stands as it"
        " was. Have CalDAV pass uncompressed and unchanged, then release."
    )


def _refuse_unless_changed(answer: Answer) -> None:
    """Refuse to go on unless something else stands there than what was to be replaced, or nothing any more."""
    if answer.status != _CHANGED and answer.status not in _GONE:
        raise Reject(f"The calendar server refuses the entry with status {answer.status}. Ask whoever runs it why.")
