"""Writing about reactions inside a transaction of the caller: the row, and what is stated with it."""

from collections.abc import Sequence

from sqlalchemy import Connection, RowMapping

from choreography.clock import Clock
from choreography.errors import ClaimLost
from choreography.ledger import statements
from choreography.ledger.begin import Begin, Finish, Opened, Opening, is_new
from choreography.ledger.claims import current_claims
from choreography.ledger.entry import Entry
from choreography.ledger.hold import Holding
from choreography.ledger.rows import Ledger
from choreography.ledger.table import ENDED, FINISHED, Order, State
from choreography.outbox.outbox import Outbox
from choreography.records import REACTIONS, KitRecord


class Bookkeeping:
    """Writes for one group.

    Args:
        group: the consumer group.
        ledger: the rows.
        outbox: what is to be stated.
        clock: stamps what is stated.
    """

    def __init__(self, group: str, ledger: Ledger, outbox: Outbox, clock: Clock) -> None:
        self.group = group
        self.ledger = ledger
        self.outbox = outbox
        self.clock = clock
        self.reactions = REACTIONS.of(group.partition(".")[0])

    def begin_all(self, tx: Connection, requests: Sequence[Begin]) -> list[Opened | Exception]:
        """Begin many reactions; most of them are new, and need one statement for all."""
        claims = current_claims(tx, (one.entry.record.at for one in requests))
        rows = self.ledger.find_all(tx, [one.entry for one in requests])
        new = {str(one.entry.effect_key): one for one in requests if is_new(one, rows, claims)}
        self.ledger.intend_all(tx, [one.entry for one in new.values()])
        answers: list[Opened | Exception] = []
        for one in requests:
            key = str(one.entry.effect_key)
            if new.get(key) is one:
                answers.append(Opened(Opening.FIRST))
            elif claims[one.entry.record.at] != one.entry.claim:
                answers.append(ClaimLost())
            else:
                row = rows.get(key) or (self.ledger.find(tx, one.entry) if key in new else None)
                answers.append(self._begin(tx, one, row))
        return answers

    def _begin(self, tx: Connection, one: Begin, row: RowMapping | None) -> Opened:
        entry = one.entry
        if row is not None and row["state"] in (ENDED if one.waited else FINISHED):
            return Opened(Opening.ALREADY_FINISHED)
        if row is None and entry.record.offset < one.begin:
            return Opened(Opening.BEFORE_BEGIN)
        begun = row is not None and bool(row["begun"])
        if one.undone_by is not None and not begun:
            self.skip(tx, entry, statements.undone(self.group, entry, one.undone_by, self.clock.now()))
            return Opened(Opening.UNDONE)
        released = row is not None and bool(row["released"] or row["ordered"] == Order.RELEASE)
        if one.guard is not None and not released:
            self.hold(tx, entry, one.guard, begun=begun)
            return Opened(Opening.HELD)
        self.ledger.intend(tx, entry, row)
        if row is None:
            return Opened(Opening.FIRST)
        was_held = row["state"] == State.HELD
        if was_held:
            self.state(tx, entry, statements.released(self.group, entry, row["holds"], self.clock.now()))
        answered = row["hold_detail"] if was_held and row["ordered"] == Order.RELEASE else None
        return Opened(Opening.REPEATED if begun else Opening.AGAIN, released, answered)

    def finish_all(self, tx: Connection, requests: Sequence[Finish]) -> list[Exception | None]:
        """Finish many reactions: their rows, their facts, and what they undo."""
        claims = current_claims(tx, (one.entry.record.at for one in requests))
        owned = [one for one in requests if claims[one.entry.record.at] == one.entry.claim]
        self.ledger.finish_all(tx, [(one.entry, one.fact_type, one.fact) for one in owned])
        for one in owned:
            self.ledger.undo(tx, one.entry, one.undoes)
        if owned:
            self.outbox.add_rows(tx, [one.row for one in owned])
        return [None if claims[one.entry.record.at] == one.entry.claim else ClaimLost() for one in requests]

    def hold(self, tx: Connection, entry: Entry, hold: Holding, *, begun: bool) -> None:
        """Keep the record and state that, in the caller's transaction."""
        times = self.ledger.hold(tx, entry, hold, begun=begun)
        self.state(tx, entry, statements.held(self.group, entry, hold, times, self.clock.now()))

    def skip(self, tx: Connection, entry: Entry, said: KitRecord) -> None:
        """Close the row without an effect and state why, in the caller's transaction."""
        self.ledger.skip(tx, entry)
        self.state(tx, entry, said)

    def state(self, tx: Connection, entry: Entry, record: KitRecord) -> None:
        """State something about a reaction, in the caller's transaction."""
        self.outbox.add(tx, record, topic=self.reactions, causation=entry.event_id)
