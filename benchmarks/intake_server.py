"""A server on one core, as a process: `python -m benchmarks.intake_server ours|bare FOLDER`.

`ours` is the intake as it is, without Kafka. `bare` is one Starlette route that inserts a row and commits it, on the
same HTTP server and with the same durability, by the standard library alone. It prints its address, and ends when its
input does.
"""

import asyncio
import os
import sqlite3
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from benchmarks.offline import offline_codec
from choreography import Database, Health, Outbox, SystemClock
from choreography.outbox import outbox as outbox_tables
from infra.local.credentials import Credentials
from producers.ems import store
from producers.ems.__main__ import STATES
from producers.ems.api import create_app
from producers.ems.intake import Intake
from producers.ems.server import serve
from producers.ems.signatures import Signatures
from producers.ems.storage import Storage

_ANSWER: Final = b'{"status": "SUBMITTED"}'


def bare(file: Path) -> ASGIApp:
    """Return the application that does nothing but one commit."""
    thread = ThreadPoolExecutor(1)
    database = thread.submit(_opened, file).result()

    def insert(body: bytes) -> None:
        with database:
            database.execute("INSERT INTO requests (body) VALUES (?)", (body,))

    async def take(request: Request) -> Response:
        await asyncio.get_running_loop().run_in_executor(thread, insert, await request.body())
        return Response(_ANSWER, 202, media_type="application/json")

    return Starlette(routes=[Route("/v1/resignations", take, methods=["POST"])])


def _opened(file: Path) -> sqlite3.Connection:
    database = sqlite3.connect(file)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=FULL")
    database.execute("CREATE TABLE requests (id INTEGER PRIMARY KEY, body BLOB NOT NULL)")
    return database


def ours(file: Path, secret: str) -> ASGIApp:
    """Return the intake, on a database of its own."""
    database, clock = Database(f"sqlite:///{file}"), SystemClock()
    database.create(store.metadata, outbox_tables.metadata)
    codec = asyncio.run(offline_codec(database, STATES))
    intake = Intake(database, Outbox(codec, "/ems", clock), clock, "UTC", storage=Storage(database, Health()))
    return create_app(intake, Signatures([secret]), clock)


async def _serve(app: ASGIApp) -> None:
    async with serve(app, "127.0.0.1", 0, drain_seconds=1) as address:
        print(address, flush=True)
        await asyncio.to_thread(sys.stdin.read)


def _on_one_core() -> None:
    if hasattr(os, "sched_setaffinity"):  # where the system cannot be told, the figures are of all cores
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


if __name__ == "__main__":
    _on_one_core()
    which, folder = sys.argv[1], Path(sys.argv[2])
    file = folder / f"{which}.db"
    asyncio.run(_serve(bare(file) if which == "bare" else ours(file, Credentials.of(folder).webhook_secret)))
