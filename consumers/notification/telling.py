"""Telling somebody of a case, and the facts that say who was told."""

from dataclasses import replace
from typing import Any, Final

from choreography import Effect
from consumers.notification.case import Days, Line, Matter, Standing
from consumers.notification.letter import Delivery, deliver_letter
from consumers.notification.line import hr_alone, line_of, same_again
from consumers.notification.ports import Ports
from schemas.notification import (
    ManagerNotified,
    NotificationFailed,
    NotificationFailureCause,
    NotificationWithheld,
    RecipientRole,
)

_LEVELS: Final = {RecipientRole.MANAGER: 0, RecipientRole.SKIP_LEVEL: 1, RecipientRole.HR: 2}


async def tell_manager(
    matter: Matter, manager_id: str | None, ports: Ports, effect: Effect
) -> ManagerNotified | NotificationFailed:
    """Tell the manager, or who stands in; where nobody knows for certain who is concerned, have HR find out."""
    if matter.employee is None:
        several = bool(matter.concerned)
        cause = NotificationFailureCause.PERSON_AMBIGUOUS if several else NotificationFailureCause.PERSON_NOT_FOUND
        return await ask_hr(matter, cause, ports, effect)
    return await _tell(matter, line_of(matter, matter.employee, manager_id, ports, effect), ports, effect)


async def tell_again(
    matter: Matter, told: ManagerNotified, ports: Ports, effect: Effect
) -> ManagerNotified | NotificationFailed:
    """Tell the one who was told before."""
    matter = replace(matter, answers=told.message_id, told=told)
    return await _tell(matter, same_again(told, matter, ports), ports, effect)


async def withhold(
    matter: Matter, standing: Standing, ports: Ports, effect: Effect, *, manager_id: str | None = None
) -> NotificationWithheld | NotificationFailed:
    """Tell HR alone; the fact carries what telling the manager later needs.

    Once HR was told of the case, the fact is stated even where HR's mailbox refuses: it has no Message-ID then. What
    waits for HR's release, and a manager who was told since, hang on these facts (ADR 0034).
    """
    if manager_id is None and standing.withheld is not None:
        manager_id = standing.withheld.manager_id
    if manager_id is None and matter.employee is not None:
        manager = await ports.people.manager_of(matter.employee)
        manager_id = (manager and manager.employee_id) or None
    told = standing.manager is not None
    matter = replace(matter, withheld=True, manager_told=told, answers=standing.message_to_hr)
    done = await deliver_letter(matter, hr_alone(matter, ports), ports, effect)
    if done.to is None and standing.withheld is None:
        return _failed(matter, done)
    return NotificationWithheld(
        kind=matter.kind,
        manager_id=manager_id,
        message_id=done.message_id if done.to else None,
        perhaps_repeated=done.perhaps_repeated,
        **_days(matter.days),
    )


async def ask_hr(matter: Matter, cause: NotificationFailureCause, ports: Ports, effect: Effect) -> NotificationFailed:
    """Have HR find out whom to tell."""
    matter = replace(matter, problem=cause)
    done = await deliver_letter(matter, hr_alone(matter, ports), ports, effect)
    return NotificationFailed(
        kind=matter.kind,
        cause=cause,
        message_id=done.message_id if done.to else None,
        perhaps_repeated=done.perhaps_repeated,
        **_days(matter.days),
    )


def why_nobody(done: Delivery) -> NotificationFailureCause:
    """Return why nobody got a mail."""
    return NotificationFailureCause.REFUSED if done.refused else NotificationFailureCause.NO_RECIPIENT


async def _tell(matter: Matter, line: Line, ports: Ports, effect: Effect) -> ManagerNotified | NotificationFailed:
    done = await deliver_letter(matter, line, ports, effect)
    if done.to is None:
        return _failed(matter, done)
    return ManagerNotified(
        kind=matter.kind,
        recipient_id=done.to.id,
        recipient_role=done.to.role,
        message_id=done.message_id,
        fallback_level=_LEVELS.get(done.to.role, 0),
        perhaps_repeated=done.perhaps_repeated,
        refused_ids=tuple(one.id for one in done.refused if one.id),
        **_days(matter.days),
    )


def _failed(matter: Matter, done: Delivery) -> NotificationFailed:
    return NotificationFailed(
        kind=matter.kind,
        cause=why_nobody(done),
        recipient_ids=tuple(one.id for one in done.passed_over if one.id),
        perhaps_repeated=done.perhaps_repeated,
        **_days(matter.days),
    )


def _days(days: Days) -> dict[str, Any]:
    return vars(days)
