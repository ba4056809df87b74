"""Sending mail so that nobody gets it twice, as far as that can be had.

A library, not a service: each service derives its settings from `MailSettings`, declares in its own `ports.py` what
it needs of a mailer, and its `__main__.py` hands it what `open_mailer` opens, which satisfies all of them.

A mail is the one effect that cannot be repeated by nature. A server that has read the final dot has the mail, whether
or not its answer arrives; and a process that dies, or is paused, between that dot and writing it down leaves nobody
who knows. So:

* A mail has a Message-ID made from the key of its effect, and it is sent under a lock of the same name, which the
  death of the process releases and a mere pause does not (`turns`).
* Whoever gets the lock later knows that no earlier attempt can go on. Where one may have sent the mail, the policy
  `EMS_MAIL_AMBIGUOUS` says what happens (`mailer`): *lookup* asks the mail system for the Message-ID (`imap`), *resend*
  sends the same mail again and says so, *hold* lets a person decide.
* What the mail system answers is sorted into what was certainly not accepted, what was refused, and what nobody can
  know (`smtp`).
"""

from consumers.shared.mail.address import MailAddress, is_address
from consumers.shared.mail.imap import ImapSentMail
from consumers.shared.mail.mailer import Ambiguous, Sent, SentMail, SmtpMailer
from consumers.shared.mail.opening import open_mailer
from consumers.shared.mail.settings import MailSettings
from consumers.shared.mail.smtp import SmtpServer
from consumers.shared.mail.turns import Turns

__all__ = [
    "Ambiguous",
    "ImapSentMail",
    "MailAddress",
    "MailSettings",
    "Sent",
    "SentMail",
    "SmtpMailer",
    "SmtpServer",
    "Turns",
    "is_address",
    "open_mailer",
]
