"""What mails say, and in what form: templates in the languages of those who get them.

A library, not a service: each service has its templates, and its `__main__.py` hands it the `Letters` that
`open_letters` opens. They are a value (ADR 0039): from the same words the same bytes, and nothing is done by them.

Whatever a service lets a template say is made harmless here (`names`), so no service can forget it. A mail to readers
of several languages says everything in each of them (ADR 0036).
"""

from consumers.shared.letters.letters import Address, Letters
from consumers.shared.letters.proof import open_letters
from consumers.shared.letters.wording import Templates

__all__ = ["Address", "Letters", "Templates", "open_letters"]
