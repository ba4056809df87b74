"""Telling who is responsible for an employee: that there is a resignation, what changes, and how it ends.

Of such a case HR hears first, always (`NotificationWithheld`, `NotificationDropped`); what the manager hears is a
reaction to that. So it cannot overtake HR, and what is released and what is undone at the same moment stand in one
lane, in which either of them comes first. One message is held per case; it tells how the case stands when it is
released, and what comes after it follows at once.
"""

from dataclasses import dataclass, replace
from email.message import EmailMessage
from typing import Final

from pydantic import BaseModel, ConfigDict

from choreography import Effect, Hold, NothingToDo
from consumers.notification.case import Days, Matter, Standing
from consumers.notification.ports import Mailer, Ports
from consumers.notification.telling import ask_hr, tell_again, tell_manager, withhold
from consumers.shared.mail import Sent
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


class Asked(BaseModel):
    """A person is asked whether the manager may be told."""

    model_config = ConfigDict(frozen=True)

    case_version: int


@dataclass(frozen=True)
class _Concluding:
    """In place of the mailer: a mail is sent no more, and what became of it by an earlier attempt is found out."""

    mailer: Mailer

    async def send(self, message: EmailMessage, effect: Effect, /) -> Sent:
        return await self.mailer.conclude(message, effect)

    conclude = send


async def tell_manager_once_released(
    event: NotificationWithheld, ports: Ports, effect: Effect
) -> ManagerNotified | NotificationFailed:
    """Hold what HR was told until it is released; then tell the manager how the case stands.

    Of a case that is undone nobody is told any more. Whom an earlier attempt told all the same is stated, so that they
    hear the end.
    """
    standing = await Standing.of(event, effect)
    if not standing.undone:
        return await _tell(event, standing, ports, effect)
    if effect.repeated and (effect.released or standing.manager is not None):
        found = await _tell(event, standing, replace(ports, mailer=_Concluding(ports.mailer)), effect)
        if found.message_id is not None:
            return found
    raise NothingToDo("the case is undone")


async def _tell(
    event: NotificationWithheld, standing: Standing, ports: Ports, effect: Effect
) -> ManagerNotified | NotificationFailed:
    newest, told = standing.withheld or event, standing.told
    if told is not None and (told.kind, told.last_working_day) == (newest.kind, newest.last_working_day):
        raise NothingToDo("the manager has been told how the case stands")
    if standing.manager is None:
        await _released(event, standing, effect)
    concerned = tuple(await ports.people.with_employee_id(event.employee_id))
    matter = Matter(event, newest.kind, concerned, Days.of(newest))
    if standing.manager is not None:
        return await tell_again(matter, standing.manager, ports, effect)
    return await tell_manager(matter, newest.manager_id, ports, effect)


async def _released(event: NotificationWithheld, standing: Standing, effect: Effect) -> None:
    """Go on once a person has released this, having been asked just that.

    Raises:
        NothingToDo: an earlier message of the case asks it already.
        Hold: it is asked now; what was released before, because it was old or had failed, was asked something else.
    """
    if standing.waits_since is not None and standing.waits_since < event.case_version:
        raise NothingToDo("an earlier message of this case is held, and tells this too once it is released")
    asks_now = False

    async def ask() -> Asked:
        nonlocal asks_now
        asks_now = True
        return Asked(case_version=event.case_version)

    await effect.once(Asked, ask)
    if asks_now or not effect.released:
        raise Hold("HR was told, as the case is restricted. Release this to have the manager told, else drop it.")


async def tell_manager_that_it_is_undone(
    event: NotificationDropped, ports: Ports, effect: Effect
) -> ManagerNotified | NotificationFailed:
    """Tell the manager that it is undone, if the manager was told at all."""
    told = (await Standing.of(event, effect)).manager
    if told is None:
        raise NothingToDo("the manager was never told of this case")
    concerned = tuple(await ports.people.with_employee_id(event.employee_id))
    return await tell_again(Matter(event, event.kind, concerned, Days.of(event)), told, ports, effect)
