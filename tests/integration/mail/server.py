"""A mail system that does as it is told, so that each thing that can go wrong does so at a known moment."""

import asyncio
import ssl
from base64 import b64decode
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

from infra.sandbox.maildir import keep

Moment = Callable[[SMTP], Awaitable[None]]


async def nothing(_: SMTP) -> None:
    """Go on."""


async def hang_up(server: SMTP) -> None:
    """Cut the connection as a crash does."""
    assert isinstance(server.transport, asyncio.Transport)
    server.transport.abort()


async def fall_silent(_: SMTP) -> None:
    """Never answer."""
    await asyncio.Event().wait()


@dataclass
class Script:
    """What a mail system answers, and does; the hooks have aiosmtpd's names and signatures.

    Attributes:
        to_sender, to_recipients, to_text: the answers; recipients that are not named are accepted.
        at_recipient: happens before a recipient is answered.
        at_dot: happens after the final dot, before the answer; the mail has been delivered by then.
        delivers: whether a mail whose text is accepted reaches the mailbox at all.
        maildir: where it goes, so that it can be looked up.
        accepted: the recipients and text of each mail delivered.
        connections: how many there were.
    """

    to_sender: str = "250 OK"
    to_recipients: dict[str, str] = field(default_factory=dict)
    to_text: str = "250 OK"
    at_recipient: Moment = nothing
    at_dot: Moment = nothing
    delivers: bool = True
    maildir: Path | None = None
    accepted: list[tuple[tuple[str, ...], bytes]] = field(default_factory=list)
    connections: int = 0

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.to_sender.startswith("2"):
            envelope.mail_from = address
        return self.to_sender

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        await self.at_recipient(server)
        answer = self.to_recipients.get(address, "250 OK")
        if answer.startswith("2"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.original_content or b""
        if self.to_text.startswith("2") and self.delivers:
            self.accepted.append((tuple(envelope.rcpt_tos), content))
            if self.maildir is not None:
                keep(self.maildir, envelope.mail_from or "", envelope.rcpt_tos, content)
        await self.at_dot(server)
        return self.to_text


@asynccontextmanager
async def mail_system(script: Script, context: ssl.SSLContext | None = None, **options: Any) -> AsyncIterator[int]:
    """Serve on a free port, which is yielded; with `context` encrypted from the beginning."""

    def session() -> SMTP:
        script.connections += 1
        return SMTP(script, hostname="mx.example.com", **options)

    async with await asyncio.get_running_loop().create_server(session, "127.0.0.1", 0, ssl=context) as server:
        yield server.sockets[0].getsockname()[1]


@asynccontextmanager
async def greeting(words: str) -> AsyncIterator[int]:
    """Serve on a free port with something that says only this, and closes."""

    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(f"{words}\r\n".encode())
        writer.close()

    async with await asyncio.start_server(greet, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


@asynccontextmanager
async def imap_server(answers: Mapping[str, str], said: list[str]) -> AsyncIterator[int]:
    """Serve IMAP on a free port by heart.

    Args:
        answers: what stands before the end of a command, by its name; `NO` or `BAD` at the beginning of its last line
            ends it, else it ends well.
        said: is given what the client says, without tags.
    """

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"* OK by heart\r\n")
        while line := (await reader.readline()).decode().strip():
            tag, _, command = line.partition(" ")
            said.append(command)
            words = command.upper().split()
            if words[0] == "AUTHENTICATE":
                writer.write(b"+ \r\n")
                said.append(b64decode(await reader.readline()).decode())
            known = {"CAPABILITY": "* CAPABILITY IMAP4rev1", **answers}
            lines = known.get(words[1] if words[0] == "UID" else words[0], "OK done").split("\n")
            end = lines.pop() if lines[-1][:2] in ("OK", "NO", "BA") else "OK done"
            writer.write("".join(f"{one}\r\n" for one in (*lines, f"{tag} {end}")).encode())
            if words[0] == "LOGOUT":
                break
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


def header_of(number: int, text: str) -> str:
    """Return what an IMAP server answers where the header of a mail is fetched."""
    size = len(text.replace("\n", "\r\n").encode()) + len("\r\n\r\n")
    return f"* {number} FETCH (UID {number} BODY[HEADER.FIELDS (MESSAGE-ID TO)] {{{size}}}\n{text}\n\n)"


async def free_port() -> int:
    """Return a port on which nobody listens."""
    async with mail_system(Script()) as port:
        return port
