"""The services that histories are lived with: declaration, events, targets, and what is right at the end."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

from choreography import Event, Service
from choreography.records import REACTIONS
from consumers.access.ports import Ports as AccessPorts
from consumers.access.service import service as access_service
from consumers.hr.ports import Mailbox
from consumers.hr.ports import Ports as HrPorts
from consumers.hr.service import service as hr_service
from consumers.hr.slots import Promises
from consumers.notification.ports import Ports as NotificationPorts
from consumers.notification.service import service as notification_service
from schemas import exits
from tests.simulation import access, desk, desk_events, rights, served
from tests.simulation.broker import Broker
from tests.simulation.clock import START
from tests.simulation.company import HR_LETTERS, HR_MAILBOX, LETTERS, MAILBOXES, SimCalendar, SimPeople
from tests.simulation.diary import Diary
from tests.simulation.directory import Directory
from tests.simulation.faults import Faults
from tests.simulation.handlers import troubled_service
from tests.simulation.mail import MailSystem
from tests.simulation.plan import Plan, Submission
from tests.simulation.process import Process
from tests.simulation.setting import KEYS, Builder, Setting
from tests.simulation.targets import Target
from tests.simulation.world import World

# an interview may stay, has to be held at once, cannot be held any more
DAYS: Final = (None, START.date() + timedelta(days=1), START.date() - timedelta(days=3))
OLD: Final = timedelta(days=12)
RESTRICTED: Final = 4  # of so many cases one is
SERVICES: Final[dict[str, Service[Any]]] = {
    "desk": desk.service,
    "access": access_service,
    "notification": notification_service,
    "hr": hr_service,
}


def system_of(plan: Plan) -> str:
    """Return the system that the service of a plan belongs to."""
    return SERVICES[plan.service].system


def setting_of(plan: Plan, world: World, faults: Faults, broker: Broker) -> Setting:
    """Return the setting of a plan."""
    made = (served.BUILDERS if plan.served else _BUILDERS)[plan.service](plan, world, faults, broker)
    return replace(made, service=troubled_service(made.service, world, faults))


def event_of(plan: Plan, one: Submission, event_id: UUID, now: float) -> Event:
    """Return the event of a submission."""
    at = START + timedelta(seconds=now) - (OLD if one.is_old else timedelta())
    common: dict[str, Any] = {"event_id": event_id, "occurred_at": at, "recorded_at": at}
    common |= {"case_id": UUID(int=(plan.seed << 8) + one.story, version=4), "case_version": one.version}
    if plan.service == "desk":
        kind: Any = getattr(desk_events, one.kind)
        visit: Event = kind(**common, person_id=KEYS[one.key])
        return visit
    kind = getattr(exits, one.kind)
    if kind is exits.EmployeeResigned:
        common |= {"submitted_on": date(2026, 3, 2), "time_zone": "Europe/Berlin"}
        if (plan.seed + one.story) % RESTRICTED == 0:
            common["confidentiality"] = exits.Confidentiality.RESTRICTED
    if kind is exits.LastWorkingDayChanged:
        another = date(2026, 4, 1) + timedelta(days=one.version)
        tells = plan.service == "notification"
        common["current"] = another if tells else DAYS[(plan.seed + one.story + one.version) % len(DAYS)]
    event: Event = kind(**common, employee_id=KEYS[one.key])
    return event


def _desk(plan: Plan, world: World, faults: Faults, _broker: Broker) -> Setting:
    diary, mail = Diary(world, faults, plan.travels), MailSystem(plan, world, faults)

    def ports(process: Process) -> desk.Ports:
        own = mail.mailer(process)
        return desk.Ports(desk.DiaryPort(process, diary), own, own.sent_mail)

    expectations = replace(rights.DESK, targets=(*rights.DESK.targets, mail.kind))
    return Setting(desk.service, desk_events.KINDS, {"diary": diary, "post": mail.post}, ports, expectations)


def _access(plan: Plan, world: World, faults: Faults, broker: Broker) -> Setting:
    directory = Directory(world, faults, plan.travels)
    for number, person in enumerate((*KEYS, "somebody else")):
        directory.put(person, list(access.CRITICAL) if number != 1 else [access.CRITICAL[0]])
    said = broker.of(REACTIONS.of(access_service.system).name)

    def ports(process: Process) -> AccessPorts:
        return access.ports(access.SimAccessDirectory(process, directory, said))

    kinds = (*rights.EXITS, *access_service.publishes)
    return Setting(access_service, kinds, {"directory": directory}, ports, rights.ACCESS)


def _notification(plan: Plan, world: World, faults: Faults, _broker: Broker) -> Setting:
    people, mail = Target(world, faults, "people", plan.travels), MailSystem(plan, world, faults)

    def ports(process: Process) -> NotificationPorts:
        own = mail.mailer(process)
        return NotificationPorts(own, own.sent_mail, SimPeople(process, people), MAILBOXES, LETTERS)

    kinds = (*rights.EXITS, *notification_service.publishes, *rights.NOT_BLOCKED)
    expectations = replace(rights.NOTIFICATION, targets=(mail.kind,))
    return Setting(notification_service, kinds, {"people": people, "post": mail.post}, ports, expectations)


def _hr(plan: Plan, world: World, faults: Faults, _broker: Broker) -> Setting:
    people, mail = Target(world, faults, "people", plan.travels), MailSystem(plan, world, faults)
    diary = Diary(world, faults, plan.travels)

    def ports(process: Process) -> HrPorts:
        own = mail.mailer(process)
        return HrPorts(
            people=SimPeople(process, people),
            calendar=SimCalendar(process, diary),
            mailer=own,
            sent_mail=own.sent_mail,
            letters=HR_LETTERS,
            hr=Mailbox(HR_MAILBOX),
            promised=Promises(),
            company_zone="Europe/Berlin",
        )

    targets: dict[str, Target] = {"diary": diary, "people": people, "post": mail.post}
    expectations = replace(rights.HR, targets=(*rights.HR.targets, mail.kind))
    kinds = (*rights.EXITS, *hr_service.publishes)
    return Setting(hr_service, kinds, targets, ports, expectations)


_BUILDERS: Final[dict[str, Builder]] = {
    "desk": _desk,
    "access": _access,
    "notification": _notification,
    "hr": _hr,
}
