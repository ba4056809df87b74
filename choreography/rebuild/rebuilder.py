"""Rebuilding a ledger from the broker: what is read, in which order, and what is written.

1. the service's lines on the topic of reactions, folded;
2. its input topics, from where the group begins to their present end: what there was to react to;
3. the topics of its own facts: each makes a row, which is written at once;
4. what is left over; where a row keeps the record, that record is read again.

Nobody runs meanwhile: whoever calls this has made sure that the group has no member, and that nobody uses the
database. The identity and the positions are written last, so that a ledger that was not finished is not taken for one.

What the lost outbox still held is not brought back: facts that were not published are not on the log. Their events are
among the leftovers; doing them again finds at the targets what was done, and states the same facts under the same ids.
"""

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from typing import Any, Final
from uuid import uuid4

from sqlalchemy import Connection, insert

from choreography.clock import Clock
from choreography.database.database import Database
from choreography.declare.service import Service
from choreography.kafka.topic_log import Span
from choreography.ledger import statements
from choreography.ledger.entry import Entry
from choreography.ledger.hold import Holding
from choreography.ledger.positions import adopt_ledger_id, write_begin_positions, write_finished
from choreography.ledger.table import State, ledger
from choreography.outbox.outbox import Outbox
from choreography.rebuild.decoded_log import DecodedLog
from choreography.rebuild.fold import MARGIN, Rebuild
from choreography.rebuild.row import UNKNOWN, Leftover, NothingToRebuild, Past, Rebuilt
from choreography.rebuild.statements_read import Beginning, Statements
from choreography.records import REACTIONS, HoldReason
from choreography.wire.codec import Codec
from choreography.wire.record import Record, TopicPartition

CHUNK: Final = 5_000
_GONE: Final = "Its record has left the topic, so it cannot be run any more."


