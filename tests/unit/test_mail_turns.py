"""Whose turn it is to send a mail."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field

import pytest

from choreography import Effect, Unavailable
from consumers.shared.mail import Turns
from tests.integration.mail.writing import MovedClock, Owner, new_effect


@dataclass
class HeldLock:
    name: str
    obtained: float
    locks: "OneLock"

    async def release(self) -> None:
        self.locks.held = None


@dataclass
class OneLock:
    """A lock that another process may have."""

    clock: MovedClock
    held: HeldLock | None = None
    elsewhere: bool = False
    asked: list[str] = field(default_factory=list)

    async def try_acquire(self, name: str) -> HeldLock | None:
        self.asked.append(name)
        if self.elsewhere:
            return None
        self.held = self.held or HeldLock(name, self.clock.monotonic(), self)
        return self.held


def with_turns(story: Callable[[Turns, OneLock, MovedClock], Awaitable[None]]) -> None:
    async def happens() -> None:
        clock = MovedClock()
        locks = OneLock(clock)
        async with Turns(locks, clock) as turns:
            await story(turns, locks, clock)

    asyncio.run(happens())


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0)


async def keep(turns: Turns, effect: Effect) -> float:
    async with turns.of(effect) as turn:
        turn.kept = True
        return turn.since


def test_a_turn_is_given_under_a_lock_of_the_mails_own_and_ends_with_the_attempt() -> None:
    async def story(turns: Turns, locks: OneLock, clock: MovedClock) -> None:
        effect = new_effect()
        with suppress(ZeroDivisionError):
            async with turns.of(effect):
                assert locks.asked == [f"mail-{effect.key}"]
                raise ZeroDivisionError
        assert locks.held is None

    with_turns(story)


def test_who_does_not_get_the_turn_comes_back_later() -> None:
    async def story(turns: Turns, locks: OneLock, clock: MovedClock) -> None:
        locks.elsewhere = True
        with pytest.raises(Unavailable) as waiting:
            async with turns.of(new_effect()):
                pass
        assert waiting.value.untouched

    with_turns(story)


def test_a_turn_that_is_kept_is_the_same_one_when_the_lane_comes_back() -> None:
    async def story(turns: Turns, locks: OneLock, clock: MovedClock) -> None:
        effect = new_effect()
        first = await keep(turns, effect)
        await clock.move(30)
        await asyncio.sleep(0)

        assert await keep(turns, effect) == first
        async with turns.of(effect) as turn:
            assert turn.since == first
        assert locks.held is None

    with_turns(story)


def test_a_turn_that_is_kept_is_given_up_once_the_partition_is_somebody_elses() -> None:
    async def story(turns: Turns, locks: OneLock, clock: MovedClock) -> None:
        owner = Owner()
        await keep(turns, owner.effect(new_effect().key))
        await asyncio.sleep(0)
        await clock.move(5)
        await asyncio.sleep(0)
        assert locks.held is not None

        owner.memory.owned = False
        await clock.move(5)

        await until(lambda: locks.held is None)

    with_turns(story)


def test_a_turn_that_nobody_comes_back_for_is_given_up_after_a_day() -> None:
    async def story(turns: Turns, locks: OneLock, clock: MovedClock) -> None:
        await keep(turns, new_effect())
        await asyncio.sleep(0)
        await clock.move(86_400)
        await until(lambda: locks.held is None)

    with_turns(story)
