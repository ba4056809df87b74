"""A mail server that misbehaves: passes SMTP on to the real one, line by line, but for what the plan says."""

import asyncio
from typing import Final

from tests.chaos.mischief import AWAY, Mischief
from tests.chaos.proxies import SILENCE, Reader, Writer, reach

_CLOSES: Final = b"421 4.3.2 The service shuts down\r\n"
_LATER: Final = b"450 4.2.1 The mailbox is busy\r\n"
_NEVER: Final = b"550 5.1.1 Nobody here by that name\r\n"
_FULL: Final = b"451 4.3.0 The mail could not be kept\r\n"
_GO_ON: Final = b"354"
_DOT: Final = b".\r\n"
_LATE: Final = 1.5  # seconds; less than the settle time


class SmtpProxy:
    """Serves one connection at a time with `serve`.

    Args:
        port: of the real server.
        mischief: asked once per mail, at its connection.
    """

    def __init__(self, port: int, mischief: Mischief) -> None:
        self._port = port
        self._mischief = mischief

    async def serve(self, reader: Reader, writer: Writer) -> None:
        """Pass one connection on."""
        fault = self._mischief.next()
        if fault == AWAY:
            return
        if fault == "421 at connect":
            writer.write(_CLOSES)
            await writer.drain()
            return
        server_reader, server = await reach(self._port)
        try:
            await _Exchange(reader, writer, server_reader, server, fault).run()
        finally:
            server.close()


class _Exchange:
    def __init__(
        self, reader: Reader, writer: Writer, server_reader: Reader, server: Writer, fault: str | None
    ) -> None:
        self._reader, self._writer = reader, writer
        self._server_reader, self._server = server_reader, server
        self._fault = fault

    async def run(self) -> None:
        await self._answer(await _reply(self._server_reader))
        while command := await self._reader.readline():
            verb = command[:4].upper()
            if verb == b"RCPT" and (refusal := self._refusal()):
                await self._answer(refusal)
                continue
            reply = await self._asked(command)
            await self._answer(reply)
            if verb == b"DATA" and reply.startswith(_GO_ON) and not await self._content():
                return

    def _refusal(self) -> bytes | None:
        """Return how a recipient is refused, if at all; only the first one, unless the plan says everybody."""
        match self._fault:
            case "450 at RCPT":
                self._fault = None
                return _LATER
            case "550 at RCPT":
                self._fault = None
                return _NEVER
            case "550 for everybody":
                return _NEVER
        return None

    async def _content(self) -> bool:
        """Pass the content of a mail on; return whether the connection goes on."""
        content = await self._read_content()
        match self._fault:
            case "dropped before the final dot":
                return False
            case "time-out before the final dot":
                await asyncio.sleep(SILENCE)
                return False
            case "451 after the final dot":
                await self._answer(_FULL)
                return False
            case "dropped after the final dot, delivered late":
                self._writer.close()
                await asyncio.sleep(_LATE)
        reply = await self._asked(content)
        if self._fault in {"dropped after the final dot, delivered", "dropped after the final dot, delivered late"}:
            return False
        if self._fault == "time-out after the final dot, delivered":
            await asyncio.sleep(SILENCE)
            return False
        await self._answer(reply)
        return True

    async def _read_content(self) -> bytes:
        lines = [await self._reader.readline()]
        while lines[-1] != _DOT:
            if not lines[-1]:
                raise EOFError
            lines.append(await self._reader.readline())
        return b"".join(lines)

    async def _asked(self, request: bytes) -> bytes:
        self._server.write(request)
        return await _reply(self._server_reader)

    async def _answer(self, reply: bytes) -> None:
        self._writer.write(reply)
        await self._writer.drain()


async def _reply(reader: Reader) -> bytes:
    """Read one reply, which may have several lines."""
    lines = [await reader.readline()]
    while lines[-1][3:4] == b"-":
        lines.append(await reader.readline())
    if not lines[-1]:
        raise EOFError
    return b"".join(lines)
