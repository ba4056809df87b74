"""The Access service on directories that do less than they should: the real server, with something in between."""

from uuid import uuid4

import pytest
from httpx2 import AsyncHTTPTransport, Request, Response

from choreography import Unavailable
from consumers.access.ports import DirectoryRefused
from schemas.exits import EmployeeRetained, Risk
from tests.integration.access.answers import refusal, scim
from tests.integration.access.company import Directory, Team
from tests.integration.access.reacting import Access

pytestmark = pytest.mark.parametrize("directory", ["polite"], indirect=True)


class IgnoresFilters(AsyncHTTPTransport):
    async def handle_async_request(self, request: Request) -> Response:
        request.url = request.url.copy_remove_param("filter")
        return await super().handle_async_request(request)


class RefusesFilters(AsyncHTTPTransport):
    async def handle_async_request(self, request: Request) -> Response:
        return refusal(501) if "filter" in request.url.params else await super().handle_async_request(request)


class SaysItCannotFilter(AsyncHTTPTransport):
    async def handle_async_request(self, request: Request) -> Response:
        assert "filter" not in request.url.params, "it said that it cannot"
        response = await super().handle_async_request(request)
        await response.aread()
        found = response.json() if response.content else {}
        return scim(response.status_code, {**found, "filter": {"supported": False, "maxResults": 0}})


class SaysYesAndDoesNothing(AsyncHTTPTransport):
    async def handle_async_request(self, request: Request) -> Response:
        return Response(204) if request.method == "PATCH" else await super().handle_async_request(request)


class DemandsVersions(AsyncHTTPTransport):
    async def handle_async_request(self, request: Request) -> Response:
        unversioned = request.method in ("PATCH", "PUT") and "If-Match" not in request.headers
        return refusal(428) if unversioned else await super().handle_async_request(request)


class AnswersAFew(AsyncHTTPTransport):
    async def handle_async_request(self, request: Request) -> Response:
        request.url = request.url.copy_remove_param("filter")
        if "count" in request.url.params:
            request.url = request.url.copy_set_param("count", "5")
        return await super().handle_async_request(request)


@pytest.mark.parametrize("server", [IgnoresFilters, RefusesFilters, SaysItCannotFilter])
def test_a_directory_without_filters_is_read_in_whole_and_compared(
    directory: Directory, team: Team, server: type[AsyncHTTPTransport]
) -> None:
    access = Access(directory.url, *team.names, between=server)

    blocked = access.react(team.case.resigned())
    restored = access.react(team.case.states(EmployeeRetained))

    assert set(blocked.entitlement_ids) == set(restored.restored) == team.critical
    assert blocked.not_taken == ()


@pytest.mark.parametrize("server", [IgnoresFilters, RefusesFilters, SaysItCannotFilter])
def test_an_empty_group_is_not_told_from_one_that_hides_its_members_without_filters(
    directory: Directory, team: Team, server: type[AsyncHTTPTransport]
) -> None:
    name, other = f"empty-{uuid4().hex}", Team(directory)
    empty = directory.group(name)

    proven = Access(directory.url, *team.names, name).react(team.case.resigned())
    unproven = Access(directory.url, *other.names, name, between=server).react(other.case.resigned())

    assert (proven.not_taken, proven.verified) == ((), True)
    assert [one.entitlement_id for one in unproven.not_taken] == [empty]
    assert not unproven.verified


def test_a_directory_that_says_yes_and_does_nothing_is_not_believed(directory: Directory, team: Team) -> None:
    access = Access(directory.url, *team.names, between=SaysYesAndDoesNothing)

    with pytest.raises(DirectoryRefused, match="still has the member"):
        access.react(team.case.resigned())


def test_a_directory_that_says_yes_and_gives_nothing_back_is_not_believed(directory: Directory, team: Team) -> None:
    team.access.react(team.case.resigned())
    team.access.between = SaysYesAndDoesNothing

    with pytest.raises(DirectoryRefused, match="lacks the member"):
        team.access.react(team.case.states(EmployeeRetained))


def test_a_directory_that_says_yes_and_deactivates_nobody_is_not_believed(directory: Directory, team: Team) -> None:
    for group in team.critical:
        directory.remove(group, team.leaver)
    access = Access(directory.url, *team.names, between=SaysYesAndDoesNothing, deactivates=True)

    with pytest.raises(DirectoryRefused, match="as active as before"):
        access.react(team.case.resigned(risk=Risk.HIGH))


def test_nothing_is_written_but_under_the_version_that_was_read(directory: Directory, team: Team) -> None:
    access = Access(directory.url, *team.names, between=DemandsVersions, deactivates=True)

    blocked = access.react(team.case.resigned(risk=Risk.HIGH))
    restored = access.react(team.case.states(EmployeeRetained))

    assert set(blocked.entitlement_ids) == set(restored.restored) == {*team.critical, team.leaver}


def test_a_directory_that_answers_a_few_at_a_time_is_read_to_the_end(directory: Directory, team: Team) -> None:
    for _ in range(6):
        directory.person(f"E-{uuid4().hex}")
        directory.group(f"other-{uuid4().hex}")
    latest = Team(directory)

    blocked = Access(directory.url, *latest.names, between=AnswersAFew).react(latest.case.resigned())

    assert set(blocked.entitlement_ids) == latest.critical


@pytest.mark.parametrize("status", [401, 429, 500, 503])
@pytest.mark.parametrize(("method", "untouched"), [("GET", True), ("PATCH", False)])
def test_a_directory_in_trouble_is_waited_for(
    directory: Directory, team: Team, status: int, method: str, untouched: bool
) -> None:
    methods = {"PATCH", "PUT"} if method == "PATCH" else {method}

    class InTrouble(AsyncHTTPTransport):
        async def handle_async_request(self, request: Request) -> Response:
            return refusal(status) if request.method in methods else await super().handle_async_request(request)

    with pytest.raises(Unavailable) as trouble:
        Access(directory.url, *team.names, between=InTrouble).react(team.case.resigned())

    assert trouble.value.untouched is untouched


def test_what_the_directory_says_about_people_is_not_repeated(directory: Directory, team: Team) -> None:
    class Forbids(AsyncHTTPTransport):
        async def handle_async_request(self, request: Request) -> Response:
            return refusal(403) if request.method == "PATCH" else await super().handle_async_request(request)

    with pytest.raises(DirectoryRefused, match="status 403") as refused:
        Access(directory.url, *team.names, between=Forbids).react(team.case.resigned())

    assert "Canary" not in str(refused.value)
    assert refused.value.__suppress_context__
