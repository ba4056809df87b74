"""The real mailer and the real turns, at a simulated mail server."""

from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any, Final

from choreography import Locks, Retry, Unavailable
from consumers.shared.mail import Ambiguous, SmtpMailer, SmtpServer, Turns
from consumers.shared.mail.mailer import SENT_MAIL
from tests.checker.expectations import Target
from tests.simulation.faults import Faults
from tests.simulation.locks import SimLock, SimLocks
from tests.simulation.plan import Plan
from tests.simulation.post import Post
from tests.simulation.process import Process
from tests.simulation.served_post import ServedPost
from tests.simulation.targets import Refused
from tests.simulation.world import World

SETTLE: Final = timedelta(seconds=20)


@dataclass(frozen=True)
class Letter:
    """As much of a mail as a simulated server looks at."""

    message_id: str
    about: dict[str, str]

    def __getitem__(self, name: str) -> str:
        return {"Message-ID": self.message_id}[name]


def as_message(letter: Letter) -> Any:
    """Let a letter pass for an `EmailMessage`, which takes long to make."""
    return letter


@dataclass(frozen=True)
class SimServer:
    """What `SmtpServer` is to the mailer."""

    process: Process
    post: Post

    async def deliver(self, message: Any, *, otherwise: str | None, claim: Any) -> tuple[str, ...]:
        message_id, to = str(message["Message-ID"]), _addresses(message)
        about = message.about if isinstance(message, Letter) else {"effect_key": message_id[1:].partition("@")[0]}
        await claim()
        try:
            await self.post.ask(self.process, partial(self.post.send, message_id, to, **about))
        except Refused as refusal:
            raise Retry("421 try again later") from refusal
        return to

    async def probe(self) -> None:
        await self.post.ask(self.process, lambda: None)


@dataclass(frozen=True)
class SimSentMail:
    """The journal of the mail server."""

    process: Process
    post: Post

    async def find(self, message_id: str) -> tuple[str, ...] | None:
        try:
            return await self.post.ask(self.process, partial(self.post.find, message_id))
        except Refused as refusal:
            raise Unavailable(SENT_MAIL, untouched=True) from refusal

    async def probe(self) -> None:
        await self.post.ask(self.process, lambda: None)


def _addresses(message: Any) -> tuple[str, ...]:
    if isinstance(message, Letter):
        return ("somebody@desk",)
    return tuple(address.addr_spec for address in message["To"].addresses)


def mailer(process: Process, post: Post, locks: Locks, ambiguous: Ambiguous) -> SmtpMailer:
    """Return the mailer of one process."""
    server: Any = _client(process, post) if isinstance(post, ServedPost) else SimServer(process, post)
    sent_mail = SimSentMail(process, post) if ambiguous is Ambiguous.LOOKUP else None
    turns = Turns(locks, process.clock)
    return SmtpMailer(server, turns, process.clock, ambiguous=ambiguous, sent_mail=sent_mail, settle=SETTLE)


def _client(process: Process, post: ServedPost) -> SmtpServer:
    """Return the real client, with a network that leads to this server alone."""
    process.loop.dial = partial(post.dial, process)
    return SmtpServer("mail", 25, sender="ems@company", domain="company", tls="none")


class MailSystem:
    """A mail server, and the mailer of each process."""

    def __init__(self, plan: Plan, world: World, faults: Faults) -> None:
        settles = SETTLE.total_seconds() * 0.9
        self.post = ServedPost(world, faults, settles, plan.travels) if plan.served else Post(world, faults, settles)
        self.kind = Target("post", "mail", plan.mail)
        self._ambiguous = Ambiguous(plan.mail)
        self._held: dict[str, SimLock] = {}

    def mailer(self, process: Process) -> SmtpMailer:
        """Return the mailer of one process."""
        return mailer(process, self.post, SimLocks(process, self._held), self._ambiguous)
