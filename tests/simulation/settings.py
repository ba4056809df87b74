"""The services that histories are lived with: declaration, events, targets, and what is right at the end."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import partial
from typing import Any, Final
from uuid import UUID

from choreography import Effect, Event, Hold, Reject, Retry, Service, Unavailable
from choreography.reaction import Reaction as Rule
from choreography.records import REACTIONS
from consumers.access.service import service as access_service
from consumers.mail import Ambiguous
from schemas import exits
from schemas.access import (
    CriticalAccessBlocked,
    CriticalAccessBlockFailed,
    CriticalAccessRestored,
    CriticalAccessRevoked,
)
from tests.checker.expectations import Expectations, Reaction, Source
from tests.checker.expectations import Final as End
from tests.checker.expectations import Target as Kind
from tests.simulation import access, desk
from tests.simulation.broker import Broker
from tests.simulation.faults import Faults
from tests.simulation.locks import SimLock, SimLocks
from tests.simulation.mail import SETTLE, mailer
from tests.simulation.plan import Plan, Submission
from tests.simulation.targets import Diary, Directory, Post, Target
from tests.simulation.world import START, Process, World

KEYS: Final = ("e-1", "e-2")
OLD: Final = timedelta(days=12)


@dataclass(frozen=True)
class Setting:
    """A service and its surroundings in one history."""

    service: Service[Any]
    kinds: tuple[type[Event], ...]
    targets: dict[str, Target]
    ports: Callable[[Process], Any]
    expectations: Expectations


def system_of(plan: Plan) -> str:
    """Return the system that the service of a plan belongs to."""
    return (access_service if plan.service == "access" else desk.service).system


def setting_of(plan: Plan, world: World, faults: Faults, broker: Broker) -> Setting:
    """Return the setting of a plan."""
    made = _access(world, faults, plan, broker) if plan.service == "access" else _desk(world, faults, plan)
    return replace(made, service=_troubled(made.service, world, faults))


def event_of(plan: Plan, one: Submission, event_id: UUID, now: float) -> Event:
    """Return the event of a submission."""
    at = START + timedelta(seconds=now) - (OLD if one.is_old else timedelta())
    common: dict[str, Any] = {"event_id": event_id, "occurred_at": at, "recorded_at": at}
    case = UUID(int=(plan.seed << 8) + one.story, version=4)
    if plan.service == "desk":
        kind: Any = getattr(desk, one.kind)
        visit: Event = kind(**common, person_id=KEYS[one.key], case_id=case, case_version=one.version)
        return visit
    kind = getattr(exits, one.kind)
    if kind is exits.EmployeeResigned:
        common |= {"submitted_on": date(2026, 3, 2), "time_zone": "Europe/Berlin"}
    event: Event = kind(**common, employee_id=KEYS[one.key], case_id=case, case_version=one.version)
    return event


def _desk(world: World, faults: Faults, plan: Plan) -> Setting:
    diary = Diary(world, faults, plan.travels)
    post = Post(world, faults, settles=SETTLE.total_seconds() * 0.9)
    held: dict[str, SimLock] = {}

    def ports(process: Process) -> desk.Ports:
        own = mailer(process, post, SimLocks(process, held), Ambiguous(plan.mail))
        return desk.Ports(desk.DiaryPort(process, diary), own, own.sent_mail)

    return Setting(
        service=desk.service,
        kinds=(
            *(desk.CaseOpened, desk.CaseMoved, desk.CaseClosed),
            *(desk.VisitBooked, desk.VisitMoved, desk.VisitKept, desk.VisitCancelled, desk.LetterSent),
        ),
        targets={"diary": diary, "post": post},
        ports=ports,
        expectations=replace(_DESK, targets=(Kind("diary", "object"), Kind("post", "mail", plan.mail))),
    )


def _access(world: World, faults: Faults, plan: Plan, broker: Broker) -> Setting:
    directory = Directory(world, faults, plan.travels)
    for number, person in enumerate((*KEYS, "e-3")):
        directory.put(person, list(access.CRITICAL) if number != 1 else [access.CRITICAL[0]])
    kinds = (*_EXITS, CriticalAccessBlocked, CriticalAccessBlockFailed, CriticalAccessRestored, CriticalAccessRevoked)
    return Setting(
        service=access_service,
        kinds=kinds,
        targets={"directory": directory},
        ports=lambda process: access.ports(process, directory, broker.of(REACTIONS.of(system_of(plan)).name)),
        expectations=_ACCESS,
    )


def _troubled(service: Service[Any], world: World, faults: Faults) -> Service[Any]:
    """Return the service with handlers that fail now and then, before they do anything or after they did it all."""
    reactions = [replace(one, handler=_troubled_handler(one, world, faults)) for one in service.reactions]
    return replace(service, reactions=reactions)


def _troubled_handler(reaction: Rule[Any], world: World, faults: Faults) -> Any:
    """Return a handler that asks the faults first.

    What cannot be repeated fails only before it has begun: a mail that was sent by a handler which then fails for ever
    is beyond what anybody could know.
    """
    handler = reaction.handler

    async def troubled(event: Event, ports: Any, effect: Effect) -> Event:
        fault = faults.take("handler") if reaction.repeatable or not effect.repeated else None
        if not reaction.repeatable and fault == "broken after":
            fault = "away after"
        world.say(f"handles {type(event).__name__} {event.order} of {event.key} {fault or ''}")
        if fault in _BEFORE and not (fault == "hold" and effect.released):
            failure = _BEFORE[fault]()
            raise failure
        fact: Event = await handler(event, ports, effect)
        if fault == "broken after":
            raise RuntimeError("a bug of the handler's")
        if fault == "away after":
            raise Unavailable
        return fact

    return troubled


_BEFORE: Final[dict[str | None, Callable[[], Exception]]] = {
    "retry": partial(Retry, "not now"),
    "reject": partial(Reject, "never"),
    "hold": partial(Hold, "a person must see this"),
    "broken": partial(RuntimeError, "a bug of the handler's"),
    "away": Unavailable,
    "away untouched": partial(Unavailable, untouched=True),
}
HANDLER_FAULTS: Final = (*(name for name in _BEFORE if name), "broken after", "away after")

_EXITS: Final = (
    exits.EmployeeResigned,
    exits.ResignationWithdrawn,
    exits.EmployeeRetained,
    exits.ExitConfirmed,
    exits.ExitCaseVoided,
    exits.EmployeeDeparted,
)
_UNDONE: Final = ("EmployeeRetained", "ResignationWithdrawn", "ExitCaseVoided")
_DESK: Final = Expectations(
    sources=(Source(desk.CASES.name, ("CaseOpened", "CaseMoved", "CaseClosed")),),
    reactions=(
        *(
            Reaction(
                "desk.visits", desk.CASES.name, event, "diary", "put", (fact,), ("VisitKept",), unless=("CaseClosed",)
            )
            for event, fact in (("CaseOpened", "VisitBooked"), ("CaseMoved", "VisitMoved"))
        ),
        Reaction(
            "desk.visits",
            desk.CASES.name,
            "CaseClosed",
            "diary",
            "delete",
            ("VisitCancelled",),
            undoes=("CaseOpened", "CaseMoved"),
        ),
        Reaction(
            "desk.visits", desk.VISITS.name, "VisitBooked", "post", "sent", ("LetterSent",), unless=("VisitCancelled",)
        ),
        Reaction(
            "desk.visits", desk.VISITS.name, "VisitCancelled", "post", "sent", ("LetterSent",), undoes=("VisitBooked",)
        ),
    ),
    finals=(End("diary", present_after=("CaseOpened", "CaseMoved"), absent_after=("CaseClosed",)),),
)
_ACCESS: Final = Expectations(
    sources=(Source(exits.TOPIC.name, tuple(kind.__name__ for kind in _EXITS)),),
    reactions=(
        Reaction(
            "ems.access",
            exits.TOPIC.name,
            "EmployeeResigned",
            "directory",
            "set",
            ("CriticalAccessBlocked",),
            ("CriticalAccessBlockFailed",),
            unless=(*_UNDONE, "EmployeeDeparted", "ExitConfirmed"),
        ),
        *(
            Reaction(
                "ems.access",
                exits.TOPIC.name,
                kind,
                "directory",
                "set",
                ("CriticalAccessRestored",),
                undoes=("EmployeeResigned", "ExitConfirmed"),
            )
            for kind in _UNDONE
        ),
        *(
            Reaction(
                "ems.access",
                exits.TOPIC.name,
                kind,
                "directory",
                "set",
                ("CriticalAccessRevoked",),
                ("CriticalAccessBlockFailed",),
                unless=unless,
            )
            for kind, unless in (
                ("ExitConfirmed", ("ResignationWithdrawn", "ExitCaseVoided", "EmployeeDeparted")),
                ("EmployeeDeparted", ()),
            )
        ),
    ),
    targets=(Kind("directory", "set"),),
    finals=(
        End(
            "directory",
            present_after=("EmployeeResigned", "ExitConfirmed", "EmployeeDeparted"),
            absent_after=_UNDONE,
            takes=access.CRITICAL,
        ),
    ),
)
