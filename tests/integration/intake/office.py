"""An EMS on real sockets with a real database, without Kafka: what it would publish is read from its outbox."""

import asyncio
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from uuid import uuid4

import httpx2
import pytest
from sqlalchemy import Connection, text
from standardwebhooks import Webhook
from starlette.types import ASGIApp

from choreography import Clock, Database, Event, Health, Outbox, SystemClock
from choreography.outbox import outbox as outbox_tables
from choreography.wire import registry as registry_tables
from choreography.wire.codec import Codec
from choreography.wire.registry import Schemas
from choreography.wire.schema_client import FakeRegistry
from choreography.wire.subject import Subject
from producers.ems import store
from producers.ems.__main__ import ALSO, STATES
from producers.ems.api import create_app
from producers.ems.brake import Brake
from producers.ems.connections import Limits
from producers.ems.departures import Departures
from producers.ems.intake import Intake
from producers.ems.reception import Reception
from producers.ems.releases import Releases
from producers.ems.server import serve
from producers.ems.signatures import Signatures
from producers.ems.storage import Storage
from producers.ems.throttle import RATE
from producers.ems.vendors import VENDORS

SECRET: Final = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NEXT_SECRET: Final = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
ZONE: Final = "Europe/Berlin"
TABLES: Final = (store.metadata, outbox_tables.metadata, registry_tables.metadata)


class Office:
    """What a test knows of a running EMS."""

    def __init__(self, server: "_Server", database: Database, codec: Codec, clock: Clock) -> None:
        self.address = server.address()
        self.stop = server.stop
        self.database = database
        self._codec = codec
        self._clock = clock
        self._http = httpx2.Client(base_url=self.address, timeout=10, trust_env=False)

    def post(self, path: str, body: str, *, webhook_id: str | None = None, secret: str = SECRET) -> httpx2.Response:
        """Send a signed body."""
        return self.send("POST", path, body, signed(body, webhook_id=webhook_id, secret=secret))

    def get(self, path: str) -> httpx2.Response:
        """Ask with a signature over an empty body."""
        return self.send("GET", path, "", signed(""))

    def send(self, method: str, path: str, body: str | bytes, headers: Mapping[str, str]) -> httpx2.Response:
        """Send whatever it is."""
        return self._http.request(method, path, content=body, headers=headers)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def facts(self, key: str) -> list[Event]:
        """Return what waits to be published about an employee, in order."""
        return facts(self.database, self._codec, key)

    def sql(self, statement: str) -> None:
        """Do something to the database behind the back of EMS."""
        self.database.run_sync(lambda tx: tx.execute(text(statement)))

    def look(self) -> None:
        """Have it do what is due, as the process does every few seconds."""
        outbox = Outbox(self._codec, "/ems", self._clock)
        asyncio.run(Departures(self.database, outbox, self._clock).look())
        asyncio.run(Releases(self.database, outbox, self._clock, ZONE).look())

    def rows(self) -> dict[str, int]:
        """Count what is written down."""
        return rows(self.database)


def facts(database: Database, codec: Codec, key: str) -> list[Event]:
    """Return what waits in a database to be published about an employee, in order."""

    def work(tx: Connection) -> list[bytes]:
        query = text("SELECT value FROM outbox WHERE key = :key ORDER BY id")
        return list(tx.execute(query, {"key": key.encode()}).scalars())

    stated: list[type[Event]] = [*STATES, *(kind for _, kind in ALSO)]
    kinds = {kind.full_name(): kind for kind in stated}
    read = (codec.decode_known(value, kinds) for value in database.run_sync(work))
    return [event for event in read if event is not None]


def rows(database: Database) -> dict[str, int]:
    """Count what is written down in a database."""

    def work(tx: Connection) -> dict[str, int]:
        tables = ("cases", "requests", "outbox")
        return {table: int(tx.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()) for table in tables}

    return database.run_sync(work)


def signed(
    body: str, *, webhook_id: str | None = None, secret: str = SECRET, age: timedelta = timedelta()
) -> dict[str, str]:
    """Return the headers of a signed request."""
    webhook_id, at = webhook_id or str(uuid4()), datetime.now(UTC) - age
    return {
        "webhook-id": webhook_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign(webhook_id, at, body),
    }


@contextmanager
def database_url_of(request: pytest.FixtureRequest) -> Iterator[str | None]:
    """Return the address of a new database on the server that the parameter names; `None` for a file beside it."""
    if request.param != "postgresql":
        yield None
        return
    with request.getfixturevalue("postgres_server").database() as url:
        yield url


def prepared(database: Database) -> Codec:
    """Return a codec that knows what EMS states."""
    registry, published = FakeRegistry(), [*((kind.topic, kind) for kind in STATES), *ALSO]
    registry.register(*(Subject.of(topic, kind) for topic, kind in published))
    schemas = Schemas(registry, database)
    asyncio.run(schemas.prepare(published))
    return Codec(schemas)


@contextmanager
def open_office(
    folder: Path,
    clock: Clock | None = None,
    database_url: str | None = None,
    brake: Brake | None = None,
    *,
    secrets: Sequence[str] = (SECRET, NEXT_SECRET),
    rate: float = RATE,
    vendors: Mapping[str, Sequence[str]] | None = None,
    front: Callable[[ASGIApp], ASGIApp] = lambda app: app,
    limits: Limits | None = None,
) -> Iterator[Office]:
    """Run an EMS on a thread of its own; its database is a file in the folder unless another one is given."""
    clock = clock or SystemClock()
    database = Database(database_url or f"sqlite:///{folder / 'ems.exits.db'}", busy_seconds=0.1)
    database.create(*TABLES)
    codec = prepared(database)
    storage = Storage(database, Health())
    intake = Intake(database, Outbox(codec, "/ems", clock), clock, ZONE, storage=storage, brake=brake)
    receptions = [Reception(VENDORS[name], keys, clock, ZONE) for name, keys in (vendors or {}).items()]
    app = create_app(intake, Signatures(secrets), clock, rate=rate, receptions=receptions)
    server = _Server(front(app), limits)
    server.start()
    try:
        office = Office(server, database, codec, clock)
        yield office
        office.close()
    finally:
        server.stop()
        database.close()


class _Server(threading.Thread):
    def __init__(self, app: ASGIApp, limits: Limits | None) -> None:
        super().__init__(name="office", daemon=True)
        self._app = app
        self._limits = limits
        self._opened = threading.Event()
        self._address = ""

    def run(self) -> None:
        asyncio.run(self._serve())

    def address(self) -> str:
        assert self._opened.wait(10), "the server did not open"
        return self._address

    def stop(self) -> None:
        if self.is_alive():
            self._loop.call_soon_threadsafe(self._stop_asked.set)
        self.join(30)

    async def _serve(self) -> None:
        self._loop, self._stop_asked = asyncio.get_running_loop(), asyncio.Event()
        async with serve(self._app, "127.0.0.1", 0, drain_seconds=20, limits=self._limits) as self._address:
            self._opened.set()
            await self._stop_asked.wait()
