"""The HTTP server around the intake: it takes no new requests once it closes, and finishes those that it has."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from typing import Final, cast

import uvicorn
from starlette.types import ASGIApp

from choreography import InvalidSettings
from producers.ems.connections import LimitedConnection, Limits, raise_file_limit

_LOG: Final = logging.getLogger("uvicorn")


@asynccontextmanager
async def serve(
    app: ASGIApp, host: str, port: int, *, drain_seconds: float, limits: Limits | None = None
) -> AsyncIterator[str]:
    """Serve the application while the block runs; yield its address.

    Args:
        app: what answers.
        host: the address to listen on.
        port: the port; 0 takes a free one.
        drain_seconds: how long requests in flight may take to end, once the block has ended.
        limits: what connections may take; by default as much as leaves the rest of the process its files.

    Raises:
        InvalidSettings: the address cannot be listened on.
    """
    listener = _listen(host, port)
    _LOG.setLevel(logging.ERROR)  # below that, it tells what strangers send, as often as they do
    config = uvicorn.Config(
        app,
        http=cast("type[asyncio.Protocol]", partial(LimitedConnection, limits or raise_file_limit())),
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=max(1, round(drain_seconds)),
    )
    server = _Server(config)
    running = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        await server.opened.wait()
        shown = f"[{host}]" if ":" in host else host
        yield f"http://{shown}:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await running


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio turns Nagle's delay (40 ms an answer) off only where the protocol is named, which `create_server` omits
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        reason = (
            f"EMS_INTAKE_HOST, EMS_INTAKE_PORT: cannot listen on {host} port {port} ({error.strerror}). "
            "Choose another port, or 0 for a free one."
        )
        raise InvalidSettings((reason,)) from error
    return listener


class _Server(uvicorn.Server):
    """uvicorn, which says when it is open, and leaves the signals to the composition root."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.opened = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.opened.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
