"""Many who leave in the same moment are in the same critical group."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from uuid import uuid4

import pytest
from httpx2 import Request

from choreography.testing.fake import FakeClock
from consumers.access.ports import Claim, Returned, Taken
from consumers.access.scim.client import ScimClient
from consumers.access.scim.directory import ScimAccessDirectory
from consumers.shared.directory.connection import connection
from schemas.access import BlockFailureCause
from tests.integration.access.company import Directory
from tests.integration.access.reacting import TOKEN

pytestmark = pytest.mark.parametrize("directory", ["polite"], indirect=True)

CROWD = 20


async def claim() -> None:
    """Find the claim still ours."""


class Crowd:
    """Leavers of one group; counts the requests that take it from them."""

    def __init__(self, url: str, leavers: Sequence[str], group: str) -> None:
        self.url, self.leavers, self.group = url, leavers, group
        self.asked: Counter[str] = Counter()

    async def leaves(self, claim: Claim = claim) -> list[Taken]:
        return (await self._leaves_and_returns(claim, returns=False))[0]

    async def leaves_and_returns(self) -> tuple[list[Taken], list[Returned]]:
        return await self._leaves_and_returns(claim, returns=True)

    async def _leaves_and_returns(self, claim: Claim, *, returns: bool) -> tuple[list[Taken], list[Returned]]:
        async with connection(self.url, TOKEN) as http:
            access = ScimAccessDirectory(ScimClient(http), FakeClock())
            found = await asyncio.gather(*(access.access_of(one, (self.group,)) for one in self.leavers))
            http.event_hooks["request"].append(self._count)
            taken = await asyncio.gather(*(access.take(one.memberships, claim) for one in found))
            http.event_hooks["request"].remove(self._count)
            if not returns:
                return taken, []
            return taken, await asyncio.gather(*(access.give_back(one.memberships, claim) for one in taken))

    async def _count(self, request: Request) -> None:
        self.asked[request.method] += 1


def test_a_crowd_that_leaves_at_once_loses_a_group_and_gets_it_back_without_refusing_each_other(
    directory: Directory,
) -> None:
    name, leavers = f"prod-{uuid4().hex}", [f"E-{uuid4().hex}" for _ in range(CROWD)]
    group = directory.group(name, *(directory.person(one) for one in (*leavers, f"E-{uuid4().hex}")))
    before = directory.members(group)

    crowd = Crowd(directory.url, leavers, name)
    taken, returned = asyncio.run(crowd.leaves_and_returns())

    assert crowd.asked == {"GET": CROWD + 1, "PATCH": CROWD}  # each is handed what the one before has read back
    assert all(len(one.memberships) == 1 and one.verified and not one.not_taken for one in taken)
    assert all(len(one.memberships) == 1 and one.verified and not one.not_restored for one in returned)
    assert directory.members(group) == before


def test_who_is_handed_a_group_notices_that_somebody_else_has_changed_it(directory: Directory) -> None:
    name, leavers = f"prod-{uuid4().hex}", [f"E-{uuid4().hex}" for _ in range(3)]
    group = directory.group(name, *(directory.person(one) for one in (*leavers, f"E-{uuid4().hex}")))
    strangers = [directory.person(f"E-{uuid4().hex}") for _ in leavers]
    left = set(directory.people(group))
    joining = iter(strangers)

    async def joined_by_somebody() -> None:
        if stranger := next(joining, None):
            directory.add(group, stranger)

    crowd = Crowd(directory.url, leavers, name)
    taken = asyncio.run(crowd.leaves(joined_by_somebody))

    assert all(one.verified and not one.not_taken for one in taken)
    assert directory.people(group) - left == set(strangers)
    assert len(directory.people(group)) == len(leavers) + 1


def test_of_two_who_leave_a_group_of_two_at_once_one_stays(directory: Directory) -> None:
    name, leavers = f"prod-{uuid4().hex}", [f"E-{uuid4().hex}" for _ in range(2)]
    group = directory.group(name, *(directory.person(one) for one in leavers))

    taken = asyncio.run(Crowd(directory.url, leavers, name).leaves())

    left = [one.not_taken[0].cause for one in taken if one.not_taken]
    assert (left, len(directory.people(group))) == ([BlockFailureCause.LAST_MEMBER], 1)
