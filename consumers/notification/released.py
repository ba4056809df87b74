"""What the manager is told of a restricted case, once HR has released it.

Of such a case HR hears first, always (`NotificationWithheld`, `NotificationDropped`); what the manager hears is a
reaction to that. So it cannot overtake HR, and what is released and what is undone at the same moment stand in one
lane, in which either of them comes first. One message is held per case; it tells how the case stands when it is
released, and what comes after it follows at once.
"""

from dataclasses import dataclass, replace
from email.message import EmailMessage

from pydantic import BaseModel, ConfigDict

from choreography import Effect, Hold, NothingToDo
from consumers.notification.matter import Days, Matter
from consumers.notification.ports import Mailer, Ports, Sent
from consumers.notification.standing import Standing
from consumers.notification.telling import tell_again, tell_manager
from schemas.notification import ManagerNotified, NotificationDropped, NotificationFailed, NotificationWithheld


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
