"""The Access service on a directory that does not show all that is in it: what cannot be proven is never called so."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from httpx2 import AsyncHTTPTransport, Request, Response

from consumers.access.ports import DirectoryRefused
from schemas.access import BlockFailureCause, CriticalAccessBlocked, CriticalAccessBlockFailed
from schemas.exits import EmployeeRetained
from tests.integration.access.answers import refusal, scim
from tests.integration.access.company import CORE, Directory, Team
from tests.integration.access.reacting import Access
from tests.integration.access.test_access_unproven import security_reads

pytestmark = pytest.mark.parametrize("directory", ["polite"], indirect=True)

Shown = Callable[[list[dict[str, Any]]], list[dict[str, Any]] | None]
LIST = "/Groups"


def without(_: list[dict[str, Any]]) -> None:
    """Show no members."""


def empty(_: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Show that there are none."""
    return []


def first(members: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Show the first one only."""
    return members[:1]


def upper(members: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Show each in upper case."""
    return [{**one, "value": one["value"].upper()} for one in members]


def shows(shown: Shown, *, lists_only: bool = False) -> type[AsyncHTTPTransport]:
    """Return what lies between us and a directory that shows members so."""

    class Shows(AsyncHTTPTransport):
        async def handle_async_request(self, request: Request) -> Response:
            response = await super().handle_async_request(request)
            await response.aread()
            if request.method != "GET" or not response.is_success or (lists_only and request.url.path != LIST):
                return response
            found = response.json()
            for one in (found, *found.get("Resources", ())):
                if "members" in one:
                    members = shown(one.pop("members"))
                    one.update({} if members is None else {"members": members})
            return scim(response.status_code, found)

    return Shows


def altered(change: Callable[[dict[str, Any]], dict[str, Any]], path: str) -> type[AsyncHTTPTransport]:
    """Return what lies between us and a directory whose resources under a path are other ones."""

    class Altered(AsyncHTTPTransport):
        async def handle_async_request(self, request: Request) -> Response:
            response = await super().handle_async_request(request)
            await response.aread()
            if path not in request.url.path or request.method != "GET":
                return response
            found = response.json()
            if "Resources" in found:
                return scim(response.status_code, {**found, "Resources": [change(one) for one in found["Resources"]]})
            return scim(response.status_code, change(found))

    return Altered


def refuses(path: str, status: int) -> type[AsyncHTTPTransport]:
    """Return what lies between us and a directory that refuses a path, or those without a match."""

    class Refuses(AsyncHTTPTransport):
        async def handle_async_request(self, request: Request) -> Response:
            response = await super().handle_async_request(request)
            await response.aread()
            nobody = path == "no match" and '"totalResults": 0' in response.text.replace('":0', '": 0')
            return refusal(status) if nobody or request.url.path == path else response

    return Refuses


@pytest.mark.parametrize("shown", [without, empty, first])
def test_lists_that_do_not_show_all_members_keep_nobody_in(directory: Directory, team: Team, shown: Shown) -> None:
    access = Access(directory.url, *team.names, between=shows(shown, lists_only=True))

    blocked = access.react(team.case.resigned())

    assert set(blocked.entitlement_ids) == team.critical
    assert (blocked.not_taken, blocked.verified) == ((), True)
    assert all(directory.people(group) == {team.colleague} for group in team.critical)


@pytest.mark.parametrize("shown", [without, empty, first])
def test_what_no_answer_shows_is_taken_and_not_called_proven_and_security_is_told(
    directory: Directory, team: Team, shown: Shown
) -> None:
    directory.remove(team.prod, team.leaver)
    directory.add(team.prod, team.leaver)  # comes last in both groups
    access, resigned = Access(directory.url, *team.names, between=shows(shown)), team.case.resigned()

    blocked = access.react(resigned)
    between = [directory.people(group) for group in team.critical]
    [mail] = security_reads(resigned, blocked)
    restored = access.react(team.case.states(EmployeeRetained))

    assert isinstance(blocked, CriticalAccessBlocked)
    assert not blocked.verified
    assert {one.entitlement_id for one in blocked.not_taken} == set(blocked.entitlement_ids) == team.critical
    assert {one.cause for one in blocked.not_taken} == {BlockFailureCause.NOT_SUPPORTED}
    assert between == [{team.colleague}] * 2
    assert team.payments in mail
    assert set(restored.restored) == team.critical
    assert all(directory.people(group) == {team.leaver, team.colleague} for group in team.critical)


def test_the_list_of_all_is_never_written_where_it_is_not_seen(directory: Directory, team: Team) -> None:
    Hides: type[AsyncHTTPTransport] = shows(without)  # noqa: N806 - a class

    class RefusesSingleMembers(Hides):  # type: ignore[valid-type,misc]  # made by a function
        async def handle_async_request(self, request: Request) -> Response:
            assert request.method != "PUT"
            response: Response = (
                await super().handle_async_request(request) if request.method == "GET" else refusal(400)
            )
            return response

    with pytest.raises(DirectoryRefused, match="does not show all"):
        Access(directory.url, *team.names, between=RefusesSingleMembers).react(team.case.resigned())

    assert all(directory.people(group) == {team.leaver, team.colleague} for group in team.critical)


def test_a_list_of_members_that_ends_as_a_page_does_is_never_sent_back(directory: Directory, team: Team) -> None:
    crowd = [directory.person(f"E-{uuid4().hex}") for _ in range(24)]
    name = f"crowd-{uuid4().hex}"
    group = directory.group(name, team.leaver, *crowd)
    Cuts: type[AsyncHTTPTransport] = shows(lambda members: members[:20])  # noqa: N806 - a class

    class ChangesNoSingleMembers(Cuts):  # type: ignore[valid-type,misc]  # made by a function
        async def handle_async_request(self, request: Request) -> Response:
            response: Response = (
                refusal(501) if request.method == "PATCH" else await super().handle_async_request(request)
            )
            return response

    with pytest.raises(DirectoryRefused, match="could throw the others out"):
        Access(directory.url, name, between=ChangesNoSingleMembers).react(team.case.resigned())

    assert directory.people(group) == {team.leaver, *crowd}


def test_a_group_that_only_the_account_names_is_not_called_proven(directory: Directory, team: Team) -> None:
    for group in team.critical:
        directory.remove(group, team.leaver)
    between = altered(lambda one: {**one, "groups": [{"value": team.prod}]}, "/Users")

    blocked = Access(directory.url, *team.names, between=between).react(team.case.resigned())

    assert [one.entitlement_id for one in blocked.not_taken] == [team.prod]
    assert not blocked.verified


def test_members_in_another_case_than_the_account_are_the_account(directory: Directory, team: Team) -> None:
    Shouts: type[AsyncHTTPTransport] = shows(upper)  # noqa: N806 - a class

    class UpperCase(Shouts):  # type: ignore[valid-type,misc]  # made by a function
        async def handle_async_request(self, request: Request) -> Response:
            if request.method == "PATCH":
                await request.aread()
                headers = {name: value for name, value in request.headers.items() if name != "content-length"}
                body = request.content.decode().replace(team.leaver.upper(), team.leaver)
                request = Request("PATCH", request.url, headers=headers, content=body.encode())
            response: Response = await super().handle_async_request(request)
            return response

    access = Access(directory.url, *team.names, between=UpperCase)
    blocked = access.react(team.case.resigned())
    between = [directory.people(group) for group in team.critical]
    access.react(team.case.states(EmployeeRetained))

    assert set(blocked.entitlement_ids) == team.critical
    assert (blocked.not_taken, blocked.verified) == ((), True)
    assert between == [{team.colleague}] * 2
    assert all(directory.people(group) == {team.leaver, team.colleague} for group in team.critical)


@pytest.mark.parametrize("status", [403, 404, 501])
def test_a_directory_that_does_not_say_what_it_can_do_is_asked_carefully(
    directory: Directory, team: Team, status: int
) -> None:
    access = Access(directory.url, *team.names, between=refuses("/ServiceProviderConfig", status))

    blocked = access.react(team.case.resigned())
    restored = access.react(team.case.states(EmployeeRetained))

    assert set(blocked.entitlement_ids) == set(restored.restored) == team.critical
    assert blocked.verified


def test_a_directory_that_says_404_for_no_match_has_nobody_of_that_id(directory: Directory, team: Team) -> None:
    failed = Access(directory.url, *team.names, between=refuses("no match", 404)).react(
        Team(directory).case.states(type(team.case.resigned()), **nobody())
    )

    assert isinstance(failed, CriticalAccessBlockFailed)
    assert failed.cause is BlockFailureCause.PERSON_NOT_FOUND


def nobody() -> dict[str, Any]:
    return {"employee_id": f"E-{uuid4().hex}", "submitted_on": "2026-03-02", "time_zone": "Europe/Berlin"}


@pytest.mark.parametrize(
    "odd",
    [
        {f"{CORE.replace('core', 'extension:enterprise')}:User": {"manager": "9a", "employeeNumber": 17}},
        {"emails": "ada@corp.local", "name": "Ada Canary", "groups": {"value": "x"}, "meta": None, "active": "true"},
        {"displayName": {"de": "Ada"}, "userName": 4711, "phoneNumbers": [None]},
    ],
)
def test_an_odd_account_is_blocked_like_any_other(directory: Directory, team: Team, odd: dict[str, Any]) -> None:
    between = altered(lambda one: {**one, **odd}, "/Users")

    blocked = Access(directory.url, *team.names, between=between).react(team.case.resigned())

    assert set(blocked.entitlement_ids) == team.critical
    assert blocked.verified


def test_access_by_way_of_a_group_within_is_taken_and_given_back(directory: Directory, team: Team) -> None:
    for group in team.critical:
        directory.remove(group, team.leaver)
    inner = directory.group(f"inner-{uuid4().hex}", team.leaver, team.colleague)
    middle = directory.group(f"middle-{uuid4().hex}", {"value": inner, "type": "Group"}, team.colleague)
    directory.patch(team.prod, {"op": "add", "path": "members", "value": [{"value": middle, "type": "Group"}]})
    directory.patch(inner, {"op": "add", "path": "members", "value": [{"value": team.prod, "type": "Group"}]})

    blocked = team.access.react(team.case.resigned())
    between = team.leaver in directory.people(inner)
    team.access.react(team.case.states(EmployeeRetained))

    assert blocked.entitlement_ids == (inner,)
    assert (blocked.not_taken, blocked.verified, between) == ((), True, False)
    assert team.leaver in directory.people(inner)


def test_a_group_within_that_cannot_be_looked_into_is_said(directory: Directory, team: Team) -> None:
    directory.patch(team.prod, {"op": "add", "path": "members", "value": [{"value": "secret", "type": "Group"}]})

    blocked = team.access.react(team.case.resigned())

    assert set(blocked.entitlement_ids) == team.critical
    assert [(one.entitlement_id, one.cause) for one in blocked.not_taken] == [
        (team.prod, BlockFailureCause.NOT_SUPPORTED)
    ]
    assert not blocked.verified


def test_access_that_the_account_has_by_way_of_a_group_that_is_not_shown_is_said(
    directory: Directory, team: Team
) -> None:
    for group in team.critical:
        directory.remove(group, team.leaver)
    between = altered(lambda one: {**one, "groups": [{"value": team.prod, "type": "indirect"}]}, "/Users")

    failed = Access(directory.url, *team.names, between=between).react(team.case.resigned())

    assert isinstance(failed, CriticalAccessBlockFailed)
    assert failed.entitlement_ids == (team.prod,)
