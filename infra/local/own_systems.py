"""Whose a target is: the sandbox's, or a company's own, about which nothing of the sandbox is ever true."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from infra.errors import Refused


@dataclass(frozen=True)
class Target:
    """Something of the sandbox that a company may have its own of.

    Attributes:
        name: what it is.
        variable: the setting by which somebody gives their own.
        servers: what the sandbox need not start then.
        about: what the settings about it begin with: none of the sandbox's is ever used with somebody's own.
        needs: what has to be given with it.
    """

    name: str
    variable: str
    servers: tuple[str, ...]
    about: tuple[str, ...]
    needs: tuple[str, ...] = ()


TARGETS: Final = (
    Target(
        "mail system",
        "EMS_SMTP_HOST",
        ("smtp", "imap"),
        ("EMS_SMTP_", "EMS_IMAP_", "EMS_MAIL_", "EMS_HR_MAILBOX", "EMS_SECURITY_MAILBOX"),
        ("EMS_MAIL_FROM", "EMS_MAIL_DOMAIN", "EMS_HR_MAILBOX"),
    ),
    Target(
        "look-up of mails",
        "EMS_IMAP_HOST",
        ("imap",),
        ("EMS_IMAP_", "EMS_MAIL_SETTLE"),
        ("EMS_IMAP_USERNAME", "EMS_IMAP_PASSWORD"),
    ),
    Target(
        "directory",
        "EMS_SCIM_URL",
        ("scim",),
        ("EMS_SCIM_", "EMS_ACCESS_", "EMS_TIME_ZONE"),
        ("EMS_SCIM_TOKEN", "EMS_ACCESS_POLICY", "EMS_TIME_ZONE"),
    ),
    Target("calendars", "EMS_CALDAV_URL", ("caldav",), ("EMS_CALDAV_",)),
)


def owned(given: Mapping[str, str]) -> tuple[Target, ...]:
    """Return what is somebody's own, and not the sandbox's."""
    return tuple(target for target in TARGETS if target.variable in given)


def require_whole(given: Mapping[str, str]) -> None:
    """Make sure that whoever gives a target of their own gives what has to be known about it.

    Raises:
        Refused: something is missing; each is named.
    """
    missing = {target: [name for name in target.needs if not given.get(name)] for target in owned(given)}
    said = [f"{one.variable} is yours, and needs {', '.join(names)}" for one, names in missing.items() if names]
    if said:
        raise Refused(
            f"{'; '.join(said)}. What the sandbox has in their place is about the sandbox: it is never used with a "
            "system of yours. Set them as well (docs/own-systems.md says what each means)."
        )


def is_replaced(server: str, given: Mapping[str, str]) -> bool:
    """Return whether a server of the sandbox is not needed, because the system is told to use another one."""
    return any(server in target.servers for target in owned(given))


def whose(given: Mapping[str, str]) -> str:
    """Say what is somebody's own, and what is the sandbox's."""
    own = owned(given)
    rest = [one.name for one in TARGETS if not any(is_replaced(server, given) for server in one.servers)]
    lines = [f"  Yours   {', '.join(f'{one.name} ({one.variable})' for one in own)}"] if own else []
    return "\n".join([*lines, f"  Sandbox {', '.join(rest) or 'nothing'}"])
