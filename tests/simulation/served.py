"""The three duties with their real clients, at servers that are real code: scim2-server, Radicale and aiosmtpd."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any, Final

from choreography import Effect
from choreography.records import REACTIONS
from consumers.access.ports import Ports as AccessPorts
from consumers.access.ports import Taken
from consumers.access.scim import ScimAccessDirectory
from consumers.access.service import service as access_service
from consumers.hr.caldav import CalDavCalendar
from consumers.hr.interview import Entry, Tombstone
from consumers.hr.ports import Booked, Mailbox
from consumers.hr.ports import Ports as HrPorts
from consumers.hr.service import service as hr_service
from consumers.hr.slots import Promises
from consumers.notification.ports import Ports as NotificationPorts
from consumers.notification.service import service as notification_service
from consumers.shared.directory import ScimPeople
from consumers.shared.directory.connection import connection
from schemas.access import Membership
from tests.simulation import access, rights
from tests.simulation.broker import Broker, Log
from tests.simulation.company import HR_LETTERS, HR_MAILBOX, LETTERS, MAILBOXES, MANAGER, PARTNER, employee
from tests.simulation.faults import Faults
from tests.simulation.mail import MailSystem
from tests.simulation.plan import Plan
from tests.simulation.process import Process
from tests.simulation.served_calendar import ServedCalendar
from tests.simulation.served_directory import ServedDirectory
from tests.simulation.setting import KEYS, Builder, Setting
from tests.simulation.targets import Target
from tests.simulation.wire import Wire, saying
from tests.simulation.world import World

Claim = Callable[[], Awaitable[None]]
_URL: Final = "http://company"


class _AccessDirectory(ScimAccessDirectory):
    """The real client; what it takes must have been said before."""

    def __init__(self, process: Process, directory: ServedDirectory, logs: Sequence[Log]) -> None:
        http = connection(_URL, "any", transport=Wire(process, directory))
        super().__init__(http, process.clock)
        self._world = process.world
        self._logs = logs

    async def take(
        self, memberships: tuple[Membership, ...], claim: Claim, unseen: frozenset[str] = frozenset()
    ) -> Taken:
        async def told() -> None:
            await claim()
            access.must_be_logged(claim, self._logs, self._world)

        return await super().take(memberships, told, unseen)


class _Calendar(CalDavCalendar):
    """The real client; what it writes says which effect it belongs to."""

    def __init__(self, process: Process, calendar: ServedCalendar) -> None:
        super().__init__(_URL, transport=Wire(process, calendar))

    async def book(self, owner: str, entry: Entry, claim: Claim) -> Booked:
        with saying(_about(entry.slot.uid, claim)):
            return await super().book(owner, entry, claim)

    async def cancel(self, owner: str, tombstone: Tombstone, claim: Claim) -> int:
        with saying(_about(tombstone.slot.uid, claim)):
            return await super().cancel(owner, tombstone, claim)


def _about(uid: str, claim: Any) -> dict[str, str]:
    effect: Effect = claim.__self__  # whose method it is
    return {"effect_key": str(effect.key), "correlation": uid.removeprefix("interview-")}


def _people(plan: Plan, world: World, faults: Faults, name: str = "people") -> ServedDirectory:
    directory = ServedDirectory(world, faults, name, plan.travels)
    directory.hire((MANAGER, PARTNER, *map(employee, KEYS)))
    directory.put("HR partners", [PARTNER.id])
    return directory


def _access(plan: Plan, world: World, faults: Faults, broker: Broker) -> Setting:
    directory = _people(plan, world, faults, "directory")
    first, second = access.CRITICAL
    everybody = [MANAGER.id, *(employee(one).id for one in KEYS)]
    directory.put(first, everybody)
    directory.put(second, [one for one in everybody if one != employee(KEYS[1]).id])
    said = broker.of(REACTIONS.of(access_service.system).name)

    def ports(process: Process) -> AccessPorts:
        return access.ports(_AccessDirectory(process, directory, said))

    kinds = (*rights.EXITS, *access_service.publishes)
    return Setting(access_service, kinds, {"directory": directory}, ports, rights.ACCESS)


def _notification(plan: Plan, world: World, faults: Faults, _broker: Broker) -> Setting:
    people, mail = _people(plan, world, faults), MailSystem(plan, world, faults)

    def ports(process: Process) -> NotificationPorts:
        own, asked = mail.mailer(process), ScimPeople(_URL, "any", transport=Wire(process, people))
        return NotificationPorts(own, own.sent_mail, asked, MAILBOXES, LETTERS)

    kinds = (*rights.EXITS, *notification_service.publishes, *rights.NOT_BLOCKED)
    expectations = replace(rights.NOTIFICATION, targets=(mail.kind,))
    return Setting(notification_service, kinds, {"people": people, "post": mail.post}, ports, expectations)


def _hr(plan: Plan, world: World, faults: Faults, _broker: Broker) -> Setting:
    people, mail = _people(plan, world, faults), MailSystem(plan, world, faults)
    calendar = ServedCalendar(world, faults, plan.travels, (PARTNER.employee_id, *KEYS))

    def ports(process: Process) -> HrPorts:
        own = mail.mailer(process)
        return HrPorts(
            people=ScimPeople(_URL, "any", transport=Wire(process, people)),
            calendar=_Calendar(process, calendar),
            mailer=own,
            sent_mail=own.sent_mail,
            letters=HR_LETTERS,
            hr=Mailbox(HR_MAILBOX),
            promised=Promises(),
            company_zone="Europe/Berlin",
        )

    targets: dict[str, Target] = {"diary": calendar, "people": people, "post": mail.post}
    expectations = replace(rights.HR, targets=(*rights.HR.targets, mail.kind))
    return Setting(hr_service, (*rights.EXITS, *hr_service.publishes), targets, ports, expectations)


BUILDERS: Final[dict[str, Builder]] = {"access": _access, "notification": _notification, "hr": _hr}
