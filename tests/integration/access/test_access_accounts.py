"""Where the policy says so, risk HIGH deactivates the account, too, and whoever stays gets it back active."""

from itertools import count
from typing import Any

import pytest

from choreography import ClaimLost
from schemas.access import BlockFailureCause, NotRestoredCause
from schemas.exits import EmployeeDeparted, EmployeeRetained, ExitConfirmed, ResignationWithdrawn, Risk
from tests.integration.access.company import Directory, Team
from tests.integration.access.reacting import Access


@pytest.fixture
def access(directory: Directory, team: Team) -> Access:
    return Access(directory.url, *team.names, known_by=directory.known_by, deactivates=True)


def is_active(directory: Directory, team: Team) -> bool:
    return bool(directory.read("Users", team.leaver)["active"])


def test_risk_high_deactivates_the_account_until_the_person_stays(
    directory: Directory, team: Team, access: Access
) -> None:
    before = {group: directory.members(group) for group in team.critical}
    account = directory.read("Users", team.leaver)

    blocked = access.react(team.case.resigned(risk=Risk.HIGH))
    between = is_active(directory, team)
    restored = access.react(team.case.states(EmployeeRetained))

    assert (blocked.verified, blocked.sessions_revoked, between) == (True, False, False)
    assert set(blocked.entitlement_ids) == set(restored.restored) == {*team.critical, team.leaver}
    assert is_active(directory, team)
    assert {group: directory.members(group) for group in team.critical} == before
    assert without_meta(directory.read("Users", team.leaver)) == without_meta(account)


def without_meta(account: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in account.items() if name not in ("meta", "groups")}


@pytest.mark.parametrize(("risk", "deactivates"), [(Risk.ELEVATED, True), (Risk.NORMAL, True), (Risk.HIGH, False)])
def test_no_account_is_deactivated_without_both_the_risk_and_the_policy(
    directory: Directory, team: Team, risk: Risk, *, deactivates: bool
) -> None:
    access = Access(directory.url, *team.names, known_by=directory.known_by, deactivates=deactivates)

    blocked = access.react(team.case.resigned(risk=risk))

    assert set(blocked.entitlement_ids) == team.critical
    assert is_active(directory, team)


def test_an_account_that_was_not_active_is_not_activated(directory: Directory, team: Team, access: Access) -> None:
    directory.activate(team.leaver, active=False)

    access.react(team.case.resigned(risk=Risk.HIGH))
    restored = access.react(team.case.states(EmployeeRetained))

    assert set(restored.restored) == team.critical
    assert not is_active(directory, team)


def test_an_account_that_somebody_else_activated_is_said(directory: Directory, team: Team, access: Access) -> None:
    access.react(team.case.resigned(risk=Risk.HIGH))
    directory.activate(team.leaver, active=True)

    restored = access.react(team.case.states(EmployeeRetained))

    assert [(one.entitlement_id, one.cause) for one in restored.not_restored] == [
        (team.leaver, NotRestoredCause.CHANGED_BY_OTHERS)
    ]


def test_whoever_leaves_stays_deactivated_and_an_agreed_return_gives_the_account_back(
    directory: Directory, team: Team, access: Access
) -> None:
    access.react(team.case.resigned(risk=Risk.HIGH))
    directory.activate(team.leaver, active=True)
    access.react(team.case.states(ExitConfirmed))
    confirmed = is_active(directory, team)
    access.react(team.case.states(ResignationWithdrawn))
    returned = is_active(directory, team)

    assert (confirmed, returned) == (False, True)


def test_the_last_sweep_deactivates_again(directory: Directory, team: Team, access: Access) -> None:
    access.react(team.case.resigned(risk=Risk.HIGH))
    directory.activate(team.leaver, active=True)

    access.react(team.case.states(EmployeeDeparted))

    assert not is_active(directory, team)


@pytest.mark.parametrize("taking", [ExitConfirmed, EmployeeDeparted])
def test_a_block_that_failed_keeps_no_account_active_once_the_person_leaves(
    directory: Directory, team: Team, access: Access, taking: type[ExitConfirmed | EmployeeDeparted]
) -> None:
    twin = directory.person(team.employee_id)
    failed = access.react(team.case.resigned(risk=Risk.HIGH))
    between = is_active(directory, team)
    directory.delete("Users", twin)

    revoked = access.react(team.case.states(taking, risk=Risk.HIGH))

    assert (failed.cause, between) == (BlockFailureCause.PERSON_AMBIGUOUS, True)
    assert set(revoked.entitlement_ids) == {*team.critical, team.leaver}
    assert not is_active(directory, team)


def test_a_block_that_never_was_keeps_no_account_active_and_an_agreed_return_gives_it_back(
    directory: Directory, team: Team, access: Access
) -> None:
    access.react(team.case.states(ExitConfirmed, risk=Risk.HIGH))
    confirmed = is_active(directory, team)
    restored = access.react(team.case.states(ResignationWithdrawn))

    assert not confirmed
    assert set(restored.restored) == {*team.critical, team.leaver}
    assert is_active(directory, team)


def test_an_account_that_was_activated_after_the_block_is_deactivated_once_the_person_leaves(
    directory: Directory, team: Team, access: Access
) -> None:
    directory.activate(team.leaver, active=False)
    access.react(team.case.resigned(risk=Risk.HIGH))
    directory.activate(team.leaver, active=True)

    access.react(team.case.states(ExitConfirmed, risk=Risk.HIGH))

    assert not is_active(directory, team)


@pytest.mark.parametrize(("risk", "deactivates"), [(Risk.NORMAL, True), (Risk.HIGH, False)])
def test_nobody_who_leaves_is_deactivated_without_both_the_risk_and_the_policy(
    directory: Directory, team: Team, risk: Risk, *, deactivates: bool
) -> None:
    access = Access(directory.url, *team.names, known_by=directory.known_by, deactivates=deactivates)

    for taking in (ExitConfirmed, EmployeeDeparted):
        access.react(team.case.states(taking, risk=risk))

    assert is_active(directory, team)


def test_who_has_lost_the_partition_deactivates_nobody(directory: Directory, team: Team, access: Access) -> None:
    for group in team.critical:
        directory.remove(group, team.leaver)

    def partition_moves(step: str) -> None:
        access.memory.owned = step != "claim"

    with pytest.raises(ClaimLost):
        access.react(team.case.resigned(risk=Risk.HIGH), at=partition_moves)

    assert is_active(directory, team)


@pytest.mark.parametrize("directory", ["polite"], indirect=True)
def test_a_deactivation_killed_anywhere_is_undone_when_the_person_stays(directory: Directory) -> None:
    for step in count():
        team = Team(directory)
        access = Access(directory.url, *team.names, deactivates=True)
        before = {group: directory.members(group) for group in team.critical}
        resigned = team.case.resigned(risk=Risk.HIGH)
        if not access.killed_at(step, resigned):
            break

        blocked = access.react(resigned)
        between = is_active(directory, team)
        restored = access.react(team.case.states(EmployeeRetained))

        assert team.leaver in blocked.entitlement_ids
        assert (between, is_active(directory, team)) == (False, True)
        assert restored.not_restored == ()
        assert {group: directory.members(group) for group in team.critical} == before
    assert step > 20
