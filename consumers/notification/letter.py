"""Writing a letter to the first who can be written to: its words, and what became of it."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from email.message import EmailMessage

from choreography import Effect
from consumers.notification.case import Line, Matter, Obstacle, Recipient
from consumers.notification.ports import Ports
from consumers.shared.mail import Sent
from schemas import ExitEvent
from schemas.notification import RecipientRole

Write = Callable[[Recipient, list[Recipient]], EmailMessage]


class Delivery:
    """What became of a mail.

    Attributes:
        to: who got it; `None` when nobody can be written to. The role is UNKNOWN where it was sent before, to somebody
            who would not be written to any more.
        passed_over: who should have got it before, with the obstacle.
    """

    def __init__(self, to: Recipient | None, message_id: str, sent: Sent | None, passed_over: list[Recipient]) -> None:
        self.to, self.message_id, self.passed_over = to, message_id, tuple(passed_over)
        self.perhaps_repeated = sent is not None and sent.perhaps_repeated

    @property
    def refused(self) -> tuple[Recipient, ...]:
        """Those whose addresses the mail system refuses."""
        return tuple(one for one in self.passed_over if one.obstacle is Obstacle.REFUSED)


async def deliver(line: Line, write_to: Write, ports: Ports, effect: Effect) -> Delivery:
    """Write to the first in the line who can be written to.

    Args:
        line: the recipients, the right one first; asked only as far as needed.
        write_to: writes the mail to one of them, who learns who was passed over.
        ports: the mail system.
        effect: whose mail it is.
    """
    passed_over: list[Recipient] = []
    sent: Sent | None = None
    message_id = ""
    async for one in line:
        if one.obstacle:
            passed_over.append(one)
            continue
        message = write_to(one, passed_over)
        message_id = str(message["Message-ID"])
        sent = await ports.mailer.send(message, effect)
        if one.address in sent.reached:
            return Delivery(one, message_id, sent, passed_over)
        passed_over.append(replace(one, obstacle=Obstacle.REFUSED))
    if sent is not None and sent.reached:
        return Delivery(Recipient(RecipientRole.UNKNOWN), message_id, sent, [])
    return Delivery(None, message_id, sent, passed_over)


async def deliver_letter(matter: Matter, line: Line, ports: Ports, effect: Effect) -> Delivery:
    """Tell the first in the line who can be told."""

    def written(to: Recipient, passed_over: list[Recipient]) -> EmailMessage:
        words = words_of(matter, to, passed_over)
        return ports.letters.write("letter", words, (to.reader,), matter.event, key=effect.key, answers=matter.answers)

    return await deliver(line, written, ports, effect)


def words_of(matter: Matter, to: Recipient, passed_over: Sequence[Recipient]) -> dict[str, object]:
    """Return what a letter may say.

    Args:
        matter: what it tells.
        to: who gets it.
        passed_over: those who should have got it; they are named in it, with the obstacle.
    """
    event, employee = matter.event, matter.employee
    return {
        **common_words(event, employee.display_name if employee else "", follows=matter.follows_for(to)),
        "kind": str(matter.kind),
        "recipient": to.name,
        "role": str(to.role),
        "submitted_on": matter.days.submitted_on,
        "last_working_day": matter.days.last_working_day,
        "has_left": matter.days.are_over(event.occurred_at),
        "withheld": matter.withheld,
        "manager_told": matter.manager_told,
        "problem": str(matter.problem or ""),
        "passed_over": [
            {"role": str(one.role), "name": one.name, "obstacle": str(one.obstacle)} for one in passed_over
        ],
    }


def common_words(event: ExitEvent, name: str, *, follows: bool) -> dict[str, object]:
    """Return what any mail may say of an event, and of the person concerned."""
    return {
        "employee_id": event.employee_id,
        "name": name,
        "case": str(event.case_id),
        "short_case": str(event.case_id)[-8:],
        "follows": follows,
    }
