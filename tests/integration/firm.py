"""Notification at work with a real directory and a real mail system; only its memory and its clock are the test's."""

import asyncio
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from uuid import uuid4

from choreography import Event
from choreography.testing.fake import FakeMemory
from consumers.notification.service import service
from consumers.shared.directory import ScimPeople
from tests.doubles import HR, letters, notification_ports
from tests.integration.access.company import Directory
from tests.integration.access.reacting import TOKEN, Case
from tests.integration.mail.server import Script, mail_system
from tests.integration.mail.writing import open_mailer

SCHEMAS = ["urn:ietf:params:scim:schemas:core:2.0:User", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"]


class Firm:
    """People of this test alone, known by their first names, and the service that writes to them.

    Attributes:
        script: the mail system; `script.accepted` is what it has accepted.
        hr: the address of HR as a whole.
        templates: the folder of the company's own.
    """

    def __init__(self, directory: Directory) -> None:
        self.directory, self.memory, self.script = directory, FakeMemory(service.group), Script()
        self.now, self.hr, self.templates = datetime(2026, 3, 2, 12, tzinfo=UTC), HR, ""
        self._tag, self._accounts = uuid4().hex[:8], dict[str, str]()

    def hire(self, name: str, manager: str | None = None, **differs: object) -> None:
        """Put somebody into the directory; who leads them has to be there already."""
        above = {"manager": {"value": self._accounts[manager]}} if manager else {}
        known = {"displayName": name.title(), "emails": [{"value": self.address(name), "primary": True}], **differs}
        self._accounts[name] = self.directory.person(self.id_of(name), schemas=SCHEMAS, **{SCHEMAS[1]: above}, **known)

    def id_of(self, name: str) -> str:
        """Return the employee id."""
        return f"{name}-{self._tag}"

    def address(self, name: str) -> str:
        """Return the mail address."""
        return f"{self.id_of(name)}@example.com"

    def case(self, name: str) -> Case:
        """Return a case of somebody, which has not begun."""
        return Case(self.id_of(name))

    def told(self, event: Event, *, released: bool = False) -> Any:
        """Have the service react to an event as it declares that it does; return the fact as it states it."""
        (reaction,) = (one for one in service.reactions if one.event is type(event))
        effect = self.memory.effect(event, self.now, released=released)

        async def handled() -> Event:
            async with (
                mail_system(self.script) as port,
                open_mailer(port) as mailer,
                ScimPeople(self.directory.url, TOKEN) as people,
            ):
                own = letters(self.templates)
                ports = notification_ports(mailer, people, hr=self.hr, written_by=own)
                return await reaction.handler(event, ports, effect)

        return self.memory.state(event, asyncio.run(handled()), self.now)

    def override(self, folder: Path, **files: str) -> None:
        """Have templates of the company's own."""
        for name, text in files.items():
            language, _, kind = name.partition("_")
            (folder / language).mkdir(exist_ok=True)
            (folder / language / f"{kind}.txt").write_text(text, encoding="utf-8")
        self.templates = str(folder)

    @property
    def read_by(self) -> list[str]:
        """Who got a mail, in the order of arrival; people by their first names."""
        names = {self.address(name): name for name in self._accounts}
        return [names.get(to, to) for recipients, _ in self.script.accepted for to in recipients]

    def mails(self) -> list[EmailMessage]:
        """Return all the mails that were accepted."""
        return [message_from_bytes(content, policy=policy.default) for _, content in self.script.accepted]

    def said(self) -> str:
        """Return the words of the newest mail, on one line."""
        body = self.mails()[-1].get_body(("plain",))
        assert body is not None
        return " ".join(str(body.get_content()).split())
