"""Not everybody is ordinary: what the services made of each case, said in their facts and seen at the targets."""

from collections import Counter
from dataclasses import dataclass

import pytest

from infra.sandbox import company
from infra.sandbox.probes import Group, to
from tests.e2e.world import RESIGNED, Case, World

pytestmark = pytest.mark.broker

UNKNOWN = "E0000"
BOOKED = ("ExitInterviewScheduled", "InterviewInvitationSent")
NOT_BOOKED = ("ExitInterviewNotPossible", "InterviewInvitationSent")
NOT_BLOCKED = ("CriticalAccessBlockFailed", "SecurityNotified")
NOBODY_KNOWS_WHO = ("NotificationFailed", *NOT_BOOKED, *NOT_BLOCKED)
UNTOUCHABLE = ("ManagerNotified", *BOOKED, *NOT_BLOCKED)
BY_HAND = ("ManagerNotified", *NOT_BOOKED, "CriticalAccessBlocked")
FOR_HR_ALONE = ("NotificationWithheld", *BOOKED, "CriticalAccessBlocked")


@dataclass(frozen=True)
class Cases:
    """Everybody's case, and the groups as they were before anybody resigned."""

    before: dict[str, Group]
    unknown: Case
    duplicated: Case
    break_glass: Case
    last_member: Case
    nobody_above: Case
    inactive_manager: Case
    contractor: Case
    no_common_hours: Case
    restricted: Case


@pytest.fixture(scope="module")
def cases(world: World) -> Cases:
    (restricted,) = world.hiring.employees(1)
    partner = world.hiring.hr_partner().employee_id
    return Cases(
        before=world.directory.groups(),
        unknown=world.resign(UNKNOWN),
        duplicated=world.resign(company.DUPLICATED),
        break_glass=world.resign(company.BREAK_GLASS),
        last_member=world.resign(company.LAST_MEMBER),
        nobody_above=world.resign(company.NOBODY_ABOVE),
        inactive_manager=world.resign(company.MANAGER_IS_INACTIVE),
        contractor=world.resign(company.CONTRACTOR, worker_type="CONTINGENT", hr_partner_id="E1011"),
        no_common_hours=world.resign(company.NO_COMMON_HOURS),
        restricted=world.resign(restricted.employee_id, hr_partner_id=partner, confidentiality="RESTRICTED"),
    )


def recipients(world: World, case: Case) -> set[str]:
    """Everybody who got a mail about the case other than an invitation."""
    return {address for mail in world.mails(case) if mail.invitation is None for address in mail.recipients}


def test_of_somebody_whom_the_directory_does_not_know_nothing_is_touched_and_hr_is_asked(
    world: World, cases: Cases
) -> None:
    case = cases.unknown
    world.await_facts(case, NOBODY_KNOWS_WHO)

    assert recipients(world, case) == {company.HR_MAILBOX}
    for fact in ("NotificationFailed", "ExitInterviewNotPossible", "CriticalAccessBlockFailed"):
        assert world.fact(case, fact)["cause"] == "PERSON_NOT_FOUND"
    assert world.fact(case, "InterviewInvitationSent")["method"] == "TASK"
    assert world.fact_names(case) == Counter(NOBODY_KNOWS_WHO)


def test_where_two_people_have_one_id_neither_is_touched_and_hr_is_asked(world: World, cases: Cases) -> None:
    case = cases.duplicated
    world.await_facts(case, NOBODY_KNOWS_WHO)

    assert recipients(world, case) == {company.HR_MAILBOX}
    for fact in ("NotificationFailed", "ExitInterviewNotPossible", "CriticalAccessBlockFailed"):
        assert world.fact(case, fact)["cause"] == "PERSON_AMBIGUOUS"
    both = {account.id for account in world.directory.accounts(company.DUPLICATED)}
    still = {member.id for member in world.directory.groups()["customer-data"].members}
    assert len(both) == 2
    assert both <= still


def test_the_emergency_account_keeps_its_access(world: World, cases: Cases) -> None:
    case = cases.break_glass
    world.await_facts(case, UNTOUCHABLE)

    assert world.fact(case, "CriticalAccessBlockFailed")["cause"] == "PROTECTED_ACCOUNT"
    said = [" ".join(mail.text.split()) for mail in to(company.HR_MAILBOX, world.mails(case))]
    assert len([one for one in said if "the account is protected" in one]) == 1
    assert world.critical_groups(company.BREAK_GLASS) == company.critical_groups_of(company.BREAK_GLASS)


def test_the_last_member_of_a_critical_group_stays_in_it_and_this_is_said(world: World, cases: Cases) -> None:
    case = cases.last_member
    world.await_facts(case, (*RESIGNED, "SecurityNotified"))

    blocked = world.fact(case, "CriticalAccessBlocked")
    (left,) = blocked["not_taken"]
    assert left == {"entitlement_id": cases.before[company.LAST_MEMBER_GROUP].id, "cause": "LAST_MEMBER"}
    assert world.critical_groups(company.LAST_MEMBER) == {company.LAST_MEMBER_GROUP}
    assert blocked["entitlement_ids"] == [cases.before["source-signing"].id]


def test_where_nobody_is_above_hr_is_told(world: World, cases: Cases) -> None:
    case = cases.nobody_above
    world.await_facts(case, RESIGNED)

    told = world.fact(case, "ManagerNotified")
    assert (told["recipient_role"], told["recipient_id"]) == ("HR", None)
    assert recipients(world, case) == {company.HR_MAILBOX}
    assert world.fact(case, "CriticalAccessBlocked")["entitlement_ids"] == []


def test_where_the_manager_is_gone_the_managers_manager_is_told_and_learns_why(world: World, cases: Cases) -> None:
    case = cases.inactive_manager
    world.await_facts(case, RESIGNED)

    skipped, above = company.person(company.INACTIVE_MANAGER), company.person("E1021")
    told = world.fact(case, "ManagerNotified")
    assert (told["recipient_role"], told["recipient_id"]) == ("SKIP_LEVEL", above.employee_id)
    assert recipients(world, case) == {above.mail}
    (mail,) = to(above.mail, world.mails(case))
    assert f"({skipped.name}) is not active" in " ".join(mail.text.split())


def test_a_contractor_is_treated_like_everybody_even_without_a_calendar(world: World, cases: Cases) -> None:
    case = cases.contractor
    world.await_facts(case, RESIGNED)

    assert world.critical_groups(company.CONTRACTOR) == frozenset()
    assert len(world.fact(case, "CriticalAccessBlocked")["entitlement_ids"]) == 2
    assert len(world.interviews(case, "E1011")) == 1


def test_where_no_office_hour_suits_both_hr_is_asked_to_arrange_the_interview(world: World, cases: Cases) -> None:
    case = cases.no_common_hours
    world.await_facts(case, BY_HAND)

    assert world.fact(case, "ExitInterviewNotPossible")["cause"] == "NO_FREE_SLOT"
    assert world.fact(case, "InterviewInvitationSent")["method"] == "TASK"
    assert recipients(world, case) == {company.HR_MAILBOX, company.person("E1034").mail}


def test_of_a_restricted_case_only_hr_hears(world: World, cases: Cases) -> None:
    case = cases.restricted
    world.await_facts(case, FOR_HR_ALONE)

    assert recipients(world, case) == {company.HR_MAILBOX}
    assert world.fact(case, "NotificationWithheld")["manager_id"] == "E1013"
    assert world.critical_groups(case.employee_id) == frozenset()
    assert world.fact_names(case) == Counter(FOR_HR_ALONE)
