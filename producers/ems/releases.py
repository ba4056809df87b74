"""Doing what a person ordered about resignations that are held: opening the case after all, or nothing for ever.

Each is a transaction of its own. The sender that asks again is then answered what became of the request.
"""

import secrets
from collections.abc import Callable, Sequence
from typing import Final

from pydantic import ValidationError
from sqlalchemy import Connection

from choreography import Clock, Database, Outbox, RefusalCause
from producers.ems import quarantine, statements, store
from producers.ems.answers import accepted, refused
from producers.ems.bodies import Resignation
from producers.ems.case import CaseError, Move, Stamp
from producers.ems.casebook import Casebook, opening
from producers.ems.due import deal_with_each
from producers.ems.quarantine import Held, State

PART: Final = "releases"
LOOK_SECONDS: Final = 2.0
_NO_LONGER_FITS: Final = "What was asked for is not what EMS takes by now. Send a new resignation."
_BY_A_PERSON: Final = "It was held because so many came at once, and a person refused it."


class Releases:
    """Does what was ordered.

    Args:
        database: holds the tables of `store`, of `held` and of the outbox.
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

    async def look(self) -> None:
        """Do all that is ordered, the oldest first.

        Raises:
            Exception: what was raised last; an order that cannot be carried out keeps no other one waiting.
        """
        await self.do(await self._database.run(lambda tx: quarantine.waiting(tx, State.TO_RELEASE, State.TO_REFUSE)))

    async def do(self, orders: Sequence[Held]) -> None:
        """Do these, as far as nobody else has.

        Raises:
            Exception: as `look`.
        """
        await deal_with_each(orders, self._do)

    async def _do(self, one: Held) -> None:
        def work(tx: Connection) -> None:
            stamp = self._casebook.stamp()
            outcome = self._outcome(tx, one, stamp)
            ends_as = State.RELEASED if isinstance(outcome, Move) else State.REFUSED
            if not quarantine.end(tx, one.hold_id, ends_as, stamp.at):  # somebody else was faster
                return
            if isinstance(outcome, Move):
                self._release(tx, one, outcome, stamp)
            else:
                self._refuse(tx, one, *outcome, stamp)

        await self._database.run(work)

    def _outcome(self, tx: Connection, one: Held, stamp: Stamp) -> Move | tuple[RefusalCause, str]:
        if one.state is State.TO_REFUSE:
            return RefusalCause.PERSON, _BY_A_PERSON
        try:
            body = Resignation.model_validate_json(one.body)
            return opening(tx, body, stamp, self._time_zone, self._random)
        except ValidationError:
            return RefusalCause.MISFIT, _NO_LONGER_FITS
        except CaseError as error:
            return RefusalCause.RULES, str(error)

    def _release(self, tx: Connection, one: Held, move: Move, stamp: Stamp) -> None:
        self._casebook.write(tx, move, stamp)
        store.answer_anew(tx, one.webhook_id, accepted(move.case))
        self._casebook.say(tx, statements.released(one.hold_id, one.employee_id, move.case.case_id, stamp.at))

    def _refuse(self, tx: Connection, one: Held, cause: RefusalCause, detail: str, stamp: Stamp) -> None:
        store.answer_anew(tx, one.webhook_id, refused(one.hold_id))
        self._casebook.say(tx, statements.hold_refused(one.hold_id, one.employee_id, cause, detail, stamp.at))
