"""The services that histories are lived with: declaration, events, targets, and what is right at the end."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

from choreography import Event, Service
from choreography.records import REACTIONS
from consumers.access.service import service as access_service
from consumers.hr.ports import Ports as HrPorts
from consumers.hr.ports import Sender as HrSender
from consumers.hr.service import service as hr_service
from consumers.hr.slots import Promises
from consumers.mail import Ambiguous, SmtpMailer
from consumers.notification.ports import Ports as NotificationPorts
from consumers.notification.ports import Sender
from consumers.notification.service import service as notification_service
from schemas import exits
from tests.checker.expectations import Expectations
from tests.checker.expectations import Target as Kind
from tests.simulation import access, desk, desk_events, rights
from tests.simulation import plan as plans
from tests.simulation.broker import Broker
from tests.simulation.clock import START
from tests.simulation.company import HR_MAILBOX, SimCalendar, SimPeople
from tests.simulation.diary import Diary
from tests.simulation.directory import Directory
from tests.simulation.faults import Faults
from tests.simulation.handlers import troubled_service
from tests.simulation.locks import SimLock, SimLocks
from tests.simulation.mail import SETTLE, mailer
from tests.simulation.plan import Plan, Submission
from tests.simulation.post import Post
from tests.simulation.process import Process
from tests.simulation.targets import Target
from tests.simulation.world import World

KEYS: Final = tuple(f"e-{number}" for number in range(1, plans.KEYS + 1))
OLD: Final = timedelta(days=12)
DOMAIN: Final = "company"
SERVICES: Final[dict[str, Service[Any]]] = {
    "desk": desk.service,
    "access": access_service,
    "notification": notification_service,
    "hr": hr_service,
}


@dataclass(frozen=True)
class Setting:
    """A service and its surroundings in one history."""

    service: Service[Any]
    kinds: tuple[type[Event], ...]
    targets: dict[str, Target]
    ports: Callable[[Process], Any]
    expectations: Expectations


def system_of(plan: Plan) -> str:
    """Return the system that the service of a plan belongs to."""
    return SERVICES[plan.service].system


def setting_of(plan: Plan, world: World, faults: Faults, broker: Broker) -> Setting:
    """Return the setting of a plan."""
    made = _BUILDERS[plan.service](plan, world, faults, broker)
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
    event: Event = kind(**common, employee_id=KEYS[one.key])
    return event


class _Mail:
    """A mail server, and the mailer of each process."""

    def __init__(self, plan: Plan, world: World, faults: Faults) -> None:
        self.post = Post(world, faults, settles=SETTLE.total_seconds() * 0.9)
        self.kind = Kind("post", "mail", plan.mail)
        self._ambiguous = Ambiguous(plan.mail)
        self._held: dict[str, SimLock] = {}

    def mailer(self, process: Process) -> SmtpMailer:
        """Return the mailer of one process."""
        return mailer(process, self.post, SimLocks(process, self._held), self._ambiguous)


def _desk(plan: Plan, world: World, faults: Faults, _broker: Broker) -> Setting:
    diary, mail = Diary(world, faults, plan.travels), _Mail(plan, world, faults)

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
    return Setting(
        access_service,
        (*rights.EXITS, *access_service.publishes),
        {"directory": directory},
        lambda process: access.ports(process, directory, said),
        rights.ACCESS,
    )


def _notification(plan: Plan, world: World, faults: Faults, _broker: Broker) -> Setting:
    people, mail = Target(world, faults, "people", plan.travels), _Mail(plan, world, faults)

    def ports(process: Process) -> NotificationPorts:
        own = mail.mailer(process)
        sender = Sender("ems@company", DOMAIN)
        return NotificationPorts(own, own.sent_mail, SimPeople(process, people), sender, HR_MAILBOX)

    kinds = (*rights.EXITS, *notification_service.publishes)
    expectations = replace(rights.NOTIFICATION, targets=(mail.kind,))
    return Setting(notification_service, kinds, {"people": people, "post": mail.post}, ports, expectations)


def _hr(plan: Plan, world: World, faults: Faults, _broker: Broker) -> Setting:
    people, mail = Target(world, faults, "people", plan.travels), _Mail(plan, world, faults)
    diary = Diary(world, faults, plan.travels)

    def ports(process: Process) -> HrPorts:
        own = mail.mailer(process)
        return HrPorts(
            people=SimPeople(process, people),
            calendar=SimCalendar(process, diary),
            mailer=own,
            sent_mail=own.sent_mail,
            sender=HrSender("ems@company", DOMAIN, HR_MAILBOX),
            promised=Promises(),
            company_zone="Europe/Berlin",
        )

    targets: dict[str, Target] = {"diary": diary, "people": people, "post": mail.post}
    expectations = replace(rights.HR, targets=(*rights.HR.targets, mail.kind))
    return Setting(hr_service, (*rights.EXITS, *hr_service.publishes), targets, ports, expectations)


_BUILDERS: Final[dict[str, Callable[[Plan, World, Faults, Broker], Setting]]] = {
    "desk": _desk,
    "access": _access,
    "notification": _notification,
    "hr": _hr,
}
