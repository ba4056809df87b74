"""The sandbox's mailbox by IMAP: the Maildir that the mail server fills, for one fixed user.

python -m infra.sandbox.imap --port 1430 --maildir .ems/maildir
"""

import asyncio
import tempfile
from argparse import ArgumentParser, Namespace
from contextlib import AsyncExitStack
from pathlib import Path

from pymap.backend.maildir import MaildirBackend
from pymap.backend.maildir.users import PasswordRecord, PasswordsFile, UserRecord, UsersFile
from pymap.imap import IMAPService
from pysasl.hashing import BuiltinHash

from infra.sandbox.imap_account import PASSWORD, USER
from infra.sandbox.maildir import prepare
from infra.sandbox.serving import announce, arguments, refuse, termination


def prepare_account(maildir: Path) -> Path:
    """Write pymap's user files beside the Maildir, and return their folder."""
    accounts = maildir.with_name(f"{maildir.name}.imap")
    accounts.mkdir(parents=True, exist_ok=True)
    tempfile.tempdir = str(accounts)  # pymap renames its files from there; it must be on the same file system
    users, passwords = UsersFile(str(accounts)), PasswordsFile(str(accounts))
    users.set(UserRecord(USER, password="x", home_dir=str(maildir)))  # noqa: S106 - as in passwd(5): see shadow
    passwords.set(PasswordRecord(USER, BuiltinHash(rounds=1000).hash(PASSWORD)))
    users.file_write()
    passwords.file_write()
    return accounts


def forget_locks(maildir: Path, accounts: Path) -> None:
    """Remove what a killed run has left: pymap would wait ten minutes for it."""
    for folder in (maildir, accounts):
        for lock in folder.glob("*.lock"):
            lock.unlink(missing_ok=True)


def pymap_arguments(host: str, port: int, accounts: Path) -> Namespace:
    """Return what pymap's own command line would make of these."""
    parser = ArgumentParser()
    MaildirBackend.add_subparser("maildir", parser.add_subparsers())
    IMAPService.add_arguments(parser)
    parser.set_defaults(passlib_cfg=None, debug=False)
    return parser.parse_args(["--host", host, "--port", str(port), "--no-tls", "maildir", str(accounts)])


async def serve(host: str, port: int, maildir: Path) -> None:
    """Serve the Maildir until terminated."""
    ended = termination()
    prepare(maildir)
    accounts = prepare_account(maildir)
    forget_locks(maildir, accounts)
    backend, config = await MaildirBackend.init(pymap_arguments(host, port, accounts))
    config.apply_context()
    try:
        # never closed: that would wait for clients to leave; they are sent away below
        await IMAPService(backend, config).start(AsyncExitStack())
    except (OSError, OverflowError) as error:
        refuse(host, port, error)
    announce("IMAP", host, port)
    await ended.wait()
    await send_away()


async def send_away() -> None:
    """End what listens and every connection, also one that is accepted meanwhile."""
    asyncio.get_running_loop().set_exception_handler(lambda *_: None)  # asyncio reports cancelled connections as errors
    while others := asyncio.all_tasks() - {asyncio.current_task()}:
        for one in others:
            one.cancel()
        await asyncio.wait(others)


def main() -> None:
    """Run the server as the command line says."""
    parser = arguments("imap", f"Every mail of the sandbox by IMAP: user {USER!r}, password {PASSWORD!r}.")
    parser.add_argument("--maildir", required=True, type=Path, help="folder of the Maildir; created when missing")
    given = parser.parse_args()
    asyncio.run(serve(given.host, given.port, given.maildir.absolute()))


if __name__ == "__main__":
    main()
