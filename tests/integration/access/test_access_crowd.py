"""Many who leave in the same moment are in the same critical group."""

import asyncio
from collections.abc import Sequence
from uuid import uuid4

import pytest

from choreography.fake import FakeClock
from consumers.access.ports import Returned, Taken
from consumers.access.scim import ScimAccessDirectory
from consumers.access.scim_client import ScimClient
from consumers.scim import connection
from tests.integration.access.company import Directory
from tests.integration.access.reacting import TOKEN

pytestmark = pytest.mark.parametrize("directory", ["polite"], indirect=True)

CROWD = 20


async def claim() -> None:
    """Find the claim still ours."""


async def leave_and_return(url: str, leavers: Sequence[str], group: str) -> tuple[list[Taken], list[Returned]]:
    async with connection(url, TOKEN) as http:
        access = ScimAccessDirectory(ScimClient(http), FakeClock())
        found = await asyncio.gather(*(access.access_of(one, (group,)) for one in leavers))
        taken = await asyncio.gather(*(access.take(one.memberships, claim) for one in found))
        returned = await asyncio.gather(*(access.give_back(one.memberships, claim) for one in taken))
    return taken, returned


def test_a_crowd_that_leaves_at_once_loses_a_group_and_gets_it_back_without_refusing_each_other(
    directory: Directory,
) -> None:
    name, leavers = f"prod-{uuid4().hex}", [f"E-{uuid4().hex}" for _ in range(CROWD)]
    group = directory.group(name, *(directory.person(one) for one in (*leavers, f"E-{uuid4().hex}")))
    before = directory.members(group)

    taken, returned = asyncio.run(leave_and_return(directory.url, leavers, name))

    assert all(len(one.memberships) == 1 and one.verified and not one.not_taken for one in taken)
    assert all(len(one.memberships) == 1 and one.verified and not one.not_restored for one in returned)
    assert directory.members(group) == before
