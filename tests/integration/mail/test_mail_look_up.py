"""Asking a real IMAP server whether a mail was sent."""

import asyncio
from collections.abc import Awaitable
from typing import Any

import pytest

from choreography import Unavailable
from tests.integration.mail.conftest import Mailbox
from tests.integration.mail.server import free_port, greeting
from tests.integration.mail.writing import ANA, BEN, mail_of, new_effect, open_mailer, sent_mail


def test_a_mail_is_found_by_its_message_id_with_those_who_got_it_and_no_other_is(mailbox: Mailbox) -> None:
    effect, another = new_effect(), new_effect()

    async def sent() -> None:
        async with open_mailer(mailbox.smtp) as mailer:
            await mailer.send(mail_of(effect, BEN, ANA), effect)

    asyncio.run(sent())
    look_up = sent_mail(mailbox.imap)

    assert asyncio.run(look_up.find(f"<{effect.key}@example.com>")) == (BEN, ANA)
    assert asyncio.run(look_up.find(f"<{another.key}@example.com>")) is None
    assert asyncio.run(look_up.find(f"{effect.key}@example.co")) is None  # a server finds parts of words


def test_a_server_that_finds_anything_whatever_is_asked_is_not_believed(mailbox: Mailbox) -> None:
    effect = new_effect()

    async def sent() -> None:
        async with open_mailer(mailbox.smtp) as mailer:
            await mailer.send(mail_of(effect), effect)

    asyncio.run(sent())

    assert asyncio.run(sent_mail(mailbox.imap).find("example.com")) is None


@pytest.mark.parametrize(
    "differs", [{"password": "wrong"}, {"folder": "No such folder"}, {"folder": "Gesendet ü"}, {"tls": "starttls"}]
)
def test_a_look_up_that_cannot_be_made_is_no_answer(mailbox: Mailbox, differs: dict[str, Any]) -> None:
    look_up = sent_mail(mailbox.imap, **differs)
    for question in (look_up.probe(), look_up.find("<x@example.com>")):
        with pytest.raises(Unavailable) as refused:
            asyncio.run(_asked(question))
        assert (refused.value.port, refused.value.untouched) == ("sent_mail", True)


async def _asked(question: Awaitable[object]) -> None:
    await question


def test_a_server_that_is_away_or_speaks_something_else_is_no_answer() -> None:
    async def asked_of_nobody() -> None:
        await sent_mail(await free_port()).find("<x@example.com>")

    async def asked_of_a_stranger() -> None:
        async with greeting("220 mx.example.com ESMTP") as port:
            await sent_mail(port).find("<x@example.com>")

    for question in (asked_of_nobody, asked_of_a_stranger):
        with pytest.raises(Unavailable):
            asyncio.run(question())


def test_a_server_that_answers_as_it_should_passes_the_probe(mailbox: Mailbox) -> None:
    asyncio.run(sent_mail(mailbox.imap).probe())
