"""Who is told of a resignation, and in which words: rule by rule, with a real directory and a real mail system."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from choreography import Hold, NothingToDo
from schemas.exits import (
    EmployeeResigned,
    EmployeeRetained,
    ExitCaseVoided,
    ExitConfirmed,
    LastWorkingDayChanged,
    ResignationWithdrawn,
)
from schemas.notification import (
    ManagerNotified,
    NotificationDropped,
    NotificationFailed,
    NotificationFailureCause,
    NotificationWithheld,
    RecipientRole,
)
from tests.doubles import DOMAIN, HR
from tests.integration.access.company import Directory, open_directory
from tests.integration.access.reacting import Case
from tests.integration.firm import Firm

FRIDAY = date(2026, 11, 27)
HEADERS = {
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "References",
    "Auto-Submitted",
    "MIME-Version",
    "Content-Type",
}
WORD = "=?utf-8?q?Ben=0D=0ABcc=3A_eve=40example.com?="  # what would be decoded, and be a header then


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Directory]:
    """A running SCIM server."""
    with open_directory(tmp_path_factory.mktemp("directory")) as server:
        yield server


@pytest.fixture
def firm(people: Directory) -> Firm:
    """Nobody works there yet."""
    return Firm(people)


def staffed(firm: Firm, **ben: Any) -> Firm:
    """Hire Ana, her manager Ben, and Cleo above him."""
    firm.hire("cleo")
    firm.hire("ben", "cleo", **ben)
    firm.hire("ana", "ben")
    return firm


def resigns(firm: Firm, name: str = "ana", **fields: object) -> Any:
    return firm.told(firm.case(name).resigned(**fields))


# ---- the manager, else who is above, else HR


def test_the_manager_is_told_and_nobody_else(firm: Firm) -> None:
    fact = resigns(staffed(firm))

    assert firm.read_by == ["ben"]
    assert (fact.recipient_role, fact.recipient_id, fact.fallback_level) == (
        RecipientRole.MANAGER,
        firm.id_of("ben"),
        0,
    )


def test_where_there_is_no_manager_hr_is_told(firm: Firm) -> None:
    firm.hire("ana")

    fact = resigns(firm)

    assert firm.read_by == [HR]
    assert (fact.recipient_role, fact.recipient_id, fact.fallback_level) == (RecipientRole.HR, None, 2)


def test_a_manager_who_is_not_active_is_passed_over_and_the_mail_says_why(firm: Firm) -> None:
    fact = resigns(staffed(firm, active=False))

    assert firm.read_by == ["cleo"]
    assert (fact.recipient_role, fact.fallback_level) == (RecipientRole.SKIP_LEVEL, 1)
    assert "(Ben) is not active" in firm.said()


def test_where_neither_manager_nor_who_is_above_can_be_told_hr_is_and_learns_why(firm: Firm) -> None:
    firm.hire("cleo", active=False)
    firm.hire("ben", "cleo", emails=[])
    firm.hire("ana", "ben")

    resigns(firm)

    assert firm.read_by == [HR]
    assert "(Ben) has no mail address" in firm.said()
    assert "(Cleo) is not active" in firm.said()


def test_whoever_the_event_names_is_never_replaced_by_the_next_one(firm: Firm) -> None:
    staffed(firm)

    fact = resigns(firm, manager_id="somebody whom nobody knows")

    assert firm.read_by == [HR]
    assert fact.recipient_role is RecipientRole.HR


def test_of_two_people_with_the_managers_id_neither_is_told(firm: Firm) -> None:
    staffed(firm)
    firm.hire("ben")

    resigns(firm, manager_id=firm.id_of("ben"))

    assert firm.read_by == [HR]


def test_the_manager_whom_the_event_names_is_told_rather_than_that_of_the_directory(firm: Firm) -> None:
    staffed(firm)
    firm.hire("dora")

    resigns(firm, manager_id=firm.id_of("dora"))

    assert firm.read_by == ["dora"]


def test_where_two_people_have_the_leavers_id_only_hr_is_told(firm: Firm) -> None:
    staffed(firm)
    firm.hire("ana", "ben")

    fact = resigns(firm)

    assert (firm.read_by, fact.cause) == ([HR], NotificationFailureCause.PERSON_AMBIGUOUS)


# ---- a manager with an open case of their own


def test_a_manager_with_an_open_case_is_passed_over_and_who_knows_of_it_learns_why(firm: Firm) -> None:
    staffed(firm)
    resigns(firm, "ben")

    fact = resigns(firm)

    assert firm.read_by == ["cleo", "cleo"]
    assert fact.recipient_role is RecipientRole.SKIP_LEVEL
    assert "(Ben) has an open exit case of their own" in firm.said()


def test_whoever_does_not_know_of_the_managers_case_does_not_learn_of_it(firm: Firm) -> None:
    staffed(firm)
    resigns(firm, "ben", confidentiality="RESTRICTED")

    resigns(firm)

    assert firm.read_by == [HR, HR]
    assert "(Ben) has an open exit case of their own" in firm.said()


@pytest.mark.parametrize("end", [ResignationWithdrawn, EmployeeRetained, ExitCaseVoided])
def test_a_manager_who_stays_after_all_is_told_again(firm: Firm, end: type[Any]) -> None:
    staffed(firm)
    own = firm.case("ben")
    firm.told(own.resigned())
    firm.told(own.states(end))

    resigns(firm)

    assert firm.read_by == ["cleo", "cleo", "ben"]


def test_a_manager_who_was_hired_again_after_a_last_working_day_is_told(firm: Firm) -> None:
    staffed(firm)
    resigns(firm, "ben", last_working_day=date(2026, 3, 31))
    firm.now += timedelta(days=30)

    resigns(firm)

    assert firm.read_by == ["cleo", "ben"]


# ---- never the person concerned


def test_who_is_named_as_their_own_manager_is_not_told(firm: Firm) -> None:
    staffed(firm)

    resigns(firm, manager_id=firm.id_of("ana"))

    assert "ana" not in firm.read_by


def test_a_second_account_with_the_leavers_address_is_not_written_to(firm: Firm) -> None:
    staffed(firm, emails=[{"value": firm.address("ana"), "primary": True}])

    resigns(firm)

    assert firm.read_by == ["cleo"]


def test_a_mailbox_of_hr_that_is_the_leavers_own_is_not_written_to(firm: Firm) -> None:
    firm.hire("ana")
    firm.hr = firm.address("ana").upper()

    fact = resigns(firm)

    assert isinstance(fact, NotificationFailed)
    assert (firm.script.accepted, fact.cause) == ([], NotificationFailureCause.NO_RECIPIENT)


# ---- what the mail system refuses


def test_who_is_refused_for_good_is_passed_over_up_to_hr_and_that_is_stated(firm: Firm) -> None:
    staffed(firm)
    firm.script.to_recipients = {firm.address("ben"): "550 no", firm.address("cleo"): "550 no"}

    fact = resigns(firm)

    assert firm.read_by == [HR]
    assert fact.refused_ids == (firm.id_of("ben"), firm.id_of("cleo"))


def test_what_everybody_refuses_is_stated_and_not_dropped(firm: Firm) -> None:
    staffed(firm)
    firm.script.to_recipients = dict.fromkeys((firm.address("ben"), firm.address("cleo"), HR), "550 no")

    fact = resigns(firm)

    assert isinstance(fact, NotificationFailed)
    assert (firm.script.accepted, fact.cause) == ([], NotificationFailureCause.REFUSED)
    assert fact.recipient_ids == (firm.id_of("ben"), firm.id_of("cleo"))


# ---- restricted cases


def in_confidence(firm: Firm) -> tuple[Case, NotificationWithheld]:
    """Have Ana resign in confidence; return what HR was told."""
    case = staffed(firm).case("ana")
    fact = firm.told(case.resigned(confidentiality="RESTRICTED"))
    assert isinstance(fact, NotificationWithheld)
    with pytest.raises(Hold):
        firm.told(fact)
    return case, fact


def test_of_a_restricted_case_hr_hears_first_and_the_manager_on_release(firm: Firm) -> None:
    _, fact = in_confidence(firm)
    assert firm.read_by == [HR]

    told = firm.told(fact, released=True)

    assert firm.read_by == [HR, "ben"]
    assert isinstance(told, ManagerNotified)


def test_what_nobody_was_asked_yet_is_not_released_by_an_earlier_release(firm: Firm) -> None:
    fact = staffed(firm).told(firm.case("ana").resigned(confidentiality="RESTRICTED"))

    with pytest.raises(Hold):
        firm.told(fact, released=True)

    assert firm.read_by == [HR]


@pytest.mark.parametrize("end", [ResignationWithdrawn, EmployeeRetained, ExitCaseVoided])
def test_what_is_undone_before_the_release_reaches_the_manager_never(firm: Firm, end: type[Any]) -> None:
    case, fact = in_confidence(firm)

    dropped = firm.told(case.states(end))

    assert isinstance(dropped, NotificationDropped)
    with pytest.raises(NothingToDo):
        firm.told(dropped)
    with pytest.raises(NothingToDo):
        firm.told(fact, released=True)
    assert firm.read_by == [HR, HR]


def test_what_is_undone_after_the_release_is_told_to_hr_and_then_to_the_manager(firm: Firm) -> None:
    case, fact = in_confidence(firm)
    firm.told(fact, released=True)

    firm.told(firm.told(case.states(ResignationWithdrawn)))

    assert firm.read_by == [HR, "ben", HR, "ben"]


def test_after_the_release_hr_is_still_the_first_to_hear_how_it_goes_on(firm: Firm) -> None:
    case, fact = in_confidence(firm)
    firm.told(fact, released=True)

    firm.told(firm.told(case.states(ExitConfirmed)))

    assert firm.read_by == [HR, "ben", HR, "ben"]


# ---- the form of a mail, and its words


def test_the_subject_of_no_mail_tells_what_it_is_about(firm: Firm) -> None:
    case = staffed(firm).case("ana")
    for event in (case.resigned(), case.states(LastWorkingDayChanged, current=FRIDAY), case.states(ExitConfirmed)):
        firm.told(event)

    subjects = " ".join(mail["Subject"] for mail in firm.mails()).lower()
    assert not [word for word in ("ana", "resign", "exit", "leave", "confirm") if word in subjects]


def test_all_mails_of_a_case_are_one_thread_whoever_gets_which_and_those_of_another_case_another(firm: Firm) -> None:
    case = staffed(firm).case("ana")
    first = firm.told(case.resigned())
    second = firm.told(case.states(LastWorkingDayChanged, current=FRIDAY))
    firm.script.to_recipients = {firm.address("ben"): "550 no"}
    firm.told(case.states(EmployeeRetained))
    firm.hire("dora", "cleo")
    resigns(firm, "dora")

    thread = f"<{case.id}@{DOMAIN}>"
    one, two, three, other = firm.mails()
    assert firm.read_by == ["ben", "ben", HR, "cleo"]
    assert (one["References"], one["In-Reply-To"]) == (thread, None)
    assert (two["References"], two["In-Reply-To"]) == (f"{thread} {first.message_id}", first.message_id)
    assert (three["References"], three["In-Reply-To"]) == (f"{thread} {second.message_id}", second.message_id)
    assert thread not in other["References"]


def test_a_mail_says_when_it_happened_and_that_nobody_need_answer(firm: Firm) -> None:
    event = staffed(firm).case("ana").resigned()
    firm.now += timedelta(days=1)
    firm.told(event)

    (mail,) = firm.mails()
    assert mail["Date"].datetime == event.occurred_at
    assert mail["Auto-Submitted"] == "auto-generated"
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]


def test_a_mail_that_is_written_again_later_is_the_same_bytes(firm: Firm) -> None:
    event = staffed(firm).case("ana").resigned()
    firm.told(event)
    firm.memory.stated.clear()
    firm.now += timedelta(hours=1)
    firm.told(event)

    first, second = firm.script.accepted
    assert first == second


@pytest.mark.parametrize(
    "evil",
    ["Ben\r\nBcc: eve@example.com", "Ben\n\nX", 'B"en <eve@example.com>, Eve', "\u202eBen", "=?utf-8?q?B=0Aen?="],
)
def test_a_name_of_who_gets_it_changes_no_header_of_a_mail(firm: Firm, evil: str) -> None:
    resigns(staffed(firm, displayName=evil))

    (mail,) = firm.mails()
    assert firm.read_by == ["ben"]
    assert [one.addr_spec for one in mail["To"].addresses] == [firm.address("ben")]
    assert (mail["Bcc"], mail["X"], mail.defects) == (None, None, [])
    assert [name for name in mail if name not in HEADERS] == []
    assert "\u202e" not in str(mail["To"])


def test_an_address_that_would_be_decoded_is_not_written_to(firm: Firm) -> None:
    resigns(staffed(firm, emails=[{"value": f"{WORD}@example.com", "primary": True}]))

    assert firm.read_by == ["cleo"]
    assert firm.mails()[0]["Bcc"] is None


def test_a_name_in_a_subject_of_the_companys_own_changes_no_header(firm: Firm, tmp_path: Path) -> None:
    firm.override(tmp_path, en_subject="About {{ name }}")
    firm.hire("ben")
    firm.hire("ana", "ben", displayName=WORD)

    resigns(firm)

    (mail,) = firm.mails()
    assert mail["Bcc"] is None
    assert mail["Subject"].startswith("About ")


@pytest.mark.parametrize(
    ("language", "day", "page"),
    [
        ("de-AT", "Freitag, 27. November 2026", "de"),
        ("en-GB", "Friday, 27 November 2026", "en"),
        ("fr", "Friday, 27 November 2026", "en"),
    ],
)
def test_a_mail_is_in_the_language_of_who_gets_it_with_days_in_words(
    firm: Firm, language: str, day: str, page: str
) -> None:
    firm.hire("ben", preferredLanguage=language)
    firm.hire("ana", "ben", preferredLanguage="de" if page == "en" else "en")

    resigns(firm, last_working_day=FRIDAY, preferred_language="de" if page == "en" else "en")

    assert day in firm.said()
    html = firm.mails()[0].get_body(("html",))
    assert html is not None
    assert f'<html lang="{page}">' in html.get_content()


def test_a_company_says_it_in_its_own_words(firm: Firm, tmp_path: Path) -> None:
    firm.override(tmp_path, en_subject="House post {{ short_case }}", en_letter="Look at {{ name }} {{ employee_id }}.")

    resigns(staffed(firm))

    (mail,) = firm.mails()
    assert mail["Subject"].startswith("House post ")
    assert firm.said() == f"Look at Ana {firm.id_of('ana')}."


def test_a_day_is_over_where_the_person_works(firm: Firm) -> None:
    """Until then a manager has an open case of their own, and no hour longer."""
    staffed(firm)
    days = {"submitted_on": date(2026, 3, 2), "last_working_day": date(2026, 3, 31), "time_zone": "Pacific/Kiritimati"}
    firm.told(firm.case("ben").states(EmployeeResigned, **days))

    firm.now = datetime.fromisoformat("2026-03-31T09:59:59Z")
    resigns(firm)
    firm.now = datetime.fromisoformat("2026-03-31T10:00:00Z")
    resigns(firm)

    assert firm.read_by == ["cleo", "cleo", "ben"]
