"""The way of one record: decode → done already? → waits an older one of its lane? → attempts → its end.

1. A record that can never be read is held, with a dead letter, in one transaction. One that cannot be read *now*
   (the registry is away) waits.
2. An effect that the ledger knows as DONE, SKIPPED or HELD is finished: nothing happens.
3. An event that undoes what waits in the ledger marks that, and joins it there; so does every event whose lane is
   blocked (see `choreography.consume.backlog`).
4. Everything else is attempted (see `choreography.consume.attempts`).

The worker knows nothing of threads, offsets or the Kafka client; `Subscription` feeds it.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Final, Generic

import structlog

from choreography.consume.attempts import Attempts
from choreography.consume.backlog import Backlog
from choreography.consume.brake import Brake
from choreography.consume.failures import Reacting
from choreography.consume.lane import After, Lane
from choreography.consume.reader import Reader
from choreography.declare.event import Event
from choreography.declare.reaction import P, Reaction
from choreography.errors import Poison
from choreography.ledger.begin import Opening
from choreography.ledger.entry import Entry, entry_of, poison_entry
from choreography.ledger.held_record import HeldRecord
from choreography.ledger.journal import Journal
from choreography.ledger.table import ENDED, FINISHED
from choreography.logs import About
from choreography.retries import PATIENCE, Tries
from choreography.wire.record import Record

log = structlog.stdlib.get_logger(__name__)

QUIET: Final = frozenset({Opening.ALREADY_FINISHED, Opening.BEFORE_BEGIN})
REFUSED: Final = "model"  # the stage of a record that was written by a schema we know and that our model refuses


class Worker(Generic[P]):
    """Handles one record at a time; many calls may run beside each other.

    Args:
        group: the consumer group.
        reactions: by event.
        undoes: for each event that undoes others, the CloudEvents types of those.
        reader: reads the records.
        attempts: makes the effects.
        journal: writes what became of them.
        backlog: what waits in the ledger.
        brake: is told of records that the model refuses.
    """

    def __init__(
        self,
        group: str,
        *,
        reactions: Mapping[type[Event], Reaction[P]],
        undoes: Mapping[type[Event], tuple[str, ...]],
        reader: Reader,
        attempts: Attempts[P],
        journal: Journal,
        backlog: Backlog,
        brake: Brake,
    ) -> None:
        self._group = group
        self._reactions = reactions
        self._undoes = undoes
        self._reader = reader
        self._attempts = attempts
        self._journal = journal
        self._clock = journal.clock
        self._backlog = backlog
        self._brake = brake

    async def handle(self, record: Record, lane: Lane, waited: HeldRecord | None = None) -> After:
        """Bring one record to its end; return what that means for its lane.

        Args:
            record: as it was fetched, or as the ledger kept it.
            lane: where it stands.
            waited: set when it comes from the ledger.

        Raises:
            ClaimLost: the partition is somebody else's; this member says nothing about the record.
        """
        try:
            event = await self._reader.read(record, lane)
        except Poison as poison:
            return await self._hold_poison(record, lane, poison, waited)
        if event is None:
            return await self._ignored(record, lane, waited)
        entry = entry_of(event, self._group, record, lane.claim)
        reaction = self._reactions.get(type(event))
        with About(lambda: {"group": self._group, **entry.context}):
            if waited is None and (lane.waits or lane.is_blocked):
                joined = await self._joined(entry, event, lane, reacts=reaction is not None)
                if joined is not None:
                    return joined
            if reaction is None:
                return await self._ignored(record, lane, waited)
            one = Reacting(entry, event, reaction, lane, waited, self._tries(waited))
            outcome, after = await self._attempts.run(one)
            say = log.debug if outcome in QUIET else log.info
            seconds = (self._clock.now() - one.tries.first).total_seconds()
            say("event.handled", outcome=outcome, seconds=round(seconds, 4))
            return after

    async def _joined(self, entry: Entry, event: Event, lane: Lane, *, reacts: bool) -> After | None:
        """Have an event wait in the ledger, where it undoes what waits there or its lane is blocked."""
        undoes = self._undoes.get(type(event), ())
        if undoes and await self._backlog.resolve(entry, undoes, queue=reacts):
            log.info("event.handled", outcome="undoes_what_waits")
            return After.LOOK
        if not lane.is_blocked or not reacts:
            return None
        await self._backlog.join(entry, lane.begin)
        log.info("event.handled", outcome="queued")
        return After.BLOCKED

    def _tries(self, waited: HeldRecord | None) -> Tries:
        return Tries(self._clock.now(), timedelta(0) if waited is not None and waited.was_later else PATIENCE)

    async def _ignored(self, record: Record, lane: Lane, waited: HeldRecord | None) -> After:
        log.debug("event.ignored", topic=record.topic, partition=record.partition, offset=record.offset)
        if waited is not None:  # a version of the service that reacted to it kept it
            await self._journal.nothing_to_do(
                replace(waited.kept, claim=lane.claim), "This version of the service does not react to it.", ()
            )
        return After.GO_ON

    async def _hold_poison(self, record: Record, lane: Lane, poison: Poison, waited: HeldRecord | None) -> After:
        entry = poison_entry(self._group, record, lane.claim)
        row = await self._journal.find(entry)
        is_finished = row is not None and row["state"] in (FINISHED if waited is None else ENDED)
        if record.offset < lane.begin or is_finished:
            return After.GO_ON
        now = self._clock.now()
        await self._journal.failed(entry, poison, stage=poison.stage, attempts=1, first=now, begun=False)
        log.error("record.poisoned", stage=poison.stage, reason=str(poison), **entry.context)
        if poison.stage == REFUSED:
            await self._brake.failed(f"records that the model refuses: {poison}", record.key)
        return After.BLOCKED
