"""What mails say, and their form, for all services: languages, days, several readers, and templates that are whole."""

import re
from collections import Counter
from collections.abc import Callable
from datetime import date
from pathlib import Path
from shutil import copytree
from typing import Final
from uuid import UUID

import pytest

from choreography import InvalidSettings
from consumers.hr import proof as hr
from consumers.notification import examples as notification
from consumers.shared.letters import Address, Letters, Templates, open_letters
from consumers.shared.letters.language import in_words, language_of
from consumers.shared.letters.names import harmless
from consumers.shared.letters.wording import SHARED
from tests.unit.notifying import RETAINED, received, text_of

KEY: Final = UUID(int=7)
FOLDERS: Final = (hr.TEMPLATES, notification.TEMPLATES)


GERMAN = Address("Ben", "ben@example.com", "de-AT")
BRITISH = Address("Ana", "ana@example.com", "en-GB")
FRENCH = Address("Eve", "eve@example.com", "fr")


@pytest.fixture
def letters(tmp_path: Path) -> Letters:
    """What writes with the one template `note`."""
    for language, hello in (("en", "Hello"), ("de", "Guten Tag")):
        folder = tmp_path / "own" / language
        folder.mkdir(parents=True)
        (folder / "subject.txt").write_text(f"{hello}!")
        (folder / "note.txt").write_text(f"{hello} {{{{ name }}}},\n\nuntil {{{{ day | in_words }}}}.\n")
    return Letters(Templates(tmp_path / "own"), sender="ems@example.com", domain="example.com")


def open_notification(folder: str, hr_language: str = "en") -> Letters:
    return open_letters(
        notification.TEMPLATES,
        folder,
        mails=notification.every_mail(),
        sender="ems@example.com",
        domain="example.com",
        hr_language=hr_language,
    )


def open_hr(folder: str) -> Letters:
    mails, lines = hr.every_mail(), hr.every_line()
    return open_letters(hr.TEMPLATES, folder, mails=mails, lines=lines, sender="ems@example.com", domain="example.com")


@pytest.mark.parametrize(
    ("preferred", "language"),
    [
        ("de", "de"), ("de-AT", "de"), ("de_CH", "de"), ("DE-de", "de"), ("de, en;q=0.5", "de"),
        ("en-GB", "en"), ("fr", "en"), ("deu", "en"), ("", "en"), (None, "en"), ("\u202e", "en"),
    ],
)  # fmt: skip
def test_a_language_that_is_not_known_is_english(preferred: str | None, language: str) -> None:
    assert language_of(preferred, ("de", "en")) == language


def test_a_day_is_said_in_words() -> None:
    assert in_words(date(2026, 11, 27), "en") == "Friday, 27 November 2026"
    assert in_words(date(2026, 11, 27), "de") == "Freitag, 27. November 2026"
    assert in_words(date(2026, 3, 1), "de") == "Sonntag, 1. März 2026"
    assert in_words(date(2026, 11, 27), "fr") == "vendredi 27 novembre 2026"


def test_readers_of_two_languages_get_one_mail_that_says_everything_in_both(letters: Letters) -> None:
    words = {"name": "<all>", "day": date(2026, 11, 27)}
    mail = received(letters.write("note", words, (GERMAN, BRITISH, FRENCH), RETAINED, key=KEY))

    german, english = text_of(mail).split(" * * * ")
    assert german == "Guten Tag <all>, until Freitag, 27. November 2026."
    assert english == "Hello <all>, until Friday, 27 November 2026."
    assert mail["Subject"] == "Guten Tag! / Hello!"
    html = text_of(mail, "html")
    assert html.index('<div lang="de"> <p dir="auto">Guten Tag &lt;all&gt;,') < html.index('<hr> <div lang="en">')
    assert mail["Message-ID"] == f"<{KEY}@example.com>"
    assert [one.addr_spec for one in mail["To"].addresses] == ["ben@example.com", "ana@example.com", "eve@example.com"]


def test_readers_of_one_language_are_told_once(letters: Letters) -> None:
    mail = letters.write("note", {"name": "Ana", "day": date(2026, 3, 1)}, (BRITISH, FRENCH), RETAINED, key=KEY)

    assert mail["Subject"] == "Hello!"
    assert text_of(mail) == "Hello Ana, until Sunday, 1 March 2026."
    assert "<hr>" not in text_of(mail, "html")


def test_who_is_named_twice_gets_it_once(letters: Letters) -> None:
    words = {"name": "Ana", "day": date(2026, 3, 1)}
    mail = letters.write("note", words, (BRITISH, BRITISH._replace(name="")), RETAINED, key=KEY)

    assert [one.addr_spec for one in mail["To"].addresses] == ["ana@example.com"]


def test_every_text_that_a_template_may_say_is_harmless_however_deep_it_lies() -> None:
    evil = "a\r\n\r\nb\u202e\x00"

    assert harmless({"a": evil, "b": [evil, {"c": (evil, 1, None)}], "d": "שרה"}) == {
        "a": "a b", "b": ["a b", {"c": ["a b", 1, None]}], "d": "\u2068שרה\u2069"
    }  # fmt: skip


def test_every_service_has_the_same_templates_in_every_language() -> None:
    for folder in FOLDERS:
        names = [
            {file.relative_to(folder / one) for file in (folder / one).rglob("*.txt")}
            for one in Templates(folder).languages
        ]
        assert names[0]
        assert all(one == names[0] for one in names)


def test_one_folder_can_hold_the_words_of_all_services() -> None:
    names = Counter(file.relative_to(one) for one in (*FOLDERS, SHARED) for file in one.rglob("*.*"))

    assert max(names.values()) == 1
    assert Path("letter.html") in names


