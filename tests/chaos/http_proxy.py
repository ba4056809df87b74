"""A server over HTTP that misbehaves: passes requests on to the real one, but for what the plan says.

Requests and answers are passed on whole. A connection to the real server is kept as long as the client keeps its own.
"""

import asyncio
import json
import re
from dataclasses import dataclass
from typing import Final

from tests.chaos.mischief import AWAY, Mischief
from tests.chaos.proxies import SILENCE, Reader, Writer, reach

_END: Final = b"\r\n\r\n"
_WRITES: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_BODILESS: Final = frozenset({204, 304})
_STATUS: Final = {"401": 401, "409": 409, "412": 412, "429 with Retry-After": 429, "500": 500, AWAY: 503}
_REASONS: Final = {
    401: "Unauthorized",
    409: "Conflict",
    412: "Precondition Failed",
    429: "Too Many Requests",
    500: "Internal Server Error",
    503: "Service Unavailable",
}


@dataclass(frozen=True)
class Message:
    """A request or an answer, whole."""

    head: bytes
    body: bytes

    @property
    def first_line(self) -> list[str]:
        """What stands in the first line."""
        return self.head.partition(b"\r\n")[0].decode("latin-1").split(" ", 2)

    def header(self, name: str) -> str:
        """Return a header; empty where it is not there."""
        found = re.search(rf"^{name}:[ \t]*(.*?)[ \t]*\r$", self.head.decode("latin-1"), re.IGNORECASE | re.MULTILINE)
        return found[1] if found else ""

    @property
    def raw(self) -> bytes:
        """As it is sent."""
        return self.head + self.body


class HttpProxy:
    """Serves one connection at a time with `serve`.

    Args:
        port: of the real server.
        mischief: asked once per request: the last one where it may change something, else the one before, if any.
    """

    def __init__(self, port: int, *mischief: Mischief) -> None:
        self._port = port
        *reads, self._writes = mischief
        self._reads = reads[0] if reads else None

    async def serve(self, reader: Reader, writer: Writer) -> None:
        """Pass one connection on."""
        upstream: tuple[Reader, Writer] | None = None
        try:
            while (request := await _read(reader)) is not None:
                upstream = upstream or await reach(self._port)
                answer = await self._exchange(request, *upstream)
                if answer is None:
                    return
                writer.write(answer.raw)
                await writer.drain()
                if answer.first_line[0] == "HTTP/1.0" or answer.header("connection").lower() == "close":
                    return
        finally:
            if upstream is not None:
                upstream[1].close()

    async def _exchange(self, request: Message, reader: Reader, writer: Writer) -> Message | None:
        """Return what the client is answered; `None` where it gets no answer."""
        mischief = self._writes if request.first_line[0] in _WRITES else self._reads
        fault = (mischief.next() if mischief else None) or ""
        kind, _, written = fault.partition(", ")
        if kind == "200 but unchanged":
            return await _asked(_as_read(request), reader, writer)
        answer = await _asked(request, reader, writer) if written or not fault else None
        if kind in _STATUS:
            return _refusal(_STATUS[kind])
        if kind == "time-out":
            await asyncio.sleep(SILENCE)
        return None if fault else answer


def _as_read(request: Message) -> Message:
    """Return the request that reads what this one would change."""
    _, path, version = request.first_line
    kept = [
        line
        for line in request.head.decode("latin-1").rstrip("\r\n").split("\r\n")[1:]
        if not line.lower().startswith(("if-match:", "content-length:", "content-type:"))
    ]
    return Message("\r\n".join([f"GET {path} {version}", *kept]).encode("latin-1") + _END, b"")


def _refusal(status: int) -> Message:
    body = json.dumps(
        {"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": str(status), "detail": "chaos"}
    ).encode()
    lines = [
        f"HTTP/1.1 {status} {_REASONS[status]}",
        "Content-Type: application/scim+json",
        f"Content-Length: {len(body)}",
        *(["Retry-After: 1"] if status == 429 else []),
    ]
    return Message("\r\n".join(lines).encode() + _END, body)


async def _asked(request: Message, reader: Reader, writer: Writer) -> Message:
    writer.write(request.raw)
    await writer.drain()
    answer = await _read(reader, to=request)
    if answer is None:
        raise EOFError
    return answer


async def _read(reader: Reader, to: Message | None = None) -> Message | None:
    """Read one request, or the answer `to` one; `None` where the other side has closed."""
    try:
        head = await reader.readuntil(_END)
    except asyncio.IncompleteReadError as error:
        if error.partial:
            raise
        return None
    message = Message(head, b"")
    if to is not None and (int(message.first_line[1]) in _BODILESS or to.first_line[0] == "HEAD"):
        return message
    if message.header("transfer-encoding").lower() == "chunked":
        return Message(head, await _chunks(reader))
    if length := message.header("content-length"):
        return Message(head, await reader.readexactly(int(length)))
    until_close = to is not None and message.first_line[0] == "HTTP/1.0"
    return Message(head, await reader.read() if until_close else b"")


async def _chunks(reader: Reader) -> bytes:
    """Read a body in chunks, as it is."""
    parts = []
    while True:
        line = await reader.readuntil(b"\r\n")
        size = int(line.partition(b";")[0], 16)
        parts += [line, await reader.readexactly(size + 2)]
        if size == 0:
            return b"".join(parts)
