"""Who is written to: the manager, else the manager's manager, else HR; never the person concerned, never a guess."""

from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import replace
from email.message import EmailMessage

from choreography import Effect
from consumers.notification.leaving import Leaving, leaving
from consumers.notification.letter import words_of
from consumers.notification.matter import ABOVE, Matter, Obstacle, Recipient, addresses_of
from consumers.notification.ports import Person, Ports, Sent
from consumers.shared.mail import is_address
from schemas.notification import ManagerNotified, RecipientRole

Line = AsyncIterator[Recipient]
Write = Callable[[Recipient, list[Recipient]], EmailMessage]


class Delivery:
    """What became of a mail.

    Attributes:
        to: who got it; `None` when nobody can be written to. The role is UNKNOWN where it was sent before, to somebody
            who would not be written to any more.
        passed_over: who should have got it before, with the obstacle.
    """

    def __init__(self, to: Recipient | None, message_id: str, sent: Sent | None, passed_over: list[Recipient]) -> None:
        self.to, self.message_id, self.passed_over = to, message_id, tuple(passed_over)
        self.perhaps_repeated = sent is not None and sent.perhaps_repeated

    @property
    def refused(self) -> tuple[Recipient, ...]:
        """Those whose addresses the mail system refuses."""
        return tuple(one for one in self.passed_over if one.obstacle is Obstacle.REFUSED)


async def deliver(line: Line, write_to: Write, ports: Ports, effect: Effect) -> Delivery:
    """Write to the first in the line who can be written to.

    Args:
        line: the recipients, the right one first; asked only as far as needed.
        write_to: writes the mail to one of them, who learns who was passed over.
        ports: the mail system.
        effect: whose mail it is.
    """
    passed_over: list[Recipient] = []
    sent: Sent | None = None
    message_id = ""
    async for one in line:
        if one.obstacle:
            passed_over.append(one)
            continue
        message = write_to(one, passed_over)
        message_id = str(message["Message-ID"])
        sent = await ports.mailer.send(message, effect)
        if one.address in sent.reached:
            return Delivery(one, message_id, sent, passed_over)
        passed_over.append(replace(one, obstacle=Obstacle.REFUSED))
    if sent is not None and sent.reached:
        return Delivery(Recipient(RecipientRole.UNKNOWN), message_id, sent, [])
    return Delivery(None, message_id, sent, passed_over)


async def deliver_letter(matter: Matter, line: Line, ports: Ports, effect: Effect) -> Delivery:
    """Tell the first in the line who can be told."""

    def written(to: Recipient, passed_over: list[Recipient]) -> EmailMessage:
        words = words_of(matter, to, passed_over)
        return ports.letters.write("letter", words, (to,), matter.event, key=effect.key, answers=matter.answers)

    return await deliver(line, written, ports, effect)


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
