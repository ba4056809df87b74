"""The Access service on a real SCIM server: what is taken, and who is never touched."""

from uuid import uuid4

import pytest
from httpx2 import AsyncHTTPTransport, Request, Response

from choreography import ClaimLost, Unavailable
from schemas.access import BlockFailureCause, CriticalAccessBlocked
from schemas.exits import EmployeeDeparted, EmployeeRetained, ExitConfirmed
from tests.integration.access.answers import scim
from tests.integration.access.company import Directory, Team
from tests.integration.access.reacting import Access, Case

NOTHING = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"], "totalResults": 0, "Resources": []}


def test_no_name_is_written_down(directory: Directory, team: Team) -> None:
    account = directory.read("Users", team.leaver)

    blocked = team.access.react(team.case.resigned())

    for name in (account["userName"], account["displayName"]):
        assert name not in blocked.model_dump_json()
        assert name not in str(team.access.memory.decisions)


def test_a_leaver_loses_also_what_was_given_after_the_block(directory: Directory, team: Team) -> None:
    directory.remove(team.payments, team.leaver)
    team.access.react(team.case.resigned())
    directory.add(team.payments, team.leaver)

    revoked = team.access.react(team.case.states(ExitConfirmed))

    assert set(revoked.entitlement_ids) == {team.prod, team.payments}
    assert not revoked.departed
    assert all(len(directory.members(group)) == 1 for group in (team.prod, team.payments))


def test_a_failed_block_keeps_nobody_in_after_the_confirmation(directory: Directory, team: Team) -> None:
    twin = directory.person(team.employee_id)
    failed = team.access.react(team.case.resigned())
    directory.delete("Users", twin)

    revoked = team.access.react(team.case.states(ExitConfirmed))

    assert failed.cause is BlockFailureCause.PERSON_AMBIGUOUS
    assert set(revoked.entitlement_ids) == {team.prod, team.payments}


def test_the_last_sweep_takes_what_was_given_since_the_confirmation(directory: Directory, team: Team) -> None:
    directory.remove(team.payments, team.leaver)
    team.access.react(team.case.resigned())
    team.access.react(team.case.states(ExitConfirmed))
    for group in team.critical:
        directory.add(group, team.leaver)

    swept = team.access.react(team.case.states(EmployeeDeparted))

    assert swept.departed
    assert all(directory.people(group) == {team.colleague} for group in team.critical)


def test_nobody_is_touched_where_the_person_is_unknown(directory: Directory, team: Team) -> None:
    versions = [directory.version(group) for group in (team.prod, team.payments)]

    failed = team.access.react(Case("E-nobody").resigned())

    assert failed.cause is BlockFailureCause.PERSON_NOT_FOUND
    assert [directory.version(group) for group in (team.prod, team.payments)] == versions


def test_nobody_is_touched_where_two_people_share_the_id(directory: Directory, team: Team) -> None:
    directory.person(team.employee_id)
    versions = [directory.version(group) for group in (team.prod, team.payments)]

    failed = team.access.react(team.case.resigned())

    assert failed.cause is BlockFailureCause.PERSON_AMBIGUOUS
    assert [directory.version(group) for group in (team.prod, team.payments)] == versions


def test_a_break_glass_account_is_never_touched(directory: Directory, team: Team) -> None:
    access = Access(directory.url, *team.names, protected=[team.employee_id], known_by=directory.known_by)
    versions = [directory.version(group) for group in (team.prod, team.payments)]

    causes = [access.react(event).cause for event in (team.case.resigned(), team.case.states(ExitConfirmed))]

    assert causes == [BlockFailureCause.PROTECTED_ACCOUNT] * 2
    assert [directory.version(group) for group in (team.prod, team.payments)] == versions


def test_the_last_member_of_a_group_stays_and_it_is_said(directory: Directory, team: Team) -> None:
    directory.remove(team.prod, team.colleague)

    blocked = team.access.react(team.case.resigned())

    assert blocked.entitlement_ids == (team.payments,)
    assert [(one.entitlement_id, one.cause) for one in blocked.not_taken] == [
        (team.prod, BlockFailureCause.LAST_MEMBER)
    ]
    assert len(directory.members(team.prod)) == 1


def test_a_block_that_could_take_nothing_has_failed(directory: Directory, team: Team) -> None:
    directory.remove(team.prod, team.colleague)
    directory.remove(team.payments, team.leaver)

    failed = team.access.react(team.case.resigned())

    assert (failed.cause, failed.entitlement_ids) == (BlockFailureCause.LAST_MEMBER, (team.prod,))


def test_a_block_that_finds_nothing_holds_all_the_same(directory: Directory, team: Team) -> None:
    for group in (team.prod, team.payments):
        directory.remove(group, team.leaver)

    blocked = team.access.react(team.case.resigned())
    restored = team.access.react(team.case.states(EmployeeRetained))

    assert isinstance(blocked, CriticalAccessBlocked)
    assert (blocked.entitlement_ids, blocked.not_taken) == ((), ())
    assert (restored.restored, restored.not_restored) == ((), ())


