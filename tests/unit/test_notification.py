"""Who is told what, and who is not."""

from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from choreography import Hold, NothingToDo, Unavailable
from consumers.notification.case import Matter, Recipient
from consumers.notification.handler import Undone, notify_manager
from consumers.notification.letter import words_of
from consumers.notification.service import service
from consumers.shared.directory import Person
from schemas.exits import (
    EXIT_UNDONE,
    EmployeeDeparted,
    EmployeeResigned,
    ExitCaseVoided,
    ExitConfirmed,
    LastWorkingDayChanged,
    ResignationWithdrawn,
    VoidReason,
)
from schemas.notification import (
    ManagerNotified,
    NotificationDropped,
    NotificationFailed,
    NotificationFailureCause,
    NotificationKind,
    NotificationWithheld,
    RecipientRole,
)
from tests.doubles import HR, someone
from tests.unit.notifying import (
    CONFIRMED,
    LETTERS,
    NOON,
    RETAINED,
    VOIDED,
    WITHDRAWN,
    World,
    address_of,
    happened,
    received,
    resigned,
    text_of,
)


def test_the_manager_is_told_who_resigned_and_until_when_they_work() -> None:
    world = World()

    fact = world.told(resigned(last_working_day=date(2026, 4, 30)))

    [letter] = world.postbox.letters
    assert address_of(letter) == "ben@example.com"
    assert "Ana (employee id ana) handed in a resignation on Monday, 2 March 2026." in text_of(letter)
    assert "The last working day would be Thursday, 30 April 2026." in text_of(letter)
    assert fact == ManagerNotified(
        kind=NotificationKind.RESIGNED,
        recipient_id="ben",
        recipient_role=RecipientRole.MANAGER,
        message_id=letter["Message-ID"],
        submitted_on=date(2026, 3, 2),
        last_working_day=date(2026, 4, 30),
        time_zone="Europe/Vienna",
    )


def test_an_open_last_working_day_is_said_to_be_open() -> None:
    world = World()
    world.told(resigned())
    assert "The last working day is not known yet." in text_of(world.postbox.letters[0])


def test_the_subject_tells_nothing() -> None:
    world = World()
    world.told(resigned())
    subject = world.postbox.letters[0]["Subject"].lower()
    assert not [word for word in ("ana", "resign", "exit", "leave") if word in subject]


def test_the_manager_named_by_the_event_is_told_rather_than_the_one_in_the_directory() -> None:
    world = World(someone("ana", "ben"), someone("ben"), someone("dora"))
    assert world.told(resigned(manager_id="dora")).recipient_id == "dora"


@pytest.mark.parametrize(
    ("manager", "why"),
    [
        (someone("ben", "cleo", active=False), "the manager (Ben) is not active"),
        (someone("ben", "cleo", mail=None), "the manager (Ben) has no mail address"),
        (someone("ben", "cleo", mail="ANA@example.com"), "the manager (Ben) is the person concerned"),
    ],
)
def test_where_the_manager_cannot_be_told_their_manager_is_and_learns_why(manager: Person, why: str) -> None:
    world = World(someone("ana", "ben"), manager, someone("cleo"))

    fact = world.told(resigned())

    assert world.postbox.read_by == ["cleo@example.com"]
    assert why in text_of(world.postbox.letters[0])
    assert (fact.recipient_id, fact.recipient_role, fact.fallback_level) == ("cleo", RecipientRole.SKIP_LEVEL, 1)


@pytest.mark.parametrize(
    "people",
    [
        (someone("ana"),),
        (someone("ana", "gone"),),
        (someone("ana", "ben"), someone("ben", active=False)),
        (someone("ana", "ben"), someone("ben", "ana", active=False)),
    ],
)
def test_where_nobody_above_can_be_told_hr_is(people: tuple[Person, ...]) -> None:
    world = World(*people)

    fact = world.told(resigned())

    assert world.postbox.read_by == [HR]
    assert "You receive this because the manager" in text_of(world.postbox.letters[0])
    assert (fact.recipient_id, fact.recipient_role, fact.fallback_level) == (None, RecipientRole.HR, 2)


def test_a_manager_whom_the_directory_does_not_know_is_not_replaced_by_a_guess() -> None:
    world = World()
    world.told(resigned(manager_id="nobody"))
    assert world.postbox.read_by == [HR]


def test_the_leaver_is_never_told_even_where_an_event_names_them_as_their_own_manager() -> None:
    world = World()
    world.told(resigned(manager_id="ana"))
    assert world.postbox.read_by == ["ben@example.com"]


