"""A mailbox by IMAP that keeps an index: `python -m tests.chaos.indexed_mailbox …`, in the place of the sandbox's.

The sandbox's server reads every mail for each question, which takes half a minute once there are as many as a large
run sends. This one reads each mail once. It knows what the look-up of a Message-ID needs (RFC 3501: CAPABILITY, LOGIN,
EXAMINE, UID SEARCH HEADER, UID FETCH of headers, LOGOUT), and refuses everything else.
"""

import asyncio
import re
from email import message_from_bytes
from pathlib import Path
from typing import Final

from infra.sandbox.imap_account import PASSWORD, USER
from infra.sandbox.maildir import prepare
from infra.sandbox.serving import announce, arguments, listen, termination
from tests.chaos.proxies import Reader, Writer

_SEARCH: Final = re.compile(r'SEARCH HEADER MESSAGE-ID "(.*)"', re.IGNORECASE)
_FETCH: Final = re.compile(r"FETCH (\d+) \(BODY\.PEEK\[HEADER\.FIELDS \((.*)\)\]\)", re.IGNORECASE)


class Index:
    """The mails of a Maildir by number, each read once.

    Args:
        maildir: only ever grows; nobody else moves its mails.
    """

    def __init__(self, maildir: Path) -> None:
        self._new = maildir / "new"
        self._known: set[str] = set()
        self._mails: list[dict[str, str]] = []

    def search(self, part: str) -> list[int]:
        """Return the numbers of the mails whose Message-ID has this in it."""
        self._look()
        return [number for number, mail in enumerate(self._mails, 1) if part in mail["message-id"]]

    def headers(self, number: int, names: list[str]) -> bytes:
        """Return these headers of a mail."""
        mail = self._mails[number - 1]
        return "".join(f"{name}: {mail.get(name.lower(), '')}\r\n" for name in names).encode() + b"\r\n"

    def _look(self) -> None:
        for path in sorted(self._new.iterdir()):
            if path.name not in self._known:
                self._known.add(path.name)
                mail = message_from_bytes(path.read_bytes())
                self._mails.append({"message-id": "", **{name.lower(): str(value) for name, value in mail.items()}})


class _Session:
    def __init__(self, index: Index, reader: Reader, writer: Writer) -> None:
        self._index, self._reader, self._writer = index, reader, writer

    async def run(self) -> None:
        self._writer.write(b"* OK ready\r\n")
        while line := (await self._reader.readline()).decode("latin-1").rstrip("\r\n"):
            tag, _, command = line.partition(" ")
            self._writer.write(self._answer(command) + f"{tag} {self._verdict(command)}\r\n".encode())
            await self._writer.drain()
            if command.upper() == "LOGOUT":
                return

    def _verdict(self, command: str) -> str:
        verb, _, rest = command.partition(" ")
        match verb.upper():
            case "LOGIN":
                return "OK in" if rest.replace('"', "") == f"{USER} {PASSWORD}" else "NO wrong password"
            case "CAPABILITY" | "EXAMINE" | "UID" | "NOOP" | "LOGOUT":
                return "OK done"
        return "BAD this server only looks up"

    def _answer(self, command: str) -> bytes:
        if command.upper() == "CAPABILITY":
            return b"* CAPABILITY IMAP4rev1\r\n"
        if command.upper() == "LOGOUT":
            return b"* BYE\r\n"
        if found := _SEARCH.search(command):
            numbers = "".join(f" {number}" for number in self._index.search(found[1]))
            return f"* SEARCH{numbers}\r\n".encode()
        if found := _FETCH.search(command):
            headers = self._index.headers(int(found[1]), found[2].split())
            said = f"* {found[1]} FETCH (UID {found[1]} BODY[HEADER.FIELDS ({found[2]})] {{{len(headers)}}}\r\n"
            return said.encode() + headers + b")\r\n"
        return b""


async def serve(host: str, port: int, maildir: Path) -> None:
    """Answer until terminated."""
    ended = termination()
    prepare(maildir)
    index = Index(maildir)

    async def session(reader: Reader, writer: Writer) -> None:
        try:
            await _Session(index, reader, writer).run()
        except OSError:
            pass  # the client was killed
        finally:
            writer.close()

    await asyncio.start_server(session, sock=listen(host, port))
    announce("IMAP", host, port)
    await ended.wait()


def main() -> None:
    """Run the server as the command line says."""
    parser = arguments("imap", "Looks up mails in a Maildir by their Message-ID.")
    parser.add_argument("--maildir", required=True, type=Path)
    given = parser.parse_args()
    asyncio.run(serve(given.host, given.port, given.maildir))


if __name__ == "__main__":
    main()
