"""The Access service on a real SCIM server: what is given back to whom."""

import pytest

from choreography import NothingToDo
from schemas.access import CriticalAccessBlockFailed, NotRestoredCause
from schemas.exits import EmployeeDeparted, EmployeeRetained, ExitCaseVoided, ExitConfirmed, ResignationWithdrawn
from tests.integration.access.company import Directory, Team
from tests.integration.access.reacting import Case


@pytest.mark.parametrize("undoing", [EmployeeRetained, ResignationWithdrawn, ExitCaseVoided])
def test_who_stays_gets_back_exactly_what_was_taken(
    directory: Directory, team: Team, undoing: type[EmployeeRetained | ResignationWithdrawn | ExitCaseVoided]
) -> None:
    before = {group: directory.members(group) for group in (team.prod, team.payments)}
    untouched = directory.version(team.harmless)

    blocked = team.access.react(team.case.resigned())
    between = {group: directory.people(group) for group in before}
    restored = team.access.react(team.case.states(undoing))

    assert set(blocked.entitlement_ids) == set(before)
    assert blocked.verified
    assert not blocked.sessions_revoked
    assert between == {group: {team.colleague} for group in before}
    assert set(restored.restored) == set(before)
    assert (restored.not_restored, restored.verified) == ((), True)
    assert {group: directory.members(group) for group in before} == before
    assert directory.version(team.harmless) == untouched


def test_a_withdrawal_after_the_confirmation_gives_everything_back(directory: Directory, team: Team) -> None:
    before = {group: directory.members(group) for group in (team.prod, team.payments)}
    directory.remove(team.payments, team.leaver)
    team.access.react(team.case.resigned())
    directory.add(team.payments, team.leaver)
    revoked = team.access.react(team.case.states(ExitConfirmed))

    restored = team.access.react(team.case.states(ResignationWithdrawn))

    assert not revoked.sessions_revoked
    assert set(restored.restored) == {team.prod, team.payments}
    assert {group: directory.members(group) for group in before} == before


def test_what_was_never_taken_is_not_given_back(team: Team) -> None:
    with pytest.raises(NothingToDo):
        team.access.react(team.case.states(EmployeeRetained))


def test_what_was_given_back_once_is_not_given_back_again(directory: Directory, team: Team) -> None:
    team.access.react(team.case.resigned())
    team.access.react(team.case.states(EmployeeRetained))
    directory.remove(team.prod, team.leaver)

    with pytest.raises(NothingToDo):
        team.access.react(team.case.states(ExitCaseVoided))

    assert len(directory.members(team.prod)) == 1


def test_what_somebody_else_gave_back_is_left_as_it_is(directory: Directory, team: Team) -> None:
    team.access.react(team.case.resigned())
    directory.add(team.prod, team.leaver)
    version = directory.version(team.prod)

    restored = team.access.react(team.case.states(EmployeeRetained))

    assert restored.restored == (team.payments,)
    assert [(one.entitlement_id, one.cause) for one in restored.not_restored] == [
        (team.prod, NotRestoredCause.CHANGED_BY_OTHERS)
    ]
    assert directory.version(team.prod) == version


def test_a_group_that_is_gone_is_said(directory: Directory, team: Team) -> None:
    team.access.react(team.case.resigned())
    directory.delete("Groups", team.prod)

    restored = team.access.react(team.case.states(EmployeeRetained))

    assert restored.restored == (team.payments,)
    assert [one.cause for one in restored.not_restored] == [NotRestoredCause.GROUP_GONE]


def test_nobody_else_is_given_the_access_of_a_person_who_is_gone(directory: Directory, team: Team) -> None:
    team.access.react(team.case.resigned())
    directory.delete("Users", team.leaver)
    directory.person(team.employee_id)

    restored = team.access.react(team.case.states(EmployeeRetained))

    assert restored.restored == ()
    assert {one.cause for one in restored.not_restored} == {NotRestoredCause.PERSON_GONE}
    assert all(len(directory.members(group)) == 1 for group in (team.prod, team.payments))


def test_an_account_that_is_somebody_elses_by_now_is_given_nothing(directory: Directory, team: Team) -> None:
    team.access.react(team.case.resigned())
    directory.hand_over(team.leaver, "E-new-hire")

    restored = team.access.react(team.case.states(EmployeeRetained))

    assert {one.cause for one in restored.not_restored} == {NotRestoredCause.PERSON_GONE}
    assert all(len(directory.members(group)) == 1 for group in team.critical)


def test_who_leaves_one_of_two_employments_stays_blocked_until_both_are_decided(
    directory: Directory, team: Team
) -> None:
    before = directory.members(team.prod)
    other = Case(team.employee_id)
    team.access.react(team.case.resigned())
    team.access.react(other.resigned())

    first = team.access.react(team.case.states(EmployeeRetained))
    between = directory.members(team.prod)
    second = team.access.react(other.states(EmployeeRetained))

    assert (first.restored, {one.cause for one in first.not_restored}) == ((), {NotRestoredCause.STILL_BLOCKED})
    assert len(between) == 1
    assert set(second.restored) == {team.prod, team.payments}
    assert directory.members(team.prod) == before


