"""What is the matter with a database, in words for the person who looks after it."""

from typing import Final

from sqlalchemy.exc import DBAPIError

_FULL: Final = "Its disk is full: make room."
_READ_ONLY: Final = "It may only be read: let the process write it and its directory, or send it to the primary server."
_BUSY: Final = "Another process keeps it locked: see which one, and end it if it hangs."
_DAMAGED: Final = (
    "Its files are damaged or were exchanged under the process: stop the process, restore them or move them away, and "
    "rebuild what is missing from the log."
)
_AWAY: Final = "Its server does not answer, or sends this process away: see whether it runs, and the address."
_GENERAL: Final = "See the log; it is tried again."
_REMEDIES: Final = {
    "SQLITE_FULL": _FULL,
    "SQLITE_READONLY": _READ_ONLY,
    "SQLITE_CANTOPEN": "Its file cannot be opened: see that its directory is there and may be written.",
    "SQLITE_BUSY": _BUSY,
    "SQLITE_LOCKED": _BUSY,
    "SQLITE_CORRUPT": _DAMAGED,
    "SQLITE_NOTADB": _DAMAGED,
    "SQLITE_IOERR": _DAMAGED,
    "53100": _FULL,
    "25006": _READ_ONLY,
    "55P03": _BUSY,
}


def diagnose(error: DBAPIError) -> tuple[str, str]:
    """Return the name of what is the matter, and what to do."""
    cause = error.orig
    name = getattr(cause, "sqlite_errorname", None)
    if name is not None:
        return name, _REMEDIES.get("_".join(name.split("_")[:2]), _GENERAL)
    state = getattr(cause, "sqlstate", None)
    if state is None and type(cause).__module__.startswith("psycopg"):
        return type(cause).__name__, _AWAY
    return type(cause).__name__, _REMEDIES.get(state or "", _GENERAL)
