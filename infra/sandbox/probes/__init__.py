"""Reading the sandbox's targets back, each by its own protocol: the proof of what the services did.

Nothing here shares code with the services. Each answer is a frozen value of what the target itself said.
"""

from infra.sandbox.probes.calendars import Calendars, Meeting
from infra.sandbox.probes.directory import Account, Directory, Group, Member
from infra.sandbox.probes.mails import Mail, about, read_imap, read_maildir, to

__all__ = [
    "Account",
    "Calendars",
    "Directory",
    "Group",
    "Mail",
    "Meeting",
    "Member",
    "about",
    "read_imap",
    "read_maildir",
    "to",
]
