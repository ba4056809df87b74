"""The company's calendars over CalDAV (RFC 4791), by plain HTTP requests.

`{url}/{owner}/calendar/` is the calendar of a person, `<uid>.ics` in it one entry.
"""

from types import TracebackType
from typing import Final, Self
from urllib.parse import quote

from httpx2 import (
    AsyncBaseTransport,
    AsyncClient,
    BasicAuth,
    ConnectError,
    ConnectTimeout,
    Response,
    Timeout,
    TransportError,
)

from choreography import NothingToDo, Unavailable
from consumers.hr import reports
from consumers.hr.entry import Entry
from consumers.hr.ports import Claim
from consumers.hr.slots import Period
from consumers.hr.standing import Standing
from consumers.hr.tombstone import Tombstone

_UNREADABLE: Final = frozenset({400, 403, 404, 405, 410, 501})  # no calendar, or none that may or can be read
_GONE: Final = frozenset({404, 410})
_NO_PLACE: Final = frozenset({403, 404, 405, 409, 410})  # nobody can put anything there: no calendar, or not for us
_CHANGED: Final = 412
_DOWN: Final = frozenset({401, 407, 408, 425, 429})
_ATTEMPTS: Final = 5
_XML: Final = {"Content-Type": "application/xml; charset=utf-8", "Depth": "1"}
_ICAL: Final = {"Content-Type": "text/calendar; charset=utf-8"}
_NEW: Final = {"If-None-Match": "*"}


class CalDavCalendar:
    """The calendars behind one address; an async context manager that keeps its connections.

    Args:
        url: the base address.
        username: of an account that may write to everybody's calendar; without, nothing is said about who asks.
        password: of that account.
        seconds: how long one request may take.
        transport: what carries requests; by default the network.
    """

    def __init__(
        self,
        url: str,
        *,
        username: str = "",
        password: str = "",
        seconds: float = 10.0,
        transport: AsyncBaseTransport | None = None,
    ) -> None:
        self._url = url.rstrip("/")
        auth = BasicAuth(username, password) if username else None
        self._http = AsyncClient(auth=auth, timeout=Timeout(seconds, connect=min(seconds, 3.0)), transport=transport)

    async def __aenter__(self) -> Self:
        await self._http.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._http.__aexit__(kind, error, traceback)

    async def busy(self, owner: str, within: Period, *, besides: str | None = None) -> tuple[Period, ...] | None:
        """Return when the owner is not free; `None` where there is no calendar to read, or the id would lead astray."""
        if "/" in owner or owner.strip(".") == "":
            return None
        question = reports.free_busy(within) if besides is None else reports.entries(within)
        answer = await self._ask("REPORT", self._address(owner), _XML, question)
        if answer.status_code in _UNREADABLE:
            return None
        content = answer.raise_for_status().content
        if besides is None:
            return reports.busy_times(content)
        return (within,) if reports.occupied(content, besides) else ()

    async def find(self, owner: str, uid: str) -> Period | None:
        """Return when the entry takes place, if it stands in the owner's calendar.

        Raises:
            NothingToDo: it was called off.
        """
        found = await self._get(owner, uid)
        if found is not None and found.is_cancelled:
            raise NothingToDo("The interview was called off.")
        return found.period if found else None

    async def book(self, owner: str, entry: Entry, claim: Claim) -> Period:
        """Put the entry in, unless it is there already, and return when it takes place.

        Raises:
            NothingToDo: it was called off.
        """
        await claim()
        address = self._address(owner, entry.slot.uid)
        answer = await self._ask("PUT", address, _ICAL | _NEW, entry.ical(), writes=True)
        if answer.status_code != _CHANGED:
            answer.raise_for_status()
            return entry.slot.period
        there = await self.find(owner, entry.slot.uid)
        if there is None:
            raise Unavailable  # taken out since; the next attempt puts it in
        return there

    async def cancel(self, owner: str, tombstone: Tombstone, claim: Claim) -> None:
        """Have the tombstone stand in place of the entry, or where it would be put; leave one that stands there."""
        address = self._address(owner, tombstone.slot.uid)
        for _ in range(_ATTEMPTS):
            found = await self._get(owner, tombstone.slot.uid)
            if found is not None and found.is_cancelled:
                return
            await claim()
            content = tombstone.ical(found.event if found else None)
            condition = {"If-Match": found.etag} if found else _NEW
            answer = await self._ask("PUT", address, _ICAL | condition, content, writes=True)
            if answer.status_code == _CHANGED or (found is not None and answer.status_code in _GONE):
                continue
            if found is not None or answer.status_code not in _NO_PLACE:
                answer.raise_for_status()
            return
        raise Unavailable(untouched=True)

    async def probe(self) -> None:
        """Make sure that the server answers."""
        await self._ask("OPTIONS", f"{self._url}/")

    async def _get(self, owner: str, uid: str) -> Standing | None:
        answer = await self._ask("GET", self._address(owner, uid))
        if answer.status_code in _GONE:
            return None
        return Standing.read(answer.raise_for_status().content, answer.headers.get("ETag", "*"), uid)

    async def _ask(
        self,
        method: str,
        address: str,
        headers: dict[str, str] | None = None,
        content: bytes | str | None = None,
        *,
        writes: bool = False,
    ) -> Response:
        """Send one request; raise `Unavailable` while the server cannot answer it."""
        try:
            answer = await self._http.request(method, address, headers=headers, content=content)
        except TransportError as error:
            raise Unavailable(untouched=not writes or isinstance(error, ConnectError | ConnectTimeout)) from error
        if answer.is_server_error or answer.status_code in _DOWN:
            raise Unavailable(untouched=not writes)
        return answer

    def _address(self, owner: str, uid: str | None = None) -> str:
        calendar = f"{self._url}/{quote(owner, safe='')}/calendar/"
        return calendar if uid is None else f"{calendar}{quote(uid, safe='')}.ics"
