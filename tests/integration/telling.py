"""Having the manager of Ana, and others, told by the real handlers and a real mailer."""

from uuid import UUID

from choreography import Event
from choreography.testing.fake import FakeMemory
from consumers.notification.handler import notify_manager
from consumers.notification.ports import People
from consumers.notification.service import service
from consumers.shared.directory import Person
from consumers.shared.mail import SmtpMailer
from schemas.exits import EmployeeResigned
from schemas.notification import ManagerNotified
from tests.doubles import Directory, notification_ports, someone
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


ANA = someone("ana", "ben", display_name="Ana Åström")
BEN = someone("ben", "cleo", display_name="Ben Åström")
CLEO = someone("cleo", display_name="Cleo Åström")


def company(ana: Person = ANA, ben: Person = BEN) -> Directory:
    """Ana, her manager Ben, and Cleo above him."""
    return Directory(ana, ben, CLEO)


async def told(mailer: SmtpMailer, *, repeated: bool = False, directory: People | None = None) -> ManagerNotified:
    effect = FakeMemory("ems.notification").effect(RESIGNED, NOON, repeated=repeated)
    fact = await notify_manager(RESIGNED, notification_ports(mailer, directory or company()), effect)
    assert isinstance(fact, ManagerNotified)
    return fact


async def told_one_after_the_other(mailer: SmtpMailer, *events: Event) -> None:
    """Have the service react to each of these events of a person, and remember what it stated."""
    memory = FakeMemory(service.group)
    for event in events:
        reaction = next(one for one in service.reactions if one.event is type(event))
        fact = await reaction.handler(event, notification_ports(mailer, company()), memory.effect(event, NOON))
        memory.state(event, fact, NOON)
