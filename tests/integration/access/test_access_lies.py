"""The Access service on a directory that lies, breaks off or never ends: nobody is touched who should not be."""

import gzip
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from threading import Event
from typing import Any
from uuid import uuid4

import pytest
from httpx2 import AsyncHTTPTransport, Request, Response

from choreography import Unavailable
from schemas.access import BlockFailureCause, NotRestoredCause
from schemas.exits import EmployeeRetained
from tests.integration.access.answers import refusal, scim
from tests.integration.access.company import Directory, Team
from tests.integration.access.lying_server import Answer, lying_server
from tests.integration.access.reacting import Access

pytestmark = pytest.mark.parametrize("directory", ["polite"], indirect=True)

LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
HTML = Answer(b"<html><body>Ada Canary is logged out</body></html>", kind="text/html")
ENDLESS = Answer(json.dumps({"schemas": ["a"], "noise": "x" * 10_000_000}).encode())
CUT_OFF = Answer(f'{{"schemas": ["{LIST}"], "Resources": ['.encode())
NO_JSON = Answer(b"\xff\xfe\x00")
SWELLING = Answer(gzip.compress(ENDLESS.body), more=(("Content-Encoding", "gzip"),))
NONSENSE = {"html": HTML, "10 MB": ENDLESS, "cut off": CUT_OFF, "no JSON": NO_JSON, "compressed": SWELLING}


@contextmanager
def silence() -> Iterator[Answer]:
    """An answer that comes when the test is over."""
    over = Event()
    try:
        yield Answer(b"{}", told=over)
    finally:
        over.set()


def versions(directory: Directory, team: Team) -> list[str]:
    return [directory.version(group) for group in (team.prod, team.payments, team.harmless)]


@pytest.mark.parametrize("answer", NONSENSE.values(), ids=list(NONSENSE))
def test_a_directory_that_answers_nonsense_is_waited_for(directory: Directory, team: Team, answer: Answer) -> None:
    before = versions(directory, team)

    with lying_server(lambda _: answer) as url:
        team.access.url = url
        with pytest.raises(Unavailable) as trouble:
            team.access.react(team.case.resigned())

    assert trouble.value.untouched
    assert "Canary" not in str(trouble.value)
    assert versions(directory, team) == before


def test_no_more_is_read_than_a_good_answer_has(directory: Directory, team: Team) -> None:
    supported = {name: {"supported": True} for name in ("patch", "changePassword", "sort", "etag")}
    config: dict[str, Any] = {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
        **supported,
        "bulk": {"supported": False, "maxOperations": 0, "maxPayloadSize": 0},
        "filter": {"supported": True, "maxResults": 100},
        "authenticationSchemes": [],
    }

    def react(size: int) -> Any:
        users = {"schemas": [LIST], "totalResults": 0, "Resources": [], "noise": "x" * size}
        with lying_server(lambda path: Answer(json.dumps(users if "Users" in path else config).encode())) as url:
            return Access(url, *team.names).react(team.case.resigned())

    assert react(1_000_000).cause is BlockFailureCause.PERSON_NOT_FOUND
    with pytest.raises(Unavailable):
        react(10_000_000)


@pytest.mark.parametrize(("method", "untouched"), [("GET", True), ("PATCH", False)])
def test_a_directory_that_does_not_answer_in_time_is_waited_for(
    directory: Directory, team: Team, method: str, *, untouched: bool
) -> None:
    with silence() as answer, lying_server(lambda _: answer) as url:

        class Elsewhere(AsyncHTTPTransport):
            async def handle_async_request(self, request: Request) -> Response:
                if request.method == method:
                    request.url = request.url.copy_with(port=int(url.rpartition(":")[2]))
                return await super().handle_async_request(request)

        access = Access(directory.url, *team.names, between=Elsewhere, seconds=0.5)
        with pytest.raises(Unavailable) as trouble:
            access.react(team.case.resigned())

    assert trouble.value.untouched is untouched
    assert all(team.leaver in directory.people(group) for group in team.critical)


def test_the_wrong_person_is_never_taken_for_the_right_one(directory: Directory, team: Team) -> None:
    wrong = directory.read("Users", team.colleague)

    class AnswersTheWrongPerson(AsyncHTTPTransport):
        async def handle_async_request(self, request: Request) -> Response:
            response = await super().handle_async_request(request)
            await response.aread()
            if not request.url.path.endswith("/Users"):
                return scim(response.status_code, response.json()) if response.content else Response(204)
            resources = [wrong, *(response.json()["Resources"] if self.also_the_right_one else ())]
            return scim(200, {**response.json(), "totalResults": len(resources), "Resources": resources})

        also_the_right_one = False

    class AnswersTheWrongPersonFirst(AnswersTheWrongPerson):
        also_the_right_one = True

    before = versions(directory, team)
    failed = Access(directory.url, *team.names, between=AnswersTheWrongPerson).react(team.case.resigned())
    untouched = versions(directory, team)
    blocked = Access(directory.url, *team.names, between=AnswersTheWrongPersonFirst).react(team.case.resigned())

    assert failed.cause is BlockFailureCause.PERSON_NOT_FOUND
    assert untouched == before
    assert {one.member_id for one in blocked.memberships} == {team.leaver}
    assert all(directory.people(group) == {team.colleague} for group in team.critical)