class Rebuilder:
    """Rebuilds the ledger of one group.

    Args:
        service: the declaration.
        log: what stands on its topics.
        codec: writes the kit's records; it must know their schema ids where something is written.
        clock: stamps what is new.
        database: with the tables of a ledger and an outbox, without rows of a ledger; `None` to write nothing.
    """

    def __init__(
        self, service: Service[Any], log: DecodedLog, *, codec: Codec, clock: Clock, database: Database | None
    ) -> None:
        self._service = service
        self._log = log
        self._clock = clock
        self._database = database
        self._outbox = Outbox(codec, f"/{service.system}/{service.name}", clock)
        self._rows: list[dict[str, Any]] = []
        self._writing: asyncio.Future[Any] | None = None

    async def rebuild(self, past: Past, *, repeats: bool, margin: int = MARGIN) -> Rebuilt:
        """Read everything, and write the ledger.

        Args:
            past: what the broker keeps of the group.
            repeats: whether an effect that cannot be made safe to repeat may be done again where nobody knows whether
                it was done, because the service finds that out itself; otherwise it is held for a person.
            margin: how many events behind the last one that was answered may have been handed out.

        Raises:
            NothingToRebuild: the group has no past.
            NoAnswer: the broker does not answer.
            RegistryUnavailable: a schema is not known, and the registry does not answer.
        """
        retold = Statements(self._service.group)
        async for line in self._log.lines():
            retold.on_line(line)
        beginning, spans = retold.beginning(past.ledger_id), self._log.input_spans()
        if beginning is None and not past.committed:
            raise NothingToRebuild
        rebuilt = self._begun(past, beginning, spans)
        now = self._clock.now().isoformat()
        rebuild = Rebuild(self._service, retold, past.committed, now=now, repeats=repeats, margin=margin)
        await self._fold(rebuild, rebuilt, spans)
        await self._finish(rebuilt, past, is_stated=beginning is not None and beginning.ledger_id == rebuilt.ledger_id)
        return rebuilt

    def _begun(self, past: Past, beginning: Beginning | None, spans: Mapping[TopicPartition, Span]) -> Rebuilt:
        """Say where the group begins; where nobody stated it, a topic that grew begins at its first record."""
        stated = beginning.positions if beginning else {}
        topics = {at.topic for at in stated}
        begins = {at: stated[at] for at in spans if at in stated}
        unstated = [at for at in spans if at in past.committed and at not in stated]
        for at in unstated:
            is_first = at.topic in topics or self._service.starts == "earliest"
            begins[at] = spans[at][0] if is_first else past.committed[at]
        named = past.ledger_id or (beginning.ledger_id if beginning else uuid4())
        return Rebuilt(named, begins, unstated)

    async def _fold(self, rebuild: Rebuild, rebuilt: Rebuilt, spans: Mapping[TopicPartition, Span]) -> None:
        rebuilt.tally = rebuild.tally
        ours = {at: (max(begin, spans[at][0]), spans[at][1]) for at, begin in rebuilt.begins.items()}
        async for record, event in self._log.events(ours):
            if event is None:
                rebuild.on_poison(record)
            else:
                rebuild.on_event(record, event)
        async for fact, causation in self._log.facts():
            row = rebuild.on_fact(fact, causation)
            if row is not None:
                await self._add(rebuilt, row)
        await self._write()  # the rows of what is left over have more columns
        left = list(rebuild.leftovers())
        wanted: dict[TopicPartition, list[int]] = defaultdict(list)
        for one in left:
            if one.keeps_record and one.known.at in spans and not rebuild.is_gone(one.known):
                wanted[one.known.at].append(one.known.offset)
        records = await self._log.at(wanted)
        for one in left:
            await self._add(rebuilt, _row(one, records.get((one.known.at, one.known.offset)), rebuilt))

    async def _add(self, rebuilt: Rebuilt, row: dict[str, Any]) -> None:
        rebuilt.rows[row["state"]] += 1
        self._rows.append(row)
        if len(self._rows) >= CHUNK:
            await self._write()

    async def _write(self) -> None:
        """Have the rows written while the next ones are read."""
        rows, self._rows = self._rows, []
        if rows and self._database is not None:
            await self._written()
            self._writing = asyncio.ensure_future(self._database.run(lambda tx: tx.execute(insert(ledger), rows)))
            await asyncio.sleep(0)  # lets it begin: reading blocks the loop

    async def _written(self) -> None:
        if self._writing is not None:
            await self._writing

    async def _finish(self, rebuilt: Rebuilt, past: Past, *, is_stated: bool) -> None:
        await self._write()
        await self._written()
        if self._database is None:
            return
        group, now, reactions = self._service.group, self._clock.now(), REACTIONS.of(self._service.system)

        def work(tx: Connection) -> None:
            write_begin_positions(tx, rebuilt.begins)
            write_finished(tx, {at: offset for at, offset in past.committed.items() if at in rebuilt.begins})
            if not is_stated:
                self._outbox.add(tx, statements.began(group, rebuilt.ledger_id, rebuilt.begins, now), topic=reactions)
            for one in rebuilt.held:
                entry, times = _entry(one), int(one.values["holds"])
                said = statements.held(group, entry, Holding(HoldReason.RESTRICTED, UNKNOWN), times, now)
                self._outbox.add(tx, said, topic=reactions, causation=entry.event_id)
            adopt_ledger_id(tx, group, rebuilt.ledger_id)

        await self._database.run(work)


def _row(one: Leftover, record: Record | None, rebuilt: Rebuilt) -> dict[str, Any]:
    """Return the row; one that needs a record which is gone is closed, and its decision can still be read."""
    row = one.row(record if one.keeps_record else None)
    if one.keeps_record and record is None:
        rebuilt.gone.append(one)
        return row | {"state": State.SKIPPED, "hold_detail": _GONE}
    if one.is_new:
        rebuilt.held.append(one)
    return row


def _entry(one: Leftover) -> Entry:
    known = one.known
    nothing = Record(known.at.topic, known.at.partition, known.offset, None, None)
    return Entry(
        effect_key=one.effect_key,
        record_key=known.record_key,
        correlation=known.correlation,
        order=known.order,
        event_id=known.event_id,
        event_type=known.event_type,
        record=nothing,
        claim=0,
    )
