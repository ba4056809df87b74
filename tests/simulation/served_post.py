"""A mail server that is aiosmtpd's own code, for the real SMTP client of the services."""

import logging
from collections.abc import Callable
from email import message_from_bytes
from email.policy import default
from typing import Any, Final

from aiosmtpd.smtp import SMTP, Envelope

from tests.simulation.faults import Faults
from tests.simulation.network import connected
from tests.simulation.post import Post
from tests.simulation.process import Process
from tests.simulation.targets import FROZEN
from tests.simulation.world import World

_ACCEPTED: Final = "250 OK"
_LATER: Final = "451 try again later"
_SLOW: Final = 20.0  # seconds

logging.getLogger("mail.log").setLevel(logging.CRITICAL)


class ServedPost(Post):
    """A mail server behind SMTP, in a process that never dies.

    Args:
        world: where it stands.
        faults: what goes wrong, each with one connection.
        settles: seconds after which a mail is found in the journal at the latest.
        travels: how many seconds a connection may need.
    """

    def __init__(self, world: World, faults: Faults, settles: float, travels: float) -> None:
        super().__init__(world, faults, settles)
        self._server = Process(world, "mail server", is_spared=True)
        self._most = travels

    async def dial(self, process: Process, factory: Callable[[], Any]) -> tuple[Any, Any]:
        """Connect a process; what goes wrong with this connection is decided now."""
        fault = self._faults.take(self.name)
        if fault == "freeze":
            process.pause(FROZEN + self.world.chance.random() * 10)
            await process.clock.sleep(0)
        if self.world.now < self._faults.away.get(self.name, 0.0) or fault == "refused":
            await process.clock.sleep(0.01)
            raise ConnectionRefusedError
        desk = SMTP(_Desk(self, process, fault), hostname="mail", loop=self._server.loop)
        protocol = factory()
        seconds = self.world.chance.random() * self._most if self.world.chance.random() < 0.05 else 0.0
        return connected(process, protocol, self._server, desk, seconds), protocol

    async def take(self, process: Process, envelope: Envelope, fault: str | None) -> str:
        """Answer a mail whose text has arrived."""
        world = self.world
        world.say(f"{self.name} gets a request of {process.name}{' and ' + fault if fault else ''}")
        if fault == "no":
            return _LATER
        if fault == "unheard":
            await self._server.loop.create_future()
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        message_id = str(message_from_bytes(content, policy=default)["Message-ID"])
        self.send(message_id, tuple(envelope.rcpt_tos), effect_key=message_id[1:].partition("@")[0])
        if fault == "crash":
            process.kill()
            self._faults.killed(process, world.chance.random() * 5)
        if fault == "lost":
            await self._server.loop.create_future()
        if fault == "slow":
            await self._server.clock.sleep(_SLOW)
        return _ACCEPTED


class _Desk:
    """What aiosmtpd asks about one connection."""

    def __init__(self, post: ServedPost, process: Process, fault: str | None) -> None:
        self._post = post
        self._process = process
        self._fault = fault

    async def handle_DATA(self, _server: SMTP, _session: object, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's
        return await self._post.take(self._process, envelope, self._fault)
