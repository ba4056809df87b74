"""Accepting a request: one transaction writes the case, the fact for the outbox, and the answer; or nothing at all.

The rules refuse before anything is written, so whoever is refused needs no savepoint among others.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as NoConnection

from choreography import Clock, Database, Outbox
from producers.ems import answers, held, moves, statements, store
from producers.ems.answers import Answer, accepted
from producers.ems.bodies import Decision, LastWorkingDay, Resignation, Voiding, Withdrawal
from producers.ems.brake import Brake
from producers.ems.casebook import Casebook
from producers.ems.cases import Case, CaseError, Move, Stamp
from producers.ems.held import Held, State
from producers.ems.opening import opening
from producers.ems.storage import Storage

Step = Callable[[Connection, Stamp], Move | str]
Rule = Callable[[Connection, datetime], None]


class InProgress(CaseError):  # noqa: N818 - reads better without the suffix
    """Another request about the same matter is being handled right now. Send this one again in a moment."""


@dataclass(frozen=True)
class Delivery:
    """A request that has proved who sent it.

    Attributes:
        webhook_id: the sender's idempotency key.
        digest: of route and body: what makes a repeat a repeat.
    """

    webhook_id: str
    digest: str


class Intake:
    """Takes requests in.

    Args:
        database: holds the tables of `store` and of the outbox.
        outbox: where facts wait to be published.
        clock: tells the time.
        time_zone: the IANA zone of a case whose resignation names none.
        storage: is told what can be written down, and what cannot.
        brake: holds resignations when there are too many; None takes any number.
        random: returns that many random bytes.
    """

    def __init__(
        self,
        database: Database,
        outbox: Outbox,
        clock: Clock,
        time_zone: str,
        *,
        storage: Storage,
        brake: Brake | None = None,
        random: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        self._database = database
        self._casebook = Casebook(outbox, clock, random)
        self._time_zone = time_zone
        self._storage = storage
        self._brake = brake
        self._random = random

    async def resign(self, delivery: Delivery, body: Resignation, rule: Rule = lambda _tx, _now: None) -> Answer:
        """Open a case, or hold the resignation where there are too many; return the answer.

        Args:
            delivery: whose request it is.
            body: what is asked for.
            rule: what the sender has to keep beside the rules of a case: raises where it refuses.

        Raises:
            CaseError: the rules refuse; nothing was written.
        """

        def step(tx: Connection, stamp: Stamp) -> Move | str:
            rule(tx, stamp.at)
            move = opening(tx, body, stamp, self._time_zone, self._random)
            if self._brake is None or not self._brake.is_reached(tx, stamp.at):
                return move
            return self._hold(tx, delivery, body, self._brake, stamp)

        return await self._accept(delivery, step)

    async def decide(self, delivery: Delivery, case_id: UUID, body: Decision) -> Answer:
        """Make the decision of a case final; return the answer.

        Raises:
            CaseError: the rules refuse; nothing was written.
        """

        def step(tx: Connection, stamp: Stamp) -> Move:
            case = store.find(tx, case_id)
            return moves.decide(case, body.fact(stamp.at, case.time_zone), stamp)

        return await self._accept(delivery, step)

    async def withdraw(self, delivery: Delivery, case_id: UUID, body: Withdrawal) -> Answer:
        """Take the resignation of a case back; return the answer.

        Raises:
            CaseError: the rules refuse; nothing was written.
        """

        def step(tx: Connection, stamp: Stamp) -> Move:
            case = store.find(tx, case_id)
            return moves.withdraw(case, body.fact(stamp.at, case.time_zone), stamp)

        return await self._accept(delivery, step)

    async def change_last_working_day(self, delivery: Delivery, case_id: UUID, body: LastWorkingDay) -> Answer:
        """Move the last working day of a case; return the answer.

        Raises:
            CaseError: the rules refuse; nothing was written.
        """

        def step(tx: Connection, stamp: Stamp) -> Move:
            return moves.change_last_working_day(store.find(tx, case_id), body.last_working_day, stamp)

        return await self._accept(delivery, step)

    async def void(self, delivery: Delivery, case_id: UUID, body: Voiding) -> Answer:
        """Declare that a case should not exist; return the answer.

        Raises:
            CaseError: the rules refuse; nothing was written.
        """

        def step(tx: Connection, stamp: Stamp) -> Move:
            case = store.find(tx, case_id)
            twin = store.look_up(tx, body.duplicate_of) if body.duplicate_of else None
            return moves.void(case, body.fact(), stamp, twin=twin)

        return await self._accept(delivery, step)

    async def case(self, case_id: UUID) -> Case:
        """Return a case as it stands.

        Raises:
            UnknownCase: there is none.
        """
        return await self._database.read(lambda tx: store.show(tx, case_id))

    async def _accept(self, delivery: Delivery, step: Step) -> Answer:
        def work(tx: Connection) -> Answer:
            earlier = store.earlier_answer(tx, delivery.webhook_id, delivery.digest)
            if earlier is not None:
                return Answer(earlier, is_repeat=True)
            return Answer(self._write(tx, delivery, step))

        try:
            answer = await self._database.run_unless_refused(work, CaseError)
        except IntegrityError as error:  # another process has just written what this one was about to write
            raise InProgress from error
        except (DBAPIError, NoConnection) as error:
            self._storage.failed(error)
            raise
        if not answer.is_repeat:
            self._storage.works()
        return answer

    def _write(self, tx: Connection, delivery: Delivery, step: Step) -> str:
        stamp = self._casebook.stamp()
        found = step(tx, stamp)
        if isinstance(found, str):
            answer = found
        else:
            answer = accepted(found.case)
            self._casebook.write(tx, found, stamp)
        store.remember(tx, delivery.webhook_id, delivery.digest, answer, stamp.at)
        return answer

    def _hold(self, tx: Connection, delivery: Delivery, body: Resignation, brake: Brake, stamp: Stamp) -> str:
        """Keep a resignation for a person; return the answer."""
        fact = body.fact(stamp.at, self._time_zone)  # a day that was left out is the one on which it was handed in
        dated = body.model_copy(update={"submitted_on": fact.submitted_on, "time_zone": fact.time_zone})
        kept = Held(
            hold_id=stamp.event_id,
            webhook_id=delivery.webhook_id,
            employee_id=body.employee_id,
            body=dated.model_dump_json(exclude_none=True),
            state=State.HELD,
            held_at=stamp.at.isoformat(),
        )
        held.hold(tx, kept)
        seconds = int(brake.window.total_seconds())
        self._casebook.say(tx, statements.held(kept.hold_id, kept.employee_id, brake.limit, seconds, stamp.at))
        return answers.held(kept.hold_id)
