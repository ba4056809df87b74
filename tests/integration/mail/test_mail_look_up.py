"""Asking a real IMAP server whether a mail was sent."""

import asyncio
from collections.abc import Awaitable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from choreography import InvalidSettings, Unavailable
from consumers.shared.mail import MailSettings
from consumers.shared.mail import open_mailer as open_service_mailer
from consumers.shared.mail.imap import LookUpRefused
from tests.integration.mail.conftest import Mailbox
from tests.integration.mail.server import free_port, greeting, header_of, imap_server
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


@pytest.mark.parametrize(("username", "password"), [('a*b"c\\d', 'x"y\\z*'), ("jürgen", "pässwörd")])
def test_a_real_server_lets_in_whoever_it_knows(mailbox: Mailbox, username: str, password: str) -> None:
    mailbox.add_account(username, password)

    asyncio.run(sent_mail(mailbox.imap, username=username, password=password).probe())
    with pytest.raises(LookUpRefused):
        asyncio.run(sent_mail(mailbox.imap, username=username, password=f"{password}x").probe())


def asked(answers: Mapping[str, str], **differs: Any) -> tuple[tuple[str, ...] | None, list[str]]:
    """Look a mail up on a server that answers by heart; return what was found, and what was said."""
    said: list[str] = []

    async def found() -> tuple[str, ...] | None:
        async with imap_server(answers, said) as port:
            return await sent_mail(port, **differs).find("<x@example.com>")

    return asyncio.run(found()), said


@pytest.mark.parametrize(
    ("username", "password", "command"),
    [
        ("ems", "a b", 'LOGIN "ems" "a b"'),
        (r"CORP\ems", "*", r'LOGIN "CORP\\ems" "*"'),
        ("journal*", "x", 'LOGIN "journal*" "x"'),
        ('the "journal"', '"', r'LOGIN "the \"journal\"" "\""'),
        ("(ems) {3}", "%", 'LOGIN "(ems) {3}" "%"'),
        ("", "", 'LOGIN "" ""'),
    ],
)
def test_any_name_and_password_of_ascii_is_said_as_it_is(username: str, password: str, command: str) -> None:
    _, said = asked({}, username=username, password=password)

    assert command in said
    assert said[-1] == "LOGOUT"


@pytest.mark.parametrize(("username", "password"), [("ems", "pässwörd✓"), ("jürgen", "x"), ("a*b", '"ß')])
def test_a_name_or_password_in_other_letters_goes_by_sasl(username: str, password: str) -> None:
    _, said = asked({}, username=username, password=password)

    assert said[said.index("AUTHENTICATE PLAIN") + 1] == f"\0{username}\0{password}"


def test_a_password_with_a_line_break_adds_no_command() -> None:
    with pytest.raises(LookUpRefused) as refused:
        asked({}, password="x\r\nA1 DELETE INBOX")

    assert "PASSWORD" in refused.value.settings


@pytest.mark.parametrize(
    "lines", ["* SEARCH\n* SEARCH 7", "* SEARCH 3\n* SEARCH 7", "* SEARCH 7\n* SEARCH", "* SEARCH 7 (MODSEQ 9)"]
)
def test_a_hit_in_any_line_of_the_answer_counts(lines: str) -> None:
    found, _ = asked({"SEARCH": lines, "FETCH": header_of(7, "Message-ID: <x@example.com>\nTo: Ben <ben@example.com>")})

    assert found == (BEN,)


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("Message-ID: <x@example.com>\nTo: =?utf-8?q?B=2C_=C3=A9?= <ben@example.com>,\n ana@example.com", (BEN, ANA)),
        ("Message-ID:\n <x@example.com>\nTo: ben@example.com", (BEN,)),
        ("message-id: <x@example.com>", ()),
        ("Message-ID: <[x\nTo: <<<;:\xe9", None),
        ("Message-ID: <x@example.com\xe9>", None),
        ("", None),
    ],
)
def test_however_broken_a_mail_is_that_the_server_finds_it_is_compared(
    header: str, found: tuple[str, ...] | None
) -> None:
    assert asked({"SEARCH": "* SEARCH 7", "FETCH": header_of(7, header)})[0] == found


@pytest.mark.parametrize("shown", ["NO gone", "BAD what", "OK done"])
def test_a_mail_that_the_server_finds_and_does_not_show_is_not_taken_for_never_sent(shown: str) -> None:
    with pytest.raises(Unavailable):
        asked({"SEARCH": "* SEARCH 7", "FETCH": shown})


SETTINGS: dict[str, Any] = {
    "kafka_bootstrap_servers": "k:1",
    "schema_registry_url": "http://r",
    "smtp_host": "mx",
    "mail_from": "ems@example.com",
    "mail_domain": "example.com",
    "hr_mailbox": "hr@example.com",
    "imap_host": "127.0.0.1",
    "imap_tls": "none",
}


def started(tmp_path: Path, answers: Mapping[str, str] | None) -> None:
    """Open the mailer of a service beside an IMAP server with these answers, or beside none."""

    async def opened() -> None:
        async with AsyncExitStack() as stack:
            port = await (free_port() if answers is None else stack.enter_async_context(imap_server(answers, [])))
            settings = MailSettings(**SETTINGS, imap_port=port, state_dir=tmp_path)
            mailer = await stack.enter_async_context(open_service_mailer(settings, "ems.notification"))
            assert mailer.sent_mail is not None

    asyncio.run(opened())


@pytest.mark.parametrize(
    ("answers", "setting"),
    [
        ({"LOGIN": "NO [AUTHENTICATIONFAILED] who are you"}, "EMS_IMAP_USERNAME or EMS_IMAP_PASSWORD"),
        ({"LOGIN": "BAD what"}, "EMS_IMAP_USERNAME or EMS_IMAP_PASSWORD"),
        ({"EXAMINE": "NO no such folder"}, "EMS_IMAP_FOLDER"),
        ({"SEARCH": "BAD no header can be searched"}, "EMS_IMAP_HOST"),
    ],
)
def test_an_imap_server_that_refuses_what_it_is_told_stops_the_start(
    tmp_path: Path, answers: Mapping[str, str], setting: str
) -> None:
    with pytest.raises(InvalidSettings, match=f"{setting}: the IMAP server refuses it"):
        started(tmp_path, answers)


@pytest.mark.parametrize("answers", [None, {"LOGIN": "NO [UNAVAILABLE] later"}, {"LOGIN": "* BYE too many"}, {}])
def test_an_imap_server_that_is_away_for_now_stops_no_start(tmp_path: Path, answers: Mapping[str, str] | None) -> None:
    started(tmp_path, answers)
