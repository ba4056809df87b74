"""What every log line says while an event is handled: ids and coordinates, nothing of its content.

They are put into words only when a line is written, which is rarely.
"""

from contextvars import ContextVar, Token
from types import TracebackType
from typing import Final, Self

from structlog.typing import EventDict

from choreography.ledger.entry import Entry

_NOW: Final[ContextVar[tuple[str, Entry] | None]] = ContextVar("about", default=None)


class About:
    """Has log lines name an event, for as long as the context lasts.

    Args:
        group: the consumer group.
        entry: what is handled.
    """

    __slots__ = ("_said", "_token")

    def __init__(self, group: str, entry: Entry) -> None:
        self._said = (group, entry)
        self._token: Token[tuple[str, Entry] | None] | None = None

    def __enter__(self) -> Self:
        self._token = _NOW.set(self._said)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._token is not None:
            _NOW.reset(self._token)


def add_what_it_is_about(_logger: object, _method: str, line: EventDict) -> EventDict:
    """Add to a log line what it is about; a processor of structlog's."""
    said = _NOW.get()
    if said is not None:
        group, entry = said
        for name, value in {"group": group, **entry.context}.items():
            line.setdefault(name, value)
    return line