def test_a_refused_address_sends_the_message_up_the_line() -> None:
    world = World(refuses={"ben@example.com"})
    assert world.told(resigned()).recipient_id == "cleo"

    world = World(refuses={"ben@example.com", "cleo@example.com"})
    assert world.told(resigned()).recipient_role is RecipientRole.HR
    assert "refuses the address and the manager's manager (Cleo) cannot be reached" in text_of(world.postbox.letters[0])


def test_when_everybody_is_refused_a_person_has_to_do_it() -> None:
    world = World(refuses={"ben@example.com", "cleo@example.com", HR})

    fact = world.told(resigned())

    assert (fact.kind, fact.cause, fact.recipient_ids, fact.message_id) == (
        NotificationKind.RESIGNED,
        NotificationFailureCause.REFUSED,
        ("ben", "cleo"),
        None,
    )


@pytest.mark.parametrize(
    ("people", "cause"),
    [
        ((someone("ben"),), NotificationFailureCause.PERSON_NOT_FOUND),
        ((someone("ana", "ben"), someone("ana", id="2"), someone("ben")), NotificationFailureCause.PERSON_AMBIGUOUS),
    ],
)
def test_of_somebody_whom_the_directory_does_not_know_for_certain_hr_is_told_the_id_alone(
    people: tuple[Person, ...], cause: NotificationFailureCause
) -> None:
    world = World(*people)

    fact = world.told(resigned(manager_id="ben"))

    [letter] = world.postbox.letters
    assert address_of(letter) == HR
    assert "The employee with the id ana" in text_of(letter)
    assert "Ana" not in text_of(letter)
    assert (type(fact), fact.cause, fact.message_id) == (NotificationFailed, cause, letter["Message-ID"])


@pytest.mark.parametrize(
    ("undone", "kind", "words"),
    [
        (RETAINED, NotificationKind.RETAINED, "stays: the decision is final."),
        (WITHDRAWN, NotificationKind.WITHDRAWN, "stays: the resignation was taken back."),
        (VOIDED, NotificationKind.VOIDED, "has not resigned: the case was entered in error."),
    ],
)
def test_whoever_was_told_is_told_that_the_person_stays_in_the_same_thread(
    undone: Undone, kind: NotificationKind, words: str
) -> None:
    world = World(someone("ana", "ben"), someone("ben", "cleo", active=False), someone("cleo"))
    first = world.told(resigned())
    world.directory.people[1] = someone("ben", "cleo")

    fact = world.told(undone)

    assert world.postbox.read_by == ["cleo@example.com", "cleo@example.com"]
    letter = world.postbox.letters[1]
    assert letter["In-Reply-To"] == first.message_id
    assert letter["Subject"] == f"Re: {world.postbox.letters[0]['Subject']}"
    assert words in text_of(letter)
    assert (fact.kind, fact.recipient_id, fact.recipient_role) == (kind, "cleo", RecipientRole.SKIP_LEVEL)


@pytest.mark.parametrize("undone", [RETAINED, WITHDRAWN, VOIDED])
def test_nobody_hears_that_something_is_undone_of_which_nobody_heard(undone: Undone) -> None:
    world = World()
    with pytest.raises(NothingToDo):
        world.told(undone)
    assert world.postbox.letters == []


def test_a_manager_who_left_meanwhile_is_replaced_by_hr_when_the_person_stays() -> None:
    world = World()
    world.told(resigned())
    world.directory.people[1] = someone("ben", "cleo", active=False)

    assert world.told(RETAINED).recipient_role is RecipientRole.HR
    assert world.postbox.read_by == ["ben@example.com", HR]


def test_the_manager_is_told_that_the_exit_is_final_and_then_that_it_was_taken_back_after_all() -> None:
    world = World()
    world.told(resigned())

    confirmed = world.told(CONFIRMED)
    world.told(happened(ResignationWithdrawn, 3))

    assert world.postbox.read_by == ["ben@example.com"] * 3
    assert "Ana (employee id ana) leaves: the decision is final." in text_of(world.postbox.letters[1])
    assert world.postbox.letters[2]["In-Reply-To"] == confirmed.message_id


def test_of_an_exit_whose_beginning_was_never_stated_only_hr_is_told_since_it_may_be_restricted() -> None:
    world = World()
    fact = world.told(CONFIRMED)
    assert (type(fact), fact.kind, fact.manager_id) == (NotificationWithheld, NotificationKind.CONFIRMED, "ben")
    assert world.postbox.read_by == [HR]


