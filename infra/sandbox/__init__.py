"""The sandbox: real servers for mail, calendar and directory, one process each, and a fictional company in them.

Each server listens on the loopback address only, prints one line when it listens, ends with 0 on SIGTERM or SIGINT,
and says in one sentence when its port is taken. What it has accepted survives kill -9.

| process | command | speaks | |---|---|---| | smtp | `python -m infra.sandbox.mail --port N --maildir DIR` | SMTP, no
TLS, no authentication; refuses `nobody.…@…` | | imap | `python -m infra.sandbox.imap --port N --maildir DIR` | IMAP, no
TLS; one mailbox with every mail | | caldav | `python -m infra.sandbox.calendar --port N --storage DIR` | CalDAV, open
to everybody | | scim | `python -m infra.sandbox.directory --port N --storage FILE`, the token in `EMS_SANDBOX_TOKEN` |
SCIM 2.0 at `http://host:port` |

* `--maildir` is the same folder for both mail servers, and may exist or not. Whichever starts first prepares it.
  The IMAP server keeps its users beside it, in `<maildir>.imap/`.
* The IMAP user is `imap_account.USER` with the password `imap_account.PASSWORD`.
* The calendar of a person is at `/<employee id>/calendar/`; any user name and password, or none, will do.
* `--storage FILE` of the directory is an append-only journal of every accepted write, one JSON object per line.

The company is described in `infra.sandbox.company`. `infra.sandbox.seed.seed(scim_url, token, caldav_url)` puts it
into the two servers; run again, or after an interruption, it adds only what is missing. `company.environment()` is
what the services must be told about it. `infra.sandbox.probes` reads the targets back, each by its own protocol.
"""

from typing import Final

TOKEN: Final = "EMS_SANDBOX_TOKEN"  # noqa: S105 - the variable that holds the token of the directory
