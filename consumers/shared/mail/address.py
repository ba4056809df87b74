"""Which addresses can be written to: one rule for those that are set, and for those of the directory."""

from typing import Annotated

from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator


def is_address(text: str) -> bool:
    """Tell whether this is one mail address, nothing around it, that needs no extension of SMTP.

    Companies have domains such as `corp.local` or `localhost`, which the library refuses as reserved; below another
    domain it looks at their form alone. An encoded word (RFC 2047) would be decoded, and may hold line breaks.
    """
    if not text.isascii() or "=?" in text:
        return False
    try:
        validate_email(f"{text}.example", check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError:
        return False
    return True


def _address(text: str) -> str:
    if not is_address(text):
        raise ValueError("this is not one mail address without a name, such as hr@example.com")
    return text


MailAddress = Annotated[str, AfterValidator(_address)]
"""A setting that is one address."""
