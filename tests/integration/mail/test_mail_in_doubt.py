"""A mail that an earlier attempt may have sent: each policy, with real servers and a clock that is moved."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from uuid import uuid4

import pytest

from choreography import Effect, Hold, Retry, Unavailable
from consumers.shared.mail import Ambiguous, Sent, SmtpMailer
from tests.integration.mail.conftest import Mailbox
from tests.integration.mail.server import Script, fall_silent, free_port, hang_up, mail_system, nothing
from tests.integration.mail.writing import (
    BEN,
    HR,
    SETTLE,
    MovedClock,
    Owner,
    mail_of,
    open_mailer,
    sent_mail,
)


class Office:
    """A service that has one mail to send, and a mail system that does as it is told."""

    def __init__(self, script: Script, mailer: SmtpMailer, clock: MovedClock) -> None:
        self.script, self.mailer, self.clock = script, mailer, clock
        self._owner, self._event = Owner(), uuid4()

    def effect(self, *, repeated: bool = False, released: bool = False, answered: str | None = None) -> Effect:
        return self._owner.effect(self._event, repeated=repeated, released=released, answered=answered)

    @property
    def message_id(self) -> str:
        return str(mail_of(self.effect())["Message-ID"])

    async def send(self, *, repeated: bool = False, answered: str | None = None) -> Sent:
        effect = self.effect(repeated=repeated, released=answered is not None, answered=answered)
        return await self.mailer.send(mail_of(effect), effect, otherwise=HR)

    async def is_asked(self, answered: str | None = None) -> str:
        """Try again, and return what a person is asked."""
        effect = self.effect(repeated=True, released=True, answered=answered)
        with pytest.raises(Hold) as asked:
            await self.mailer.send(mail_of(effect), effect)
        return asked.value.reason

    async def has_to_wait(self) -> None:
        with pytest.raises(Unavailable) as waiting:
            await self.send(repeated=True)
        assert (waiting.value.port, waiting.value.untouched) == ("sent_mail", True)


def in_office(
    script: Script,
    story: Callable[[Office], Awaitable[None]],
    ambiguous: Ambiguous,
    mailbox: Mailbox | None = None,
    *,
    imap: int | None = None,
) -> None:
    """Let a story happen."""

    async def happens() -> None:
        clock = MovedClock()
        script.maildir = mailbox.maildir if mailbox else None
        look_up = sent_mail(imap or (mailbox.imap if mailbox else 0)) if ambiguous is Ambiguous.LOOKUP else None
        async with AsyncExitStack() as stack:
            port = await stack.enter_async_context(mail_system(script))
            opened = open_mailer(port, ambiguous=ambiguous, looks_up=look_up, clock=clock, seconds_for_text=0.3)
            await story(Office(script, await stack.enter_async_context(opened), clock))

    asyncio.run(happens())


@pytest.mark.parametrize("moment", [hang_up, fall_silent])
def test_a_mail_that_arrived_though_nobody_heard_so_is_found_at_once_and_not_sent_again(
    mailbox: Mailbox, moment: Callable[..., Awaitable[None]]
) -> None:
    async def story(office: Office) -> None:
        with pytest.raises(Unavailable) as lost:
            await office.send()
        assert not lost.value.untouched
        office.script.at_dot = nothing

        assert await office.send(repeated=True) == Sent((BEN,), perhaps_repeated=False)

        assert mailbox.holds(office.message_id) == 1

    in_office(Script(at_dot=moment), story, Ambiguous.LOOKUP, mailbox)


@pytest.mark.parametrize("moment", [hang_up, fall_silent])
def test_a_mail_that_did_not_arrive_is_sent_once_the_mail_system_would_have_shown_it(
    mailbox: Mailbox, moment: Callable[..., Awaitable[None]]
) -> None:
    async def story(office: Office) -> None:
        with pytest.raises(Unavailable):
            await office.send()
        office.script.at_dot, office.script.delivers = nothing, True

        await office.has_to_wait()
        await office.clock.move(SETTLE.total_seconds() - 1)
        await office.has_to_wait()
        assert mailbox.holds(office.message_id) == 0
        await office.clock.move(1)

        assert await office.send(repeated=True) == Sent((BEN,), perhaps_repeated=False)
        assert await office.send(repeated=True) == Sent((BEN,), perhaps_repeated=False)

        assert mailbox.holds(office.message_id) == 1

    in_office(Script(at_dot=moment, delivers=False), story, Ambiguous.LOOKUP, mailbox)


def test_a_mail_that_the_mail_system_shows_late_is_found_while_the_lane_waits(mailbox: Mailbox) -> None:
    async def story(office: Office) -> None:
        await office.has_to_wait()
        office.script.at_dot = hang_up
        async with mail_system(Script(maildir=mailbox.maildir)) as slow_queue, open_mailer(slow_queue) as zombie:
            await zombie.send(mail_of(office.effect()), office.effect())
        await office.clock.move(5)

        assert await office.send(repeated=True) == Sent((BEN,), perhaps_repeated=False)

        assert office.script.connections == 0
        assert mailbox.holds(office.message_id) == 1

    in_office(Script(), story, Ambiguous.LOOKUP, mailbox)


def test_the_settle_time_begins_anew_with_each_attempt_that_may_have_sent_the_mail(mailbox: Mailbox) -> None:
    async def story(office: Office) -> None:
        with pytest.raises(Unavailable):
            await office.send()
        await office.has_to_wait()
        await office.clock.move(SETTLE.total_seconds())
        with pytest.raises(Unavailable):
            await office.send(repeated=True)

        await office.has_to_wait()

    in_office(Script(at_dot=hang_up, delivers=False), story, Ambiguous.LOOKUP, mailbox)


def test_while_the_mail_system_cannot_be_asked_what_is_in_doubt_waits_and_what_is_new_is_sent(mailbox: Mailbox) -> None:
    nowhere = asyncio.run(free_port())

    async def story(office: Office) -> None:
        assert (await office.send()).reached == (BEN,)
        await office.has_to_wait()

        assert mailbox.holds(office.message_id) == 1

    in_office(Script(), story, Ambiguous.LOOKUP, mailbox, imap=nowhere)


def test_the_time_for_which_the_mail_system_could_not_be_asked_counts(mailbox: Mailbox) -> None:
    async def story(office: Office) -> None:
        look_up = office.mailer.sent_mail
        office.mailer.sent_mail = sent_mail(await free_port())
        await office.has_to_wait()
        await office.clock.move(SETTLE.total_seconds())
        office.mailer.sent_mail = look_up

        assert (await office.send(repeated=True)).reached == (BEN,)

    in_office(Script(), story, Ambiguous.LOOKUP, mailbox)


def test_without_a_look_up_the_same_mail_is_sent_again_and_said_to_be() -> None:
    async def story(office: Office) -> None:
        with pytest.raises(Unavailable):
            await office.send()
        office.script.at_dot = nothing

        assert await office.send(repeated=True) == Sent((BEN,), perhaps_repeated=True)

        first, second = office.script.accepted
        assert first == second

    in_office(Script(at_dot=hang_up), story, Ambiguous.RESEND)


def test_a_person_is_asked_where_that_is_wanted_and_a_release_sends_the_mail() -> None:
    async def story(office: Office) -> None:
        with pytest.raises(Unavailable):
            await office.send()
        office.script.at_dot = nothing

        question = await office.is_asked()
        assert office.message_id in question
        assert len(office.script.accepted) == 1

        assert await office.send(repeated=True, answered=question) == Sent((BEN,), perhaps_repeated=True)
        assert len(office.script.accepted) == 2

    in_office(Script(at_dot=hang_up), story, Ambiguous.HOLD)


def test_a_mail_that_was_released_for_another_reason_is_asked_about_once_its_answer_is_lost() -> None:
    async def story(office: Office) -> None:
        with pytest.raises(Unavailable):
            await office.send(answered="HR was told, as the case is restricted.")
        office.script.at_dot = nothing

        question = await office.is_asked()  # tried again at once
        assert await office.is_asked("HR was told, as the case is restricted.") == question  # or after a restart
        assert len(office.script.accepted) == 1

        assert (await office.send(repeated=True, answered=question)).reached == (BEN,)

    in_office(Script(at_dot=hang_up), story, Ambiguous.HOLD)


def test_a_release_answers_for_one_attempt_and_the_next_lost_answer_is_asked_about_again() -> None:
    async def story(office: Office) -> None:
        with pytest.raises(Unavailable):
            await office.send()
        question = await office.is_asked()
        with pytest.raises(Unavailable):
            await office.send(repeated=True, answered=question)

        assert await office.is_asked() == question
        assert len(office.script.accepted) == 2

    in_office(Script(at_dot=hang_up), story, Ambiguous.HOLD)


@pytest.mark.parametrize("ambiguous", [Ambiguous.RESEND, Ambiguous.HOLD])
def test_the_first_attempt_asks_nobody(ambiguous: Ambiguous) -> None:
    async def story(office: Office) -> None:
        assert await office.send() == Sent((BEN,), perhaps_repeated=False)

    in_office(Script(), story, ambiguous)


def test_a_mail_in_doubt_that_is_put_off_when_it_is_sent_again_is_not_taken_for_never_sent() -> None:
    async def story(office: Office) -> None:
        with pytest.raises(Unavailable) as waiting:
            await office.send(repeated=True)
        assert waiting.value.port is None
        with pytest.raises(Retry):
            await office.send()

    in_office(Script(to_recipients={BEN: "450 busy"}), story, Ambiguous.RESEND)


@pytest.mark.parametrize("arrives", [True, False])
def test_whether_a_mail_was_sent_is_found_out_without_sending_it(mailbox: Mailbox, arrives: bool) -> None:
    async def story(office: Office) -> None:
        with pytest.raises(Unavailable):
            await office.send()
        effect = office.effect(repeated=True, released=True)
        if not arrives:
            with pytest.raises(Unavailable):
                await office.mailer.conclude(mail_of(effect), effect)
            await office.clock.move(SETTLE.total_seconds())

        found = await office.mailer.conclude(mail_of(effect), effect)

        assert found == Sent((BEN,) if arrives else (), perhaps_repeated=False)
        assert mailbox.holds(office.message_id) == arrives

    in_office(Script(at_dot=hang_up, delivers=arrives), story, Ambiguous.LOOKUP, mailbox)


@pytest.mark.parametrize(("ambiguous", "reached"), [(Ambiguous.RESEND, (BEN,)), (Ambiguous.HOLD, ())])
def test_a_mail_that_nobody_can_be_asked_about_is_concluded_by_the_policy(
    ambiguous: Ambiguous, reached: tuple[str, ...]
) -> None:
    async def story(office: Office) -> None:
        with pytest.raises(Unavailable):
            await office.send()
        office.script.at_dot, office.script.delivers = nothing, True
        first, again = office.effect(), office.effect(repeated=True, released=True)

        assert await office.mailer.conclude(mail_of(first), first) == Sent((), perhaps_repeated=False)
        assert await office.mailer.conclude(mail_of(again), again) == Sent(reached, perhaps_repeated=bool(reached))
        assert [to for to, _ in office.script.accepted] == [reached] * bool(reached)

    in_office(Script(at_dot=hang_up, delivers=False), story, ambiguous)


@pytest.mark.parametrize("how", ["send", "conclude"])
def test_who_stands_in_for_one_who_is_refused_does_not_wait_anew(mailbox: Mailbox, how: str) -> None:
    async def story(office: Office) -> None:
        with pytest.raises(Unavailable):
            await office.send()
        office.script.at_dot, office.script.delivers = nothing, True
        office.script.to_recipients = {BEN: "550 Nobody here by that name"}
        await office.has_to_wait()
        await office.clock.move(SETTLE.total_seconds())
        effect = office.effect(repeated=True)
        ask = getattr(office.mailer, how)

        assert (await ask(mail_of(effect), effect)).reached == ()
        assert (await ask(mail_of(effect, HR), effect)).reached == ((HR,) if how == "send" else ())

    in_office(Script(at_dot=hang_up, delivers=False), story, Ambiguous.LOOKUP, mailbox)
