"""What follows from what, as the service declares it: a booking is one reaction, and the mail about it another."""

from datetime import date

import pytest

from choreography import Reject
from consumers.hr.service import service
from schemas.exits import EmployeeDeparted, EmployeeRetained, ExitCaseVoided, ExitConfirmed, ResignationWithdrawn
from schemas.hr import (
    ExitInterviewCancelled,
    ExitInterviewMoved,
    ExitInterviewNotPossible,
    ExitInterviewScheduled,
    InterviewInvitationSent,
    InvitationMethod,
)
from tests.integration.hr.calendars import SERVERS, busy
from tests.integration.hr.office import HR, Office, calendar_in

BOTH = ("ben@example.com", "ana@example.com")


def sent(office: Office, method: InvitationMethod, *to: str) -> None:
    """Check that the newest fact was told to these, and that this was stated."""
    fact = office.memory.stated[-1]
    told = office.follow(fact)
    assert isinstance(told, InterviewInvitationSent)
    assert (told.method, told.message_id) == (method, office.mail()["Message-ID"])
    assert office.script.accepted[-1][0] == to


@pytest.mark.parametrize("storage", SERVERS, indirect=True, scope="session")
def test_what_is_booked_or_moved_is_told_by_a_reaction_of_its_own(office: Office) -> None:
    assert isinstance(office.follow(office.hire().resigned()), ExitInterviewScheduled)
    assert office.script.accepted == []
    sent(office, InvitationMethod.REQUEST, *BOTH)
    assert calendar_in(office.mail())["METHOD"] == "REQUEST"

    assert isinstance(office.follow(office.changed(date(2026, 3, 3))), ExitInterviewMoved)
    assert len(office.script.accepted) == 1
    sent(office, InvitationMethod.REQUEST, *BOTH)


@pytest.mark.parametrize("end", [ResignationWithdrawn, EmployeeRetained, ExitCaseVoided])
def test_whoever_stays_is_not_interviewed_and_all_who_were_invited_are_told(office: Office, end: type) -> None:
    office.follow(office.hire().resigned())
    sent(office, InvitationMethod.REQUEST, *BOTH)

    cancelled = office.follow(office.another(end))

    assert isinstance(cancelled, ExitInterviewCancelled)
    assert busy(office.url, office.partner) == []
    sent(office, InvitationMethod.CANCEL, *BOTH)
    assert calendar_in(office.mail())["METHOD"] == "CANCEL"
    assert calendar_in(office.mail()).events[0].sequence == 2


def test_what_cannot_be_booked_is_a_task_for_hr_by_a_reaction_of_its_own(office: Office) -> None:
    assert isinstance(office.follow(office.hire(has_partner=False).resigned()), ExitInterviewNotPossible)
    assert office.script.accepted == []
    sent(office, InvitationMethod.TASK, HR)


def test_who_is_refused_for_good_is_left_to_hr_and_a_mail_that_nobody_gets_to_a_person(office: Office) -> None:
    office.follow(office.hire().resigned())
    office.script.to_recipients = dict.fromkeys((*BOTH, HR), "550 no")
    with pytest.raises(Reject):
        office.follow(office.memory.stated[-1])

    office.script.to_recipients = {"ana@example.com": "550 no"}
    sent(office, InvitationMethod.REQUEST, "ben@example.com", HR)


def test_whoever_leaves_for_good_is_still_interviewed() -> None:
    assert not {ExitConfirmed, EmployeeDeparted} & {one.event for one in service.reactions}
