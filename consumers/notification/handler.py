"""Telling who is responsible for an employee: that there is a resignation, and how it ends."""

from dataclasses import replace
from typing import Any, Final

from choreography import Effect, NothingToDo
from consumers.notification.letter import Matter
from consumers.notification.ports import Ports
from consumers.notification.recipients import hr_alone, line_of, only, same_again, tell
from schemas.exits import (
    Confidentiality,
    EmployeeResigned,
    EmployeeRetained,
    ExitCaseVoided,
    ExitConfirmed,
    ResignationWithdrawn,
)
from schemas.notification import (
    ManagerNotified,
    NotificationDropped,
    NotificationFailed,
    NotificationFailureCause,
    NotificationKind,
    NotificationWithheld,
)

Undone = EmployeeRetained | ResignationWithdrawn | ExitCaseVoided

_KINDS: Final[dict[type[Undone], NotificationKind]] = {
    EmployeeRetained: NotificationKind.RETAINED,
    ResignationWithdrawn: NotificationKind.WITHDRAWN,
    ExitCaseVoided: NotificationKind.VOIDED,
}
_FOR_THE_MANAGER: Final = {"manager_id", "submitted_on", "last_working_day", "time_zone"}


async def notify_manager(
    event: EmployeeResigned, ports: Ports, effect: Effect
) -> ManagerNotified | NotificationWithheld | NotificationFailed:
    """Tell the manager of a resignation; of a restricted case tell HR alone."""
    found = await ports.people.with_employee_id(event.employee_id)
    matter = Matter(event, NotificationKind.RESIGNED, found[0] if len(found) == 1 else None)
    if event.confidentiality is Confidentiality.RESTRICTED:
        return await _withhold(matter, event, ports, effect)
    if matter.employee is None:
        cause = NotificationFailureCause.PERSON_AMBIGUOUS if found else NotificationFailureCause.PERSON_NOT_FOUND
        return await _ask_hr(matter, cause, ports, effect)
    return await tell(matter, line_of(matter.employee, event.manager_id, ports), ports, effect)


async def notify_that_employee_leaves(
    event: ExitConfirmed, ports: Ports, effect: Effect
) -> ManagerNotified | NotificationWithheld | NotificationFailed:
    """Tell the manager that the exit is final; where only HR was told of the resignation, tell HR alone."""
    told = await effect.earlier(ManagerNotified, NotificationWithheld, NotificationFailed)
    employee = await only(event.employee_id, ports)
    matter = Matter(event, NotificationKind.CONFIRMED, employee, answers=told.message_id if told else None)
    if isinstance(told, ManagerNotified):
        return await tell(matter, same_again(told, employee, ports), ports, effect)
    if isinstance(told, NotificationFailed) and told.message_id:
        return await _ask_hr(matter, told.cause, ports, effect)
    return await _withhold(matter, told, ports, effect)


async def notify_that_employee_stays(
    event: Undone, ports: Ports, effect: Effect
) -> ManagerNotified | NotificationDropped | NotificationFailed:
    """Tell whoever was told of the resignation that it is undone."""
    told = await effect.earlier(ManagerNotified, NotificationWithheld, NotificationFailed)
    if told is None or told.message_id is None:
        raise NothingToDo("nobody was told of the resignation, so nobody has to hear that it is undone")
    employee = await only(event.employee_id, ports)
    matter = Matter(event, _KINDS[type(event)], employee, answers=told.message_id)
    if isinstance(told, ManagerNotified):
        return await tell(matter, same_again(told, employee, ports), ports, effect)
    sent = await tell(replace(matter, withheld=True), hr_alone(ports), ports, effect)
    if isinstance(sent, NotificationFailed):
        return sent
    carried = told.model_dump(include=_FOR_THE_MANAGER)
    return NotificationDropped(
        kind=matter.kind, message_id=sent.message_id, perhaps_repeated=sent.perhaps_repeated, **carried
    )


async def _withhold(
    matter: Matter,
    known: EmployeeResigned | NotificationWithheld | NotificationFailed | None,
    ports: Ports,
    effect: Effect,
) -> NotificationWithheld | NotificationFailed:
    needed: dict[str, Any] = known.model_dump(include=_FOR_THE_MANAGER) if known else {}
    if needed.get("manager_id") is None and matter.employee is not None:
        manager = await ports.people.manager_of(matter.employee)
        needed["manager_id"] = (manager and manager.employee_id) or None
    sent = await tell(replace(matter, withheld=True), hr_alone(ports), ports, effect)
    if isinstance(sent, NotificationFailed):
        return sent
    return NotificationWithheld(
        kind=matter.kind, message_id=sent.message_id, perhaps_repeated=sent.perhaps_repeated, **needed
    )


async def _ask_hr(matter: Matter, cause: NotificationFailureCause, ports: Ports, effect: Effect) -> NotificationFailed:
    sent = await tell(replace(matter, problem=cause), hr_alone(ports), ports, effect)
    reached = sent.message_id if isinstance(sent, ManagerNotified) else None
    return NotificationFailed(kind=matter.kind, cause=cause, message_id=reached, perhaps_repeated=sent.perhaps_repeated)
