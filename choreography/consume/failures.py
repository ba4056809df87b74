"""What follows when an attempt ends in no fact.

* `Retry`: again in its lane after a growing delay; after five minutes it waits in the ledger (LATER), where it blocks
  its lane and nobody else;
* `Unavailable`: the same, unless the target counts as down (see `choreography.consume.breaker`): then it waits for the
  target;
* `Reject`, or a fact that the reaction does not publish: held at once, with a dead letter;
* whatever else it raises is tried a few times, then held with a dead letter.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Generic

import structlog

from choreography.consume.brake import Brake, fingerprint_of
from choreography.consume.lane import After, Lane
from choreography.consume.targets import Targets
from choreography.declare.event import Event
from choreography.declare.reaction import P, Reaction
from choreography.errors import Reject, Retry, Unavailable
from choreography.ledger.entry import Entry
from choreography.ledger.held_record import HeldRecord
from choreography.ledger.hold import Holding, later
from choreography.ledger.journal import Journal
from choreography.outbox.deadletter import describe, frames_of
from choreography.records import HoldReason
from choreography.retries import Backoff, Tries, is_untouched

log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Reacting(Generic[P]):
    """What is known about a reaction while it is attempted.

    Attributes:
        entry: what the ledger says about it.
        event: what it answers.
        reaction: as declared.
        lane: where the event stands.
        waited: set when the record comes from the ledger.
        tries: the attempts so far.
    """

    entry: Entry
    event: Event
    reaction: Reaction[P]
    lane: Lane
    waited: HeldRecord | None
    tries: Tries


class End(Exception):  # noqa: N818 - a signal, not an error
    """The reaction has come to an end.

    Attributes:
        outcome: one word for the log.
        after: what that means for the lane.
    """

    def __init__(self, outcome: str, after: After = After.GO_ON) -> None:
        super().__init__(outcome)
        self.outcome = outcome
        self.after = after


class Failures(Generic[P]):
    """Decides between another attempt, waiting in the ledger, and a dead letter.

    Args:
        journal: writes what became of the reaction.
        targets: know which target counts as down.
        brake: counts failures that look the same.
        backoff: how long to wait between attempts.
    """

    def __init__(self, journal: Journal, *, targets: Targets[P], brake: Brake, backoff: Backoff) -> None:
        self._journal = journal
        self._clock = journal.clock
        self._targets = targets
        self._brake = brake
        self._backoff = backoff

    async def answer(self, one: Reacting[P], error: Exception) -> None:
        """Wait for the next attempt, or raise the end.

        Raises:
            End: there is no next attempt now.
            ClaimLost: the partition is to be given up meanwhile.
        """
        tries = one.tries
        if tries.are_over(error):
            await self._failed(one, error)
        untouched = is_untouched(error)
        if untouched and not tries.begun:
            await self._journal.untouched(one.entry)
        delay = self._backoff.after(tries.attempts, error.after if isinstance(error, Retry | Unavailable) else None)
        _log(one, error, delay)
        if isinstance(error, Unavailable):
            who = (one.entry.record.at, one.entry.record.key)
            if await self._targets.failed(one.reaction, error.port, who):
                return  # the next attempt is admitted when the target is back
        if isinstance(error, Retry | Unavailable) and tries.are_long(self._clock.now(), delay):
            await self._later(one, begun=tries.begun or not untouched, at_least=timedelta(seconds=delay))
        await one.lane.rest(delay)

    async def _later(self, one: Reacting[P], *, begun: bool, at_least: timedelta) -> None:
        now = self._clock.now()
        since = one.waited.since if one.waited is not None else one.tries.first
        not_before = max(later(now, since, self._backoff.chance.random()), now + at_least)
        hold = Holding(HoldReason.LATER, "It has been tried again and again; it is tried later.", not_before)
        await self._journal.held(one.entry, hold, begun=begun)
        raise End("later", After.BLOCKED)

    async def _failed(self, one: Reacting[P], error: Exception) -> None:
        log.error("event.failed", error=type(error).__name__, reason=describe(error), frames=frames_of(error))
        begun = one.tries.begun or not isinstance(error, Reject)
        await self._journal.failed(
            one.entry, error, stage="handler", attempts=one.tries.attempts, first=one.tries.first, begun=begun
        )
        if not isinstance(error, Reject):
            await self._brake.failed(fingerprint_of(error), one.entry.record.key)
        raise End("failed", After.BLOCKED)


def _log(one: Reacting[Any], error: Exception, delay: float) -> None:
    line = {"attempt": one.tries.attempts, "seconds_to_next": round(delay, 2)}
    if isinstance(error, Unavailable):
        log.warning("target.unavailable", target=error.port or one.reaction.target, **line)
    elif isinstance(error, Retry):
        log.info("event.retried", reason=error.reason, **line)
    else:
        log.warning("handler.failed", error=type(error).__name__, reason=describe(error), **line)