def test_a_duplicate_that_is_voided_leaves_the_block_to_its_twin(directory: Directory, team: Team) -> None:
    before = {group: directory.members(group) for group in team.critical}
    twin = Case(team.employee_id)
    team.access.react(team.case.resigned())
    team.access.react(twin.resigned())

    voided = team.access.react(team.case.states(ExitCaseVoided, reason="DUPLICATE", duplicate_of=twin.id))
    between = {group: directory.people(group) for group in team.critical}
    restored = team.access.react(twin.states(EmployeeRetained))

    assert (voided.restored, voided.handed_to) == ((), twin.id)
    assert between == {group: {team.colleague} for group in team.critical}
    assert set(restored.restored) == team.critical
    assert {group: directory.members(group) for group in team.critical} == before


@pytest.mark.parametrize("resigned_first", [True, False])
def test_a_voided_duplicate_keeps_access_blocked_for_a_twin_that_was_not_handled_yet(
    directory: Directory, team: Team, *, resigned_first: bool
) -> None:
    before = {group: directory.members(group) for group in team.critical}
    twin = Case(team.employee_id)
    team.access.react(team.case.resigned())

    team.access.react(team.case.states(ExitCaseVoided, reason="DUPLICATE", duplicate_of=twin.id))
    between = {group: directory.people(group) for group in team.critical}
    if resigned_first:
        team.access.react(twin.resigned())
    restored = team.access.react(twin.states(ResignationWithdrawn))

    assert between == {group: {team.colleague} for group in team.critical}
    assert set(restored.restored) == team.critical
    assert {group: directory.members(group) for group in team.critical} == before


def test_a_duplicate_of_a_case_that_has_ended_gives_everything_back(directory: Directory, team: Team) -> None:
    before = {group: directory.members(group) for group in team.critical}
    twin = Case(team.employee_id)
    team.access.react(team.case.resigned())
    team.access.react(twin.resigned())
    team.access.react(twin.states(EmployeeRetained))

    restored = team.access.react(team.case.states(ExitCaseVoided, reason="DUPLICATE", duplicate_of=twin.id))

    assert set(restored.restored) == team.critical
    assert restored.handed_to is None
    assert {group: directory.members(group) for group in team.critical} == before


def test_who_is_retained_in_one_employment_and_leaves_the_other_is_not_given_access(
    directory: Directory, team: Team
) -> None:
    other = Case(team.employee_id)
    team.access.react(team.case.resigned())
    team.access.react(other.resigned())
    team.access.react(other.states(ExitConfirmed))

    restored = team.access.react(team.case.states(EmployeeRetained))

    assert restored.restored == ()
    assert len(directory.members(team.prod)) == 1


@pytest.mark.parametrize("other_first", [True, False])
def test_who_has_departed_in_one_case_gets_nothing_back_in_another_and_it_is_said(
    directory: Directory, team: Team, other_first: bool
) -> None:
    other = Case(team.employee_id)
    for case in (other, team.case) if other_first else (team.case, other):
        team.access.react(case.resigned())
    team.access.react(team.case.states(ExitConfirmed))
    team.access.react(team.case.states(EmployeeDeparted))

    restored = team.access.react(other.states(ResignationWithdrawn))

    assert restored.restored == ()
    assert {one.cause for one in restored.not_restored} == ({NotRestoredCause.DEPARTED} if other_first else set())
    assert {group: directory.people(group) for group in team.critical} == {
        group: {team.colleague} for group in team.critical
    }


def test_who_comes_back_gets_only_what_the_later_case_took(directory: Directory, team: Team) -> None:
    team.access.react(team.case.resigned())
    team.access.react(team.case.states(ExitConfirmed))
    team.access.react(team.case.states(EmployeeDeparted))
    directory.add(team.payments, team.leaver)
    later = Case(team.employee_id)

    blocked = team.access.react(later.resigned())
    restored = team.access.react(later.states(EmployeeRetained))

    assert blocked.entitlement_ids == restored.restored == (team.payments,)
    assert len(directory.members(team.prod)) == 1


def test_another_case_whose_block_failed_keeps_access_blocked(directory: Directory, team: Team) -> None:
    other = Case(team.employee_id)
    team.access.react(team.case.resigned())
    twin = directory.person(team.employee_id)
    failed = team.access.react(other.resigned())
    directory.delete("Users", twin)

    first = team.access.react(team.case.states(EmployeeRetained))
    between = {group: directory.people(group) for group in team.critical}
    second = team.access.react(other.states(EmployeeRetained))

    assert isinstance(failed, CriticalAccessBlockFailed)
    assert first.restored == ()
    assert between == {group: {team.colleague} for group in team.critical}
    assert set(second.restored) == team.critical


def test_a_departure_ends_the_matter_also_where_the_last_sweep_failed(directory: Directory, team: Team) -> None:
    team.access.react(team.case.resigned())
    twin = directory.person(team.employee_id)
    swept = team.access.react(team.case.states(EmployeeDeparted))
    directory.delete("Users", twin)
    directory.add(team.payments, team.leaver)
    later = Case(team.employee_id)
    team.access.react(later.resigned())

    restored = team.access.react(later.states(EmployeeRetained))

    assert isinstance(swept, CriticalAccessBlockFailed)
    assert (restored.restored, restored.not_restored) == ((team.payments,), ())
    assert directory.people(team.prod) == {team.colleague}
