"""What became of a reaction, written down: its row in the ledger and what is stated, in one transaction.

While the database cannot be written, the journal waits (see `choreography.patience`): the reaction that waits on it
makes no effect, and nothing that was accepted is lost.
"""

from datetime import datetime
from enum import StrEnum
from typing import TypeVar

import structlog
from sqlalchemy import Connection, RowMapping

from choreography import statements
from choreography.clock import Clock
from choreography.database import Database
from choreography.deadletter import copied_value, dead_letter_headers, dead_letters_of, describe
from choreography.entry import Entry
from choreography.event import Event
from choreography.health import Health
from choreography.ids import fact_id
from choreography.ledger import FINISHED, Ledger
from choreography.outbox import Outbox
from choreography.patience import PatientDatabase
from choreography.records import REACTIONS, HoldReason, KitRecord
from choreography.retries import Backoff

log = structlog.stdlib.get_logger(__name__)

T = TypeVar("T")


class Opening(StrEnum):
    """What is to be done about a reaction."""

    FIRST = "first"  # nothing stands about it so far
    AGAIN = "again"  # tried before, without touching the target
    REPEATED = "repeated"  # an earlier attempt may have touched the target
    ALREADY_FINISHED = "already_finished"
    BEFORE_BEGIN = "before_begin"
    UNDONE = "undone"


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
        self.reactions = REACTIONS.of(group.partition(".")[0])
        patient = PatientDatabase(database, health, clock, backoff)
        self.persist = patient.run
        self.persist_sync = patient.run_sync

    async def find(self, entry: Entry) -> RowMapping | None:
        """Return the row of this reaction, if there is one."""
        return await self.persist(lambda tx: self.ledger.find(tx, entry))

    async def open(self, entry: Entry, *, begin: int, undone_by: Event | None) -> Opening:
        """Write down that the effect is about to be attempted, unless there is a reason not to.

        Args:
            entry: the reaction to the event.
            begin: where the group begins in this partition; what stands before it and has no row is not for it.
            undone_by: a later event that makes an effect pointless which has not begun.
        """

        def work(tx: Connection) -> Opening:
            row = self.ledger.find(tx, entry)
            if row is not None and row["state"] in FINISHED:
                return Opening.ALREADY_FINISHED
            if row is None and entry.record.offset < begin:
                return Opening.BEFORE_BEGIN
            begun = row is not None and bool(row["begun"])
            if undone_by is not None and not begun:
                self.ledger.skip(tx, entry)
                self._state(tx, entry, statements.undone(self.group, entry, undone_by, self.clock.now()))
                return Opening.UNDONE
            self.ledger.intend(tx, entry, row)
            if row is None:
                return Opening.FIRST
            return Opening.REPEATED if begun else Opening.AGAIN

        return await self.persist(work)

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

        def work(tx: Connection) -> None:
            self.ledger.finish(tx, entry, type(stamped).__name__, stamped.model_dump_json())
            self.ledger.undo(tx, entry, undoes)
            self.outbox.add(tx, stamped, causation=entry.event_id)

        await self.persist(work)
        return stamped

    async def nothing_to_do(self, entry: Entry, reason: str, undoes: tuple[str, ...]) -> None:
        """Write down and state that the event needed no effect."""

        def work(tx: Connection) -> None:
            self.ledger.skip(tx, entry)
            self.ledger.undo(tx, entry, undoes)
            self._state(tx, entry, statements.nothing_to_do(self.group, entry, reason, self.clock.now()))

        await self.persist(work)

    async def held(self, entry: Entry, reason: HoldReason, detail: str, *, begun: bool) -> None:
        """Keep the record until a person decides, and state that."""
        await self.persist(lambda tx: self._hold(tx, entry, reason, detail, begun=begun))

    async def failed(
        self, entry: Entry, error: BaseException, *, stage: str, attempts: int, first: datetime, begun: bool
    ) -> None:
        """Keep a record that cannot be handled, state that, and write a dead letter: an untouched copy."""
        record, last = entry.record, self.clock.now()
        headers = dead_letter_headers(
            record, group=self.group, stage=stage, error=error, attempts=attempts, first=first, last=last
        )

        value, omitted = copied_value(record)

        def work(tx: Connection) -> None:
            self._hold(tx, entry, HoldReason.FAILED, describe(error), begun=begun)
            self.outbox.add_raw(tx, dead_letters_of(self.group).name, record.key, value, [*headers, *omitted])

        await self.persist(work)

    def _hold(self, tx: Connection, entry: Entry, reason: HoldReason, detail: str, *, begun: bool) -> None:
        self.ledger.hold(tx, entry, reason, detail, begun=begun)
        self._state(tx, entry, statements.held(self.group, entry, reason, detail, self.clock.now()))

    def _state(self, tx: Connection, entry: Entry, record: KitRecord) -> None:
        self.outbox.add(tx, record, topic=self.reactions, causation=entry.event_id)
