"""The one account of the sandbox's IMAP server."""

from typing import Final

USER: Final = "sandbox"
PASSWORD: Final = "sandbox"  # noqa: S105 - a fictional company's mailbox on the loopback address
