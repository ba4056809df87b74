"""Where things are on a calendar server: somebody's calendar, and the outbox by which others are asked about.

A calendar is where a template says, or where the server says that the person's principal has it (RFC 4791 §6.2.1).
What was found is remembered; what was not is looked for again.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from string import Formatter
from typing import Final
from urllib.parse import quote, unquote, urljoin, urlsplit
from xml.etree.ElementTree import Element
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from consumers.hr.caldav.questions import CALDAV, DAV, Unreadable, multistatus, properties
from consumers.hr.caldav.server import XML, DavServer, Unauthorized
from consumers.shared.directory import Person

TEMPLATE: Final = "{employee_id}/calendar/"
FIELDS: Final = frozenset({"employee_id", "user_name", "mail"})
_MOST: Final = 1_000  # that are remembered
_HOME, _OUTBOX = f"{CALDAV}calendar-home-set", f"{CALDAV}schedule-outbox-URL"
_ADDRESSES, _COMPONENTS = f"{CALDAV}calendar-user-address-set", f"{CALDAV}supported-calendar-component-set"
_WE, _KIND = f"{DAV}current-user-principal", f"{DAV}resourcetype"
_USUAL: Final = ("calendar", "default", "personal", "events", "home", "work")
Asked = Callable[[str], Awaitable[Sequence[Person]]]


@dataclass(frozen=True)
class Outbox:
    """Where to ask about others, and as whom."""

    address: str
    ours: str


class Places:
    """The places of one server.

    Args:
        server: is asked.
        url: its base address.
        calendar: the path of a calendar below it, with `{employee_id}`, `{user_name}` or `{mail}` in it.
        principal: the path of a person's principal, where the calendar is to be found by it.
        who: finds the people of an employee id.
    """

    def __init__(self, server: DavServer, url: str, calendar: str, principal: str, who: Asked | None) -> None:
        self._server, self._url, self._who = server, url.rstrip("/") + "/", who
        self._calendar, self._principal = calendar, principal
        self._found: dict[str, str] = {}
        self._outbox: Outbox | None = None
        self._has_outbox = True  # until the server says that it has none

    async def probe(self) -> None:
        """Make sure that the server answers."""
        await self._server.ask("OPTIONS", self._url)

    async def calendar_of(self, owner: str) -> str | None:
        """Return the address of somebody's calendar; `None` without one, or where an id would lead astray."""
        if not self._principal:
            return await self._filled(self._calendar, owner)
        if owner not in self._found:
            found = await self._discovered(await self._filled(self._principal, owner))
            if found is None:
                return None
            if len(self._found) >= _MOST:
                self._found.clear()
            self._found[owner] = found
        return self._found[owner]

    async def outbox(self) -> Outbox | None:
        """Return where the server is asked about others, if it is."""
        if self._has_outbox and self._outbox is None:
            try:
                self._outbox = await self._our_outbox()
            except Unauthorized:  # nobody is signed in, and so nobody has one
                self._outbox = None
            self._has_outbox = self._outbox is not None
        return self._outbox

    async def _our_outbox(self) -> Outbox | None:
        ours = await self._href(self._url, _WE)
        address = await self._href(ours, _OUTBOX)
        hrefs = (one.text or "" for one in await self._under(ours, _ADDRESSES) if one.tag == f"{DAV}href")
        mails = [one.strip() for one in hrefs if one.strip().lower().startswith("mailto:")]
        return Outbox(address, mails[0]) if address and mails else None

    async def mail_of(self, owner: str) -> str | None:
        """Return the mail address of somebody, where the directory knows exactly one of that id."""
        person = await self._person(owner)
        return person.mail if person and person.mail and person.mail.isascii() and person.mail.isprintable() else None

    async def zone_of(self, owner: str) -> ZoneInfo:
        """Return where somebody lives, UTC where the directory does not know."""
        person = await self._person(owner)
        try:
            return ZoneInfo((person and person.time_zone) or "UTC")
        except (ZoneInfoNotFoundError, ValueError, OSError):
            return ZoneInfo("UTC")

    async def _person(self, owner: str) -> Person | None:
        found = await self._who(owner) if self._who else ()
        return found[0] if len(found) == 1 else None

    async def _filled(self, template: str, owner: str) -> str | None:
        values: dict[str, str | None] = {"employee_id": owner}
        asked = {name for _, name, _, _ in Formatter().parse(template) if name}
        if asked - set(values):
            person = await self._person(owner)
            values |= {"user_name": person.user_name, "mail": person.mail} if person else {}
        given = {name: values.get(name) or "" for name in asked}
        if any("/" in one or one.strip(".") == "" for one in given.values()):
            return None
        path = template.format(**{name: quote(one, safe="") for name, one in given.items()})
        return urljoin(self._url, path).rstrip("/") + "/"

    async def _discovered(self, principal: str | None) -> str | None:
        """Return the calendar of a principal; of several the one with a usual name, else the first by address."""
        home = await self._href(principal, _HOME)
        if home is None:
            return None
        answer = await self._server.ask("PROPFIND", home, XML | {"Depth": "1"}, properties(_KIND, _COMPONENTS))
        try:
            responses = multistatus(answer.content).findall(f"{DAV}response")
        except Unreadable:
            return None
        hrefs = (one.findtext(f"{DAV}href") for one in responses if _is_calendar(one))
        calendars = [found for one in hrefs if (found := self._ours(home, one)) is not None]
        first = min(calendars, key=_by_name, default=None)
        return first and first.rstrip("/") + "/"

    async def _href(self, place: str | None, name: str) -> str | None:
        """Return the address that a property of a place holds."""
        found = await self._under(place, name)
        return next((self._ours(place, one.text) for one in found if place and one.tag == f"{DAV}href"), None)

    async def _under(self, place: str | None, name: str) -> list[Element]:
        if place is None:
            return []
        answer = await self._server.ask("PROPFIND", place, XML | {"Depth": "0"}, properties(name))
        try:
            return [one for found in multistatus(answer.content).iter(name) for one in found]
        except Unreadable:
            return []

    def _ours(self, base: str | None, href: str | None) -> str | None:
        """Return the whole address; none on another server, which would be told our password."""
        if base is None or not href or not href.strip():
            return None
        found = urljoin(base, href.strip())
        same = urlsplit(found)[:2] == urlsplit(self._url)[:2]
        return found if same else None


def _is_calendar(response: Element) -> bool:
    kinds = [one.tag for found in response.iter(_KIND) for one in found]
    holds = [one.get("name", "").upper() for found in response.iter(_COMPONENTS) for one in found]
    return f"{CALDAV}calendar" in kinds and (not holds or "VEVENT" in holds)


def _by_name(address: str) -> tuple[int, str]:
    name = unquote(address.rstrip("/").rpartition("/")[2]).lower()
    return (_USUAL.index(name) if name in _USUAL else len(_USUAL), address)
