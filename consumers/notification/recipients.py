"""Who is written to: the manager, else the manager's manager, else HR; never the person concerned, never a guess."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Final

from choreography import Effect
from consumers.notification.letter import Matter, Recipient, write
from consumers.notification.ports import ADDRESS, Person, Ports, Sent
from schemas.notification import ManagerNotified, NotificationFailed, NotificationFailureCause, RecipientRole

_REFUSED: Final = "cannot be reached, as the mail system refuses the address"
_LEVELS: Final = {RecipientRole.MANAGER: 0, RecipientRole.SKIP_LEVEL: 1, RecipientRole.HR: 2}


async def tell(
    matter: Matter, line: AsyncIterator[Recipient], ports: Ports, effect: Effect
) -> ManagerNotified | NotificationFailed:
    """Write to the first in the line who can be written to."""
    passed_over: list[Recipient] = []
    sent: Sent | None = None
    message_id = ""
    async for one in line:
        if one.obstacle:
            passed_over.append(one)
            continue
        message = write(effect.key, matter, one, passed_over, ports.sender)
        message_id = str(message["Message-ID"])
        sent = await ports.mailer.send(message, effect)
        if one.address in sent.reached:
            return _notified(matter, message_id, sent, one)
        passed_over.append(replace(one, obstacle=_REFUSED))
    if sent and sent.reached:  # it was sent before, to somebody who would not be written to any more
        return _notified(matter, message_id, sent, Recipient(RecipientRole.UNKNOWN))
    return NotificationFailed(
        kind=matter.kind,
        cause=NotificationFailureCause.REFUSED,
        recipient_ids=tuple(one.id for one in passed_over if one.id),
        perhaps_repeated=sent is not None and sent.perhaps_repeated,
    )


def _notified(matter: Matter, message_id: str, sent: Sent, to: Recipient) -> ManagerNotified:
    return ManagerNotified(
        kind=matter.kind,
        recipient_id=to.id,
        recipient_role=to.role,
        message_id=message_id,
        fallback_level=_LEVELS.get(to.role, 0),
        perhaps_repeated=sent.perhaps_repeated,
    )


async def line_of(leaver: Person, manager_id: str | None, ports: Ports) -> AsyncIterator[Recipient]:
    """Yield who is to be told of a resignation, the nearest first; the directory is asked only as far as needed.

    Args:
        leaver: the person concerned.
        manager_id: the manager's employee id, where the event says it; otherwise the directory does.
        ports: the directory and the HR mailbox.
    """
    manager = await only(manager_id, ports) if manager_id else await ports.people.manager_of(leaver)
    yield _recipient(RecipientRole.MANAGER, manager, leaver)
    if manager is not None:
        yield _recipient(RecipientRole.SKIP_LEVEL, await ports.people.manager_of(manager), leaver)
    yield _hr(ports)


async def same_again(told: ManagerNotified, leaver: Person | None, ports: Ports) -> AsyncIterator[Recipient]:
    """Yield the one who was told before, then HR."""
    if told.recipient_id:
        yield _recipient(told.recipient_role, await only(told.recipient_id, ports), leaver)
    yield _hr(ports)


async def hr_alone(ports: Ports) -> AsyncIterator[Recipient]:
    """Yield the HR mailbox."""
    yield _hr(ports)


async def only(employee_id: str, ports: Ports) -> Person | None:
    """Return the person with this id; nobody where there are several."""
    found = await ports.people.with_employee_id(employee_id)
    return found[0] if len(found) == 1 else None


def _hr(ports: Ports) -> Recipient:
    return Recipient(RecipientRole.HR, "HR", ports.hr_mailbox)


def _recipient(role: RecipientRole, person: Person | None, leaver: Person | None) -> Recipient:
    if person is None:
        return Recipient(role, obstacle="is not known to the directory")
    return Recipient(
        role, person.display_name, person.mail or "", person.employee_id or None, _obstacle(person, leaver)
    )


def _obstacle(person: Person, leaver: Person | None) -> str:
    mail = (person.mail or "").casefold()
    if leaver and (person.id == leaver.id or (mail and mail == (leaver.mail or "").casefold())):
        return "is the person concerned"
    if not person.active:
        return "is not active in the directory"
    if not mail:
        return "has no mail address in the directory"
    return "" if ADDRESS.fullmatch(mail) else "has an address that cannot be written to"
