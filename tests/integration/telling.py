"""Having the manager of Ana, and others, told by the real handlers and a real mailer."""

from dataclasses import dataclass
from uuid import UUID

from choreography import Event
from choreography.testing.fake import FakeMemory
from consumers.notification.handler import notify_manager
from consumers.notification.ports import Mailboxes, People, Ports
from consumers.notification.ports import Person as Asked
from consumers.notification.proof import TEMPLATES
from consumers.notification.service import service
from consumers.shared.directory import Person
from consumers.shared.letters import Letters, Templates
from consumers.shared.mail import SmtpMailer
from schemas.exits import EmployeeResigned
from schemas.notification import ManagerNotified
from tests.integration.mail.writing import NOON

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


@dataclass(frozen=True)
class Directory:
    """Ana, her manager Ben, and Cleo above him."""

    ana: Person = person("ana", "ana@example.com", "scim-ben")  # noqa: RUF009 - frozen
    ben: Person = person("ben", "ben@example.com", "scim-cleo")  # noqa: RUF009 - the same

    async def with_employee_id(self, employee_id: str) -> tuple[Person, ...]:
        return (self.ana,)

    async def manager_of(self, person_: Asked) -> Person | None:
        above = {"scim-ben": self.ben, "scim-cleo": person("cleo", "cleo@example.com")}
        return above.get(person_.manager_scim_id or "")


def ports(mailer: SmtpMailer, directory: People | None = None) -> Ports:
    letters = Letters(Templates(TEMPLATES), sender="ems@example.com", domain="mail.example.com")
    mailboxes = Mailboxes("hr@example.com", "security@example.com")
    return Ports(mailer, None, directory or Directory(), mailboxes, letters)


async def told(mailer: SmtpMailer, *, repeated: bool = False, directory: People | None = None) -> ManagerNotified:
    effect = FakeMemory("ems.notification").effect(RESIGNED, NOON, repeated=repeated)
    fact = await notify_manager(RESIGNED, ports(mailer, directory), effect)
    assert isinstance(fact, ManagerNotified)
    return fact


async def told_one_after_the_other(mailer: SmtpMailer, *events: Event) -> None:
    """Have the service react to each of these events of a person, and remember what it stated."""
    memory = FakeMemory(service.group)
    for event in events:
        reaction = next(one for one in service.reactions if one.event is type(event))
        fact = await reaction.handler(event, ports(mailer), memory.effect(event, NOON))
        memory.state(event, fact, NOON)
