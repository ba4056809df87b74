"""What waits in the ledger: one mechanism for everything that waits for longer than a retry.

A held record lies in the ledger, the group's offset moves on, and so a hold costs nobody else anything and survives
restarts. A lane with a record that blocks it (FAILED, LATER) has what follows join it there (QUEUED). A lane is run
from the ledger in the order of its offsets, up to the first record that blocks it:

* an attempt that a crash interrupted (INTENT) runs at once: its offset may be committed already, and then nobody
  delivers it again;
* a person may have ordered to release or to drop a record: that only marks it, and whoever owns the partition notices;
* LATER runs when its time has come, QUEUED when nothing before it blocks;
* the arrival of an event that undoes what waits marks that, and joins the lane behind it. What never began is closed;
  what began is run once more, so that it is known what is to be undone. Then the event itself runs, unless something
  that it does not undo blocks the lane before it.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, bindparam, func, select, update

from choreography.ledger import statements
from choreography.ledger.claims import check_claim
from choreography.ledger.entry import Entry
from choreography.ledger.held_record import Looked, held_record_of, kept_entry, runs, undoing_of
from choreography.ledger.hold import Holding
from choreography.ledger.journal import Journal
from choreography.ledger.table import ENDED, WAITING, Order, State, ledger
from choreography.records import HoldReason
from choreography.wire.record import TopicPartition

Lanes = set[tuple[TopicPartition, bytes | None]]

_AT: Final = (ledger.c.topic == bindparam("topic"), ledger.c.partition == bindparam("partition"), WAITING)
_OF_PARTITION: Final = select(ledger.c.raw_key).where(*_AT).distinct()
_OLDEST: Final = select(ledger.c.topic, ledger.c.partition, func.min(ledger.c.offset).label("offset")).where(
    WAITING
).group_by(ledger.c.topic, ledger.c.partition)  # fmt: skip
_KEYED: Final = select(ledger).where(*_AT, ledger.c.raw_key == bindparam("key")).order_by(ledger.c.offset)
_KEYLESS: Final = select(ledger).where(*_AT, ledger.c.raw_key.is_(None)).order_by(ledger.c.offset)
_DUE: Final = (
    select(ledger.c.topic, ledger.c.partition, ledger.c.raw_key)
    .where(WAITING, ledger.c.state == State.HELD)
    .where(ledger.c.ordered.is_not(None) | (ledger.c.not_before <= bindparam("now")))
    .distinct()
)
_RESOLVE: Final = (
    update(ledger)
    .where(ledger.c.record_key == bindparam("key"), ledger.c.correlation_id == bindparam("correlation"))
    .where(ledger.c.event_type.in_(bindparam("types", expanding=True)), ledger.c.sequence < bindparam("order"))
    .where(ledger.c.topic == bindparam("in_topic"), ledger.c.partition == bindparam("in_partition"))
    .where(ledger.c.state == State.HELD)
    .values(ordered=Order.RESOLVE, resolved_by=bindparam("by"), resolved_by_type=bindparam("by_type"))
)


class Backlog:
    """What waits, for the owner of its partition.

    Args:
        journal: writes what becomes of it.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._clock = journal.clock

    def load(self, tx: Connection, partitions: Iterable[TopicPartition]) -> Lanes:
        """Return the lanes of partitions of which the ledger keeps records."""
        return {(at, key) for at in partitions for key in tx.execute(_OF_PARTITION, _place(at)).scalars()}

    def oldest(self, tx: Connection) -> dict[TopicPartition, int]:
        """Return the offset of the oldest record that the ledger keeps, by partition."""
        return {TopicPartition(row.topic, row.partition): row.offset for row in tx.execute(_OLDEST)}

    async def due(self) -> Lanes:
        """Return the lanes with a record whose time has come, or about which something was ordered."""
        now = self._clock.now().isoformat()
        rows = await self._journal.persist(lambda tx: list(tx.execute(_DUE, {"now": now})))
        return {(TopicPartition(row.topic, row.partition), row.raw_key) for row in rows}

    async def look(self, at: TopicPartition, key: bytes | None, claim: int) -> Looked:
        """Find what runs next in a lane; close what needs no run on the way."""
        now = self._clock.now()
        return await self._journal.persist(lambda tx: self._look(tx, at, key, claim, now))

    async def resolve(self, entry: Entry, types: Sequence[str], *, queue: bool) -> bool:
        """Mark what waits and is undone by an event; return whether there was anything.

        Args:
            entry: the event's.
            types: the CloudEvents types of what it undoes.
            queue: have the event itself wait behind what it undoes, unless it is finished already.
        """
        return await self._journal.persist(lambda tx: self._resolve(tx, entry, types, queue=queue))

    async def join(self, entry: Entry, begin: int) -> None:
        """Have a record wait behind the one that blocks its lane, unless it is known already or not for this group."""

        def work(tx: Connection) -> None:
            if self._journal.ledger.find(tx, entry) is None and entry.record.offset >= begin:
                self._journal.hold(tx, entry, _QUEUED, begun=False)

        await self._journal.persist(work)

    def _look(self, tx: Connection, at: TopicPartition, key: bytes | None, claim: int, now: datetime) -> Looked:
        check_claim(tx, at, claim)
        where: dict[str, Any] = _place(at) if key is None else {**_place(at), "key": key}
        waits = False
        for row in tx.execute(_KEYLESS if key is None else _KEYED, where).mappings().all():
            entry = kept_entry(row, claim)
            undone_by = undoing_of(row)
            if row["ordered"] == Order.DROP:
                self._journal.skip(tx, entry, statements.dropped(self._journal.group, entry, now))
            elif undone_by is not None and not row["begun"]:
                self._journal.skip(tx, entry, statements.undone(self._journal.group, entry, undone_by, now))
            elif runs(row, now):
                return Looked(held_record_of(row, entry, undone_by), waits=True, blocked=False)
            else:
                waits = True
                if row["blocks_lane"]:
                    return Looked(None, waits=True, blocked=True)
        return Looked(None, waits=waits, blocked=False)

    def _resolve(self, tx: Connection, entry: Entry, types: Sequence[str], *, queue: bool) -> bool:
        own = self._journal.ledger.find(tx, entry)
        if own is not None and (own["state"] in ENDED or own["state"] == State.HELD):
            return False
        check_claim(tx, entry.record.at, entry.claim)
        at = entry.record.at
        marked = tx.execute(
            _RESOLVE,
            {
                "key": entry.record_key,
                "correlation": str(entry.correlation),
                "types": list(types),
                "order": entry.order,
                "in_topic": at.topic,
                "in_partition": at.partition,
                "by": str(entry.event_id),
                "by_type": entry.event_type,
            },
        ).rowcount
        if marked and queue:
            self._journal.hold(tx, entry, _QUEUED, begun=own is not None and bool(own["begun"]))
        return bool(marked)


_QUEUED: Final = Holding(HoldReason.QUEUED, "An older record of the same key waits before it.")


def _place(at: TopicPartition) -> dict[str, Any]:
    return {"topic": at.topic, "partition": at.partition}
