"""What every act is made of: a request, the reactions to it, and proofs; each waits patiently, and not for ever."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from time import time
from typing import Final, TypeVar
from uuid import UUID, uuid4

from choreography.declare import catalog
from choreography.records import REACTIONS
from infra.demo.board import Awaited, Board
from infra.demo.facts import Facts
from infra.demo.proof import Proof
from infra.demo.screen import Screen
from infra.demo.targets import AWAY, Targets, open_targets
from infra.demo.watch import Watch
from infra.endpoints import Endpoints
from infra.errors import Refused, Unreachable
from infra.intake_client import Accepted, IntakeClient

T = TypeVar("T")

_REQUEST: Final = 60.0  # seconds
_REACTION: Final = 60.0
_PROOF: Final = 10.0
_PACKAGE: Final = "schemas"
_SYSTEM: Final = "ems"


class StoryStopped(Refused):
    """Something that the story needs did not happen."""


@dataclass(frozen=True)
class Answer:
    """A request that was accepted.

    Attributes:
        at: when the answer arrived, in seconds since 1970.
        after: how long it took, in seconds.
    """

    accepted: Accepted
    at: float
    after: float


class Stage:
    """Where a story happens.

    Args:
        screen: where it is told.
        watch: waits, and keeps the processes alive.
        facts: what the services state.
        intake: who takes requests.
        targets: what the proofs are read from.

    Attributes:
        proofs: all that were tried so far.
        cases: all that were opened so far.
    """

    def __init__(self, screen: Screen, watch: Watch, facts: Facts, intake: IntakeClient, targets: Targets) -> None:
        self.screen = screen
        self.intake = intake
        self.targets = targets
        self.proofs: list[Proof] = []
        self.cases: list[UUID] = []
        self._watch = watch
        self._facts = facts

    def ask(self, send: Callable[[str], Accepted]) -> Answer:
        """Send one request, again and again under one id while the intake is away: it is accepted once.

        Args:
            send: sends it under the webhook id that it is given.

        Raises:
            StoryStopped: nobody answered in time.
        """
        webhook_id = str(uuid4())

        def attempt() -> Answer | None:
            begun = time()
            try:
                accepted = send(webhook_id)
            except Unreachable:
                return None
            return Answer(accepted, time(), time() - begun)

        answer = self._watch.until(attempt, "the intake to accept the request", _REQUEST)
        if answer is None:
            raise StoryStopped(f"The intake accepted nothing within {_REQUEST:.0f} s. Look into producers.ems.log.")
        return answer

    def without(self, programs: Sequence[str]) -> AbstractContextManager[None]:
        """Have these programs stopped while the block runs, and ready again afterwards."""
        return self._watch.without(programs)

    def react(self, answer: Answer, awaited: Awaited) -> tuple[str, ...]:
        """Show what the services state about it; return a sentence for each that does not state all in time."""
        board, case = Board(awaited, answer.at), answer.accepted

        def look() -> bool | None:
            return board.take(self._facts.about(case.case_id, case.case_version)) or None

        with self.screen.live(board):
            self._watch.until(look, "the services to react", _REACTION)
            board.closed = True
        return board.missing

    def read(self, look: Callable[[Targets], T]) -> T:
        """Read targets, waiting while one is away.

        Raises:
            StoryStopped: it did not answer in time.
        """
        problem = ""

        def attempt() -> T | None:
            nonlocal problem
            try:
                return look(self.targets)
            except AWAY as error:
                problem = type(error).__name__
                return None

        found = self._watch.until(attempt, "the directory and the calendars to answer", _REQUEST)
        if found is None:
            raise StoryStopped(f"Directory or calendars do not answer ({problem}). Look into scim.log and caldav.log.")
        return found

    def prove(self, where: str, read: Callable[[Targets], Proof]) -> None:
        """Show a proof as soon as it holds, or how it stands when the time is over."""
        proof = Proof("an answer", where, "none")

        def attempt() -> bool | None:
            nonlocal proof
            try:
                proof = read(self.targets)
            except AWAY as error:
                proof = Proof("an answer", where, type(error).__name__)
            return proof.holds or None

        self._watch.until(attempt, f"what is to be seen in: {where}", _PROOF)
        self.proofs.append(proof)
        self.screen.prove(proof)


@contextmanager
def open_stage(screen: Screen, watch: Watch, endpoints: Endpoints) -> Iterator[Stage]:
    """Open a stage on a running system."""
    topics = [topic.name for topic in (*catalog.topics(_PACKAGE), REACTIONS.of(_SYSTEM))]
    with (
        Facts(endpoints.kafka, topics) as facts,
        IntakeClient(endpoints.intake, endpoints.webhook_secret) as intake,
        open_targets(endpoints) as targets,
    ):
        yield Stage(screen, watch, facts, intake, targets)
