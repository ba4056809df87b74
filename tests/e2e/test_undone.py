"""A resignation that is taken back leaves everything as it was; who keeps one of two jobs waits for the other one."""

from collections import Counter

import pytest

from infra.sandbox import company
from infra.sandbox.people import Person
from tests.e2e.hiring import CRITICAL, HARMLESS
from tests.e2e.world import LEFT, RESIGNED, SERVICES, STAYED, Case, World

pytestmark = pytest.mark.broker

BOTH_UNDONE = (*LEFT, *STAYED[len(RESIGNED) :])


@pytest.fixture(scope="module")
def partner(world: World) -> Person:
    return world.hiring.hr_partner()


@pytest.fixture(scope="module")
def withdrawn(world: World, partner: Person) -> tuple[Case, Case]:
    """Two resignations that were taken back: before the decision, and after it had been confirmed."""
    early, late = (
        world.resign(one.employee_id, hr_partner_id=partner.employee_id) for one in world.hiring.employees(2)
    )
    for case in (early, late):
        world.await_facts(case, RESIGNED)
    world.decide(late, "CONFIRMED")
    world.await_facts(late, LEFT)
    world.intake.withdraw(early.id, requested_by="EMPLOYEE")
    world.intake.withdraw(late.id, requested_by="BOTH")
    world.await_facts(early, STAYED)
    world.await_facts(late, BOTH_UNDONE)
    return early, late


def test_a_resignation_taken_back_leaves_everything_as_it_was(
    world: World, partner: Person, withdrawn: tuple[Case, Case]
) -> None:
    case, _ = withdrawn

    assert world.interviews(case, partner.employee_id) == ()
    assert world.directory.memberships(case.employee_id) == {*CRITICAL, *HARMLESS}
    assert world.fact(case, "ManagerNotified")["kind"] == "WITHDRAWN"
    assert world.fact(case, "InterviewInvitationSent")["method"] == "CANCEL"
    assert world.fact_names(case) == Counter(STAYED)


def test_a_resignation_taken_back_after_the_decision_gives_back_what_was_revoked(
    world: World, partner: Person, withdrawn: tuple[Case, Case]
) -> None:
    _, case = withdrawn

    assert world.interviews(case, partner.employee_id) == ()
    assert world.directory.memberships(case.employee_id) == {*CRITICAL, *HARMLESS}
    assert world.fact_names(case) == Counter(BOTH_UNDONE)


def test_of_what_was_undone_before_any_service_ran_nobody_is_blocked_mailed_or_invited(
    world: World, partner: Person
) -> None:
    leavers = world.hiring.employees(3)
    groups = world.directory.groups()
    world.stop(*SERVICES)
    withdrawn, retained, voided = cases = [
        world.resign(one.employee_id, hr_partner_id=partner.employee_id) for one in leavers
    ]
    world.intake.withdraw(withdrawn.id, requested_by="EMPLOYEE")
    world.decide(retained, "RETAINED")
    world.intake.void(voided.id, "ENTERED_IN_ERROR")

    world.stack.start_missing()
    world.progress.await_finished()

    assert world.directory.groups() == groups
    for case in cases:
        assert (world.fact_names(case), world.mails(case)) == (Counter(), ())
        assert world.interviews(case, partner.employee_id) == ()
        assert set(world.remarks(case)) == {"ReactionSkipped"}


def test_who_keeps_one_of_two_jobs_gets_access_back_only_when_the_other_one_is_kept_too(world: World) -> None:
    person = company.person(company.TWO_EMPLOYMENTS)
    first, second = (world.resign(person.employee_id, employment_id=one) for one in person.employments)
    for case in (first, second):
        world.await_facts(case, RESIGNED)

    world.decide(first, "RETAINED")
    world.await_facts(first, STAYED)
    meanwhile = world.critical_groups(person.employee_id)
    world.decide(second, "RETAINED")
    world.await_facts(second, STAYED)

    assert {one["cause"] for one in world.fact(first, "CriticalAccessRestored")["not_restored"]} == {"STILL_BLOCKED"}
    assert meanwhile == frozenset()
    assert world.critical_groups(person.employee_id) == company.critical_groups_of(person.employee_id)
