"""A process that sends one mail as a service does, for a test to pause or to kill.

python -m tests.integration.mail.sender DATABASE_URL PORT EVENT

It writes one line when it is about to send, and one when it has sent, and then waits for the end of its input.
"""

import asyncio
import sys
from uuid import UUID

from choreography import SystemClock
from tests.integration.mail.writing import Owner, mail_of, open_mailer


async def send(database_url: str, port: str, event: str) -> None:
    """Send the mail."""
    effect = Owner().effect(UUID(event))
    async with open_mailer(int(port), database_url, clock=SystemClock(), seconds=60, seconds_for_text=60) as mailer:
        _say("ready")
        await mailer.send(mail_of(effect), effect)
        _say("sent")
        await asyncio.to_thread(sys.stdin.read)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(send(*sys.argv[1:]))
