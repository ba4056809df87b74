"""A sender that is killed, or only paused, at each point, in a process of its own; and who takes its partition over.

Real processes, real locks of each kind, a real mailbox. Of each mail there is one in the end.
"""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

import pytest
from aiosmtpd.smtp import SMTP

from choreography import Effect, Unavailable
from consumers.shared.mail import Ambiguous, Sent, SmtpMailer
from tests.integration.mail.conftest import Mailbox
from tests.integration.mail.server import Script, mail_system
from tests.integration.mail.writing import BEN, SETTLE, MovedClock, Owner, mail_of, open_mailer, sent_mail

SECONDS = 20


class Moment:
    """A point in the dialogue at which the mail system waits until the test goes on."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self.goes_on = asyncio.Event()

    async def __call__(self, _: SMTP) -> None:
        self.reached.set()
        await self.goes_on.wait()


class Story:
    """One mail, the process that began to send it, and the member that takes its partition over.

    Attributes:
        script: the mail system.
        clock: that of the new owner.
    """

    def __init__(self, mailbox: Mailbox, database_url: str) -> None:
        self.mailbox, self.database_url = mailbox, database_url
        self.script, self.clock = Script(maildir=mailbox.maildir), MovedClock()
        self.event, self.owner = uuid4(), Owner()

    @asynccontextmanager
    async def told(self) -> AsyncIterator[tuple[Process, "Successor"]]:
        """Start the sender, and have a successor ready that has a connection of its own to the same mail system."""
        look_up = sent_mail(self.mailbox.imap)
        async with (
            mail_system(self.script) as port,
            mail_system(Script(maildir=self.mailbox.maildir)) as later,
            sender(self.database_url, port, self.event) as process,
            open_mailer(
                later, self.database_url, ambiguous=Ambiguous.LOOKUP, looks_up=look_up, clock=self.clock
            ) as mailer,
        ):
            yield process, Successor(mailer, self.owner.effect(self.event, repeated=True))

    @property
    def arrived(self) -> int:
        """How often the mail is in the mailbox."""
        return self.mailbox.holds(str(mail_of(self.owner.effect(self.event))["Message-ID"]))


class Successor:
    """The new owner of the partition; the ledger tells it that the effect may have begun."""

    def __init__(self, mailer: SmtpMailer, effect: Effect) -> None:
        self._mailer, self._effect = mailer, effect

    async def send(self) -> Sent:
        """Send, as soon as the database has noticed that whoever held the lock is dead."""
        async with asyncio.timeout(SECONDS):
            while True:
                try:
                    return await self._attempt()
                except Unavailable as waiting:
                    if waiting.port == "sent_mail":
                        raise
                    await asyncio.sleep(0.01)

    async def has_to_wait_for_the_mail_system(self) -> None:
        with pytest.raises(Unavailable):
            await self.send()

    async def has_to_wait_for_the_sender(self) -> None:
        with pytest.raises(Unavailable) as waiting:
            await self._attempt()
        assert (waiting.value.port, waiting.value.untouched) == (None, True)

    async def _attempt(self) -> Sent:
        return await self._mailer.send(mail_of(self._effect), self._effect)


@asynccontextmanager
async def sender(database_url: str, port: int, event: UUID) -> AsyncIterator[Process]:
    """Start a process that sends the mail; end it whatever happens."""
    command = (sys.executable, "-m", "tests.integration.mail.sender", database_url, str(port), str(event))
    process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE)
    try:
        assert await line_of(process) == "ready"
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def line_of(process: Process) -> str:
    assert process.stdout is not None
    return (await asyncio.wait_for(process.stdout.readline(), SECONDS)).decode().strip()


async def killed(process: Process) -> None:
    process.kill()
    await process.wait()


async def until_it_may_send(story: Story, successor: Successor) -> Sent:
    """Have the new owner come back, as its lane does, until the settle time has passed."""
    await successor.has_to_wait_for_the_mail_system()
    await story.clock.move(SETTLE.total_seconds() - 1)
    await successor.has_to_wait_for_the_mail_system()
    assert story.arrived == 0
    await story.clock.move(1)
    return await successor.send()


@pytest.fixture
def story(mailbox: Mailbox, database_url: str) -> Story:
    """A mail that nobody has sent yet."""
    return Story(mailbox, database_url)


def test_killed_before_the_text_it_sent_nothing_and_the_mail_is_sent_once(story: Story) -> None:
    async def happening() -> None:
        story.script.at_recipient = moment = Moment()
        async with story.told() as (process, successor):
            await asyncio.wait_for(moment.reached.wait(), SECONDS)
            await killed(process)

            assert await until_it_may_send(story, successor) == Sent((BEN,), perhaps_repeated=False)

    asyncio.run(happening())
    assert story.arrived == 1


@pytest.mark.parametrize("delivers", [True, False])
def test_killed_after_the_final_dot_and_before_its_answer_the_mail_is_there_once(story: Story, delivers: bool) -> None:
    async def happening() -> None:
        story.script.at_dot, story.script.delivers = (moment := Moment()), delivers
        async with story.told() as (process, successor):
            await asyncio.wait_for(moment.reached.wait(), SECONDS)
            await killed(process)

            sent = await (successor.send() if delivers else until_it_may_send(story, successor))
            assert sent == Sent((BEN,), perhaps_repeated=False)

    asyncio.run(happening())
    assert story.arrived == 1


def test_killed_after_it_was_sent_and_before_that_was_written_down_the_mail_is_found(story: Story) -> None:
    async def happening() -> None:
        async with story.told() as (process, successor):
            assert await line_of(process) == "sent"
            await killed(process)

            assert await successor.send() == Sent((BEN,), perhaps_repeated=False)

    asyncio.run(happening())
    assert story.arrived == 1


def test_a_paused_sender_keeps_its_turn_and_what_it_sends_when_it_wakes_is_found(story: Story) -> None:
    async def happening() -> None:
        story.script.at_recipient = moment = Moment()
        async with story.told() as (process, successor):
            await asyncio.wait_for(moment.reached.wait(), SECONDS)
            os.kill(process.pid, signal.SIGSTOP)
            moment.goes_on.set()
            await successor.has_to_wait_for_the_sender()
            await story.clock.move(10 * SETTLE.total_seconds())
            await successor.has_to_wait_for_the_sender()
            assert story.arrived == 0

            os.kill(process.pid, signal.SIGCONT)
            assert await line_of(process) == "sent"

            assert await successor.send() == Sent((BEN,), perhaps_repeated=False)

    asyncio.run(happening())
    assert story.arrived == 1


def test_a_paused_sender_that_dies_gives_its_turn_up_and_the_settle_time_begins_then(story: Story) -> None:
    async def happening() -> None:
        story.script.at_recipient = moment = Moment()
        async with story.told() as (process, successor):
            await asyncio.wait_for(moment.reached.wait(), SECONDS)
            os.kill(process.pid, signal.SIGSTOP)
            await successor.has_to_wait_for_the_sender()
            await story.clock.move(10 * SETTLE.total_seconds())

            await killed(process)

            assert await until_it_may_send(story, successor) == Sent((BEN,), perhaps_repeated=False)

    asyncio.run(happening())
    assert story.arrived == 1
