"""What a manager reads, through a real mail system."""

import asyncio
from email import message_from_bytes, policy
from uuid import UUID

from choreography.fake import FakeMemory
from consumers.mail import SmtpMailer
from consumers.notification.handler import notify_manager
from consumers.notification.ports import Mailboxes, Ports, Sender
from consumers.notification.wording import Templates
from consumers.people import Person
from schemas.exits import EmployeeResigned
from schemas.notification import ManagerNotified
from tests.integration.mail.server import Script, mail_system
from tests.integration.mail.writing import NOON, open_mailer

CASE = UUID("01890000-0000-7000-8000-00000000beef")
RESIGNED = EmployeeResigned(
    event_id=CASE,
    employee_id="ana",
    case_id=CASE,
    case_version=1,
    occurred_at=NOON,
    recorded_at=NOON,
    submitted_on=NOON.date(),
    time_zone="Europe/Vienna",
)


def person(name: str, mail: str, manager: str | None = None) -> Person:
    resource = {"id": f"scim-{name}", "externalId": name, "displayName": f"{name.title()} Åström", "active": True}
    enterprise = {"manager": {"value": manager}} if manager else {}
    return Person.from_scim(
        {
            **resource,
            "emails": [{"value": mail, "primary": True}],
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": enterprise,
        }
    )


class Directory:
    """Ana and her manager Ben."""

    async def with_employee_id(self, employee_id: str) -> tuple[Person, ...]:
        return (person("ana", "ana@example.com", "scim-ben"),)

    async def manager_of(self, person_: object) -> Person:
        return person("ben", "ben@example.com")


async def told(mailer: SmtpMailer, *, repeated: bool = False) -> ManagerNotified:
    sender = Sender("ems@example.com", "mail.example.com")
    ports = Ports(mailer, None, Directory(), sender, Mailboxes("hr@example.com", "security@example.com"), Templates())
    effect = FakeMemory("ems.notification").effect(RESIGNED, NOON, repeated=repeated)
    fact = await notify_manager(RESIGNED, ports, effect)
    assert isinstance(fact, ManagerNotified)
    return fact


def test_a_letter_arrives_as_text_and_html_with_an_id_made_from_its_effect() -> None:
    script = Script()

    async def once() -> ManagerNotified:
        async with mail_system(script) as port, open_mailer(port) as mailer:
            return await told(mailer)

    fact = asyncio.run(once())

    [(recipients, content)] = script.accepted
    mail = message_from_bytes(content, policy=policy.default)
    assert recipients == ("ben@example.com",)
    assert (mail["Message-ID"], mail["From"]) == (fact.message_id, "ems@example.com")
    assert fact.message_id.endswith("@mail.example.com>")
    assert str(mail["To"]) == "Ben Åström <ben@example.com>"
    text, html = mail.iter_parts()
    assert text.get_content().split()[:7] == ["Dear", "Ben", "Åström,", "Ana", "Åström", "(employee", "id"]
    assert '<p dir="auto">Dear Ben Åström,</p>' in html.get_content()


def test_the_same_letter_is_the_same_mail_byte_for_byte_and_the_fact_says_that_it_may_have_come_twice() -> None:
    script = Script()

    async def twice() -> tuple[ManagerNotified, ManagerNotified]:
        async with mail_system(script) as port, open_mailer(port) as mailer:
            return await told(mailer), await told(mailer, repeated=True)

    once, again = asyncio.run(twice())

    first, second = script.accepted
    assert first == second
    assert (once.perhaps_repeated, again.perhaps_repeated) == (False, True)
    assert once.message_id == again.message_id
