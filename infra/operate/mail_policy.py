"""Whether a service finds out itself what became of a mail of which nobody knows whether it was sent."""

from importlib import import_module

from choreography import InvalidSettings, load
from infra.operate.database import Home


def looks_up_mail(home: Home) -> bool:
    """Return whether its settings let it look up a mail that may have been sent; `False` where that is not known."""
    try:
        settings = load(import_module(f"{home.package}.settings").Settings)
    except InvalidSettings:
        return False
    policy = getattr(settings, "mail_ambiguous", None)
    return policy == "lookup" or (policy is None and bool(getattr(settings, "imap_host", "")))
