"""The attempts of one reaction: INTENT → handler → DONE and fact.

`choreography.consume.failures` says what follows where it comes to something else.

A reaction that a later event has undone is not attempted. If its effect has begun before, the handler runs once more:
done, the later event undoes it; target down, it waits; anything else, it is closed, and its decision can still be read
by the handler that undoes it.
"""

import asyncio
from datetime import timedelta
from typing import Final, Generic

from choreography.consume.brake import Brake
from choreography.consume.failures import End, Failures, Reacting
from choreography.consume.lane import After
from choreography.consume.targets import Targets
from choreography.declare.effect import Effect
from choreography.declare.event import Event
from choreography.declare.reaction import P
from choreography.errors import ClaimLost, Hold, InvalidFact, NothingToDo, Unavailable
from choreography.failpoint import reach
from choreography.ledger.begin import Opening
from choreography.ledger.effect_memory import Recall
from choreography.ledger.hold import Holding
from choreography.ledger.journal import Journal
from choreography.ledger.undoing import LookAhead, Undoing
from choreography.records import HoldReason

GO: Final = frozenset({Opening.FIRST, Opening.AGAIN, Opening.REPEATED})


class Attempts(Generic[P]):
    """Brings reactions to their end.

    Args:
        ports: what the handlers need.
        journal: writes what became of them.
        look_ahead: finds what undoes an event.
        recall: gives each effect its memory.
        targets: say when an attempt may run.
        brake: holds everybody back when the service itself is at fault.
        failures: say what follows when an attempt fails.
        undoes: for each event that undoes others, the CloudEvents types of those.
        handler_seconds: how long one attempt may take; one that takes longer counts as a target that is down.
        max_effect_age: how old an event may be whose effect cannot be repeated.
    """

    def __init__(
        self,
        ports: P,
        *,
        journal: Journal,
        look_ahead: LookAhead,
        recall: Recall,
        targets: Targets[P],
        brake: Brake,
        failures: Failures[P],
        undoes: dict[type[Event], tuple[str, ...]],
        handler_seconds: float,
        max_effect_age: timedelta,
    ) -> None:
        self._ports = ports
        self._journal = journal
        self._clock = journal.clock
        self._look_ahead = look_ahead
        self._recall = recall
        self._targets = targets
        self._brake = brake
        self._failures = failures
        self._undoes = undoes
        self._handler_seconds = handler_seconds
        self._max_effect_age = max_effect_age

    async def run(self, one: Reacting[P]) -> tuple[str, After]:
        """Attempt until there is an end; return it in a word, and what it means for the lane.

        Raises:
            ClaimLost: the partition is somebody else's, or to be given up.
        """
        try:
            while True:
                one.tries.attempts += 1
                if self._brake.is_on:
                    await self._brake.passed(one.lane)
                async with self._targets.slot(one.reaction, one.lane):
                    error = await self._attempt(one)
                await self._failures.answer(one, error)
        except End as end:
            return end.outcome, end.after

    async def _attempt(self, one: Reacting[P]) -> Exception:
        """Try once; return what the handler raised, if that is not the end."""
        undone_by = one.waited.undone_by if one.waited is not None else None
        if undone_by is None:
            later = one.lane.behind(one.entry.record.offset)
            undone_by = await self._look_ahead.undone_by(one.event, one.reaction, later)
        effect = await self._begun(one, undone_by)
        end = await self._handled(one, effect)
        if isinstance(end, Event):
            reach("after_effect")
            end = await self._done(one, end)
        elif isinstance(end, NothingToDo):
            await self._journal.nothing_to_do(one.entry, end.reason, self._undoes.get(type(one.event), ()))
            raise End("nothing_to_do")
        if undone_by is not None and not isinstance(end, Unavailable):
            await self._journal.undone(one.entry, undone_by)
            raise End("undone")
        if isinstance(end, Hold):
            await self._journal.held(one.entry, Holding(HoldReason.RESTRICTED, end.reason), begun=one.tries.begun)
            raise End("held", After.HELD)
        return end

    async def _begun(self, one: Reacting[P], undone_by: Undoing | None) -> Effect:
        guard = self._guard(one) if undone_by is None else None
        reach("before_intent")
        opened = await self._journal.open(
            one.entry, begin=one.lane.begin, undone_by=undone_by, waited=one.waited is not None, guard=guard
        )
        if opened.opening not in GO:
            raise End(opened.opening, After.HELD if opened.opening is Opening.HELD else After.GO_ON)
        reach("after_release" if opened.released else "after_intent")
        one.tries.begun = opened.opening is Opening.REPEATED
        return self._recall.effect(one.entry, opened)

    async def _done(self, one: Reacting[P], fact: Event) -> Exception:
        try:
            await self._journal.done(one.entry, fact, self._undoes.get(type(one.event), ()))
        except InvalidFact as error:
            return error
        reach("after_done")
        self._targets.succeeded(one.reaction)
        self._brake.succeeded()
        raise End(type(fact).__name__)

    async def _handled(self, one: Reacting[P], effect: Effect) -> Event | Exception:
        reaction = one.reaction
        try:
            async with asyncio.timeout(self._handler_seconds):
                fact = await reaction.handler(one.event, self._ports, effect)
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

    def _guard(self, one: Reacting[P]) -> Holding | None:
        if one.reaction.repeatable or self._clock.now() - one.event.recorded_at <= self._max_effect_age:
            return None
        days = self._max_effect_age.days
        return Holding(HoldReason.AGE, f"The event is older than {days} days, and its effect cannot be repeated.")
