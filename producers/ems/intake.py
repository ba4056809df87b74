"""Accepting a request: one transaction writes the case, the fact for the outbox, and the answer; or nothing at all."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from choreography import Clock, Database, Outbox
from producers.ems import moves, store
from producers.ems.answers import Accepted
from producers.ems.bodies import Decision, LastWorkingDay, Resignation, Voiding, Withdrawal
from producers.ems.casebook import Casebook
from producers.ems.cases import Case, CaseError, Move, Stamp
from producers.ems.ids import uuid7


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
        random: returns that many random bytes.
    """

    def __init__(
        self,
        database: Database,
        outbox: Outbox,
        clock: Clock,
        time_zone: str,
        random: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        self._database = database
        self._casebook = Casebook(outbox, clock, random)
        self._time_zone = time_zone
        self._random = random

    async def resign(self, delivery: Delivery, body: Resignation) -> str:
        """Open a case; return the answer, as JSON text.

        Raises:
            CaseError: the rules refuse; nothing was written.
        """

        def step(tx: Connection, stamp: Stamp) -> Move:
            return moves.resign(
                body.fact(stamp.at, self._time_zone),
                employee_id=body.employee_id,
                case_id=uuid7(stamp.at, self._random),
                others=store.open_cases(tx, body.employee_id),
                stamp=stamp,
            )

        return await self._accept(delivery, step)

    async def decide(self, delivery: Delivery, case_id: UUID, body: Decision) -> str:
        """Make the decision of a case final; return the answer, as JSON text.

        Raises:
            CaseError: the rules refuse; nothing was written.
        """

        def step(tx: Connection, stamp: Stamp) -> Move:
            case = store.find(tx, case_id)
            return moves.decide(case, body.fact(stamp.at, case.time_zone), stamp)

        return await self._accept(delivery, step)

    async def withdraw(self, delivery: Delivery, case_id: UUID, body: Withdrawal) -> str:
        """Take the resignation of a case back; return the answer, as JSON text.

        Raises:
            CaseError: the rules refuse; nothing was written.
        """

        def step(tx: Connection, stamp: Stamp) -> Move:
            case = store.find(tx, case_id)
            return moves.withdraw(case, body.fact(stamp.at, case.time_zone), stamp)

        return await self._accept(delivery, step)

    async def change_last_working_day(self, delivery: Delivery, case_id: UUID, body: LastWorkingDay) -> str:
        """Move the last working day of a case; return the answer, as JSON text.

        Raises:
            CaseError: the rules refuse; nothing was written.
        """

        def step(tx: Connection, stamp: Stamp) -> Move:
            return moves.change_last_working_day(store.find(tx, case_id), body.last_working_day, stamp)

        return await self._accept(delivery, step)

    async def void(self, delivery: Delivery, case_id: UUID, body: Voiding) -> str:
        """Declare that a case should not exist; return the answer, as JSON text.

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
        return await self._database.run(lambda tx: store.find(tx, case_id))

    async def _accept(self, delivery: Delivery, step: Callable[[Connection, Stamp], Move]) -> str:
        def work(tx: Connection) -> str:
            earlier = store.earlier_answer(tx, delivery.webhook_id, delivery.digest)
            return earlier if earlier is not None else self._write(tx, delivery, step)

        try:
            return await self._database.run(work)
        except IntegrityError as error:  # another process has just written what this one was about to write
            raise InProgress from error

    def _write(self, tx: Connection, delivery: Delivery, step: Callable[[Connection, Stamp], Move]) -> str:
        stamp = self._casebook.stamp()
        move = step(tx, stamp)
        answer = Accepted.of(move.case).model_dump_json()
        self._casebook.write(tx, move, stamp)
        store.remember(tx, delivery.webhook_id, delivery.digest, answer, stamp.at)
        return answer
