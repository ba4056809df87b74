"""A directory is not asked more at once than it can answer in time."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from threading import Barrier, BrokenBarrierError

import pytest

from consumers.shared.directory import ScimPeople
from consumers.shared.directory.connection import connection
from tests.integration.access.lying_server import Answer, lying_server
from tests.integration.access.reacting import TOKEN

Ask = Callable[[], Awaitable[object]]
SECONDS = 1.5
NOBODY = json.dumps({"schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"], "totalResults": 0}).encode()


@asynccontextmanager
async def access(url: str) -> AsyncIterator[Ask]:
    async with connection(url, TOKEN) as http:
        yield lambda: http.get("/Users")


@asynccontextmanager
async def people(url: str) -> AsyncIterator[Ask]:
    async with ScimPeople(url, TOKEN) as directory:
        yield directory.probe


@pytest.mark.parametrize(("opened", "most"), [(access, 20), (people, 10)])
async def test_a_crowd_waits_here_and_not_in_the_directorys_queue(
    opened: Callable[[str], AbstractAsyncContextManager[Ask]], most: int
) -> None:
    met: list[bool] = []
    too_many = Barrier(most + 1, action=lambda: met.append(True), timeout=SECONDS)

    def answer(_: str) -> Answer:
        with suppress(BrokenBarrierError):
            too_many.wait()
        return Answer(NOBODY)

    with lying_server(answer) as url:
        async with opened(url) as ask:
            await ask()  # the first one makes the models, alone
            too_many.reset()
            await asyncio.gather(*(ask() for _ in range(2 * most)))

    assert not met
