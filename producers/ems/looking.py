"""Looking again and again for what is due: nothing wakes who looks, so nothing is missed over a restart."""

from collections.abc import Awaitable, Callable

import structlog

from choreography import Clock, Health

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
        except Exception as error:
            kind = type(error).__name__
            log.exception("looking.stuck", part=part, error=kind)
            health.set(part, False, f"What is due cannot be done ({kind}); it is tried again.")
        else:
            health.set(part, True)
        await clock.sleep(seconds)
