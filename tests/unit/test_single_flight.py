"""Who asks the same thing at the same time is answered by one call."""

import asyncio

import pytest

from choreography import SingleFlight


class Question:
    def __init__(self) -> None:
        self.asked = 0
        self.answered = asyncio.Event()

    async def ask(self) -> int:
        self.asked += 1
        number = self.asked
        await self.answered.wait()
        return number


async def test_who_asks_while_a_call_is_under_way_shares_its_answer_and_who_asks_later_does_not() -> None:
    question, flights = Question(), SingleFlight[str, int]()
    both = [asyncio.create_task(flights.run("x", question.ask)) for _ in range(2)]
    other = asyncio.create_task(flights.run("y", question.ask))
    await asyncio.sleep(0)

    question.answered.set()

    assert await asyncio.gather(*both, other) == [1, 1, 2]
    assert await flights.run("x", question.ask) == 3


async def test_who_is_cancelled_leaves_the_call_to_the_others() -> None:
    question, flights = Question(), SingleFlight[str, int]()
    first, second = (asyncio.create_task(flights.run("x", question.ask)) for _ in range(2))
    await asyncio.sleep(0)

    first.cancel()
    await asyncio.wait({first})
    question.answered.set()

    assert (await second, question.asked) == (1, 1)


async def test_what_a_call_raises_all_are_told_and_it_is_tried_anew() -> None:
    flights = SingleFlight[str, int]()

    async def fail() -> int:
        raise ConnectionError

    async def answer() -> int:
        return 1

    failed = await asyncio.gather(*(flights.run("x", fail) for _ in range(2)), return_exceptions=True)

    assert [type(one) for one in failed] == [ConnectionError] * 2
    assert await flights.run("x", answer) == 1


@pytest.mark.parametrize("callers", [1, 3])
async def test_nothing_is_kept(callers: int) -> None:
    question, flights = Question(), SingleFlight[str, int]()
    question.answered.set()

    await asyncio.gather(*(flights.run("x", question.ask) for _ in range(callers)))

    assert not flights._flying
