"""The sandbox's mail server: accepts mails by SMTP and keeps them in one Maildir.

Nobody can be reached whose address begins with `nobody.`: it is refused for good, and the refusal quotes it, as real
servers do.

python -m infra.sandbox.mail --port 2525 --maildir .ems/maildir
"""

import asyncio
from pathlib import Path
from typing import Final

from aiosmtpd.smtp import SMTP, Envelope, Session

from infra.sandbox.maildir import keep, prepare
from infra.sandbox.serving import announce, arguments, listen, termination

_UNREACHABLE: Final = "nobody."


class Postbox:
    """Answers each recipient, and the end of a mail's data, once the mail is on the disk."""

    def __init__(self, maildir: Path) -> None:
        self._maildir = maildir

    async def handle_RCPT(  # noqa: N802 - aiosmtpd
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Accept everybody but those whom nobody can reach."""
        if address.startswith(_UNREACHABLE):
            return f"550 5.1.1 <{address}>: Recipient address rejected: User unknown"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd
        """Keep the mail, or ask the sender to try again."""
        content = envelope.original_content or b""
        try:
            await asyncio.to_thread(keep, self._maildir, envelope.mail_from or "", envelope.rcpt_tos, content)
        except OSError as error:
            return f"451 4.3.0 The mail could not be kept: {error.strerror}"
        return "250 2.0.0 OK: kept"


async def serve(host: str, port: int, maildir: Path) -> None:
    """Accept mails until terminated."""
    ended = termination()
    prepare(maildir)
    loop = asyncio.get_running_loop()
    postbox = Postbox(maildir)
    server = await loop.create_server(
        lambda: SMTP(postbox, loop=loop, hostname="sandbox.example.com", enable_SMTPUTF8=True),
        sock=listen(host, port),
    )
    announce("SMTP", host, port)
    await ended.wait()
    server.close()


def main() -> None:
    """Run the server as the command line says."""
    parser = arguments("mail", "A mail server that keeps what it accepts in one Maildir.")
    parser.add_argument("--maildir", required=True, type=Path, help="folder of the Maildir; created when missing")
    given = parser.parse_args()
    asyncio.run(serve(given.host, given.port, given.maildir))


if __name__ == "__main__":
    main()
