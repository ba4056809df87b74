"""What a manager reads, through a real mail system."""

import asyncio
from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest

from choreography import Retry
from consumers.notification.ports import People
from schemas.notification import ManagerNotified, RecipientRole
from tests.integration.mail.server import Script, mail_system
from tests.integration.mail.writing import open_mailer
from tests.integration.telling import ANA, company, told


def test_a_letter_arrives_as_text_and_html_with_an_id_made_from_its_effect() -> None:
    script = Script()

    async def once() -> ManagerNotified:
        async with mail_system(script) as port, open_mailer(port) as mailer:
            return await told(mailer)

    fact = asyncio.run(once())

    [(recipients, content)] = script.accepted
    mail = message_from_bytes(content, policy=policy.default)
    assert recipients == ("ben@example.com",)
    assert (mail["Message-ID"], mail["From"]) == (fact.message_id, "ems@example.com")
    assert fact.message_id.endswith("@mail.example.com>")
    assert str(mail["To"]) == "Ben Åström <ben@example.com>"
    text, html = mail.iter_parts()
    assert text.get_content().split()[:7] == ["Dear", "Ben", "Åström,", "Ana", "Åström", "(employee", "id"]
    assert '<p dir="auto">Dear Ben Åström,</p>' in html.get_content()


def test_the_same_letter_is_the_same_mail_byte_for_byte_and_the_fact_says_that_it_may_have_come_twice() -> None:
    script = Script()

    async def twice() -> tuple[ManagerNotified, ManagerNotified]:
        async with mail_system(script) as port, open_mailer(port) as mailer:
            return await told(mailer), await told(mailer, repeated=True)

    once, again = asyncio.run(twice())

    first, second = script.accepted
    assert first == second
    assert (once.perhaps_repeated, again.perhaps_repeated) == (False, True)
    assert once.message_id == again.message_id


def received(script: Script, *, directory: People | None = None) -> tuple[ManagerNotified, list[EmailMessage]]:
    """Have the mail written, and return what is stated and what the mail system has."""

    async def once() -> ManagerNotified:
        async with mail_system(script) as port, open_mailer(port) as mailer:
            return await told(mailer, directory=directory)

    fact = asyncio.run(once())
    return fact, [message_from_bytes(content, policy=policy.default) for _, content in script.accepted]


@pytest.mark.parametrize("answer", ["550 no such user", "551 moved", "553 not allowed", "554 no"])
def test_who_is_refused_for_good_is_passed_over_which_the_mail_says_and_the_fact_states(answer: str) -> None:
    script = Script(to_recipients={"ben@example.com": answer})

    fact, [mail] = received(script)

    assert [recipients for recipients, _ in script.accepted] == [("cleo@example.com",)]
    assert (fact.recipient_id, fact.recipient_role, fact.refused_ids) == ("cleo", RecipientRole.SKIP_LEVEL, ("ben",))
    said = " ".join(mail.get_body(("plain",)).get_content().split())  # type: ignore[union-attr]
    assert "the manager (Ben Åström) cannot be reached, as the mail system refuses the address." in said


@pytest.mark.parametrize("answer", ["450 busy", "451 later", "452 full"])
def test_who_is_put_off_is_not_passed_over_and_nobody_else_is_told_meanwhile(answer: str) -> None:
    script = Script(to_recipients={"ben@example.com": answer})
    with pytest.raises(Retry):
        received(script)
    assert script.accepted == []


@pytest.mark.parametrize(
    "evil",
    [
        "Ana\r\nBcc: all@example.com",
        "Ana\n.\nQUIT",
        "Ana\r\n.\r\nMAIL FROM:<x@example.com>",
        "<b>Ana</b>",
        "A\u202ena",
        "a" * 5000,
    ],
)
def test_a_name_from_the_directory_changes_nothing_that_the_mail_system_sees(evil: str) -> None:
    script = Script()

    _, [mail] = received(script, directory=company(replace(ANA, display_name=evil)))

    assert [recipients for recipients, _ in script.accepted] == [("ben@example.com",)]
    assert mail["Bcc"] is None
    assert mail.defects == []
    html = mail.get_body(("html",)).get_content()  # type: ignore[union-attr]
    assert "<b>" not in html
    assert "\u202e" not in html
    assert "Exit Management System, case" in html