def test_hr_that_was_asked_to_tell_the_manager_hears_how_it_ends() -> None:
    world = World(someone("ben"))
    world.told(resigned())

    confirmed = world.told(CONFIRMED)
    dropped = world.told(happened(ResignationWithdrawn, 3))

    assert world.postbox.read_by == [HR, HR, HR]
    assert (type(confirmed), confirmed.cause) == (NotificationFailed, NotificationFailureCause.PERSON_NOT_FOUND)
    assert (type(dropped), dropped.kind) == (NotificationDropped, NotificationKind.WITHDRAWN)


def test_after_everybody_was_refused_there_is_nothing_to_take_back() -> None:
    world = World(refuses={"ben@example.com", "cleo@example.com", HR})
    world.told(resigned())
    with pytest.raises(NothingToDo):
        world.told(RETAINED)


def test_a_mail_that_may_have_been_sent_before_is_the_same_mail_and_the_fact_says_so() -> None:
    world = World()
    once = world.told(resigned())
    again = world.told(resigned(), repeated=True)

    first, second = (bytes(letter) for letter in world.postbox.letters)
    assert first == second
    assert once.message_id == again.message_id
    assert (once.perhaps_repeated, again.perhaps_repeated) == (False, True)


def test_who_really_got_a_mail_before_a_crash_is_who_is_said_to_be_told() -> None:
    world = World(refuses={"ben@example.com"})
    world.postbox.remembers = True
    first = world.told(resigned())
    world.postbox.refuses.clear()

    again = world.told(resigned(), repeated=True)

    assert world.postbox.read_by == ["cleo@example.com"]
    assert again == first
    assert not again.perhaps_repeated


def test_a_mail_that_reached_somebody_who_would_not_be_told_any_more_is_not_sent_to_another() -> None:
    world = World()
    world.postbox.remembers = True
    first = world.told(resigned())
    world.directory.people[1] = someone("ben", "cleo", mail="ben.new@example.com")

    again = world.told(resigned(), repeated=True)

    assert world.postbox.read_by == ["ben@example.com"]
    assert (again.message_id, again.recipient_id, again.recipient_role) == (
        first.message_id,
        None,
        RecipientRole.UNKNOWN,
    )


def test_an_address_that_is_none_is_passed_over() -> None:
    for mail in ("ben", "ben@", "ben@example.com\r\nRCPT TO:<all@example.com>", "<ben@example.com>", "bén@example.com"):
        world = World(someone("ana", "ben"), someone("ben", "cleo", mail=mail), someone("cleo"))
        assert world.told(resigned()).recipient_id == "cleo"
        assert "(Ben) has an address that cannot be written to" in text_of(world.postbox.letters[0])


def test_a_mail_system_that_is_down_is_not_taken_for_a_refusal() -> None:
    world = World()
    world.postbox.down = True
    with pytest.raises(Unavailable):
        world.told(resigned())


def test_all_mails_of_a_case_are_one_thread_whoever_gets_which() -> None:
    world = World()
    first = world.told(resigned())
    second = world.told(CONFIRMED)
    world.told(happened(ResignationWithdrawn, 3))

    thread = f"<{CONFIRMED.case_id}@example.com>"
    one, two, three = world.postbox.letters
    assert (one["References"], one["In-Reply-To"]) == (thread, None)
    assert (two["References"], two["In-Reply-To"]) == (f"{thread} {first.message_id}", first.message_id)
    assert (three["References"], three["In-Reply-To"]) == (f"{thread} {second.message_id}", second.message_id)
    assert {one["Subject"].removeprefix("Re: ") for one in world.postbox.letters} == {one["Subject"]}


def test_a_mail_says_when_it_happened_and_that_it_is_automatic() -> None:
    matter = Matter(RETAINED, NotificationKind.RETAINED, ())
    to = Recipient(RecipientRole.HR, "", HR)

    mail = received(LETTERS.write("letter", words_of(matter, to, ()), (to.reader,), RETAINED, key=UUID(int=7)))

    assert mail["Date"].datetime == NOON
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Message-ID"] == f"<{UUID(int=7)}@example.com>"


def test_old_news_reaches_nobody_but_neither_a_decision_nor_a_departure_silences_a_message() -> None:
    reactions = {reaction.event: reaction for reaction in service.reactions}
    for event in (EmployeeResigned, ExitConfirmed, LastWorkingDayChanged):
        assert reactions[event].unless == EXIT_UNDONE
    assert not {ExitConfirmed, EmployeeDeparted} & set(EXIT_UNDONE)
    assert reactions[NotificationWithheld].unless == (NotificationDropped,)
    assert reactions[EmployeeResigned].handler is notify_manager
    assert not any(reaction.repeatable for reaction in service.reactions)


