"""Who is written to: the manager, else the manager's manager, else HR; never the person concerned, never a guess."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Final

from choreography import Effect
from consumers.notification.letter import Matter, Recipient, write
from consumers.notification.ports import Person, Ports, RecipientRefused
from schemas.notification import ManagerNotified, NotificationFailed, NotificationFailureCause, RecipientRole

_LEVELS: Final = {RecipientRole.MANAGER: 0, RecipientRole.SKIP_LEVEL: 1, RecipientRole.HR: 2}


async def tell(
    matter: Matter, line: AsyncIterator[Recipient], ports: Ports, effect: Effect
) -> ManagerNotified | NotificationFailed:
    """Write to the first in the line who can be written to."""
    passed_over: list[Recipient] = []
    async for one in line:
        try:
            message_id = await _send(matter, one, passed_over, ports, effect)
        except RecipientRefused as refusal:
            passed_over.append(replace(one, obstacle=str(refusal)))
            continue
        return ManagerNotified(
            kind=matter.kind,
            recipient_id=one.id,
            recipient_role=one.role,
            message_id=message_id,
            fallback_level=_LEVELS.get(one.role, 0),
            perhaps_repeated=effect.repeated,
        )
    return NotificationFailed(
        kind=matter.kind,
        cause=NotificationFailureCause.REFUSED,
        recipient_ids=tuple(one.id for one in passed_over if one.id),
        perhaps_repeated=effect.repeated,
    )


async def _send(matter: Matter, to: Recipient, passed_over: list[Recipient], ports: Ports, effect: Effect) -> str:
    if to.obstacle:
        raise RecipientRefused(to.obstacle)
    return await ports.mailer.send(write(effect.key, matter, to, passed_over), claim=effect.claim)


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
    return "" if mail else "has no mail address in the directory"
