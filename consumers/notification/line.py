"""Who is written to: the manager, else the manager's manager, else HR; never the person concerned, never a guess.

Whether somebody has an open exit case of their own is known from what this service has stated itself; no store of its
own: what was told in a case says which way it stands, and until which day (ADR 0034).
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from uuid import UUID

from choreography import Effect
from consumers.notification.case import ABOVE, OPEN, Days, Line, Matter, Obstacle, Recipient, addresses_of
from consumers.notification.ports import Ports
from consumers.shared.directory import Person
from consumers.shared.mail import is_address
from schemas.notification import (
    ManagerNotified,
    NotificationDropped,
    NotificationFailed,
    NotificationWithheld,
    RecipientRole,
)


@dataclass(frozen=True)
class Leaving:
    """Whether somebody is on the way out, and who knows it.

    Attributes:
        is_open: they have a case that is neither undone nor past its last working day.
        known_to: the employee ids of those who were told of every such case.
    """

    is_open: bool = False
    known_to: frozenset[str] = frozenset()

    def may_be_named_to(self, reader: Person | None) -> bool:
        """Tell whether a mail to this reader may say it; to nobody, nothing is betrayed."""
        return not self.is_open or reader is None or reader.employee_id in self.known_to


async def leaving(person: Person | None, effect: Effect) -> Leaving:
    """Tell whether somebody has an open case of their own."""
    if person is None or not person.employee_id:
        return Leaving()
    newest: dict[UUID, ManagerNotified | NotificationWithheld | NotificationDropped | NotificationFailed] = {}
    told: defaultdict[UUID, set[str]] = defaultdict(set)
    for fact in await effect.history(
        ManagerNotified, NotificationWithheld, NotificationDropped, NotificationFailed, of=person.employee_id
    ):
        newest[fact.case_id] = fact
        if isinstance(fact, ManagerNotified) and fact.recipient_id:
            told[fact.case_id].add(fact.recipient_id)
    is_open = [case for case, fact in newest.items() if fact.kind in OPEN and not Days.of(fact).are_over(effect.now)]
    if not is_open:
        return Leaving()
    return Leaving(is_open=True, known_to=frozenset(set.intersection(*(told[case] for case in is_open))))


async def line_of(matter: Matter, leaver: Person, manager_id: str | None, ports: Ports, effect: Effect) -> Line:
    """Yield who is to be told of a resignation, the nearest first; the directory is asked only as far as needed.

    That the manager has a case of their own is said to HR, and above the manager only to who was told of that case.

    Args:
        matter: what is to be told.
        leaver: the person concerned.
        manager_id: the manager's employee id, where the event says it; otherwise the directory does.
        ports: the directory and the mailboxes.
        effect: knows who has a case of their own.
    """
    manager = await only(manager_id, ports) if manager_id else await ports.people.manager_of(leaver)
    own = await leaving(manager, effect)
    yield recipient(RecipientRole.MANAGER, manager, matter, own)
    above = await ports.people.manager_of(manager) if manager is not None else None
    if manager is not None and own.may_be_named_to(above):
        yield recipient(RecipientRole.SKIP_LEVEL, above, matter, await leaving(above, effect))
    yield mailbox(ports.mailboxes.hr, matter.concerns, ports)


async def same_again(told: ManagerNotified, matter: Matter, ports: Ports) -> Line:
    """Yield the one who was told before, also one with a case of their own by now; then HR."""
    if told.recipient_id:
        yield recipient(told.recipient_role, await only(told.recipient_id, ports), matter)
    elif told.recipient_role in ABOVE:
        yield recipient(told.recipient_role, await _without_id(told.recipient_role, matter, ports), matter)
    yield mailbox(ports.mailboxes.hr, matter.concerns, ports)


async def hr_alone(matter: Matter, ports: Ports) -> Line:
    """Yield the HR mailbox."""
    yield mailbox(ports.mailboxes.hr, matter.concerns, ports)


async def _without_id(role: RecipientRole, matter: Matter, ports: Ports) -> Person | None:
    """Return who is above the person concerned and has no employee id; somebody with one was not the one told."""
    above = matter.employee and await ports.people.manager_of(matter.employee)
    if above and role is RecipientRole.SKIP_LEVEL:
        above = await ports.people.manager_of(above)
    return above if above and not above.employee_id else None


async def only(employee_id: str, ports: Ports) -> Person | None:
    """Return the person with this id; nobody where there are several."""
    found = await ports.people.with_employee_id(employee_id)
    return found[0] if len(found) == 1 else None


def mailbox(address: str, concerns: Callable[[str | None, Iterable[str]], bool], ports: Ports) -> Recipient:
    """Return a mailbox that belongs to no person, unless it is that of the person concerned after all."""
    obstacle = Obstacle.CONCERNED if concerns(None, (address,)) else None
    return Recipient(RecipientRole.HR, "", address, language=ports.mailboxes.language, obstacle=obstacle)


def recipient(role: RecipientRole, person: Person | None, matter: Matter, own: Leaving | None = None) -> Recipient:
    """Return somebody as a recipient, with what is against it."""
    if person is None:
        return Recipient(role, obstacle=Obstacle.UNKNOWN)
    return Recipient(
        role,
        person.display_name,
        person.mail or "",
        person.employee_id or None,
        person.preferred_language,
        _obstacle(person, matter, leaves=own is not None and own.is_open),
    )


def _obstacle(person: Person, matter: Matter, *, leaves: bool) -> Obstacle | None:
    if any(person.id == one.id for one in matter.concerned) or matter.concerns(
        person.employee_id, addresses_of(person)
    ):
        return Obstacle.CONCERNED
    if not person.active:
        return Obstacle.INACTIVE
    if leaves:
        return Obstacle.LEAVING
    if not person.mail:
        return Obstacle.NO_ADDRESS
    return None if is_address(person.mail) else Obstacle.BAD_ADDRESS
