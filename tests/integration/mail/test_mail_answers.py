"""What a mail system answers, or fails to answer, and what that says about whether it has the mail."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from choreography import ClaimLost, Effect, Retry, Unavailable
from consumers.shared.mail import Sent, SmtpMailer
from tests.integration.mail.server import Script, fall_silent, free_port, greeting, hang_up, mail_system
from tests.integration.mail.writing import ANA, BEN, HR, Owner, mail_of, new_effect, open_mailer, smtp_server


def send(script: Script, *to: str, effect: Effect | None = None, otherwise: str | None = None, **options: Any) -> Sent:
    """Send one mail through a mail system with that script."""

    async def sent() -> Sent:
        known = effect or new_effect()
        async with mail_system(script) as port, open_mailer(port, **options) as mailer:
            return await mailer.send(mail_of(known, *to), known, otherwise=otherwise)

    return asyncio.run(sent())


def test_a_mail_reaches_everybody_whom_it_names_as_it_was_written() -> None:
    script, effect = Script(), new_effect()

    assert send(script, BEN, ANA, effect=effect) == Sent((BEN, ANA), perhaps_repeated=False)

    [(recipients, content)] = script.accepted
    assert recipients == (BEN, ANA)
    assert content == mail_of(effect, BEN, ANA).as_bytes(policy=mail_of(effect).policy.clone(linesep="\r\n"))


@pytest.mark.parametrize("answer", ["450 busy", "451 busy", "452 full"])
def test_what_is_busy_is_tried_again_later_and_nobody_has_the_mail(answer: str) -> None:
    for script in (Script(to_recipients={ANA: answer}), Script(to_text=answer), Script(to_sender=answer)):
        with pytest.raises(Retry):
            send(script, BEN, ANA)
        assert script.accepted == []


@pytest.mark.parametrize("answer", ["550 no ben here", "551 moved", "552 full", "553 what", "554 spam"])
def test_who_is_refused_for_good_is_left_out(answer: str) -> None:
    script = Script(to_recipients={BEN: answer})

    assert send(script, BEN).reached == ()
    assert send(script, BEN, ANA).reached == (ANA,)
    assert send(script, BEN, ANA, otherwise=HR).reached == (ANA, HR)
    assert send(script, BEN, HR, otherwise=HR).reached == (HR,)
    assert [recipients for recipients, _ in script.accepted] == [(ANA,), (ANA, HR), (HR,)]


def test_a_mail_that_is_refused_for_good_reaches_nobody() -> None:
    assert send(Script(to_text="554 spam"), BEN, otherwise=HR).reached == ()


def test_an_address_that_would_need_an_extension_counts_as_refused() -> None:
    assert send(Script(), "bén@example.com", BEN).reached == (BEN,)


@pytest.mark.parametrize("answer", ["421 closing", "503 no", "530 who are you"])
def test_a_mail_system_that_serves_nobody_now_is_unavailable_and_has_nothing(answer: str) -> None:
    for script in (Script(to_recipients={BEN: answer}), Script(to_sender=answer)):
        with pytest.raises(Unavailable) as down:
            send(script)
        assert down.value.untouched


def test_a_sender_who_is_refused_is_the_matter_of_the_mail_system_and_not_of_the_mail() -> None:
    with pytest.raises(Unavailable) as refused:
        send(Script(to_sender="553 not yours"))
    assert refused.value.untouched


@pytest.mark.parametrize("words", ["421 too many", "554 no service", "nonsense"])
def test_a_mail_system_that_greets_with_a_refusal_has_nothing(words: str) -> None:
    async def sent() -> None:
        effect = new_effect()
        async with greeting(words) as port, open_mailer(port) as mailer:
            await mailer.send(mail_of(effect), effect)

    with pytest.raises(Unavailable) as refused:
        asyncio.run(sent())
    assert refused.value.untouched


def test_silence_or_a_cut_before_the_text_means_that_nothing_was_sent() -> None:
    for moment in (fall_silent, hang_up):
        with pytest.raises(Unavailable) as lost:
            send(Script(at_recipient=moment), seconds=0.3)
        assert lost.value.untouched


def test_silence_or_a_cut_after_the_final_dot_leaves_open_whether_the_mail_was_sent() -> None:
    for moment in (fall_silent, hang_up):
        for delivers in (True, False):
            with pytest.raises(Unavailable) as lost:
                send(Script(at_dot=moment, delivers=delivers), seconds_for_text=0.3)
            assert not lost.value.untouched


def test_a_mail_system_that_answers_the_text_by_closing_has_not_said_whether_it_has_the_mail() -> None:
    with pytest.raises(Unavailable) as closing:
        send(Script(to_text="421 closing"))
    assert not closing.value.untouched


def test_a_mail_system_that_is_down_has_nothing() -> None:
    async def to_nobody(question: Callable[[SmtpMailer], Any]) -> None:
        async with open_mailer(await free_port()) as mailer:
            await question(mailer)

    effect = new_effect()
    for question in (lambda one: one.send(mail_of(effect), effect), lambda one: one.probe()):
        with pytest.raises(Unavailable) as down:
            asyncio.run(to_nobody(question))
        assert down.value.untouched


def test_nothing_is_sent_once_another_member_owns_the_partition() -> None:
    script, owner = Script(), Owner()
    effect = owner.effect(new_effect().key)
    owner.memory.owned = False

    with pytest.raises(ClaimLost):
        send(script, effect=effect)
    assert script.accepted == []


def test_many_mails_at_once_all_arrive_over_few_connections() -> None:
    script = Script()

    async def sent() -> None:
        effects = [new_effect() for _ in range(20)]
        async with mail_system(script) as port, open_mailer(port, at_once=3) as mailer:
            await asyncio.gather(*(mailer.send(mail_of(one), one) for one in effects))

    asyncio.run(sent())
    assert len(script.accepted) == 20


def let_in(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
    """Accept one user."""
    known = isinstance(data, LoginPassword) and (data.login, data.password) == (b"ems", b"secret")
    return AuthResult(success=known, handled=known)


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS:UserWarning")
def test_the_service_logs_in_where_it_has_a_name_and_is_unavailable_where_it_is_not_let_in() -> None:
    async def probed(**login: str) -> None:
        options: dict[str, Any] = {"authenticator": let_in, "auth_required": True, "auth_require_tls": False}
        async with mail_system(Script(), **options) as port:
            await smtp_server(port, **login).probe()

    asyncio.run(probed(username="ems", password="secret"))
    strangers: list[dict[str, str]] = [{"username": "ems", "password": "wrong"}, {}]
    for stranger in strangers:
        with pytest.raises(Unavailable) as refused:
            asyncio.run(probed(**stranger))
        assert refused.value.untouched


def test_a_probe_finds_out_that_our_sender_is_refused() -> None:
    async def probed(script: Script) -> None:
        async with mail_system(script) as port:
            await smtp_server(port).probe()

    asyncio.run(probed(Script()))
    with pytest.raises(Unavailable):
        asyncio.run(probed(Script(to_sender="553 not yours")))
