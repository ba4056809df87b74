"""Telling who is responsible for an employee: that there is a resignation, what changes, and how it ends."""

from dataclasses import replace
from typing import Final

from choreography import Effect, NothingToDo
from consumers.notification.matter import Days, Matter
from consumers.notification.ports import Ports
from consumers.notification.standing import Standing
from consumers.notification.telling import ask_hr, tell_again, tell_manager, withhold
from schemas import ExitEvent
from schemas.exits import (
    Confidentiality,
    EmployeeResigned,
    EmployeeRetained,
    ExitCaseVoided,
    ExitConfirmed,
    LastWorkingDayChanged,
    ResignationWithdrawn,
    VoidReason,
)
from schemas.notification import (
    ManagerNotified,
    NotificationDropped,
    NotificationFailed,
    NotificationKind,
    NotificationWithheld,
)

Undone = EmployeeRetained | ResignationWithdrawn | ExitCaseVoided
Told = ManagerNotified | NotificationWithheld | NotificationFailed

_KINDS: Final[dict[type[Undone], NotificationKind]] = {
    EmployeeRetained: NotificationKind.RETAINED,
    ResignationWithdrawn: NotificationKind.WITHDRAWN,
    ExitCaseVoided: NotificationKind.VOIDED,
}
_CARRIED: Final = (
    *("kind", "manager_id", "submitted_on", "last_working_day", "time_zone", "message_id", "perhaps_repeated"),
)


async def notify_manager(
    event: EmployeeResigned, ports: Ports, effect: Effect
) -> ManagerNotified | NotificationWithheld | NotificationFailed:
    """Tell the manager of a resignation; of a restricted case tell HR alone."""
    matter = await _matter(event, NotificationKind.RESIGNED, Days.of(event), ports)
    if event.confidentiality is Confidentiality.RESTRICTED:
        return await withhold(matter, Standing(), ports, effect, manager_id=event.manager_id)
    return await tell_manager(matter, event.manager_id, ports, effect)


async def notify_that_employee_leaves(
    event: ExitConfirmed, ports: Ports, effect: Effect
) -> ManagerNotified | NotificationWithheld | NotificationFailed:
    """Tell whoever was told of the resignation that the exit is final."""
    standing = await Standing.of(event, effect)
    matter = await _matter(event, NotificationKind.CONFIRMED, standing.days, ports)
    return await _go_on(matter, standing, ports, effect)


async def notify_of_last_working_day(
    event: LastWorkingDayChanged, ports: Ports, effect: Effect
) -> ManagerNotified | NotificationWithheld | NotificationFailed:
    """Tell whoever was told of the resignation until when the employee works now."""
    standing = await Standing.of(event, effect)
    days = replace(standing.days, last_working_day=event.current)
    matter = await _matter(event, NotificationKind.LAST_WORKING_DAY_CHANGED, days, ports)
    return await _go_on(matter, standing, ports, effect)


async def notify_that_employee_stays(
    event: Undone, ports: Ports, effect: Effect
) -> ManagerNotified | NotificationDropped | NotificationFailed:
    """Tell whoever was told of the resignation that it is undone; of a restricted case, HR first."""
    standing = await Standing.of(event, effect)
    if standing.nobody_knows:
        raise NothingToDo("nobody was told of the resignation, so nobody has to hear that it is undone")
    matter = await _matter(event, _kind_of(event), standing.days, ports)
    if standing.manager is not None and standing.withheld is None:
        return await tell_again(matter, standing.manager, ports, effect)
    sent = await withhold(matter, standing, ports, effect)
    if isinstance(sent, NotificationFailed):
        return sent
    return NotificationDropped(**{name: getattr(sent, name) for name in _CARRIED})


async def _go_on(matter: Matter, standing: Standing, ports: Ports, effect: Effect) -> Told:
    """Tell those who know of the case what has become of it; what was withheld once goes to HR first, always."""
    if standing.withheld is None and standing.manager is not None:
        return await tell_again(matter, standing.manager, ports, effect)
    if standing.withheld is None and standing.hr is not None:
        return await ask_hr(replace(matter, answers=standing.message_to_hr), standing.hr.cause, ports, effect)
    return await withhold(matter, standing, ports, effect)


def _kind_of(event: Undone) -> NotificationKind:
    if isinstance(event, ExitCaseVoided) and event.reason is VoidReason.DUPLICATE:
        return NotificationKind.DUPLICATE
    return _KINDS[type(event)]


async def _matter(event: ExitEvent, kind: NotificationKind, days: Days, ports: Ports) -> Matter:
    return Matter(event, kind, tuple(await ports.people.with_employee_id(event.employee_id)), days)
