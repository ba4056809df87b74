"""Connections in simulated time between two event loops; what is on its way arrives though its sender has died."""

import asyncio
from collections.abc import Callable
from typing import Any, Final

from tests.simulation.process import Process

_PEER: Final = ("127.0.0.1", 1)


class End(asyncio.Transport):
    """One end of a connection; what is written to it arrives at the other one, in order.

    Args:
        process: whose loop it belongs to.
        protocol: what hears of what arrives.
        seconds: how long everything is on its way.
    """

    def __init__(self, process: Process, protocol: Any, seconds: float) -> None:
        super().__init__({"peername": _PEER})
        self.process = process
        self.other: End
        self._protocol = protocol
        self._seconds = seconds
        self._is_closed = False

    def get_protocol(self) -> Any:
        return self._protocol

    def is_closing(self) -> bool:
        return self._is_closed

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if not self._is_closed:
            self._tell(self.other.hear, bytes(data))

    def close(self) -> None:
        if not self._is_closed:
            self._is_closed = True
            self._soon(self._protocol.connection_lost, None)
            self._tell(self.other.close)

    def abort(self) -> None:
        self.close()

    def hear(self, data: bytes) -> None:
        """Hand over what has arrived, unless nobody listens any more."""
        if not self._is_closed:
            self._soon(self._protocol.data_received, data)

    def _tell(self, call: Callable[..., None], *said: Any) -> None:
        self.process.world.after(self._seconds, lambda: call(*said))

    def _soon(self, call: Callable[..., Any], *said: Any) -> None:
        if self.process.alive:
            self.process.loop.call_soon(call, *said)


def connected(client: Process, dialling: Any, server: Process, answering: Any, seconds: float) -> End:
    """Connect two protocols; return the client's end. When the client dies, the server is told."""
    own, far = End(client, dialling, seconds), End(server, answering, seconds)
    own.other, far.other = far, own
    client.died.append(own.close)
    server.loop.call_soon(answering.connection_made, far)
    dialling.connection_made(own)
    return own
