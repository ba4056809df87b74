"""The Access service on a directory that does not change single members: the whole group is written, and no more."""

from typing import Any
from uuid import uuid4

import pytest
from httpx2 import AsyncHTTPTransport, Request, Response

from consumers.access.ports import DirectoryRefused
from schemas.access import BlockFailureCause
from schemas.exits import EmployeeRetained
from tests.integration.access.answers import refusal, scim
from tests.integration.access.company import Directory, Team
from tests.integration.access.reacting import Access

pytestmark = pytest.mark.parametrize("directory", ["polite"], indirect=True)


class RefusesSingleMembers(AsyncHTTPTransport):
    async def handle_async_request(self, request: Request) -> Response:
        return refusal(500) if request.method == "PATCH" else await super().handle_async_request(request)


class CannotPatch(AsyncHTTPTransport):
    async def handle_async_request(self, request: Request) -> Response:
        assert request.method != "PATCH", "it said that it cannot"
        return await altered(await super().handle_async_request(request), patch={"supported": False})


class CannotPatchAndHasNoVersions(CannotPatch):
    async def handle_async_request(self, request: Request) -> Response:
        return await altered(await super().handle_async_request(request), meta={"resourceType": "Group"})


class RefusesSingleMembersAndHasNoVersions(RefusesSingleMembers):
    async def handle_async_request(self, request: Request) -> Response:
        return await altered(await super().handle_async_request(request), meta={"resourceType": "Group"})


class IgnoresVersions(RefusesSingleMembers):
    async def handle_async_request(self, request: Request) -> Response:
        request.headers.pop("If-Match", None)
        return await super().handle_async_request(request)


class KeepsItsVersions(IgnoresVersions):
    async def handle_async_request(self, request: Request) -> Response:
        meta = {"resourceType": "Group", "version": 'W/"as before"'}
        return await altered(await super().handle_async_request(request), meta=meta)


async def altered(response: Response, **attributes: Any) -> Response:
    """Return a configuration or group, alone or in a list, with other attributes."""

    def change(one: dict[str, Any]) -> dict[str, Any]:
        return {**one, **{name: value for name, value in attributes.items() if name in one}}

    await response.aread()
    found = response.json()
    listed = {"Resources": [change(one) for one in found["Resources"]]} if "Resources" in found else {}
    return scim(response.status_code, {**change(found), **listed})


@pytest.mark.parametrize("server", [RefusesSingleMembers, CannotPatch])
def test_who_stays_gets_back_exactly_what_was_taken_from_whole_groups(
    directory: Directory, team: Team, server: type[AsyncHTTPTransport]
) -> None:
    directory.http.patch(
        f"/Groups/{team.prod}",
        json={
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [{"op": "add", "path": "externalId", "value": "kept"}],
        },
    ).raise_for_status()
    before = {group: directory.members(group) for group in team.critical}
    access = Access(directory.url, *team.names, between=server)

    blocked = access.react(team.case.resigned())
    between = {group: directory.people(group) for group in team.critical}
    restored = access.react(team.case.states(EmployeeRetained))

    assert (blocked.verified, restored.verified) == (True, True)
    assert between == {group: {team.colleague} for group in team.critical}
    assert {group: directory.members(group) for group in team.critical} == before
    assert directory.read("Groups", team.prod)["externalId"] == "kept"


def test_who_joins_while_a_whole_group_is_written_is_not_lost(directory: Directory, team: Team) -> None:
    newcomer = directory.person(f"E-{uuid4().hex}")
    late = iter([newcomer])

    class SomebodyElseIsFaster(RefusesSingleMembers):
        async def handle_async_request(self, request: Request) -> Response:
            if request.method == "PUT" and (one := next(late, None)):
                directory.add(team.payments, one)
                directory.add(team.prod, one)
            return await super().handle_async_request(request)

    Access(directory.url, *team.names, between=SomebodyElseIsFaster).react(team.case.resigned())

    assert all(directory.people(group) == {team.colleague, newcomer} for group in team.critical)


def test_who_joins_just_before_a_whole_group_is_written_is_not_counted_as_a_change_of_ours(
    directory: Directory, team: Team
) -> None:
    newcomer = directory.person(f"E-{uuid4().hex}")
    late = iter([newcomer])

    def somebody_joins(step: str) -> None:
        if step == "change" and (one := next(late, None)):
            directory.add(team.prod, one)
            directory.add(team.payments, one)

    access = Access(directory.url, *team.names, between=IgnoresVersions)
    blocked = access.react(team.case.resigned(), at=somebody_joins)

    assert blocked.verified
    assert all(directory.people(group) == {team.colleague, newcomer} for group in team.critical)


def test_a_group_is_never_written_without_anybody_though_its_version_says_that_nothing_has_changed(
    directory: Directory, team: Team
) -> None:
    def the_colleague_leaves(step: str) -> None:
        if step == "change" and team.colleague in directory.people(team.prod):
            directory.remove(team.prod, team.colleague)

    access = Access(directory.url, *team.names, between=KeepsItsVersions)
    blocked = access.react(team.case.resigned(), at=the_colleague_leaves)

    assert directory.people(team.prod) == {team.leaver}
    assert team.prod not in blocked.entitlement_ids


def test_nothing_is_taken_where_others_changes_could_be_lost(directory: Directory, team: Team) -> None:
    versions = [directory.version(group) for group in team.critical]

    failed = Access(directory.url, *team.names, between=CannotPatchAndHasNoVersions).react(team.case.resigned())
    with pytest.raises(DirectoryRefused, match="keeps no version"):
        Access(directory.url, *team.names, between=RefusesSingleMembersAndHasNoVersions).react(team.case.resigned())

    assert failed.cause is BlockFailureCause.NOT_SUPPORTED
    assert [directory.version(group) for group in team.critical] == versions