@pytest.mark.parametrize("status", [404, 412])
def test_a_change_that_is_refused_once_begins_again_at_the_read(directory: Directory, team: Team, status: int) -> None:
    refusals = iter([refusal(status)])

    class RefusesOnce(AsyncHTTPTransport):
        async def handle_async_request(self, request: Request) -> Response:
            once = next(refusals, None) if request.method == "PATCH" else None
            return once or await super().handle_async_request(request)

    blocked = Access(directory.url, *team.names, between=RefusesOnce).react(team.case.resigned())

    assert set(blocked.entitlement_ids) == team.critical
    assert blocked.verified


IN_TWO_MINUTES = {"Retry-After": "Sun, 22 Nov 2026 10:02:00 GMT", "Date": "Sun, 22 Nov 2026 10:00:00 GMT"}
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("method", "said", "left_alone"),
    [
        ("GET", {"Retry-After": "120"}, 2 * MINUTE),
        ("PATCH", {"Retry-After": "120"}, 2 * MINUTE),
        ("GET", IN_TWO_MINUTES, 2 * MINUTE),
        ("GET", {"Retry-After": "9" * 30}, 15 * MINUTE),
        ("GET", {"Retry-After": "soon"}, None),
        ("GET", {}, None),
    ],
)
def test_a_directory_that_asks_for_patience_gets_it_and_nothing_is_done_twice(
    directory: Directory, team: Team, method: str, said: dict[str, str], left_alone: timedelta | None
) -> None:
    before = {group: directory.members(group) for group in team.critical}
    too_many = refusal(429)
    too_many.headers.update(said)
    refusals = iter([too_many])

    class Busy(AsyncHTTPTransport):
        async def handle_async_request(self, request: Request) -> Response:
            once = next(refusals, None) if request.method == method else None
            return once or await super().handle_async_request(request)

    access, resigned = Access(directory.url, *team.names, between=Busy), team.case.resigned()
    with pytest.raises(Unavailable) as busy:
        access.react(resigned)
    blocked = access.react(resigned)
    access.react(team.case.states(EmployeeRetained))

    assert busy.value.after == left_alone
    assert set(blocked.entitlement_ids) == team.critical
    assert {group: directory.members(group) for group in team.critical} == before


def test_a_group_that_goes_while_it_is_being_taken_is_said_at_the_return(directory: Directory, team: Team) -> None:
    gone = iter([team.prod])

    def goes(step: str) -> None:
        if step == "claim" and (group := next(gone, None)):
            directory.delete("Groups", group)

    blocked = team.access.react(team.case.resigned(), at=goes)
    restored = team.access.react(team.case.states(EmployeeRetained))

    assert team.payments in blocked.entitlement_ids
    assert restored.restored == (team.payments,)
    assert [(one.entitlement_id, one.cause) for one in restored.not_restored] == [
        (team.prod, NotRestoredCause.GROUP_GONE)
    ]


def test_a_group_that_goes_while_access_is_given_back_is_said(directory: Directory, team: Team) -> None:
    team.access.react(team.case.resigned())

    def goes(step: str) -> None:
        if step == "decided":
            directory.delete("Groups", team.prod)

    restored = team.access.react(team.case.states(EmployeeRetained), at=goes)

    assert restored.restored == (team.payments,)
    assert [(one.entitlement_id, one.cause) for one in restored.not_restored] == [
        (team.prod, NotRestoredCause.GROUP_GONE)
    ]


def test_what_somebody_gives_back_at_the_same_time_is_not_given_back_again(directory: Directory, team: Team) -> None:
    team.access.react(team.case.resigned())
    steps: list[str] = []

    def somebody_is_faster(step: str) -> None:
        steps.append(step)
        if step == "decided":
            directory.add(team.prod, team.leaver)

    team.access.react(team.case.states(EmployeeRetained), at=somebody_is_faster)

    assert steps.count("change") == 1
    assert all(directory.people(group) == {team.leaver, team.colleague} for group in team.critical)


def test_a_person_who_goes_while_access_is_given_back_is_said(directory: Directory, team: Team) -> None:
    team.access.react(team.case.resigned())
    gone = iter([team.leaver])

    def goes(step: str) -> None:
        if step == "decided" and (account := next(gone, None)):
            directory.delete("Users", account)

    restored = team.access.react(team.case.states(EmployeeRetained), at=goes)

    assert restored.restored == ()
    assert {one.cause for one in restored.not_restored} == {NotRestoredCause.PERSON_GONE}
    assert all(directory.people(group) == {team.colleague} for group in team.critical)


def test_what_somebody_adds_while_access_is_given_back_is_not_lost(directory: Directory, team: Team) -> None:
    team.access.react(team.case.resigned())
    newcomer = directory.person(f"E-{uuid4().hex}")
    groups = iter((team.prod, team.payments))

    def somebody_is_faster(step: str) -> None:
        if step == "change" and (group := next(groups, None)):
            directory.add(group, newcomer)

    restored = team.access.react(team.case.states(EmployeeRetained), at=somebody_is_faster)

    assert set(restored.restored) == team.critical
    assert all(directory.people(group) == {team.leaver, team.colleague, newcomer} for group in team.critical)
