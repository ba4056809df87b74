"""The way of one event: decode → done already? → undone meanwhile? → INTENT → handler → DONE and fact.

1. A record that can never be read is held, with a dead letter, in one transaction. One that cannot be read *now*
   (the registry is away) waits.
2. An effect that the ledger knows as DONE, SKIPPED or HELD is finished: nothing happens.
3. An event that a later one of the same case undoes, and whose effect never began, is skipped. "Later" is what has
   been fetched of the same lane; a header is believed only once its record has been decoded.
4. INTENT is committed, then the handler runs, then DONE and the fact are committed together. A handler that ends
   without its fact ends in an outcome (see `choreography.errors`); whatever else it raises is tried a few times.

The worker knows nothing of threads, offsets or the Kafka client; `Subscription` feeds it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, Generic

import structlog

from choreography.codec import Codec
from choreography.deadletter import describe, frames_of
from choreography.effect import Effect
from choreography.entry import Entry, entry_of, poison_entry
from choreography.errors import (
    ClaimLost,
    Hold,
    InvalidFact,
    NothingToDo,
    Poison,
    Reject,
    Retry,
    Unavailable,
)
from choreography.event import Event
from choreography.journal import Journal, Opening
from choreography.lane import Lane
from choreography.ledger import FINISHED
from choreography.lookahead import LookAhead
from choreography.memory import Recall
from choreography.reaction import P, Reaction
from choreography.reader import Reader
from choreography.record import Record
from choreography.records import HoldReason
from choreography.retries import Backoff, Tries, is_untouched
from choreography.service import Service

log = structlog.stdlib.get_logger(__name__)

GO: Final = frozenset({Opening.FIRST, Opening.AGAIN, Opening.REPEATED})
QUIET: Final = frozenset({Opening.ALREADY_FINISHED, Opening.BEFORE_BEGIN})


class Worker(Generic[P]):
    """Handles one record at a time; many calls may run beside each other.

    Args:
        service: the declaration.
        ports: what its handlers need.
        codec: reads the records.
        journal: writes what became of them.
        published: waits until a row of the outbox is acknowledged by the broker.
        handler_seconds: how long one attempt may take; one that takes longer counts as a target that is down.
        max_in_flight: how many attempts may run at once.
        backoff: how long to wait between attempts.
    """

    def __init__(
        self,
        service: Service[P],
        ports: P,
        *,
        codec: Codec,
        journal: Journal,
        published: Callable[[int], Awaitable[None]],
        handler_seconds: float,
        max_in_flight: int,
        backoff: Backoff,
    ) -> None:
        self._service = service
        self._ports = ports
        self._journal = journal
        self._handler_seconds = handler_seconds
        self._running = asyncio.Semaphore(max_in_flight)
        self._backoff = backoff
        self._clock = journal.clock
        self._reactions = {reaction.event: reaction for reaction in service.reactions}
        self._undoes = service.undoes
        self._reader = Reader(codec, service.kinds, backoff)
        self._look_ahead = LookAhead(codec, service.kinds)
        self._recall = Recall(journal, service.publishes, published)

    async def handle(self, record: Record, lane: Lane) -> None:
        """Bring one record to its end.

        Args:
            record: as it was fetched.
            lane: where it stands.

        Raises:
            ClaimLost: the partition is somebody else's; this member says nothing about the record.
        """
        try:
            event = await self._reader.read(record, lane)
        except Poison as poison:
            await self._hold_poison(record, lane, poison)
            return
        reaction = self._reactions.get(type(event)) if event is not None else None
        if event is None or reaction is None:
            log.debug("event.ignored", topic=record.topic, partition=record.partition, offset=record.offset)
            return
        entry = entry_of(event, self._service.group, record, lane.claim)
        with structlog.contextvars.bound_contextvars(group=self._service.group, **entry.context):
            started = self._clock.monotonic()
            outcome = await self._react(entry, event, reaction, lane)
            say = log.debug if outcome in QUIET else log.info
            say("event.handled", outcome=outcome, seconds=round(self._clock.monotonic() - started, 4))

    async def _react(self, entry: Entry, event: Event, reaction: Reaction[P], lane: Lane) -> str:
        tries = Tries(self._clock.now())
        while True:
            tries.attempts += 1
            async with self._running:
                end = await self._attempt(entry, event, reaction, lane, tries)
            if isinstance(end, str):
                return end
            if tries.are_over(end):
                await self._fail(entry, end, tries)
                return "failed"
            await lane.rest(await self._delay(entry, reaction, tries, end))

    async def _delay(self, entry: Entry, reaction: Reaction[P], tries: Tries, error: Exception) -> float:
        if is_untouched(error) and not tries.begun:
            await self._journal.untouched(entry)
        delay = self._backoff.after(tries.attempts, error.after if isinstance(error, Retry) else None)
        line = {"attempt": tries.attempts, "seconds_to_next": round(delay, 2)}
        if isinstance(error, Unavailable):
            log.warning("target.unavailable", target=error.port or reaction.target, **line)
        elif isinstance(error, Retry):
            log.info("event.retried", reason=error.reason, **line)
        else:
            log.warning("handler.failed", error=type(error).__name__, reason=describe(error), **line)
        return delay

    async def _attempt(
        self, entry: Entry, event: Event, reaction: Reaction[P], lane: Lane, tries: Tries
    ) -> str | Exception:
        """Try once; return how it ended, or what the handler raised."""
        undone_by = await self._look_ahead.undone_by(event, reaction, lane.behind())
        opening = await self._journal.open(entry, begin=lane.begin, undone_by=undone_by)
        if opening not in GO:
            return opening
        tries.begun = opening is Opening.REPEATED
        effect = self._recall.effect(entry, repeated=tries.begun, is_first=opening is Opening.FIRST)
        end = await self._handled(event, reaction, effect)
        undoes = self._undoes.get(type(event), ())
        match end:
            case NothingToDo():
                await self._journal.nothing_to_do(entry, end.reason, undoes)
                return "nothing_to_do"
            case Hold():
                await self._journal.held(entry, HoldReason.RESTRICTED, end.reason, begun=tries.begun)
                return "held"
            case Exception():
                return end
        try:
            await self._journal.done(entry, end, undoes)
        except InvalidFact as error:
            return error
        return type(end).__name__

    async def _handled(self, event: Event, reaction: Reaction[P], effect: Effect) -> Event | Exception:
        try:
            async with asyncio.timeout(self._handler_seconds):
                fact = await reaction.handler(event, self._ports, effect)
        except ClaimLost:
            raise
        except TimeoutError:
            return Unavailable(reaction.target)
        except Exception as error:  # noqa: BLE001 - the one place that may: whatever a handler raises ends here
            return error
        if type(fact) not in reaction.publishes:
            allowed = ", ".join(kind.__name__ for kind in reaction.publishes)
            return InvalidFact(f"The handler returned {type(fact).__name__}; its reaction publishes {allowed}.")
        return fact

    async def _fail(self, entry: Entry, error: Exception, tries: Tries) -> None:
        log.error("event.failed", error=type(error).__name__, reason=describe(error), frames=frames_of(error))
        begun = tries.begun or not isinstance(error, Reject)
        await self._journal.failed(
            entry, error, stage="handler", attempts=tries.attempts, first=tries.first, begun=begun
        )

    async def _hold_poison(self, record: Record, lane: Lane, poison: Poison) -> None:
        entry = poison_entry(self._service.group, record, lane.claim)
        row = await self._journal.find(entry)
        if record.offset >= lane.begin and (row is None or row["state"] not in FINISHED):
            now = self._clock.now()
            await self._journal.failed(entry, poison, stage=poison.stage, attempts=1, first=now, begun=False)
            log.error("record.poisoned", stage=poison.stage, reason=str(poison), **entry.context)
