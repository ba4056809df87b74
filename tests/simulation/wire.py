"""A network on which real servers' code answers the real clients: HTTP and WSGI, without sockets, in simulated time."""

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from typing import Any, Final
from wsgiref.util import setup_testing_defaults

from httpx2 import AsyncBaseTransport, ConnectError, ReadError, Request, Response

from choreography import Unavailable
from tests.simulation.process import Process
from tests.simulation.targets import Refused, Target

Application = Callable[[dict[str, Any], Callable[..., Any]], Any]
About = dict[str, str]
_BUSY: Final = 503
_ABOUT: ContextVar[About | None] = ContextVar("about", default=None)


@dataclass(frozen=True)
class Asked:
    """One request, as it arrives; `about` says which effect it belongs to, where the client said so."""

    method: str
    path: str
    query: str
    headers: tuple[tuple[str, str], ...]
    content: bytes
    about: About


@dataclass(frozen=True)
class Answered:
    """What a server answered."""

    status: int
    headers: list[tuple[str, str]]
    content: bytes


class Server(Target):
    """A target that runs a real server's code."""

    def serve(self, asked: Asked) -> Answered:
        """Answer a request."""
        raise NotImplementedError


class Wire(AsyncBaseTransport):
    """Carries the requests of one process to one server; they travel, get lost and find nobody as any other."""

    def __init__(self, process: Process, server: Server) -> None:
        self._process = process
        self._server = server

    async def handle_async_request(self, request: Request) -> Response:
        """Send a request and return the answer."""
        content = await request.aread()
        url, headers = request.url, tuple(request.headers.items())
        asked = Asked(request.method, url.path, url.query.decode(), headers, content, _ABOUT.get() or {})
        try:
            answer = await self._server.ask(self._process, partial(self._server.serve, asked))
        except Unavailable as away:
            raise (ConnectError if away.untouched else ReadError)("nobody answers") from away
        except Refused:
            return Response(_BUSY)
        return Response(answer.status, headers=answer.headers, content=answer.content)


@contextmanager
def saying(about: About) -> Iterator[None]:
    """Have the requests that are sent meanwhile say what they are about."""
    token = _ABOUT.set(about)
    try:
        yield
    finally:
        _ABOUT.reset(token)


def call(application: Application, asked: Asked) -> Answered:
    """Have a WSGI application answer a request."""
    environ: dict[str, Any] = {
        "REQUEST_METHOD": asked.method,
        "PATH_INFO": asked.path,
        "QUERY_STRING": asked.query,
        "CONTENT_LENGTH": str(len(asked.content)),
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.input": io.BytesIO(asked.content),
    }
    for name, value in asked.headers:
        variable = name.upper().replace("-", "_")
        environ[variable if variable in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{variable}"] = value
    setup_testing_defaults(environ)
    said: list[Any] = []

    def start_response(status: str, headers: list[tuple[str, str]], *_: object) -> None:
        said.extend((int(status.split(maxsplit=1)[0]), headers))

    content = b"".join(application(environ, start_response))
    return Answered(said[0], said[1], content)
