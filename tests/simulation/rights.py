"""What is right at the end of a history, for each service, as the checker wants to know it."""

from collections.abc import Iterable
from typing import Final

from choreography import Event
from schemas import access as access_facts
from schemas import exits, hr, notification
from tests.checker.expectations import Expectations, Reaction, Source, Target
from tests.checker.expectations import Final as End
from tests.simulation import access
from tests.simulation.desk_events import CASES, VISITS

EXITS: Final[tuple[type[Event], ...]] = (
    exits.EmployeeResigned,
    exits.ResignationWithdrawn,
    exits.EmployeeRetained,
    exits.ExitConfirmed,
    exits.ExitCaseVoided,
    exits.EmployeeDeparted,
    exits.LastWorkingDayChanged,
)
NOT_BLOCKED: Final[tuple[type[Event], ...]] = (
    access_facts.CriticalAccessBlocked,
    access_facts.CriticalAccessRevoked,
    access_facts.CriticalAccessBlockFailed,
    access_facts.CriticalAccessRestored,
)
_UNDONE: Final = ("EmployeeRetained", "ResignationWithdrawn", "ExitCaseVoided")
_CLOSED: Final = (*_UNDONE, "EmployeeDeparted")
_TAKING: Final = ("EmployeeResigned", "ExitConfirmed", "EmployeeDeparted")


def _of(
    group: str,
    topic: str,
    target: tuple[str, str],
    events: Iterable[str],
    facts: tuple[str, ...],
    *,
    instead: tuple[str, ...] = (),
    unless: tuple[str, ...] = (),
    undoes: tuple[str, ...] = (),
    or_kind: str | None = None,
) -> tuple[Reaction, ...]:
    return tuple(Reaction(group, topic, one, *target, facts, instead, unless, undoes, or_kind) for one in events)


def _desk(topic: str, target: tuple[str, str], events: tuple[str, ...], facts: tuple[str, ...], **more: tuple[str, ...]
          ) -> tuple[Reaction, ...]:  # fmt: skip
    return _of("desk.visits", topic, target, events, facts, or_kind=None, **more)


_PUT, _DELETE, _SENT, _SET = ("diary", "put"), ("diary", "delete"), ("post", "sent"), ("directory", "set")
DESK: Final = Expectations(
    sources=(Source(CASES.name, ("CaseOpened", "CaseMoved", "CaseClosed")),),
    reactions=(
        *_desk(
            CASES.name,
            _PUT,
            ("CaseOpened",),
            ("VisitBooked",),
            instead=("VisitKept",),
            unless=("CaseClosed",),
        ),
        *_desk(
            CASES.name,
            _PUT,
            ("CaseMoved",),
            ("VisitMoved",),
            instead=("VisitKept",),
            unless=("CaseClosed",),
        ),
        *_desk(CASES.name, _DELETE, ("CaseClosed",), ("VisitCancelled",), undoes=("CaseOpened", "CaseMoved")),
        *_desk(VISITS.name, _SENT, ("VisitBooked",), ("LetterSent",), unless=("VisitCancelled",)),
        *_desk(VISITS.name, _SENT, ("VisitCancelled",), ("LetterSent",), undoes=("VisitBooked",)),
    ),
    targets=(Target("diary", "object"),),
    finals=(End("diary", present_after=("CaseOpened", "CaseMoved"), absent_after=("CaseClosed",)),),
)

_SOURCE: Final = (Source(exits.TOPIC.name, tuple(kind.__name__ for kind in EXITS)),)
_BLOCKED, _REVOKED, _FAILED = ("CriticalAccessBlocked",), ("CriticalAccessRevoked",), ("CriticalAccessBlockFailed",)
ACCESS: Final = Expectations(
    sources=_SOURCE,
    reactions=(
        *_of(
            "ems.access", exits.TOPIC.name, _SET, ("EmployeeResigned",), _BLOCKED, instead=_FAILED,
            unless=(*_CLOSED, "ExitConfirmed"),
        ),
        *_of(
            "ems.access", exits.TOPIC.name, _SET, _UNDONE, ("CriticalAccessRestored",),
            undoes=("EmployeeResigned", "ExitConfirmed"),
        ),
        *_of(
            "ems.access", exits.TOPIC.name, _SET, ("ExitConfirmed",), _REVOKED, instead=_FAILED,
            unless=("ResignationWithdrawn", "ExitCaseVoided", "EmployeeDeparted"),
        ),
        *_of("ems.access", exits.TOPIC.name, _SET, ("EmployeeDeparted",), _REVOKED, instead=_FAILED),
    ),
    targets=(Target("directory", "set"),),
    finals=(End("directory", present_after=_TAKING, absent_after=_UNDONE, takes=access.CRITICAL),),
)  # fmt: skip

_TOLD: Final = ("ManagerNotified", "NotificationWithheld", "NotificationFailed")
_UNTOLD: Final = ("ManagerNotified", "NotificationDropped", "NotificationFailed")
_PASSED_ON: Final = ("ManagerNotified", "NotificationFailed")
_TELLING: Final = ("EmployeeResigned", "ExitConfirmed", "LastWorkingDayChanged")
NOTIFICATION: Final = Expectations(
    sources=_SOURCE,
    reactions=(
        *_of("ems.notification", exits.TOPIC.name, _SENT, _TELLING, _TOLD, unless=_UNDONE),
        *_of("ems.notification", exits.TOPIC.name, _SENT, _UNDONE, _UNTOLD, undoes=_TELLING),
        *_of(
            "ems.notification", notification.TOPIC.name, _SENT, ("NotificationWithheld",), _PASSED_ON,
            instead=("ReactionSkipped",), unless=("NotificationDropped",),
        ),
        *_of(
            "ems.notification", notification.TOPIC.name, _SENT, ("NotificationDropped",), _PASSED_ON,
            undoes=("NotificationWithheld",),
        ),
    ),
)  # fmt: skip

_INVITED: Final = ("InterviewInvitationSent",)
_PLANNED: Final = ("ExitInterviewScheduled", "ExitInterviewMoved", "ExitInterviewNotPossible")
HR: Final = Expectations(
    sources=_SOURCE,
    reactions=(
        *_of(
            "ems.hr", exits.TOPIC.name, _PUT, ("EmployeeResigned",), ("ExitInterviewScheduled",),
            instead=("ExitInterviewNotPossible",), unless=_CLOSED,
        ),
        *_of(
            "ems.hr", exits.TOPIC.name, _PUT, ("LastWorkingDayChanged",),
            ("ExitInterviewMoved", "ExitInterviewScheduled"), instead=("ExitInterviewNotPossible", "ReactionSkipped"),
            unless=(*_CLOSED, "LastWorkingDayChanged"), or_kind="delete",
        ),
        *_of(
            "ems.hr", exits.TOPIC.name, _DELETE, _UNDONE, ("ExitInterviewCancelled",),
            undoes=("EmployeeResigned", "LastWorkingDayChanged"),
        ),
        *_of("ems.hr", hr.TOPIC.name, _SENT, _PLANNED, _INVITED, unless=(*_PLANNED, "ExitInterviewCancelled")),
        *_of("ems.hr", hr.TOPIC.name, _SENT, ("ExitInterviewCancelled",), _INVITED, undoes=_PLANNED),
    ),
    targets=(Target("diary", "object"),),
    finals=(End("diary", present_after=("EmployeeResigned",), absent_after=_UNDONE),),
)  # fmt: skip
