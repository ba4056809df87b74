"""The words of Notification's mails: whose language, names from elsewhere, and a company's own templates."""

from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from consumers.notification.case import Days, Matter, Obstacle, Recipient
from consumers.notification.examples import TEMPLATES, every_mail
from consumers.notification.letter import words_of
from consumers.shared.letters import Letters, open_letters
from schemas.notification import NotificationKind, RecipientRole
from tests.unit.notifying import CONFIRMED, HR, LETTERS, RETAINED, World, received, resigned, someone, text_of

BEN = Recipient(RecipientRole.MANAGER, "Ben", "ben@example.com", "ben")


def written(
    name: str = "Ana", to: Recipient = BEN, *passed_over: Recipient, letters: Letters = LETTERS, **fields: Any
) -> Any:
    """Return the mail about a resignation as its reader sees it."""
    event = resigned(**fields)
    matter = Matter(event, NotificationKind.RESIGNED, (someone("ana", display_name=name),), Days.of(event))
    return received(letters.write("letter", words_of(matter, to, passed_over), (to.reader,), event, key=UUID(int=7)))


def test_the_language_is_that_of_the_recipient_not_of_the_leaver() -> None:
    world = World(someone("ana", "ben", preferred_language="en"), someone("ben", preferred_language="de-AT"))
    world.told(resigned(last_working_day=date(2026, 11, 27)))

    [letter] = world.postbox.letters
    assert "Ana (Personalkennung ana) hat am Montag, 2. März 2026 gekündigt." in text_of(letter)
    assert "Der letzte Arbeitstag wäre Freitag, 27. November 2026." in text_of(letter)
    assert '<html lang="de">' in text_of(letter, "html")
    assert letter["Subject"].startswith("Eine Personalangelegenheit")


def test_the_hr_mailbox_has_a_language_of_its_own() -> None:
    world = World(someone("ana"), hr_language="de")
    world.told(resigned())
    assert world.postbox.read_by == [HR]
    assert text_of(world.postbox.letters[0]).startswith("Guten Tag, Ana (Personalkennung ana)")


def test_names_and_ids_from_elsewhere_can_change_neither_header_nor_text_nor_markup() -> None:
    evil = "Ben\r\nBcc: all@example.com\r\n\r\n<script>\u202e\x00{{ 7 * 7 }}"
    to = Recipient(RecipientRole.SKIP_LEVEL, evil, "cleo@example.com", "cleo")
    over = Recipient(RecipientRole.MANAGER, evil, obstacle=Obstacle.INACTIVE)

    mail = written(evil, to, over, employee_id="a\n\nb<i>")

    assert mail["Bcc"] is None
    assert str(mail["To"]) == '"Ben Bcc: all@example.com <script> {{ 7 * 7 }}" <cleo@example.com>'
    assert "<script>" not in text_of(mail, "html")
    assert "&lt;script&gt;" in text_of(mail, "html")
    assert "\u202e" not in text_of(mail)
    assert "a b<i>" in text_of(mail)
    assert text_of(mail).count("{{ 7 * 7 }}") == 3


@pytest.mark.parametrize("field", ["display_name", "employee_id", "mail", "preferred_language"])
@pytest.mark.parametrize("evil", ["x\r\nBcc: all@example.com", "x\nSubject: gone", "x\x00", "x\u2028Bcc: a@b"])
def test_no_field_of_the_directory_adds_a_header(field: str, evil: str) -> None:
    world = World(someone("ana", "ben", display_name=evil), someone("ben", "cleo", **{field: evil}), someone("cleo"))
    world.told(resigned())

    mail = received(world.postbox.letters[0])
    assert set(mail.keys()) == {
        *("From", "To", "Subject", "Date", "Message-ID", "References", "Auto-Submitted", "MIME-Version", "Content-Type")
    }
    assert mail["Subject"].startswith("A staff matter")
    assert len(mail["To"].addresses) == 1


@pytest.mark.parametrize("name", ["Зоя", "山田 花子", "Ana 🌻", "Zoë 👩\u200d🚀", "علی\u200cرضا", "שרה"])
def test_a_name_in_any_script_arrives_as_it_is(name: str) -> None:
    mail = written(name, Recipient(RecipientRole.MANAGER, name, "ben@example.com", "ben"))

    assert mail["To"].addresses[0].display_name == name
    for kind in ("plain", "html"):
        assert name in text_of(mail, kind)


def test_a_name_from_right_to_left_cannot_turn_the_sentence_around_it() -> None:
    said = text_of(written("שרה"))
    assert "\u2068שרה\u2069 (employee id ana) handed in" in said
    assert "\u2068" not in text_of(written("Ana"))
    for mark in "\u202a\u202b\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c":
        assert mark not in text_of(written(f"A{mark}na"))


def own_words(folder: Path) -> Letters:
    """Return what writes with a company's own templates."""
    return open_letters(TEMPLATES, str(folder), mails=every_mail(), sender="ems@example.com", domain="example.com")


def test_a_company_has_words_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "en").mkdir()
    (tmp_path / "en" / "subject.txt").write_text("Please read: {{ short_case }}")
    (tmp_path / "letter.html").write_text("<b>ACME</b>{% for one in paragraphs %}<p>{{ one }}</p>{% endfor %}")

    mail = written("<Ana>", letters=own_words(tmp_path))

    assert mail["Subject"] == "Please read: 0000beef"
    assert "<b>ACME</b>" in text_of(mail, "html")
    assert "&lt;Ana&gt;" in text_of(mail, "html")
    assert "<Ana> (employee id ana) handed in a resignation" in text_of(mail)


def test_a_mail_in_german_says_whose_manager_is_meant() -> None:
    german = Recipient(RecipientRole.HR, "", HR, language="de")
    ben = Recipient(RecipientRole.MANAGER, "Ben", obstacle=Obstacle.INACTIVE)
    cleo = Recipient(RecipientRole.SKIP_LEVEL, "Cleo", obstacle=Obstacle.INACTIVE)

    both, alone = text_of(written("Ana", german, ben, cleo)), text_of(written("Ana", german, cleo))

    assert "die Führungskraft (Ben) im Verzeichnis nicht aktiv ist und deren Führungskraft (Cleo)" in both
    assert "weil die nächsthöhere Führungskraft (Cleo) im Verzeichnis nicht aktiv ist." in alone


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "is given back, unless another open case of the person holds it."),
        ("de", "werden zurückgegeben, es sei denn, ein anderer offener Vorgang der Person setzt sie weiter aus."),
    ],
)
def test_access_is_not_promised_back_where_another_case_may_hold_it(language: str, words: str) -> None:
    world = World(someone("ana", "ben"), someone("ben", preferred_language=language))
    world.told(resigned())
    world.told(RETAINED)
    assert words in text_of(world.postbox.letters[1])


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "If a message is still held for this case"), ("de", "noch eine Nachricht zurückgehalten")],
)
def test_hr_is_not_promised_a_message_that_was_dropped(language: str, words: str) -> None:
    world = World(hr_language=language)
    world.told(resigned(confidentiality="RESTRICTED"))
    world.told(CONFIRMED)
    for letter in world.postbox.letters:
        assert words in text_of(letter)
