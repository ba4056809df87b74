"""Who is told what, and who is not."""

import asyncio
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any
from uuid import UUID, uuid5

import pytest

from choreography import Effect, Event, NothingToDo, Unavailable
from choreography.fake import FakeMemory
from consumers.notification.handler import (
    Undone,
    notify_manager,
    notify_that_employee_leaves,
    notify_that_employee_stays,
)
from consumers.notification.letter import Matter, Recipient, write
from consumers.notification.ports import Person, Ports, Sender
from consumers.notification.service import service
from schemas.exits import (
    EXIT_CLOSED,
    Confidentiality,
    EmployeeResigned,
    EmployeeRetained,
    ExitCaseVoided,
    ExitConfirmed,
    ResignationWithdrawn,
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

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
CASE = UUID("01890000-0000-7000-8000-00000000beef")
HR = "hr@example.com"
SENDER = Sender("ems@example.com", "example.com")


@dataclass(frozen=True)
class Someone:
    id: str
    display_name: str
    mail: str | None
    active: bool = True
    manager_scim_id: str | None = None
    employee_id: str = ""


def someone(name: str, manager: str | None = None, **differs: Any) -> Someone:
    known = Someone(f"scim-{name}", name.title(), f"{name}@example.com", True, manager and f"scim-{manager}", name)
    return replace(known, **differs)


class Directory:
    def __init__(self, *people: Someone) -> None:
        self.people = list(people)

    async def with_employee_id(self, employee_id: str) -> list[Someone]:
        return [one for one in self.people if one.employee_id == employee_id]

    async def manager_of(self, person: Person) -> Someone | None:
        return next((one for one in self.people if one.id == person.manager_scim_id), None)


@dataclass(frozen=True)
class Sent:
    reached: tuple[str, ...]
    perhaps_repeated: bool


@dataclass
class Postbox:
    """A mail system that knows what it has accepted.

    Attributes:
        remembers: it is asked what an earlier attempt sent.
    """

    refuses: set[str] = field(default_factory=set)
    letters: list[EmailMessage] = field(default_factory=list)
    down: bool = False
    remembers: bool = False

    async def send(self, message: EmailMessage, effect: Effect) -> Sent:
        if self.down:
            raise Unavailable
        known = [one for one in self.letters if one["Message-ID"] == message["Message-ID"]]
        if self.remembers and known:
            return Sent((address_of(known[0]),), perhaps_repeated=False)
        if address_of(message) in self.refuses:
            return Sent((), effect.repeated)
        self.letters.append(message)
        return Sent((address_of(message),), effect.repeated)

    @property
    def read_by(self) -> list[str]:
        return [address_of(letter) for letter in self.letters]


def address_of(mail: EmailMessage) -> str:
    return str(mail["To"].addresses[0].addr_spec)


def text_of(mail: EmailMessage, kind: str = "plain") -> str:
    """Return what the mail says, on one line."""
    body = mail.get_body((kind,))
    assert body is not None
    return " ".join(body.get_content().split())


class World:
    """A company of four, its postbox, and what the service remembers."""

    def __init__(self, *people: Someone, refuses: set[str] | None = None) -> None:
        ana, ben, cleo = someone("ana", "ben"), someone("ben", "cleo"), someone("cleo")
        self.directory = Directory(*(people or (ana, ben, cleo)))
        self.postbox = Postbox(refuses or set())
        self.memory = FakeMemory("ems.notification")
        self.ports = Ports(mailer=self.postbox, sent_mail=None, people=self.directory, sender=SENDER, hr_mailbox=HR)

    def told(self, event: Event, *, repeated: bool = False) -> Any:
        """Let the service react and state its fact, as the runtime does."""
        effect = self.memory.effect(event, NOON, repeated=repeated)
        reaction = next(one for one in service.reactions if one.event is type(event))

        async def handled() -> Event:
            return await reaction.handler(event, self.ports, effect)

        fact = asyncio.run(handled())
        assert type(fact) in reaction.publishes
        self.memory.state(event, fact, NOON)
        return fact


def received(mail: EmailMessage) -> EmailMessage:
    """Return the mail as its reader sees it."""
    return message_from_bytes(bytes(mail), policy=policy.default)


def happened(kind: type[Event], version: int, **fields: object) -> Any:
    return kind.model_validate(
        {
            "event_id": uuid5(CASE, str(version)),
            "employee_id": "ana",
            "case_id": CASE,
            "case_version": version,
            "occurred_at": NOON,
            "recorded_at": NOON,
            **fields,
        }
    )


def resigned(**fields: object) -> EmployeeResigned:
    given = {"submitted_on": date(2026, 3, 2), "time_zone": "Europe/Vienna", **fields}
    event: EmployeeResigned = happened(EmployeeResigned, 1, **given)
    return event


RETAINED: EmployeeRetained = happened(EmployeeRetained, 2)
WITHDRAWN: ResignationWithdrawn = happened(ResignationWithdrawn, 2)
VOIDED: ExitCaseVoided = happened(ExitCaseVoided, 2)
CONFIRMED: ExitConfirmed = happened(ExitConfirmed, 2)


def test_the_manager_is_told_who_resigned_and_until_when_they_work() -> None:
    world = World()

    fact = world.told(resigned(last_working_day=date(2026, 4, 30)))

    [letter] = world.postbox.letters
    assert address_of(letter) == "ben@example.com"
    assert "Ana (employee id ana) handed in a resignation on 2 March 2026." in text_of(letter)
    assert "The last working day would be 30 April 2026." in text_of(letter)
    assert fact == ManagerNotified(
        kind=NotificationKind.RESIGNED,
        recipient_id="ben",
        recipient_role=RecipientRole.MANAGER,
        message_id=letter["Message-ID"],
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
def test_where_the_manager_cannot_be_told_their_manager_is_and_learns_why(manager: Someone, why: str) -> None:
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
def test_where_nobody_above_can_be_told_hr_is(people: tuple[Someone, ...]) -> None:
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

    assert fact == NotificationFailed(
        kind=NotificationKind.RESIGNED, cause=NotificationFailureCause.REFUSED, recipient_ids=("ben", "cleo")
    )


@pytest.mark.parametrize(
    ("people", "cause"),
    [
        ((someone("ben"),), NotificationFailureCause.PERSON_NOT_FOUND),
        ((someone("ana", "ben"), someone("ana", id="2"), someone("ben")), NotificationFailureCause.PERSON_AMBIGUOUS),
    ],
)
def test_of_somebody_whom_the_directory_does_not_know_for_certain_hr_is_told_the_id_alone(
    people: tuple[Someone, ...], cause: NotificationFailureCause
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


def test_of_a_restricted_case_only_hr_is_told_whatever_happens() -> None:
    world = World()
    restricted = resigned(confidentiality=Confidentiality.RESTRICTED, last_working_day=date(2026, 4, 30))

    withheld = world.told(restricted)
    confirmed = world.told(CONFIRMED)
    dropped = world.told(happened(ResignationWithdrawn, 3))

    assert world.postbox.read_by == [HR, HR, HR]
    assert (type(withheld), type(confirmed), type(dropped)) == (
        NotificationWithheld,
        NotificationWithheld,
        NotificationDropped,
    )
    assert {fact.manager_id for fact in (withheld, confirmed, dropped)} == {"ben"}
    assert {fact.last_working_day for fact in (withheld, confirmed, dropped)} == {date(2026, 4, 30)}
    assert world.postbox.letters[2]["In-Reply-To"] == confirmed.message_id


def test_of_a_restricted_case_of_an_unknown_person_only_hr_is_told() -> None:
    world = World(someone("ben"))
    fact = world.told(resigned(confidentiality=Confidentiality.RESTRICTED, manager_id="ben"))
    assert (type(fact), fact.manager_id) == (NotificationWithheld, "ben")
    assert world.postbox.read_by == [HR]


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


def test_names_and_ids_from_elsewhere_can_change_neither_header_nor_text_nor_markup() -> None:
    evil = "Ben\r\nBcc: all@example.com\r\n\r\n<script>\u202e\x00"
    matter = Matter(resigned(employee_id="a\n\nb<i>"), NotificationKind.RESIGNED, someone("ana", display_name=evil))
    to = Recipient(RecipientRole.SKIP_LEVEL, evil, "cleo@example.com", "cleo")
    passed_over = [Recipient(RecipientRole.MANAGER, evil, obstacle="is not active in the directory")]

    letter = received(write(UUID(int=7), matter, to, passed_over, SENDER))
    mail = letter

    assert mail["Bcc"] is None
    assert str(mail["To"]) == '"Ben Bcc: all@example.com <script>" <cleo@example.com>'
    assert "<script>" not in text_of(letter, "html")
    assert "&lt;script&gt;" in text_of(letter, "html")
    assert "\u202e" not in text_of(letter)
    assert "a b<i>" in text_of(letter)


@pytest.mark.parametrize("name", ["Зоя", "山田 花子", "שרה", "Ana 🌻"])
def test_a_name_in_any_script_arrives_as_it_is(name: str) -> None:
    matter = Matter(resigned(), NotificationKind.RESIGNED, someone("ana", display_name=name))

    mail = received(
        write(UUID(int=7), matter, Recipient(RecipientRole.MANAGER, name, "ben@example.com", "ben"), (), SENDER)
    )

    assert mail["To"].addresses[0].display_name == name
    for body in (mail.get_body(("plain",)), mail.get_body(("html",))):
        assert body is not None
        assert name in body.get_content()


def test_a_mail_says_when_it_happened_that_it_is_automatic_and_what_it_answers() -> None:
    matter = Matter(RETAINED, NotificationKind.RETAINED, None, answers="<first@example.com>")

    mail = received(write(UUID(int=7), matter, Recipient(RecipientRole.HR, "HR", HR), (), SENDER))

    assert mail["Date"].datetime == NOON
    assert mail["Auto-Submitted"] == "auto-generated"
    assert (mail["Message-ID"], mail["In-Reply-To"], mail["References"]) == (
        f"<{UUID(int=7)}@example.com>",
        "<first@example.com>",
        "<first@example.com>",
    )


def test_old_news_reaches_nobody_but_a_confirmation_does_not_silence_the_first_message() -> None:
    reactions = {reaction.event: reaction for reaction in service.reactions}
    assert reactions[EmployeeResigned].unless == EXIT_CLOSED
    assert ExitConfirmed not in EXIT_CLOSED
    assert not any(reaction.repeatable for reaction in service.reactions)
    assert {reaction.handler for reaction in service.reactions} == {
        notify_manager,
        notify_that_employee_leaves,
        notify_that_employee_stays,
    }
