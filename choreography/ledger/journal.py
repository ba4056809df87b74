"""What became of a reaction, written down: its row in the ledger and what is stated, in one transaction.

While the database cannot be written, the journal waits (see `choreography.database.waiting`): the reaction that waits
on it makes no effect, and nothing that was accepted is lost.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar

import structlog
from sqlalchemy import Connection, RowMapping

from choreography.clock import Clock
from choreography.database.database import Database
from choreography.database.waiting import PatientDatabase
from choreography.declare.event import Event
from choreography.declare.ids import effect_key, fact_id
from choreography.health import Health
from choreography.ledger import statements
from choreography.ledger.batch import Batch
from choreography.ledger.begin import Begin, Finish, Opened
from choreography.ledger.bookkeeping import Bookkeeping
from choreography.ledger.entry import Entry
from choreography.ledger.hold import Holding
from choreography.ledger.rows import Ledger
from choreography.ledger.undoing import Undoing
from choreography.outbox.deadletter import copied_value, dead_letter_headers, dead_letters_of, describe
from choreography.outbox.outbox import Outbox
from choreography.records import HoldReason
from choreography.retries import Backoff
from choreography.wire.headers import ID, uuid_of
from choreography.wire.record import Place, Record

log = structlog.stdlib.get_logger(__name__)

T = TypeVar("T")


class Journal:
    """Writes for one group.

    Args:
        group: the consumer group.
        database: where the ledger and the outbox are.
        ledger: the rows.
        outbox: what is to be stated.
        health: where a database that cannot be written is told.
        clock: stamps what is stated.
        backoff: how long to wait for the database.
    """

    def __init__(
        self,
        group: str,
        *,
        database: Database,
        ledger: Ledger,
        outbox: Outbox,
        health: Health,
        clock: Clock,
        backoff: Backoff,
    ) -> None:
        self.group = group
        self.database = database
        self.ledger = ledger
        self.outbox = outbox
        self.clock = clock
        book = Bookkeeping(group, ledger, outbox, clock)
        self.reactions = book.reactions
        self.hold, self.skip, self.state = book.hold, book.skip, book.state
        patient = PatientDatabase(database, health, clock, backoff)
        self.persist = patient.run
        self.persist_sync = patient.run_sync
        self._begins = Batch(self.persist, book.begin_all)
        self._finishes = Batch(self.persist, book.finish_all)

    async def find(self, entry: Entry) -> RowMapping | None:
        """Return the row of this reaction, if there is one."""
        return await self.persist(lambda tx: self.ledger.find(tx, entry))

    async def finished_among(self, records: Sequence[Record]) -> set[Place]:
        """Return the places of those records that are done or skipped, as far as their headers name their events."""
        ids = (uuid_of(record.header(ID)) for record in records)
        keys = [str(effect_key(one, self.group)) for one in ids if one is not None]
        return await self.persist(lambda tx: self.ledger.finished_places(tx, keys)) if keys else set()

    async def open(
        self,
        entry: Entry,
        *,
        begin: int,
        undone_by: Undoing | None,
        waited: bool = False,
        guard: Holding | None = None,
    ) -> Opened:
        """Write down that the effect is about to be attempted, unless there is a reason not to.

        Args:
            entry: the reaction to the event.
            begin: where the group begins in this partition; what stands before it and has no row is not for it.
            undone_by: a later event that makes an effect pointless which has not begun.
            waited: the record comes from the ledger, where it was held.
            guard: why it is to be held now, unless a person has released it.
        """
        return await self._begins.do(Begin(entry, begin, undone_by, waited, guard))

    async def untouched(self, entry: Entry) -> None:
        """Take back that the target may have been touched by this attempt."""
        await self.persist(lambda tx: self.ledger.set_untouched(tx, entry))

    async def done(self, entry: Entry, fact: Event, undoes: tuple[str, ...]) -> Event:
        """Write down that the effect happened, state its fact, and close what it undoes.

        Raises:
            InvalidFact: the handler filled in a field of the runtime's.
        """
        stamped = fact.stamped(
            event_id=fact_id(entry.effect_key, type(fact)),
            key=entry.record_key,
            correlation=entry.correlation,
            order=entry.order,
            at=self.clock.now(),
        )

        row = self.outbox.row(stamped, causation=entry.event_id)
        await self._finishes.do(Finish(entry, type(stamped).__name__, stamped.model_dump_json(), undoes, row))
        return stamped

    async def nothing_to_do(self, entry: Entry, reason: str, undoes: tuple[str, ...]) -> None:
        """Write down and state that the event needed no effect."""
        skipped = statements.nothing_to_do(self.group, entry, reason, self.clock.now())  # once, however often written

        def work(tx: Connection) -> None:
            self.skip(tx, entry, skipped)
            self.ledger.undo(tx, entry, undoes)

        await self.persist(work)

    async def undone(self, entry: Entry, by: Undoing) -> None:
        """Write down and state that an effect which had begun is not finished, because a later event undoes it."""
        skipped = statements.undone(self.group, entry, by, self.clock.now())
        await self.persist(lambda tx: self.skip(tx, entry, skipped))

    async def held(self, entry: Entry, hold: Holding, *, begun: bool) -> None:
        """Keep the record until a person decides or the time comes, and state that."""
        await self.persist(lambda tx: self.hold(tx, entry, hold, begun=begun))

    async def failed(
        self, entry: Entry, error: BaseException, *, stage: str, attempts: int, first: datetime, begun: bool
    ) -> None:
        """Keep a record that cannot be handled, state that, and write a dead letter: an untouched copy."""
        record, last = entry.record, self.clock.now()
        headers = dead_letter_headers(
            record, group=self.group, stage=stage, error=error, attempts=attempts, first=first, last=last
        )
        value, omitted = copied_value(record)
        hold = Holding(HoldReason.FAILED, describe(error))

        def work(tx: Connection) -> None:
            self.hold(tx, entry, hold, begun=begun)
            self.outbox.add_raw(tx, dead_letters_of(self.group).name, record.key, value, [*headers, *omitted])

        await self.persist(work)
