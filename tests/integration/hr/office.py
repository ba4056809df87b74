"""HR at work with a real directory, calendars and mail system; only its memory and its clock are the test's."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from datetime import UTC, date, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any
from uuid import uuid4

import httpx2
from icalendar import Calendar

from choreography import Effect, Event
from choreography.testing.fake import FakeMemory
from consumers.hr.caldav import CalDavCalendar
from consumers.hr.letter import TEMPLATES
from consumers.hr.ports import Mailbox, Ports
from consumers.hr.service import service
from consumers.hr.slots import Promises
from consumers.shared.directory import ScimPeople
from consumers.shared.letters import Letters, Templates
from schemas.exits import EmployeeResigned, LastWorkingDayChanged
from tests.integration.access.company import Directory
from tests.integration.access.reacting import TOKEN
from tests.integration.hr.calendars import new_owner
from tests.integration.mail.server import Script, mail_system
from tests.integration.mail.writing import open_mailer

MONDAY_NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HR = "hr@example.com"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
Languages = tuple[str, str]
Handler = Callable[[Any, Ports, Effect], Awaitable[Event]]


class Office:
    """One case: somebody leaves, and somebody in HR is in charge; both have calendars and addresses.

    Attributes:
        seconds: how long the calendar may take to answer.
        zone: in which both work.
        hr_language: in which HR as a whole reads.
        partner_zone: in which the one in HR works, where that is another.
        company_zone: of a resignation that came without one.
        between: what carries requests to the calendars; by default the network.
        before_writing: happens once, between the claim and the request of the next reaction that writes.
        script: the mail system; `script.accepted` is what it has accepted.
    """

    def __init__(self, url: str, directory: Directory) -> None:
        self.url, self.directory = url, directory
        self.leaver, self.partner = new_owner(url), new_owner(url)
        self.case_id, self.division = uuid4(), f"Division {uuid4().hex}"
        self.memory, self.script, self.promised = FakeMemory("ems.hr"), Script(), Promises()
        self.now, self.seconds, self.order, self.zone = MONDAY_NOON, 5.0, 0, "Europe/Berlin"
        self.hr_language = "en"
        self.partner_zone: str | None = None
        self.company_zone = ""
        self.between: httpx2.AsyncBaseTransport | None = None
        self.before_writing: Callable[[], Awaitable[None]] | None = None

    def hire(
        self,
        *,
        leaver: str = "Ana",
        partner: str = "Ben",
        mail: str = "ana@example.com",
        has_partner: bool = True,
        languages: Languages = ("en", "en"),
    ) -> "Office":
        """Put both into the directory; `mail` is the leaver's, `languages` are those that leaver and partner prefer."""
        self._person(self.leaver, leaver, mail, self.zone, languages[0])
        found = self._person(self.partner, partner, "ben@example.com", self.partner_zone or self.zone, languages[1])
        if has_partner:
            self.directory.group(f"HR partners {self.division}", found)
        return self

    def resigned(self, **differs: Any) -> EmployeeResigned:
        """Return the next event of the case: the resignation."""
        given = {"submitted_on": date(2026, 3, 2), "time_zone": "Europe/Berlin", "country": "DE", **differs}
        return EmployeeResigned(**given, **self._common())

    def changed(self, day: date | None) -> LastWorkingDayChanged:
        """Return the next event of the case: the last working day moves."""
        return LastWorkingDayChanged(current=day, **self._common())

    def another(self, kind: type[Event]) -> Event:
        """Return the next event of the case."""
        return kind(**self._common())

    def follow(self, event: Event) -> Event:
        """Have the service react to an event as it declares that it does, and state its fact."""
        (handler,) = (one.handler for one in service.reactions if one.event is type(event))
        return self.react(handler, event)

    def react(self, handler: Handler, event: Event, *, repeated: bool = False) -> Event:
        """Have a handler react, and state its fact."""

        async def run() -> Event:
            letters = Letters(Templates(TEMPLATES), sender="EMS <ems@example.com>", domain="example.com")
            async with (
                mail_system(self.script) as port,
                open_mailer(port) as mailer,
                ScimPeople(self.directory.url, TOKEN) as people,
                CalDavCalendar(self.url, seconds=self.seconds, transport=self.between) as calendar,
            ):
                hr = Mailbox(HR, self.hr_language)
                ports = Ports(people, calendar, mailer, None, letters, hr, self.promised, self.company_zone)
                effect = self.memory.effect(event, self.now, repeated=repeated)
                effect.claim = self._claim(effect)  # type: ignore[method-assign]
                return await handler(event, ports, effect)

        return self.memory.state(event, asyncio.run(run()), self.now)

    def _claim(self, effect: Effect) -> Callable[[], Coroutine[Any, Any, None]]:
        claim = effect.claim

        async def then_wait() -> None:
            await claim()
            waiting, self.before_writing = self.before_writing, None
            if waiting is not None:
                await waiting()

        return then_wait

    def mails(self) -> list[EmailMessage]:
        """Return all the mails that were accepted."""
        return [message_from_bytes(content, policy=policy.default) for _, content in self.script.accepted]

    def mail(self) -> EmailMessage:
        """Return the last mail that was accepted."""
        return self.mails()[-1]

    def text(self, kind: str = "plain") -> str:
        """Return the words of the last mail, on one line."""
        body = self.mail().get_body((kind,))
        assert body is not None
        return " ".join(body.get_content().split())

    def _person(self, employee_id: str, name: str, mail: str, zone: str, language: str) -> str:
        return self.directory.person(
            employee_id,
            displayName=name,
            emails=[{"value": mail}],
            timezone=zone,
            preferredLanguage=language,
            schemas=["urn:ietf:params:scim:schemas:core:2.0:User", ENTERPRISE],
            **{ENTERPRISE: {"division": self.division}},
        )

    def _common(self) -> dict[str, Any]:
        self.order += 1
        at = {"occurred_at": self.now, "recorded_at": self.now}
        return {
            "event_id": uuid4(),
            "case_id": self.case_id,
            "case_version": self.order,
            "employee_id": self.leaver,
        } | at


def calendar_in(message: EmailMessage) -> Calendar:
    """Return the calendar object of a mail."""
    (part,) = (one for one in message.walk() if one.get_content_type() == "text/calendar")
    calendar = Calendar.from_ical(part.get_content())
    assert isinstance(calendar, Calendar)
    return calendar
