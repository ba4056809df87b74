"""A server that answers what a test tells it to, over a real connection."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import NamedTuple


class Answer(NamedTuple):
    """What it answers; after `told`, where it waits for somebody."""

    body: bytes
    status: int = 200
    kind: str = "application/scim+json"
    told: Event | None = None
    more: tuple[tuple[str, str], ...] = ()


@contextmanager
def lying_server(answer: Callable[[str], Answer]) -> Iterator[str]:
    """Answer by path until the end of the block; yield the address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            said = answer(self.path)
            if said.told:
                said.told.wait()
            try:
                self.send_response(said.status)
                for name, value in (("Content-Type", said.kind), ("Content-Length", str(len(said.body))), *said.more):
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(said.body)
            except ConnectionError:  # nobody waits for it any more
                self.close_connection = True

        do_PATCH = do_PUT = do_GET  # noqa: N815 - as inherited

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        serving = Thread(target=server.serve_forever, daemon=True)
        serving.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            serving.join()
