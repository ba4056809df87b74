"""The running system, seen from outside only: intake, topics, mailbox, calendars, directory."""

import os
import signal
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal
from uuid import UUID

from infra.intake_client import IntakeClient
from infra.local.stack import Stack
from infra.sandbox.company import CRITICAL_GROUPS
from infra.sandbox.probes import Calendars, Directory, Mail, Meeting
from tests.e2e.hiring import Hiring
from tests.e2e.mailbox import Mailbox
from tests.e2e.progress import Progress
from tests.e2e.topics import Fact, Topics, name_of
from tests.e2e.waiting import eventually

EXITS: Final = "ems.exits.v1"
REACTIONS: Final = "ems.reactions.v1"
FACTS: Final = ("ems.notification.v1", "ems.hr.v1", "ems.access.v1")
SERVICES: Final = ("consumers.access", "consumers.hr", "consumers.notification")
DRAIN: Final = 20.0  # seconds that work in flight may take to end

RESIGNED: Final = ("ManagerNotified", "ExitInterviewScheduled", "InterviewInvitationSent", "CriticalAccessBlocked")
STAYED: Final = (
    *RESIGNED,
    *("ManagerNotified", "ExitInterviewCancelled", "InterviewInvitationSent", "CriticalAccessRestored"),
)
LEFT: Final = (*RESIGNED, "ManagerNotified", "CriticalAccessRevoked")


@dataclass(frozen=True)
class Case:
    """One resignation."""

    id: UUID
    employee_id: str


def exit_code(name: str, pid: int) -> int:
    """Wait until a child has ended, and leave it to its parent's own accounting."""
    flags = os.WEXITED | os.WNOWAIT | os.WNOHANG
    ended = eventually(
        lambda: os.waitid(os.P_PID, pid, flags), f"{name} to end", lambda: "that it still runs", seconds=DRAIN
    )
    assert ended is not None
    return ended.si_status


class World:
    """What a test can do to the system, and see of it."""

    def __init__(self, stack: Stack) -> None:
        where = stack.endpoints
        self.stack = stack
        self.intake = IntakeClient(where.intake, where.webhook_secret)
        self.directory = Directory(where.scim, where.scim_token)
        self.calendars = Calendars(where.caldav)
        self.topics = Topics(where.kafka, where.registry, (EXITS, *FACTS, REACTIONS))
        self.progress = Progress(where.kafka)
        self.hiring = Hiring(where)
        self.mailbox = Mailbox(Path(where.maildir))

    def close(self) -> None:
        """Close every connection."""
        for one in (self.intake, self.topics, self.hiring):
            one.close()
        self.directory.__exit__(None, None, None)
        self.calendars.__exit__(None, None, None)

    def resign(self, employee_id: str, **fields: object) -> Case:
        """Let somebody resign."""
        return Case(self.intake.resign({"employee_id": employee_id, **fields}).case_id, employee_id)

    def decide(self, case: Case, outcome: Literal["CONFIRMED", "RETAINED"]) -> None:
        """Make the decision final."""
        self.intake.decide(case.id, outcome, decided_by_id="E1004")

    def stop(self, *names: str) -> dict[str, int]:
        """Send SIGTERM to processes, and return their exit codes."""
        pids = {name: self.stack.endpoints.pids[name] for name in names}
        for pid in pids.values():
            os.kill(pid, signal.SIGTERM)
        return {name: exit_code(name, pid) for name, pid in pids.items()}

    def await_facts(self, case: Case, names: Iterable[str]) -> None:
        """Wait until the services have stated all of these about a case."""
        wanted = Counter(names)
        eventually(
            lambda: wanted <= self.stated_so_far(case),
            f"{', '.join(sorted(wanted.elements()))} in the case of {case.employee_id}",
            lambda: f"{dict(self.stated_so_far(case))}; what did not simply happen: {self.remarks(case)}",
        )

    def facts(self, case: Case) -> list[Fact]:
        """Return what the services have stated about a case by now, each fact once."""
        return self._of(case, FACTS)

    def fact_names(self, case: Case) -> Counter[str]:
        """Return how often each kind of fact was stated about a case by now."""
        return Counter(fact.name for fact in self.facts(case))

    def fact(self, case: Case, name: str) -> Mapping[str, Any]:
        """Return the fields of the newest fact of a kind."""
        return [fact.fields for fact in self.facts(case) if fact.name == name][-1]

    def remarks(self, case: Case) -> list[str]:
        """Return what did not simply happen, without the decisions written down on the way."""
        return [one.name for one in self._of(case, (REACTIONS,)) if one.name != "ReactionDecided"]

    def mails(self, case: Case) -> tuple[Mail, ...]:
        """Return the mails about a case; one that was repeated, under its own Message-ID, counts once."""
        return self.mailbox.about(case.id)

    def interviews(self, case: Case, partner: str) -> tuple[Meeting, ...]:
        """Return the interviews of a case in the HR partner's calendar."""
        return tuple(one for one in self.calendars.meetings(partner) if str(case.id) in one.uid)

    def critical_groups(self, employee_id: str) -> frozenset[str]:
        """Return the critical groups that the person is in now."""
        return self.directory.memberships(employee_id) & CRITICAL_GROUPS.keys()

    def stated_so_far(self, case: Case) -> Counter[str]:
        """Count the facts about a case among what was read so far, without waiting for anything."""
        subject = str(case.id)
        found = [one for one in self.topics.so_far() if one.topic in FACTS and one.header("ce_subject") == subject]
        return Counter({record.header("ce_id"): name_of(record) for record in found}.values())

    def _of(self, case: Case, topics: Iterable[str]) -> list[Fact]:
        wanted, subject = set(topics), str(case.id)
        records = [one for one in self.topics.read() if one.topic in wanted and one.header("ce_subject") == subject]
        once = {record.header("ce_id"): record for record in records}
        return [self.topics.fact(record) for record in once.values()]
