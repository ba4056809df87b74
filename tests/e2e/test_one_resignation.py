"""The README told as code: two people resign; one stays, one leaves."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import pytest
from icalendar import Calendar

from infra.sandbox import company
from infra.sandbox.probes import Mail, read_imap, to
from tests.e2e.picture import Picture
from tests.e2e.world import FACTS, LEFT, RESIGNED, STAYED, Case, World

pytestmark = pytest.mark.broker

STAYS, LEAVES = company.WILL_STAY, company.WILL_LEAVE
PARTNER = {one: company.hr_partner_of(company.person(one)) for one in (STAYS, LEAVES)}
MANAGER = {one: company.person(company.person(one).manager or "") for one in (STAYS, LEAVES)}


@dataclass(frozen=True)
class Story:
    """Both cases, and what the targets held before, after the resignations, and after the decisions."""

    stays: Case
    leaves: Case
    before: Picture
    reacted: Picture
    ended: Picture

    @property
    def cases(self) -> tuple[Case, Case]:
        return self.stays, self.leaves


@pytest.fixture(scope="module")
def story(world: World) -> Story:
    before = Picture.of(world, STAYS, LEAVES)
    stays, leaves = (world.resign(one, hr_partner_id=PARTNER[one].employee_id) for one in (STAYS, LEAVES))
    for case in (stays, leaves):
        world.await_facts(case, RESIGNED)
    reacted = Picture.of(world, STAYS, LEAVES)
    world.decide(stays, "RETAINED")
    world.decide(leaves, "CONFIRMED")
    world.await_facts(stays, STAYED)
    world.await_facts(leaves, LEFT)
    return Story(stays, leaves, before, reacted, Picture.of(world, STAYS, LEAVES))


def mails_to(world: World, address: str, case: Case) -> tuple[Mail, ...]:
    """The mails to one address alone."""
    return tuple(mail for mail in to(address, world.mails(case)) if mail.invitation is None)


def invitations(world: World, case: Case) -> list[tuple[Mail, Any]]:
    """The mails that a calendar understands, with what it reads."""
    mails = [(mail, mail.invitation) for mail in world.mails(case)]
    return [(mail, Calendar.from_ical(content.decode())) for mail, content in mails if content is not None]


def test_the_manager_is_told_of_the_resignation(world: World, story: Story) -> None:
    for case in story.cases:
        manager = MANAGER[case.employee_id]
        first = mails_to(world, manager.mail, case)[0]

        assert first.recipients == (manager.mail,)
        assert company.person(case.employee_id).name in first.text
        assert company.person(case.employee_id).name in first.html
        assert company.person(case.employee_id).name not in first.subject
        assert first.message["Auto-Submitted"] == "auto-generated"


def test_the_interview_stands_in_the_calendar_of_the_hr_partner_at_a_time_that_was_free(
    world: World, story: Story
) -> None:
    for case in story.cases:
        owner = PARTNER[case.employee_id].employee_id
        was_busy = {(one.start, one.end) for one in story.before.calendars[owner]}
        (interview,) = set(story.reacted.calendars[owner]) - set(story.before.calendars[owner])

        assert str(case.id) in interview.uid
        assert interview.classification == "CONFIDENTIAL"
        assert company.person(case.employee_id).family_name not in interview.title
        assert not [one for one in was_busy if one[0] < interview.end and interview.start < one[1]]
        assert "METHOD" not in interview.raw


def test_hr_partner_and_employee_are_invited_by_a_mail_that_calendars_understand(world: World, story: Story) -> None:
    for case in story.cases:
        owner = PARTNER[case.employee_id]
        mail, invitation = invitations(world, case)[0]
        (booked,) = set(story.reacted.calendars[owner.employee_id]) - set(story.before.calendars[owner.employee_id])
        (event,) = invitation.events

        assert invitation["METHOD"] == "REQUEST"
        assert set(mail.recipients) == {owner.mail, company.person(case.employee_id).mail}
        assert (event["UID"], event.start, event.end) == (booked.uid, booked.start, booked.end)


def test_critical_groups_are_gone_until_the_decision_and_harmless_ones_stay(world: World, story: Story) -> None:
    both = {one.id for case in story.cases for one in world.directory.accounts(case.employee_id)}
    for case in story.cases:
        (account,) = world.directory.accounts(case.employee_id)
        gone = story.before.critical_groups_of(account.id)

        assert gone == company.critical_groups_of(case.employee_id)
        assert story.reacted.critical_groups_of(account.id) == frozenset()
        for name in gone:
            before, after = story.before.groups[name].members, story.reacted.groups[name].members
            assert after == {member for member in before if member.id not in both}
    assert story.reacted.harmless == story.before.harmless


def test_whoever_stays_is_in_exactly_the_groups_as_before(world: World, story: Story) -> None:
    leaver = {one.id for one in world.directory.accounts(LEAVES)}

    for name, before in story.before.groups.items():
        others = frozenset(member for member in before.members if member.id not in leaver)
        if name in company.critical_groups_of(LEAVES):
            assert story.ended.groups[name].members == others
        else:
            assert story.ended.groups[name].members == before.members
    assert story.ended.harmless == story.before.harmless
    untouched = story.before.groups.keys() - company.critical_groups_of(STAYS) - company.critical_groups_of(LEAVES)
    assert {name: story.ended.groups[name] for name in untouched} == {
        name: story.before.groups[name] for name in untouched
    }


def test_whoever_stays_has_no_interview_any_more_and_everybody_invited_is_told(world: World, story: Story) -> None:
    owner = PARTNER[STAYS].employee_id
    (asked, request), (called_off, cancellation) = invitations(world, story.stays)

    assert story.ended.calendars[owner] == story.before.calendars[owner]
    assert cancellation["METHOD"] == "CANCEL"
    assert cancellation.events[0]["UID"] == request.events[0]["UID"]
    assert cancellation.events[0]["SEQUENCE"] > request.events[0]["SEQUENCE"]
    assert called_off.recipients == asked.recipients


def test_the_manager_learns_of_the_decision_in_the_same_thread(world: World, story: Story) -> None:
    stays = {"en": "stays: the decision is final", "de": "bleibt: Die Entscheidung ist endgültig"}
    leaves = {"en": "leaves: the decision is final", "de": "scheidet aus: Die Entscheidung ist endgültig"}
    for case, words in ((story.stays, stays), (story.leaves, leaves)):
        manager = MANAGER[case.employee_id]
        told, decided = mails_to(world, manager.mail, case)

        assert told.message_id in str(decided.message["References"])
        assert words[manager.language] in " ".join(decided.text.split())


def test_whoever_leaves_never_gets_critical_access_back_and_is_still_interviewed(world: World, story: Story) -> None:
    owner = PARTNER[LEAVES].employee_id
    (account,) = world.directory.accounts(LEAVES)

    assert story.ended.critical_groups_of(account.id) == frozenset()
    assert story.ended.calendars[owner] == story.reacted.calendars[owner]
    assert world.fact(story.leaves, "CriticalAccessRevoked")["verified"] is True


def test_every_service_states_what_it_did_and_nothing_else(world: World, story: Story) -> None:
    assert world.fact_names(story.stays) == Counter(STAYED)
    assert world.fact_names(story.leaves) == Counter(LEFT)
    world.progress.await_finished()
    # everything was taken, and given back or taken for good: nothing to tell security
    assert world.remarks(story.stays) == ["ReactionSkipped"] * 2
    assert world.remarks(story.leaves) == ["ReactionSkipped"] * 2


def test_the_mailbox_can_be_read_by_imap(world: World, story: Story) -> None:
    by_imap = {mail.message_id for mail in read_imap(world.stack.endpoints.imap)}

    assert {mail.message_id for case in story.cases for mail in world.mails(case)} <= by_imap


def test_publishing_every_record_of_the_finished_cases_again_changes_nothing(world: World, story: Story) -> None:
    world.progress.await_finished()
    before, ends = Picture.of(world, STAYS, LEAVES), world.topics.ends()
    cases = {str(case.id) for case in story.cases}
    finished = [one for one in world.topics.read() if one.header("ce_subject") in cases]

    again = [one for one in finished if one.topic in {"ems.exits.v1", *FACTS}]
    for record in again:
        world.topics.publish_again(record)
    world.progress.await_finished()

    assert {one.topic for one in again} == {"ems.exits.v1", *FACTS}
    assert Picture.of(world, STAYS, LEAVES) == before
    published = Counter((one.topic, one.partition) for one in again)
    assert world.topics.ends() == {at: end + published[at] for at, end in ends.items()}
