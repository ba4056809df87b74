"""Looking again and again for what is due: nothing wakes who looks, so nothing is missed over a restart."""

from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

import structlog
from sqlalchemy.exc import DBAPIError

from choreography import Clock, Health, diagnose

T = TypeVar("T")
log = structlog.stdlib.get_logger(__name__)


async def keep_looking(
    look: Callable[[], Awaitable[None]], *, part: str, seconds: float, clock: Clock, health: Health
) -> None:
    """Look every few seconds, until it is cancelled; say in health while that fails.

    Args:
        look: does what is due.
        part: what health calls it.
        seconds: how long to wait between two looks.
        clock: waits.
        health: is told.
    """
    while True:
        try:
            await look()
        except DBAPIError as error:
            kind, remedy = diagnose(error)
            log.error("looking.stuck", part=part, error=kind)  # noqa: TRY400 - PostgreSQL says which values it refuses
            health.set(part, False, f"What is due cannot be written down ({kind}), and waits. {remedy}")
        except Exception as error:
            kind = type(error).__name__
            log.exception("looking.stuck", part=part, error=kind)
            health.set(part, False, f"What is due cannot be done ({kind}); it is tried again.")
        else:
            health.set(part, True)
        await clock.sleep(seconds)


async def deal_with_each(due: Iterable[T], deal: Callable[[T], Awaitable[None]]) -> None:
    """Deal with each of them; one that cannot be dealt with keeps no other one waiting.

    Raises:
        Exception: what was raised last.
    """
    failed: Exception | None = None
    for one in due:
        try:
            await deal(one)
        except Exception as error:  # noqa: BLE001 - raised below, once the others have been dealt with
            failed = error
    if failed is not None:
        raise failed
