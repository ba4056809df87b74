"""The sandbox's calendar server with an append-only log of what it did: `python -m tests.chaos.logged_calendar …`.

Radicale keeps only what there is now. Here each change of an entry is written to the log before it is made (`begun`)
and after it (`done`), both forced to the disk, inside Radicale's one lock for writers. What a kill leaves between the
two is settled at the next start by looking at what stands in the calendar.
"""

import hashlib
import json
import logging
import os
import re
import signal
import threading
import time
from pathlib import Path
from types import FrameType
from typing import Any, Final

from radicale.app import Application
from radicale.item import Item
from radicale.storage.multifilesystem import Collection, Storage

from consumers.hr.interview import MARK
from infra.sandbox.calendar import CalendarServer, configuration
from infra.sandbox.serving import announce, arguments

_FIELDS: Final = re.compile(rf"^(DTSTART[^:]*|SEQUENCE|STATUS|{MARK}):(.+?)\r?$", re.MULTILINE)


class Log:
    """The log of one calendar server; call it only as the one writer.

    Args:
        file: created when missing.
        root: below which the calendars lie.
    """

    def __init__(self, file: Path, root: Path) -> None:
        self._root = root
        lines = read(file)
        self._handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        if lines and lines[-1]["step"] == "begun":
            self._settle(lines[-1])

    def begin(self, op: str, path: str, text: str | None) -> dict[str, Any]:
        """Write down what is about to be done to an entry."""
        before = self._text(path)
        line = {"op": op, "path": path, "before": _facts(before), "after": _facts(text), "digest": _digest(text)}
        self._append({**line, "step": "begun"})
        return line

    def done(self, line: dict[str, Any]) -> None:
        """Write down that it was done."""
        self._append({**line, "step": "done"})

    def _settle(self, line: dict[str, Any]) -> None:
        if _digest(self._text(line["path"])) == line["digest"]:
            self.done(line)

    def _text(self, path: str) -> str | None:
        try:
            return (self._root / path).read_bytes().decode()
        except FileNotFoundError:
            return None

    def _append(self, line: dict[str, Any]) -> None:
        os.write(self._handle, json.dumps({**line, "at": time.time()}).encode() + b"\n")
        os.fsync(self._handle)


def read(file: Path) -> list[dict[str, Any]]:
    """Return the whole lines of a log; one that a kill has cut off was never acted upon."""
    if not file.exists():
        return []
    whole, _, _ = file.read_bytes().rpartition(b"\n")
    return [json.loads(line) for line in whole.splitlines()]


def _facts(text: str | None) -> dict[str, str] | None:
    return None if text is None else {name.partition(";")[0]: value for name, value in _FIELDS.findall(text)}


def _digest(text: str | None) -> str | None:
    return None if text is None else hashlib.sha256(text.encode()).hexdigest()


def logged_storage(log: Log) -> type[Storage]:
    """Return Radicale's storage, which tells the log of every entry that is put or deleted."""

    class LoggedCollection(Collection):
        def upload(self, href: str, item: Item) -> tuple[Item, Item | None]:
            line = log.begin("put", f"{self.path}/{href}", item.serialize())
            stored = super().upload(href, item)
            log.done(line)
            return stored

        def delete(self, href: str | None = None) -> None:
            line = log.begin("delete", f"{self.path}/{href}", None)
            super().delete(href)
            log.done(line)

    class LoggedStorage(Storage):
        _collection_class = LoggedCollection

    return LoggedStorage


def main() -> None:
    """Run the server as the command line says."""
    parser = arguments("calendar", "A CalDAV server with an append-only log.")
    parser.add_argument("--storage", required=True, type=Path)
    parser.add_argument("--log", required=True, type=Path)
    given = parser.parse_args()
    given.storage.mkdir(parents=True, exist_ok=True)
    logging.getLogger("radicale").setLevel(logging.ERROR)
    settings = configuration(given.storage)
    log = Log(given.log, given.storage / "collection-root")
    settings.update({"storage": {"type": logged_storage(log)}}, "chaos")
    server = CalendarServer(given.host, given.port, Application(settings))

    def stop(_number: int, _frame: FrameType | None) -> None:
        threading.Thread(target=server.shutdown).start()

    signal.signal(signal.SIGTERM, stop)
    announce("CalDAV", given.host, given.port)
    server.serve_forever(poll_interval=0.1)
    server.server_close()


if __name__ == "__main__":
    main()