def test_an_exit_confirmed_after_the_last_working_day_is_told_as_what_it_is() -> None:
    world = World()
    world.told(resigned(last_working_day=date(2026, 2, 27)))
    world.told(CONFIRMED)

    assert "Ana (employee id ana) has left: the decision is final." in text_of(world.postbox.letters[1])
    assert "The last working day was Friday, 27 February 2026." in text_of(world.postbox.letters[1])


def test_whoever_was_told_is_told_the_new_last_working_day_in_the_same_thread() -> None:
    world = World()
    first = world.told(resigned(last_working_day=date(2026, 4, 30)))

    moved = world.told(happened(LastWorkingDayChanged, 2, current=date(2026, 5, 29)))
    confirmed = world.told(happened(ExitConfirmed, 3))

    assert world.postbox.read_by == ["ben@example.com"] * 3
    assert "Ana (employee id ana) now works until Friday, 29 May 2026." in text_of(world.postbox.letters[1])
    assert world.postbox.letters[1]["In-Reply-To"] == first.message_id
    assert (moved.kind, moved.last_working_day) == (NotificationKind.LAST_WORKING_DAY_CHANGED, date(2026, 5, 29))
    assert "The last working day is Friday, 29 May 2026." in text_of(world.postbox.letters[2])
    assert confirmed.last_working_day == date(2026, 5, 29)


def test_a_last_working_day_that_is_open_again_is_said_to_be_open() -> None:
    world = World()
    world.told(resigned(last_working_day=date(2026, 4, 30)))
    world.told(happened(LastWorkingDayChanged, 2))
    assert "is open again" in text_of(world.postbox.letters[1])


def test_of_a_case_that_was_entered_twice_the_manager_hears_that_the_other_one_goes_on() -> None:
    world = World()
    world.told(resigned())

    fact = world.told(happened(ExitCaseVoided, 2, reason=VoidReason.DUPLICATE, duplicate_of=uuid4()))

    said = text_of(world.postbox.letters[1])
    assert "the other case about the same resignation goes on" in said
    assert "has not resigned" not in said
    assert "is cancelled" not in said
    assert fact.kind is NotificationKind.DUPLICATE


def test_a_manager_with_an_open_case_of_their_own_is_passed_over_and_the_mail_says_why() -> None:
    world = World()
    world.told(of_ben(resigned(last_working_day=date(2026, 4, 30))))

    fact = world.told(resigned())

    assert fact.recipient_id == "cleo"
    assert "the manager (Ben) has an open exit case of their own" in text_of(world.postbox.letters[1])


@pytest.mark.parametrize("ending", [RETAINED, WITHDRAWN, VOIDED])
def test_a_manager_who_stays_after_all_is_told_again(ending: Undone) -> None:
    world = World()
    world.told(of_ben(resigned()))
    world.told(of_ben(ending))
    assert world.told(resigned()).recipient_id == "ben"


def test_a_manager_who_was_hired_again_after_a_last_working_day_is_told() -> None:
    world = World()
    world.told(of_ben(resigned(last_working_day=date(2026, 4, 30))))
    world.told(of_ben(CONFIRMED))

    def told(day: int) -> str:
        own = World()
        own.memory = world.memory
        return str(own.told(resigned(case_id=uuid4()), at=datetime(2026, 4, day, 23, tzinfo=NOON.tzinfo)).recipient_id)

    assert told(29) == "cleo"
    assert told(30) == "ben"  # 1 May in Vienna by then


def test_a_managers_own_case_in_confidence_is_not_betrayed_to_the_managers_manager() -> None:
    world = World()
    world.told(of_ben(resigned(confidentiality="RESTRICTED")))

    fact = world.told(resigned())

    assert (fact.recipient_role, world.postbox.read_by) == (RecipientRole.HR, [HR, HR])
    assert "the manager (Ben) has an open exit case of their own" in text_of(world.postbox.letters[1])


def test_a_managers_own_case_that_another_was_told_of_is_not_betrayed_to_the_managers_manager() -> None:
    people = someone("ana", "ben"), someone("ben", "cleo"), someone("cleo"), someone("dora")
    world = World(*people)
    world.told(of_ben(resigned(confidentiality="RESTRICTED", manager_id="dora")))
    withheld = world.restated(NotificationWithheld)
    with pytest.raises(Hold):
        world.told(withheld)
    world.told(withheld, released=True)

    fact = world.told(resigned())

    assert (fact.recipient_role, world.postbox.read_by) == (RecipientRole.HR, [HR, "dora@example.com", HR])