def test_a_company_replaces_the_words_of_every_service_in_one_folder(tmp_path: Path) -> None:
    (tmp_path / "de" / "interview").mkdir(parents=True)
    (tmp_path / "de" / "interview" / "title.txt").write_text("{{ 'Entfällt: ' if is_cancelled }}Unterredung")
    (tmp_path / "de" / "subject.txt").write_text("Für Sie")
    (tmp_path / "letter.html").write_text("<b>ACME</b>{% for one in paragraphs %}<p>{{ one }}</p>{% endfor %}")

    open_notification(str(tmp_path))
    letters = open_hr(str(tmp_path))

    assert letters.line("interview/title", {"is_cancelled": True}, "de") == "Entfällt: Unterredung"
    words = next(words for template, words in hr.every_mail() if template == "interview/request")
    mail = letters.write("interview/request", words, (GERMAN, BRITISH), RETAINED, key=KEY)
    assert mail["Subject"] == "Einladung: Unterredung / Invitation: Conversation"
    assert "<b>ACME</b><p>Guten Tag Ben und Ana,</p>" in text_of(mail, "html")
    assert "<p>Hello Ben and Ana,</p>" in text_of(mail, "html")


def in_french(folder: Path) -> Path:
    """Have the company write French, too, in the words of the shipped templates."""
    for templates in FOLDERS:
        copytree(templates / "en", folder / "fr", dirs_exist_ok=True)
    (folder / "fr" / "interview" / "title.txt").write_text("Entretien")
    return folder


def test_a_third_language_costs_templates_and_no_code(tmp_path: Path) -> None:
    letters = open_notification(str(in_french(tmp_path)))
    words = next(words for _, words in notification.every_mail() if words["last_working_day"])

    mail = letters.write("letter", words, (FRENCH,), RETAINED, key=KEY)

    assert "vendredi 27 novembre 2026" in text_of(received(mail))
    assert open_hr(str(tmp_path)).line("interview/title", {"is_cancelled": False}, "fr-CA") == "Entretien"
    assert open_hr("").line("interview/title", {"is_cancelled": False}, "fr-CA") != "Entretien"


def test_hr_reads_any_language_that_there_are_templates_in(tmp_path: Path) -> None:
    french = str(in_french(tmp_path))

    open_notification(french, hr_language="fr")
    with pytest.raises(InvalidSettings, match="EMS_HR_LANGUAGE: there are templates in de, en only"):
        open_notification("", hr_language="fr")


def test_a_language_that_lacks_a_template_stops_the_start(tmp_path: Path) -> None:
    (in_french(tmp_path) / "fr" / "access.txt").unlink()

    with pytest.raises(InvalidSettings, match=r"fr/access\.txt is missing, and a language needs every template"):
        open_notification(str(tmp_path))
    open_hr(str(tmp_path))  # which never says it


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("en/letter.txt", "{% if %}", r"en/letter\.txt, line 1: Expected an expression"),
        ("de/letter.txt", "x\n{{ nmae }}", r"de/letter\.txt, line 2: 'nmae' is undefined"),
        ("de/access.txt", "{{ name.__class__.__mro__ }}", r"de/access\.txt, line 1: access to attribute '__class__'"),
        ("letter.html", "{{ name }}", r"letter\.html, line 1: 'name' is undefined"),
        ("letter.html", "{{ nmae if parts[1] }}", r"letter\.html, line 1: 'nmae' is undefined"),
        ("en/letter.txt", "{{ last_working_day.year }}", r"en/letter\.txt, line 1: 'None' has no attribute 'year'"),
        ("en/letter.txt", "{{ 1 / 0 }}", r"en/letter\.txt, line 1: division by zero"),
        ("en/letter.txt", "{% include '../../secret' %}", r"en/letter\.txt, line 1"),
        ("xx/letter.txt", "x", r"letter\.txt would never be used"),
        ("en/leter.txt", "x", r"leter\.txt would never be used; rename it to one of .*en/letter\.txt"),
        ("de/interview/request.txt", "x\n{{ naems }}", r"interview/request\.txt, line 2: 'naems' is undefined"),
        ("de/interview/cancel.txt", "{{ previous_day | in_words }}", r"interview/cancel\.txt, line 1: 'NoneType'"),
        ("en/interview/task.txt", "{{ names }}", r"interview/task\.txt, line 1: 'names' is undefined"),
        ("en/interview/causes.txt", "x", r"interview/task\.txt, line \d+: .* does not export .* 'causes'"),
        ("de/interview/title.txt", "{{ short_case }}", r"interview/title\.txt, line 1: 'short_case' is undefined"),
        ("de/interview/invite.txt", "x", r"invite\.txt would never be used; rename it to one of .*interview/request"),
    ],
)
def test_a_broken_template_stops_the_start_with_its_file_and_the_reason(
    tmp_path: Path, name: str, content: str, why: str
) -> None:
    file = tmp_path / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content)

    with pytest.raises(InvalidSettings) as refused:
        (open_hr if "interview" in name else open_notification)(str(tmp_path))

    assert any(re.search(why, reason) for reason in refused.value.reasons), refused.value.reasons


@pytest.mark.parametrize("opening", [open_hr, open_notification])
def test_a_folder_of_templates_that_is_not_there_stops_the_start(
    opening: Callable[[str], Letters], tmp_path: Path
) -> None:
    with pytest.raises(InvalidSettings, match="is no folder that can be read"):
        opening(str(tmp_path / "nowhere"))
