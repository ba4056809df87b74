"""One mail per effect, whatever happened to earlier attempts.

`effect.repeated` says that an earlier attempt may have sent the mail. What then happens is a policy:

* *lookup* asks the mail system for the Message-ID. "Found" is an answer at once. "Not found" is one only after the
  settle time, counted from when the lock was obtained, because a server delivers later than it accepts; until then
  there is no answer, so the look-up is `Unavailable`, and the lane waits, even where a later event has made the mail
  pointless: whoever may have got it must be told that it is.
* *resend* sends the same mail again; readers may fold it by its Message-ID, and the fact says `perhaps_repeated`. Where
  the mail system puts it off, there is no answer either, and the lane waits.
* *hold* waits until a person has looked and released it; what was released before that, for another reason, or before
  another attempt, is asked about.

What remains: a queue in the mail system that is slower than the settle time, and a lock that is lost while its process
lives (a fail-over of the database, a machine that was frozen as a whole). See ADR 0020.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from email.message import EmailMessage
from enum import StrEnum
from typing import Final, Protocol
from weakref import WeakSet

import structlog

from choreography import Clock, Effect, Hold, Retry, Unavailable
from consumers.shared.mail.smtp import SmtpServer
from consumers.shared.mail.turns import Turn, Turns

log = structlog.stdlib.get_logger(__name__)

SENT_MAIL: Final = "sent_mail"  # the port's name


class Ambiguous(StrEnum):
    """What to do about a mail that an earlier attempt may have sent."""

    LOOKUP = "lookup"
    RESEND = "resend"
    HOLD = "hold"


class SentMail(Protocol):
    """The mails that the mail system has accepted."""

    async def find(self, message_id: str) -> tuple[str, ...] | None:
        """Return the addresses to which the mail with this Message-ID was sent; `None` if there is no such mail."""
        ...

    async def probe(self) -> None:
        """Make sure that it can be asked."""
        ...


@dataclass(frozen=True)
class Sent:
    """What became of a mail.

    Attributes:
        reached: the addresses that it was accepted for; none when all of them, or the mail itself, are refused.
        perhaps_repeated: an earlier attempt may have sent it, too.
    """

    reached: tuple[str, ...]
    perhaps_repeated: bool


class SmtpMailer:
    """Sends each mail once, as far as that can be known.

    Args:
        server: the mail system.
        turns: who may send which mail.
        clock: measures the settle time.
        ambiguous: the policy.
        sent_mail: what is asked by the policy *lookup*.
        settle: how long the mail system may take to show a mail that it accepted.

    Attributes:
        sent_mail: the same, for its probe.
    """

    def __init__(
        self,
        server: SmtpServer,
        turns: Turns,
        clock: Clock,
        *,
        ambiguous: Ambiguous,
        sent_mail: SentMail | None,
        settle: timedelta,
    ) -> None:
        self._server, self._turns, self._clock = server, turns, clock
        self._ambiguous, self._settle = ambiguous, settle
        self.sent_mail = sent_mail
        self._not_sent = WeakSet[Effect]()  # attempts that know what became of all earlier ones

    async def send(self, message: EmailMessage, effect: Effect, *, otherwise: str | None = None) -> Sent:
        """Send the mail of an effect, or find out that it was sent.

        Args:
            message: names sender and recipients; its Message-ID is made from the effect's key.
            effect: whose mail it is.
            otherwise: gets it as well when one of the recipients is refused for good.

        Raises:
            Retry: the mail system asks to try later; this attempt sent nothing.
            Hold: a person has to find out whether it was sent.
            Unavailable: the mail system cannot be used, or it is not known yet whether the mail was sent.
        """
        async with self._turns.of(effect) as turn:
            if effect.repeated:
                reached = await self._sent_before(message["Message-ID"], turn, effect)
                if reached is not None:
                    return Sent(reached, perhaps_repeated=False)
            with self._in_doubt(effect):
                reached = await self._server.deliver(message, otherwise=otherwise, claim=effect.claim)
            return Sent(reached, perhaps_repeated=effect.repeated and self.sent_mail is None)

    async def conclude(self, message: EmailMessage, effect: Effect) -> Sent:
        """Bring to its end what an earlier attempt may have sent, where the mail is not wanted any more.

        By *lookup* nothing is sent: it is found out who got it. By *resend* it is sent again, as nobody can tell, and
        whoever may have got it has to hear what comes after it. By *hold* it counts as not sent.

        Args:
            message: as it would be sent; its Message-ID is made from the effect's key.
            effect: whose mail it is.

        Raises:
            Unavailable: the mail system cannot be used, or does not know yet.
        """
        if not effect.repeated or self._ambiguous is Ambiguous.HOLD:
            return Sent((), perhaps_repeated=False)
        if self.sent_mail is None:
            return await self.send(message, effect)
        async with self._turns.of(effect) as turn:
            reached = await self._sent_before(message["Message-ID"], turn, effect)
            return Sent(reached or (), perhaps_repeated=False)

    async def probe(self) -> None:
        """Make sure that mail can be sent."""
        await self._server.probe()

    @contextmanager
    def _in_doubt(self, effect: Effect) -> Iterator[None]:
        """Let nobody take what is put off for never sent while an earlier attempt may have sent it.

        A reaction that was undone meanwhile is closed after a `Retry`; whoever got the mail would never hear of it.
        """
        try:
            yield
        except Retry as put_off:
            if effect.repeated and self._ambiguous is Ambiguous.RESEND:
                raise Unavailable(untouched=True) from put_off
            raise

    async def _sent_before(self, message_id: str, turn: Turn, effect: Effect) -> tuple[str, ...] | None:
        """Return who got the mail from an earlier attempt; `None` when it is to be sent.

        Once it is known that nobody did, it stays so until this attempt is over: where one recipient is refused, the
        next one need not wait for the settle time anew.
        """
        if effect in self._not_sent:
            return None
        if self._ambiguous is Ambiguous.HOLD:
            _ask(message_id, effect)
        reached = await self._look_up(self.sent_mail, message_id, turn) if self.sent_mail is not None else None
        if reached is None:
            self._not_sent.add(effect)
        return reached

    async def _look_up(self, sent_mail: SentMail, message_id: str, turn: Turn) -> tuple[str, ...] | None:
        turn.kept = True  # until there is an answer
        remaining = turn.since + self._settle.total_seconds() - self._clock.monotonic()
        found = await sent_mail.find(message_id)
        if found is None and remaining > 0:
            reason = "an earlier attempt may have sent this mail, and the mail system may not show it yet"
            log.info("mail.in_doubt", reason=reason, seconds_to_settle=round(remaining, 1))
            raise Unavailable(SENT_MAIL, untouched=True)
        turn.kept = False
        return found


def _ask(message_id: str, effect: Effect) -> None:
    """Go on only where a person has just released the mail, having been asked about it.

    Raises:
        Hold: it is asked now.
    """
    question = (
        f"This mail may have been sent already. Look for the Message-ID {message_id} in the mail system's log: "
        "if it was sent, drop this one; if not, release it."
    )
    if effect.answered != question:
        raise Hold(question)