def test_of_a_manager_with_two_open_cases_the_managers_manager_has_to_know_both() -> None:
    world = World(someone("ana", "ben"), someone("ben", "cleo"), someone("cleo"), someone("dora"))
    other = {"case_id": UUID(int=98), "event_id": UUID(int=9801)}
    world.told(of_ben(resigned()))
    world.told(of_ben(resigned(manager_id="dora")).model_copy(update=other))

    assert world.told(resigned()).recipient_role is RecipientRole.HR


def test_a_managers_manager_with_an_open_case_is_passed_over_too() -> None:
    world = World(someone("ana", "ben"), someone("ben", "cleo", active=False), someone("cleo"))
    world.told(of_ben(resigned(), "cleo"))
    assert world.told(resigned()).recipient_role is RecipientRole.HR


@pytest.mark.parametrize(
    "manager",
    [
        someone("ben", "cleo", mail="Ana@Example.com"),
        someone("ben", "cleo", mails=("ana@example.com",)),
        someone("ben", "cleo", id="scim-ana"),
    ],
)
def test_who_shares_an_address_or_an_account_with_the_leaver_is_not_told(manager: Person) -> None:
    world = World(someone("ana", "ben"), manager, someone("cleo"))
    fact = world.told(resigned(manager_id="ben"))
    assert fact.recipient_id != "ben"


def test_a_leaver_who_reads_the_hr_mailbox_is_not_told_and_this_is_stated() -> None:
    world = World(someone("ana", mail=HR))

    fact = world.told(resigned())

    assert world.postbox.letters == []
    assert (type(fact), fact.cause) == (NotificationFailed, NotificationFailureCause.NO_RECIPIENT)


def test_who_was_refused_is_stated() -> None:
    world = World(refuses={"ben@example.com"})
    assert world.told(resigned()).refused_ids == ("ben",)


def test_a_confirmation_that_reached_nobody_does_not_hide_who_knows_of_the_resignation() -> None:
    world = World()
    world.told(resigned())
    world.postbox.refuses = {"ben@example.com", HR}
    world.told(CONFIRMED)
    world.postbox.refuses = set()

    assert world.told(happened(ResignationWithdrawn, 3)).recipient_id == "ben"


def test_a_manager_without_an_employee_id_is_told_the_end_too() -> None:
    world = World(someone("ana", "ben"), someone("ben", "cleo", employee_id=""), someone("cleo"))
    world.told(resigned())

    world.told(RETAINED)

    assert world.postbox.read_by == ["ben@example.com"] * 2
    assert "because you received the earlier message" in text_of(world.postbox.letters[1])


def test_a_managers_manager_without_an_employee_id_is_told_the_end_too() -> None:
    world = World(someone("ana", "ben"), someone("ben", "cleo", active=False), someone("cleo", "dora", employee_id=""))
    world.told(resigned())
    world.told(RETAINED)
    assert world.postbox.read_by == ["cleo@example.com"] * 2


def test_hr_is_told_rather_than_somebody_who_cannot_be_the_one_who_was_told_and_reads_no_untruth() -> None:
    world = World(someone("ana", "ben"), someone("ben", employee_id=""), someone("dora"))
    world.told(resigned())
    world.directory.people[0] = someone("ana", "dora")

    world.told(RETAINED)

    assert world.postbox.read_by == ["ben@example.com", HR]
    assert "you received the earlier message" not in text_of(world.postbox.letters[1])
    assert not world.postbox.letters[1]["Subject"].startswith("Re: ")


def test_a_manager_for_whom_hr_stood_in_once_is_told_the_end() -> None:
    world = World()
    first = world.told(resigned())
    world.directory.people[1] = someone("ben", "cleo", active=False)
    assert world.told(CONFIRMED).recipient_role is RecipientRole.HR
    world.directory.people[1] = someone("ben", "cleo")

    world.told(happened(ResignationWithdrawn, 3))

    assert world.postbox.read_by == ["ben@example.com", HR, "ben@example.com"]
    assert world.postbox.letters[2]["In-Reply-To"] == first.message_id


def of_ben(event: Any, who: str = "ben") -> Any:
    """Return the same event in a case of a manager's own."""
    own = {"employee_id": who, "case_id": UUID(int=99), "event_id": UUID(int=9900 + event.case_version)}
    return event.model_copy(update=own)
