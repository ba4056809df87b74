"""Telling whoever looks after access what Access could not do; ids only, no names of groups.

Of a case that only HR may know of, HR alone: until HR has released it, and as long as nothing was told of the case,
since Access may be faster than the message by which HR hears first.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from email.message import EmailMessage
from typing import Final

from choreography import Effect, NothingToDo
from consumers.notification.case import Matter, Recipient, Standing
from consumers.notification.letter import Delivery, common_words, deliver
from consumers.notification.line import mailbox
from consumers.notification.ports import Ports
from consumers.notification.telling import why_nobody
from schemas.access import (
    CriticalAccessBlocked,
    CriticalAccessBlockFailed,
    CriticalAccessRestored,
    CriticalAccessRevoked,
    NotRestoredCause,
)
from schemas.notification import AccessMatter, NotificationKind, SecurityNotificationFailed, SecurityNotified

_HELD: Final = NotRestoredCause.STILL_BLOCKED
_NOTHING_MORE: Final = {"cause": "", "departed": False, "partly": False, "unproven": ()}

Taken = CriticalAccessBlocked | CriticalAccessRevoked
AccessFact = CriticalAccessBlockFailed | CriticalAccessRestored | Taken


async def tell_security_what_was_not_blocked(
    event: CriticalAccessBlockFailed, ports: Ports, effect: Effect
) -> SecurityNotified | SecurityNotificationFailed:
    """Tell security that critical access could not be taken away, and why."""
    left = [(one, "") for one in event.entitlement_ids]
    words = {"cause": str(event.cause), "departed": event.departed, "entitlements": _listed(left)}
    return await _tell(event, AccessMatter.NOT_BLOCKED, words, ports, effect)


async def tell_security_what_was_not_taken(
    event: Taken, ports: Ports, effect: Effect
) -> SecurityNotified | SecurityNotificationFailed:
    """Tell security which critical groups were left while others were taken, and what reading back did not prove."""
    if not event.not_taken and event.verified:
        raise NothingToDo("everything was taken, and nothing is left that a person should look at")
    left = [(one.entitlement_id, str(one.cause)) for one in event.not_taken]
    unproven = [] if event.verified else list(event.entitlement_ids)
    words = {"partly": True, "unproven": unproven, "entitlements": _listed(left)}
    return await _tell(event, AccessMatter.NOT_BLOCKED, words, ports, effect)


async def tell_security_what_was_not_given_back(
    event: CriticalAccessRestored, ports: Ports, effect: Effect
) -> SecurityNotified | SecurityNotificationFailed:
    """Tell security what could not be given back, and why, and what reading back did not prove.

    What another open case holds is as it should be.
    """
    left = [(one.entitlement_id, str(one.cause)) for one in event.not_restored if one.cause is not _HELD]
    unproven = [] if event.verified else list(event.restored)
    if not left and not unproven:
        raise NothingToDo("nothing is left that a person should look at")
    words = {"unproven": unproven, "entitlements": _listed(left)}
    return await _tell(event, AccessMatter.NOT_RESTORED, words, ports, effect)


async def _tell(
    event: AccessFact,
    matter: AccessMatter,
    words: Mapping[str, object],
    ports: Ports,
    effect: Effect,
) -> SecurityNotified | SecurityNotificationFailed:
    about = Matter(event, NotificationKind.UNKNOWN, tuple(await ports.people.with_employee_id(event.employee_id)))
    known = common_words(event, about.employee.display_name if about.employee else "", follows=False)
    withheld = (await Standing.of(event, effect)).for_hr_alone
    known |= {"matter": str(matter), "system": event.system, "withheld": withheld}
    said = {**known, **_NOTHING_MORE, **words}

    def written(to: Recipient, _: object) -> EmailMessage:
        return ports.letters.write("access", said, (to.reader,), event, key=effect.key)

    done = await deliver(_line(about, ports, withheld=withheld), written, ports, effect)
    return _fact(matter, done, ports)


def _listed(entitlements: Sequence[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"id": one, "cause": cause} for one, cause in entitlements]


async def _line(about: Matter, ports: Ports, *, withheld: bool) -> AsyncIterator[Recipient]:
    mailboxes = (ports.mailboxes.hr,) if withheld else (ports.mailboxes.security, ports.mailboxes.hr)
    for address in dict.fromkeys(mailboxes):
        yield mailbox(address, about.concerns, ports)


def _fact(matter: AccessMatter, done: Delivery, ports: Ports) -> SecurityNotified | SecurityNotificationFailed:
    if done.to is None:
        return SecurityNotificationFailed(matter=matter, cause=why_nobody(done), perhaps_repeated=done.perhaps_repeated)
    return SecurityNotified(
        matter=matter,
        by_hr=done.to.address == ports.mailboxes.hr,
        message_id=done.message_id,
        perhaps_repeated=done.perhaps_repeated,
    )
