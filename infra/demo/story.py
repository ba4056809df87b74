"""The stories: one resigns and stays, one resigns and leaves, one withdraws before anyone looked; each with its proofs.

A resignation is accepted by EMS alone. Nobody tells the services what to do: the table shows what each of them stated
by itself, and the proofs what it really did.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, Literal
from uuid import UUID

from choreography.records import ReactionSkipped
from infra.demo import diary, mailbox, roster
from infra.demo.board import Awaited
from infra.demo.cast import Cast
from infra.demo.diary import Diary
from infra.demo.proof import Proof
from infra.demo.roster import Roster
from infra.demo.stage import Answer, Stage, StoryStopped
from infra.demo.targets import Targets
from infra.sandbox.company import WILL_LEAVE, WILL_STAY, WILL_WITHDRAW
from schemas.access import CriticalAccessBlocked, CriticalAccessRestored, CriticalAccessRevoked
from schemas.hr import ExitInterviewCancelled, ExitInterviewScheduled, InterviewInvitationSent
from schemas.notification import ManagerNotified

_RESIGNED: Final[Awaited] = {
    "notification": (ManagerNotified,),
    "hr": (ExitInterviewScheduled, InterviewInvitationSent),
    "access": (CriticalAccessBlocked,),
}
_RETAINED: Final[Awaited] = {
    "notification": (ManagerNotified,),
    "hr": (ExitInterviewCancelled, InterviewInvitationSent),
    "access": (CriticalAccessRestored,),
}
_CONFIRMED: Final[Awaited] = {"notification": (ManagerNotified,), "hr": (), "access": (CriticalAccessRevoked,)}

_SKIPPED: Final[Awaited] = dict.fromkeys(_RESIGNED, (ReactionSkipped,))

_Check = tuple[str, Callable[[Targets], Proof]]


@dataclass(frozen=True)
class Seen:
    """What directory and calendars said at one time."""

    roster: Roster
    diary: Diary

    @classmethod
    def now(cls, cast: Cast, targets: Targets) -> "Seen":
        """Read them."""
        return cls(Roster.read(targets.directory, cast), Diary.read(targets.calendars, cast))


@dataclass(frozen=True)
class Case:
    """A resignation that was accepted, and what stood where before it."""

    id: UUID
    cast: Cast
    before: Seen


def tell(stage: Stage) -> None:
    """Tell it, up to its end.

    Raises:
        InfraError: it cannot go on; the message says what did not happen.
    """
    stage.screen.say()
    stays = _resigns(stage, Cast.around(WILL_STAY))
    _is_retained(stage, stays)
    stage.screen.say()
    leaves = _resigns(stage, Cast.around(WILL_LEAVE))
    _is_confirmed(stage, leaves)
    stage.screen.say()
    _withdraws_in_time(stage, Cast.around(WILL_WITHDRAW))
    stage.screen.say()


def _opened(stage: Stage, cast: Cast) -> tuple[Case, Answer]:
    leaver = cast.leaver
    before = stage.read(partial(Seen.now, cast))
    stage.screen.headline(f"{leaver.name} ({leaver.employee_id}), {leaver.title} in {leaver.office.city}, resigns.")
    body = {"employee_id": leaver.employee_id, "hr_partner_id": cast.partner.employee_id}
    answer = stage.ask(lambda key: stage.intake.resign(body, webhook_id=key))
    case = Case(answer.accepted.case_id, cast, before)
    stage.cases.append(case.id)
    stage.screen.say(f"  202 after {answer.after:.2f} s: case {case.id}")
    return case, answer


def _resigns(stage: Stage, cast: Cast) -> Case:
    case, answer = _opened(stage, cast)
    before, out = case.before, f"out of {', '.join(cast.critical)}"
    checks: Sequence[_Check] = (
        (mailbox.WHERE, lambda at: at.mailbox.told_of_resignation(case.id, cast)),
        (diary.WHERE, lambda at: Diary.read(at.calendars, cast).booked_since(before.diary, case.id, cast)),
        (roster.WHERE, lambda at: Roster.read(at.directory, cast).without_critical_since(before.roster, out)),
    )
    _conclude(stage, answer, _RESIGNED, checks)
    return case


def _is_retained(stage: Stage, case: Case) -> None:
    cast, before = case.cast, case.before
    answer = _decide(stage, case, "RETAINED", f"{cast.leaver.name} stays")
    gone, same = "the interview is gone, all else is as it was", "every group has exactly the members it had"
    checks: Sequence[_Check] = (
        (mailbox.WHERE, lambda at: at.mailbox.told_of_stay(case.id, cast)),
        (diary.WHERE, lambda at: Diary.read(at.calendars, cast).unchanged_since(before.diary, gone)),
        (roster.WHERE, lambda at: Roster.read(at.directory, cast).unchanged_since(before.roster, same)),
    )
    _conclude(stage, answer, _RETAINED, checks)


def _is_confirmed(stage: Stage, case: Case) -> None:
    cast, before = case.cast, case.before
    booked = stage.read(lambda at: Diary.read(at.calendars, cast))
    answer = _decide(stage, case, "CONFIRMED", f"{cast.leaver.name} leaves")
    stands, out = "the interview still stands", "in no critical group any more"
    checks: Sequence[_Check] = (
        (mailbox.WHERE, lambda at: at.mailbox.told_of_exit(case.id, cast)),
        (diary.WHERE, lambda at: Diary.read(at.calendars, cast).unchanged_since(booked, stands)),
        (roster.WHERE, lambda at: Roster.read(at.directory, cast).without_critical_since(before.roster, out)),
    )
    _conclude(stage, answer, _CONFIRMED, checks)


def _withdraws_in_time(stage: Stage, cast: Cast) -> None:
    """Let somebody resign and withdraw while no service runs: started again, they find nothing to do."""
    with stage.without([f"consumers.{service}" for service in _RESIGNED]):
        case, resigned = _opened(stage, cast)
        stage.screen.say("  Every service is stopped: nobody has looked yet.")
        answer = stage.ask(lambda key: stage.intake.withdraw(case.id, requested_by="EMPLOYEE", webhook_id=key))
        withdrawn = f"{cast.leaver.name} withdraws (202 after {answer.after:.2f} s)"
        stage.screen.headline(f"{withdrawn}, and only now the services start.")
    checks: Sequence[_Check] = (
        (mailbox.WHERE, lambda at: at.mailbox.told_nobody(case.id)),
        (diary.WHERE, lambda at: Diary.read(at.calendars, cast).unchanged_since(case.before.diary, "no interview")),
        (roster.WHERE, lambda at: Roster.read(at.directory, cast).unchanged_since(case.before.roster, "not touched")),
    )
    _conclude(stage, resigned, _SKIPPED, checks)


def _decide(stage: Stage, case: Case, outcome: Literal["RETAINED", "CONFIRMED"], meaning: str) -> Answer:
    by = case.cast.partner.employee_id
    answer = stage.ask(lambda key: stage.intake.decide(case.id, outcome, decided_by_id=by, webhook_id=key))
    stage.screen.headline(f"The decision: {meaning} (202 after {answer.after:.2f} s).")
    return answer


def _conclude(stage: Stage, answer: Answer, awaited: Awaited, checks: Sequence[_Check]) -> None:
    """Show reactions and proofs; without all reactions there is no next act."""
    missing = stage.react(answer, awaited)
    for where, read in checks:
        stage.prove(where, read)
    if missing:
        raise StoryStopped("\n".join(missing))
