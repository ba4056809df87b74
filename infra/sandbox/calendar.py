"""The sandbox's calendar server: CalDAV by Radicale, open to everybody, one folder per person.

python -m infra.sandbox.calendar --port 5232 --storage .ems/calendars
"""

import logging
import signal
import threading
from pathlib import Path
from socketserver import ThreadingMixIn
from types import FrameType
from wsgiref.simple_server import WSGIServer

from radicale.app import Application
from radicale.config import Configuration, load
from radicale.server import RequestHandler

from infra.sandbox.serving import announce, arguments, listen


class CalendarServer(ThreadingMixIn, WSGIServer):
    """Serves each request in a thread of its own."""

    daemon_threads = True

    def __init__(self, host: str, port: int, application: Application) -> None:
        super().__init__((host, port), RequestHandler, bind_and_activate=False)
        self.socket.close()
        self.socket = listen(host, port)
        self.server_name, self.server_port = host, port
        self.setup_environ()
        self.set_app(application)


def configuration(storage: Path) -> Configuration:
    """Return Radicale's settings: no authentication, no rights to check, no artificial delay."""
    settings = load()
    settings.update(
        {
            "auth": {"type": "none", "delay": "0"},
            "rights": {"type": "authenticated"},
            "server": {"delay_on_error": "0"},
            "storage": {"filesystem_folder": str(storage)},
            "web": {"type": "none"},
        },
        "sandbox",
    )
    return settings


def main() -> None:
    """Run the server as the command line says."""
    parser = arguments("calendar", "A CalDAV server; the calendar of a person is at /<employee id>/calendar/.")
    parser.add_argument("--storage", required=True, type=Path, help="folder of the calendars; created when missing")
    given = parser.parse_args()
    given.storage.mkdir(parents=True, exist_ok=True)
    logging.getLogger("radicale").setLevel(logging.ERROR)
    server = CalendarServer(given.host, given.port, Application(configuration(given.storage)))

    def stop(_number: int, _frame: FrameType | None) -> None:
        threading.Thread(target=server.shutdown).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    announce("CalDAV", given.host, given.port)
    server.serve_forever(poll_interval=0.1)
    server.server_close()


if __name__ == "__main__":
    main()
