"""What a run promises about its history, in the checker's words; written here by hand, from the contract."""

from typing import Final

from tests.chaos.company import Company
from tests.checker.expectations import Expectations, Reaction, Source, Target
from tests.checker.expectations import Final as FinalState

EXITS: Final = "ems.exits.v1"
HR: Final = "ems.hr.v1"
NOTIFICATION: Final = "ems.notification.v1"
ACCESS: Final = "ems.access.v1"
REACTIONS: Final = "ems.reactions.v1"
TOPICS: Final = (EXITS, HR, NOTIFICATION, ACCESS, REACTIONS)

_SEEN_AFTER: Final = 30.0  # seconds; longer than any pause, and than the broker is away
_STAYS: Final = ("EmployeeRetained", "ResignationWithdrawn", "ExitCaseVoided")
_CLOSED: Final = (*_STAYS, "EmployeeDeparted")
_LEAVES: Final = ("EmployeeResigned", "ExitConfirmed")
_TELLING: Final = (*_LEAVES, "LastWorkingDayChanged")
_PLANNING: Final = ("EmployeeResigned", "LastWorkingDayChanged")
_PLANNED: Final = ("ExitInterviewScheduled", "ExitInterviewMoved", "ExitInterviewNotPossible")
_TOLD: Final = ("ManagerNotified", "NotificationWithheld", "NotificationDropped", "NotificationFailed")
_TAKEN: Final = ("CriticalAccessBlocked", "CriticalAccessRevoked")


def expectations(company: Company, *, quiet: bool, slack: float) -> Expectations:
    """Return what is right.

    Args:
        company: whose critical groups are taken.
        quiet: whether everything came to rest.
        slack: by how many seconds two clocks may differ.
    """
    return Expectations(
        sources=(Source(EXITS, (*_TELLING, *_STAYS)),),
        reactions=(*_notification(), *_hr(), *_access()),
        targets=(Target("mail", "mail", "lookup"), Target("calendar", "object"), Target("directory", "set")),
        finals=(
            FinalState("calendar", present_after=_LEAVES, absent_after=_STAYS),
            FinalState("directory", present_after=_LEAVES, absent_after=_STAYS, takes=company.critical),
        ),
        quiet=quiet,
        slack=slack,
        seen_after=_SEEN_AFTER,
    )


def _notification() -> tuple[Reaction, ...]:
    group = "ems.notification"
    return (
        *(_mail(group, EXITS, event, _TOLD, unless=_STAYS) for event in _TELLING),
        *(_mail(group, EXITS, event, _TOLD, undoes=_TELLING) for event in _STAYS),
        _mail(group, NOTIFICATION, "NotificationWithheld", _TOLD, unless=("NotificationDropped",)),
        _mail(group, NOTIFICATION, "NotificationDropped", _TOLD, undoes=("NotificationWithheld",)),
        *(
            _mail(group, ACCESS, event, ("SecurityNotified",), instead=("SecurityNotificationFailed",))
            for event in (*_TAKEN, "CriticalAccessBlockFailed", "CriticalAccessRestored")
        ),
    )


def _mail(
    group: str,
    topic: str,
    event: str,
    facts: tuple[str, ...],
    *,
    instead: tuple[str, ...] = (),
    unless: tuple[str, ...] = (),
    undoes: tuple[str, ...] = (),
) -> Reaction:
    """Return a reaction that mails; a fact without the mail's id says that nobody took it."""
    return Reaction(
        group, topic, event, target="mail", kind="sent", facts=facts, instead=(*instead, "ReactionSkipped"),
        unless=unless, undoes=undoes, proof="message_id",
    )  # fmt: skip


def _hr() -> tuple[Reaction, ...]:
    group, sent, skipped = "ems.hr", ("InterviewInvitationSent",), ("ReactionSkipped",)
    impossible = ("ExitInterviewNotPossible", *skipped)
    return (
        Reaction(
            group, EXITS, "EmployeeResigned", target="calendar", kind="put", facts=("ExitInterviewScheduled",),
            instead=impossible, unless=_CLOSED,
        ),
        Reaction(
            group, EXITS, "LastWorkingDayChanged", target="calendar", kind="put", or_kind="delete",
            facts=("ExitInterviewMoved", "ExitInterviewScheduled"), instead=impossible,
            unless=(*_CLOSED, "LastWorkingDayChanged"),
        ),
        *(
            Reaction(
                group, EXITS, event, target="calendar", kind="delete", facts=("ExitInterviewCancelled",),
                instead=skipped, undoes=_PLANNING,
            )
            for event in _STAYS
        ),
        *(_mail(group, HR, event, sent, unless=(*_PLANNED, "ExitInterviewCancelled")) for event in _PLANNED),
        _mail(group, HR, "ExitInterviewCancelled", sent, undoes=_PLANNED),
    )  # fmt: skip


def _access() -> tuple[Reaction, ...]:
    group, failed = "ems.access", ("CriticalAccessBlockFailed", "ReactionSkipped")
    return (
        Reaction(
            group, EXITS, "EmployeeResigned", target="directory", kind="take", facts=("CriticalAccessBlocked",),
            instead=failed, unless=(*_CLOSED, "ExitConfirmed"),
        ),
        Reaction(
            group, EXITS, "ExitConfirmed", target="directory", kind="take", facts=("CriticalAccessRevoked",),
            instead=failed, unless=("ResignationWithdrawn", "ExitCaseVoided", "EmployeeDeparted"),
        ),
        *(
            Reaction(
                group, EXITS, event, target="directory", kind="give", facts=("CriticalAccessRestored",),
                instead=("ReactionSkipped",), undoes=_LEAVES,
            )
            for event in _STAYS
        ),
    )  # fmt: skip
