"""The Access service killed at every step on a real SCIM server: the next process ends in the same state."""

from itertools import count

import pytest

from choreography import NothingToDo, Reject
from schemas.exits import EmployeeRetained, ExitConfirmed, ResignationWithdrawn
from tests.integration.access.company import Directory, Member, Team

pytestmark = pytest.mark.parametrize("directory", ["polite"], indirect=True)


def members(directory: Directory, team: Team) -> dict[str, set[Member]]:
    return {group: directory.members(group) for group in team.critical}


def test_a_block_killed_anywhere_ends_blocked_and_says_all_that_it_took(directory: Directory) -> None:
    for step in count():
        team = Team(directory)
        before = members(directory, team)
        resigned = team.case.resigned()
        if not team.access.killed_at(step, resigned):
            break

        blocked = team.access.react(resigned)
        between = members(directory, team)
        restored = team.access.react(team.case.states(EmployeeRetained))

        assert set(blocked.entitlement_ids) == team.critical
        assert all(len(objects) == 1 for objects in between.values())
        assert set(restored.restored) == team.critical
        assert restored.not_restored == ()
        assert members(directory, team) == before
    assert step > 15


def test_a_restore_killed_anywhere_ends_restored_and_says_so(directory: Directory) -> None:
    for step in count():
        team = Team(directory)
        before = members(directory, team)
        team.access.react(team.case.resigned())
        retained = team.case.states(EmployeeRetained)
        if not team.access.killed_at(step, retained):
            break

        restored = team.access.react(retained)

        assert set(restored.restored) == team.critical
        assert restored.not_restored == ()
        assert members(directory, team) == before
    assert step > 10


def test_a_revocation_killed_anywhere_is_finished_and_can_be_given_back(directory: Directory) -> None:
    for step in count():
        team = Team(directory)
        before = members(directory, team)
        confirmed = team.case.states(ExitConfirmed)
        if not team.access.killed_at(step, confirmed):
            break

        revoked = team.access.react(confirmed)
        team.access.react(team.case.states(ResignationWithdrawn))

        assert set(revoked.entitlement_ids) == team.critical
        assert members(directory, team) == before
    assert step > 15


def test_a_block_killed_anywhere_and_never_finished_leaves_nobody_blocked(directory: Directory) -> None:
    for step in count():
        team = Team(directory)
        before = members(directory, team)
        if not team.access.killed_at(step, team.case.resigned()):
            break

        try:
            restored = team.access.react(team.case.states(EmployeeRetained))
        except NothingToDo:
            restored = None

        assert restored is None or restored.not_restored == ()
        assert members(directory, team) == before


def test_a_block_killed_anywhere_and_never_finished_is_finished_by_the_confirmation(directory: Directory) -> None:
    for step in count():
        team = Team(directory)
        before = members(directory, team)
        resigned = team.case.resigned()
        if not team.access.killed_at(step, resigned):
            break

        revoked = team.access.react(team.case.states(ExitConfirmed))
        team.access.undone(resigned)
        between = members(directory, team)
        team.access.react(team.case.states(ResignationWithdrawn))

        assert set(revoked.entitlement_ids) == team.critical
        assert all(len(objects) == 1 for objects in between.values())
        assert members(directory, team) == before


def test_a_block_that_was_begun_and_whose_account_is_gone_is_for_a_person_to_look_at(directory: Directory) -> None:
    steps: list[str] = []
    another, team = Team(directory), Team(directory)
    another.access.react(another.case.resigned(), at=steps.append)
    assert team.access.killed_at(steps.index("change"), team.case.resigned())
    directory.delete("Users", team.leaver)

    with pytest.raises(Reject, match="begun and never finished"):
        team.access.react(team.case.states(ExitConfirmed))
