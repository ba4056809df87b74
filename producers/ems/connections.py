"""One connection to the intake, which anybody may open: it has deadlines, and there are only so many at a time.

A request has to come whole within seconds, head and body, and its answer has to be taken. Where there are as many
connections as may be, the one is closed that has waited longest for a request: who has one to send is served, however
many others are silent.
"""

import asyncio
import resource
from dataclasses import dataclass
from typing import Any, Final

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

_MOST: Final = 1_000
_FILES: Final = 65_536


@dataclass(frozen=True)
class Limits:
    """What a connection may take.

    Attributes:
        most: how many there are at a time.
        seconds: how long each of these may last: until a head has come, until its body has, until an answer is taken.
    """

    most: int
    seconds: float = 10.0


def raise_file_limit() -> Limits:
    """Have the system allow this process as many files as it may have; return limits that leave it half of them."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _FILES if hard == resource.RLIM_INFINITY else min(hard, _FILES)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
        soft = most
    return Limits(_MOST if soft == resource.RLIM_INFINITY else min(_MOST, soft // 2))


class LimitedConnection(H11Protocol):
    """A connection that keeps to limits.

    Args:
        limits: these.
        told: what uvicorn says of every connection.
    """

    def __init__(self, limits: Limits, **told: Any) -> None:  # noqa: ANN401 - as uvicorn says it
        super().__init__(**told)
        self._limits = limits
        self._awaited: object = None
        self._deadline: asyncio.TimerHandle | None = None
        self._untaken: asyncio.TimerHandle | None = None
        self.since = self.loop.time()

    @property
    def lacks_a_request(self) -> bool:
        """Whether no request has come whole."""
        return self._awaited in (h11.IDLE, h11.SEND_BODY)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own does
        """Take a newcomer in, in the place of who has waited longest, or not at all."""
        super().connection_made(transport)
        if len(self.connections) > self._limits.most:
            waiting = [one for one in self.connections if isinstance(one, LimitedConnection) and one.lacks_a_request]
            min(waiting, key=lambda one: one.since, default=self).transport.abort()
        self._await()

    def connection_lost(self, exc: Exception | None) -> None:
        """End the deadlines too."""
        super().connection_lost(exc)
        self._cancel(self._deadline, self._untaken)

    def handle_events(self) -> None:
        """Handle what has come; whoever goes on sending when all has been said is cut off."""
        try:
            super().handle_events()
        except h11.LocalProtocolError:
            self.transport.abort()
        self._await()

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        self._awaited = None
        super().on_response_complete()
        self._await()

    def pause_writing(self) -> None:
        """Wait until what was answered is taken, and not for ever."""
        super().pause_writing()
        self._untaken = self.loop.call_later(self._limits.seconds, self.transport.abort)

    def resume_writing(self) -> None:
        """Go on answering."""
        super().resume_writing()
        self._cancel(self._untaken)

    def _await(self) -> None:
        """Set the deadline of what is awaited now; one that has begun goes on."""
        if self.conn.their_state is self._awaited:
            return
        self._awaited, self.since = self.conn.their_state, self.loop.time()
        self._cancel(self._deadline)
        if self.lacks_a_request:
            self._deadline = self.loop.call_later(self._limits.seconds, self.transport.abort)

    @staticmethod
    def _cancel(*timers: asyncio.TimerHandle | None) -> None:
        for timer in timers:
            if timer is not None:
                timer.cancel()
