"""Which group bears a critical name is not asked for each person anew, and a change of it is noticed all the same."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import uuid4

import pytest
from httpx2 import Request

from choreography.testing.fake import FakeClock
from consumers.access.scim.client import ScimClient
from consumers.access.scim.directory import ScimAccessDirectory
from consumers.shared.directory import connection
from consumers.shared.directory.client import Resource
from schemas.access import BlockFailureCause
from tests.integration.access.company import Directory, Team
from tests.integration.access.reacting import TOKEN

pytestmark = pytest.mark.parametrize("directory", ["polite"], indirect=True)

MINUTE = timedelta(minutes=1)


class CountingClient(ScimClient):
    names_asked = 0

    async def search(self, endpoint: str, path: str, value: str) -> AsyncIterator[Resource]:
        self.names_asked += path == "displayName"
        async for one in super().search(endpoint, path, value):
            yield one


class Opened:
    def __init__(self, scim: CountingClient) -> None:
        self.scim = scim
        self.clock = FakeClock()
        self.directory = ScimAccessDirectory(scim, self.clock)
        self.paths: list[str] = []

    async def note(self, request: Request) -> None:
        self.paths.append(request.url.path)


@pytest.fixture
async def access(directory: Directory) -> AsyncIterator[Opened]:
    async with connection(directory.url, TOKEN) as http:
        opened = Opened(CountingClient(http))
        http.event_hooks["request"].append(opened.note)
        yield opened


async def test_a_critical_group_is_looked_up_once_a_minute(access: Opened, team: Team) -> None:
    for _ in range(3):
        await access.directory.access_of(team.employee_id, team.names)
    within_a_minute = access.scim.names_asked

    access.clock.advance(MINUTE)
    await access.directory.access_of(team.employee_id, team.names)

    assert (within_a_minute, access.scim.names_asked) == (2, 4)


async def test_many_who_leave_at_once_have_a_critical_group_looked_up_once(access: Opened, team: Team) -> None:
    await asyncio.gather(*(access.directory.access_of(team.employee_id, team.names) for _ in range(20)))

    assert access.scim.names_asked == 2
    assert access.paths.count("/ServiceProviderConfig") == 1


async def test_a_critical_group_that_is_made_anew_is_noticed_at_once(
    access: Opened, directory: Directory, team: Team
) -> None:
    await access.directory.access_of(team.employee_id, team.names)
    directory.delete("Groups", team.prod)
    anew = directory.group(team.names[0], team.colleague, team.leaver)

    found = await access.directory.access_of(team.employee_id, team.names)

    assert {one.entitlement_id for one in found.memberships} == {anew, team.payments}


async def test_a_critical_group_that_is_missing_is_looked_for_each_time(access: Opened, team: Team) -> None:
    name = f"missing-{uuid4().hex}"

    found = [await access.directory.access_of(team.employee_id, (name,)) for _ in range(2)]

    assert access.scim.names_asked == 2
    assert [one.not_taken[0].cause for one in found] == [BlockFailureCause.GROUP_NOT_FOUND] * 2
