"""Calendars that are Radicale's own code, for the real CalDAV client of the HR service."""

import logging
import shutil
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from icalendar import Calendar
from radicale.app import Application

from infra.sandbox.calendar import configuration
from tests.simulation.faults import Faults
from tests.simulation.wire import Answered, Asked, Server, call
from tests.simulation.world import World

_COLLECTION: Final = '{"tag": "VCALENDAR", "C:supported-calendar-component-set": "VEVENT"}'


class ServedCalendar(Server):
    """The calendars of a company; one history at a time has them.

    Args:
        world: where it stands.
        faults: what goes wrong.
        travels: how many seconds a request may be on its way.
        owners: the employee ids of those who have a calendar.
    """

    def __init__(self, world: World, faults: Faults, travels: float, owners: Iterable[str]) -> None:
        super().__init__(world, faults, "diary", travels)
        self._application, folder = _radicale()
        self._root = Path(folder.name, "collection-root")
        shutil.rmtree(self._root, ignore_errors=True)
        for owner in owners:
            calendar = self._root / owner / "calendar"
            calendar.mkdir(parents=True)
            (calendar / ".Radicale.props").write_text(_COLLECTION, encoding="utf-8")

    def serve(self, asked: Asked) -> Answered:
        """Answer a request, and write down which entry it changed: a cancelled one counts as gone."""
        if asked.method != "PUT":
            return call(self._application, asked)
        entry = self._root / asked.path.strip("/")
        before, stood = _content(entry), _text(entry)
        answer = call(self._application, asked)
        after = _content(entry)
        if before != after or stood not in (None, _text(entry)):
            kind = "put" if after else "delete"
            self.accept(kind, entry.stem, before=before, after=after, **asked.about)
        return answer


@cache
def _radicale() -> tuple[Any, "TemporaryDirectory[str]"]:
    logging.getLogger("radicale").setLevel(logging.CRITICAL)
    folder = TemporaryDirectory(prefix="ems-calendars-")
    return Application(configuration(Path(folder.name))), folder


def _text(entry: Path) -> bytes | None:
    return entry.read_bytes() if entry.exists() else None


def _content(entry: Path) -> dict[str, str] | None:
    if not entry.exists():
        return None
    (event,) = Calendar.from_ical(entry.read_bytes()).walk("VEVENT")
    if event.get("STATUS") == "CANCELLED":
        return None
    return {
        "owner": entry.parent.parent.name,
        "start": event.decoded("DTSTART").isoformat(),
        "end": event.decoded("DTEND").isoformat(),
    }
