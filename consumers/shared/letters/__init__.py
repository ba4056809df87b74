"""What mails say, and in what form: templates in the languages of those who get them.

A library, not a service: each service has its templates, declares in its own `ports.py` what it needs, and its
`__main__.py` hands it the `Letters` that `open_letters` opens, which satisfies all of them.

Whatever a service lets a template say is made harmless here (`names`), so no service can forget it. A mail to readers
of several languages says everything in each of them (ADR 0036).
"""

from consumers.shared.letters.letters import Letters
from consumers.shared.letters.proof import open_letters
from consumers.shared.letters.wording import Templates

__all__ = ["Letters", "Templates", "open_letters"]