def test_a_change_by_somebody_else_in_between_survives(directory: Directory, team: Team) -> None:
    newcomer = directory.person(f"E-{uuid4().hex}")
    groups = iter((team.prod, team.payments))

    def somebody_else_is_faster(step: str) -> None:
        if step == "claim" and (group := next(groups, None)):
            directory.add(group, newcomer)

    team.access.react(team.case.resigned(), at=somebody_else_is_faster)
    between = directory.members(team.prod)
    groups = iter((team.prod, team.payments))
    another = newcomer = directory.person(f"E-{uuid4().hex}")
    restored = team.access.react(team.case.states(EmployeeRetained), at=somebody_else_is_faster)

    assert len(between) == 2
    assert set(restored.restored) == {team.prod, team.payments}
    assert directory.people(team.prod) >= {team.leaver, team.colleague, another}
    assert len(directory.members(team.prod)) == 4


def test_a_group_whose_other_members_leave_in_between_is_not_emptied(directory: Directory, team: Team) -> None:
    def the_colleague_leaves(step: str) -> None:
        if step == "claim":
            directory.remove(team.prod, team.colleague)

    blocked = team.access.react(team.case.resigned(), at=the_colleague_leaves)

    assert blocked.entitlement_ids == (team.payments,)
    assert [(one.entitlement_id, one.cause) for one in blocked.not_taken] == [
        (team.prod, BlockFailureCause.LAST_MEMBER)
    ]
    assert directory.people(team.prod) == {team.leaver}


def test_who_has_lost_the_partition_writes_nothing(directory: Directory, team: Team) -> None:
    versions = [directory.version(group) for group in (team.prod, team.payments)]

    def partition_moves(step: str) -> None:
        team.access.memory.owned = step != "claim"

    with pytest.raises(ClaimLost):
        team.access.react(team.case.resigned(), at=partition_moves)

    assert [directory.version(group) for group in (team.prod, team.payments)] == versions


def test_who_has_lost_the_partition_gives_nothing_back(directory: Directory, team: Team) -> None:
    team.access.react(team.case.resigned())
    versions = [directory.version(group) for group in (team.prod, team.payments)]

    def partition_moves(step: str) -> None:
        team.access.memory.owned = step != "claim"

    with pytest.raises(ClaimLost):
        team.access.react(team.case.states(EmployeeRetained), at=partition_moves)

    assert [directory.version(group) for group in (team.prod, team.payments)] == versions


def test_what_is_about_to_be_changed_is_written_down_and_logged_first(directory: Directory, team: Team) -> None:
    taking: list[str] = []
    giving_back: list[str] = []

    team.access.react(team.case.resigned(), at=taking.append)
    team.access.react(team.case.states(EmployeeRetained), at=giving_back.append)

    for steps in (taking, giving_back):
        assert steps.index("log") < steps.index("decided") < steps.index("change")


def test_who_was_taken_out_by_somebody_else_meanwhile_is_blocked_all_the_same(directory: Directory, team: Team) -> None:
    late = iter([team.leaver])

    def somebody_is_faster(step: str) -> None:
        if step == "claim" and (one := next(late, None)):
            directory.remove(team.prod, one)
            directory.remove(team.payments, one)

    blocked = team.access.react(team.case.resigned(), at=somebody_is_faster)

    assert set(blocked.entitlement_ids) == team.critical
    assert all(directory.people(group) == {team.colleague} for group in team.critical)


@pytest.mark.parametrize("directory", ["canaille"], indirect=True)
def test_a_directory_that_says_who_is_in_a_group_only_at_the_account_is_believed(
    directory: Directory, team: Team
) -> None:
    class FindsNoGroups(AsyncHTTPTransport):
        async def handle_async_request(self, request: Request) -> Response:
            if "members" in request.url.params.get("filter", ""):
                return scim(200, NOTHING)
            response = await super().handle_async_request(request)
            if not request.url.path.endswith("/ServiceProviderConfig"):
                return response
            await response.aread()
            return scim(200, {**response.json(), "filter": {"supported": True, "maxResults": 100}})

    access = Access(directory.url, *team.names, between=FindsNoGroups, known_by=directory.known_by)

    assert set(access.react(team.case.resigned()).entitlement_ids) == team.critical


def test_a_critical_group_that_is_missing_or_doubled_keeps_nobody_in_the_others(
    directory: Directory, team: Team
) -> None:
    directory.group(team.names[1], team.leaver, team.colleague)
    access = Access(directory.url, *team.names, "no-such-group", known_by=directory.known_by)

    blocked = access.react(team.case.resigned())

    assert blocked.entitlement_ids == (team.prod,)
    assert {(one.entitlement_id, one.cause) for one in blocked.not_taken} == {
        (team.names[1], BlockFailureCause.GROUP_AMBIGUOUS),
        ("no-such-group", BlockFailureCause.GROUP_NOT_FOUND),
    }


def test_a_directory_that_is_away_is_waited_for(team: Team) -> None:
    team.access.url = "http://127.0.0.1:9"

    with pytest.raises(Unavailable) as away:
        team.access.react(team.case.resigned())

    assert away.value.untouched
