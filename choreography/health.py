"""Health, as orchestrators and people ask for it.

`/healthz` says that the process lives. `/readyz` says that every part is in order, and names what is not. Neither
fails because the broker blinks: a part is marked only by what it knows for certain.
"""

import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

from choreography.errors import InvalidSettings


class Health:
    """What is in order and what is not; safe to use from any thread.

    Args:
        monotonic: tells seconds that only ever grow.
        silence_seconds: after how long without a beat a part that has beaten before counts as stuck.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic, silence_seconds: float = 60.0) -> None:
        self._parts: dict[str, tuple[bool, str]] = {}
        self._beats: dict[str, float] = {}
        self._monotonic = monotonic
        self._silence_seconds = silence_seconds
        self._lock = threading.Lock()

    def set(self, part: str, ok: bool, detail: str = "") -> None:
        """Say whether a part is in order, and if not, why and what happens next."""
        with self._lock:
            self._parts[part] = (ok, detail)

    def beat(self, part: str) -> None:
        """Say that a part is alive; from now on its silence counts."""
        self._beats[part] = self._monotonic()

    @property
    def ready(self) -> bool:
        """Whether every part is in order."""
        return bool(self._parts) and all(ok for ok, _ in self._all().values())

    def report(self) -> dict[str, object]:
        """Describe every part, for `/readyz`."""
        parts = {name: {"ok": ok, "detail": detail} for name, (ok, detail) in sorted(self._all().items())}
        return {"ready": self.ready, "parts": parts}

    def _all(self) -> dict[str, tuple[bool, str]]:
        with self._lock:
            parts = dict(self._parts)
        for part, beat in tuple(self._beats.items()):
            silent = self._monotonic() - beat
            if silent > self._silence_seconds and parts.get(part, (True, ""))[0]:  # else it has been said why
                parts[part] = (False, f"Nothing was heard of it for {silent:.0f} s; restart the process.")
        return parts


class HealthServer:
    """Answers `/healthz` and `/readyz` from a thread of its own, so that it answers whatever the others do.

    Args:
        health: what is reported.
        port: where to listen; 0 takes a free one, see the attribute `port`.
        host: the address to listen on; by default only this machine can ask.
        ask_seconds: who says nothing for so long is not waited for.
    """

    def __init__(self, health: Health, port: int, host: str = "127.0.0.1", ask_seconds: float = 5.0) -> None:
        class Handler(BaseHTTPRequestHandler):
            timeout = ask_seconds

            def do_GET(self) -> None:
                _answer(self, health)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base class
                """Stay silent: a probe every second is no news."""

        try:
            self._server = ThreadingHTTPServer((host, port), Handler)
        except OSError as error:
            reason = f"HEALTH_PORT: {host}:{port} cannot be listened on ({error.strerror}); give another one, or 0."
            raise InvalidSettings((reason,)) from error
        self._server.daemon_threads = True
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), name="health", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _answer(request: BaseHTTPRequestHandler, health: Health) -> None:
    body: dict[str, object]
    if request.path == "/healthz":
        status, body = 200, {"alive": True}
    elif request.path == "/readyz":
        body = health.report()
        status = 200 if health.ready else 503
    else:
        status, body = 404, {"try": ["/healthz", "/readyz"]}
    data = json.dumps(body).encode()
    request.send_response(status)
    request.send_header("content-type", "application/json")
    request.send_header("content-length", str(len(data)))
    request.end_headers()
    request.wfile.write(data)
