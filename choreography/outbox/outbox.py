"""Records that wait to be published, written in the transaction that made them true.

A fact leaves the database at least once, in commit order per key, with a stable id. `Relay` does the leaving.

It goes by the numbers of the rows. SQLite has one writer, so they grow in commit order. PostgreSQL gives a number when
a row is written, and the transaction may commit after another one that got a higher number; so who writes about a key
takes the key's turn first, and keeps it until the commit: a number of this key is given only when those before it are
committed or gone. Rows of different keys may commit in any order, and the relay finds a late one all the same.
"""

import base64
import json
from collections.abc import Callable, Sequence
from typing import Any, Final
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import BigInteger, Column, Connection, Index, Integer, LargeBinary, MetaData, Table, Text, insert

from choreography.clock import Clock
from choreography.database.transaction import after_commit, take_turn
from choreography.declare.event import Event
from choreography.declare.topic import Topic
from choreography.wire.codec import Codec
from choreography.wire.headers import cloud_event

metadata: Final = MetaData()
outbox: Final = Table(
    "outbox",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("topic", Text, nullable=False),
    Column("key", LargeBinary),
    Column("value", LargeBinary),
    Column("headers", Text, nullable=False),
    Column("created_at", Text, nullable=False),
    Column("published_at", Text),
    sqlite_autoincrement=True,
)
Index("outbox_waiting", outbox.c.id, sqlite_where=outbox.c.published_at.is_(None),
      postgresql_where=outbox.c.published_at.is_(None))  # fmt: skip

_INSERT: Final = insert(outbox)
Headers = Sequence[tuple[str, bytes | None]]
OutboxRow = dict[str, Any]


class Outbox:
    """Where a service writes down what is to be published.

    Args:
        codec: encodes the events; it must know their schema ids already.
        source: the CloudEvents source, such as `/ems/hr`.
        clock: tells when a row was written.
        wake: called after a commit that added rows, from the database's thread.
    """

    def __init__(self, codec: Codec, source: str, clock: Clock, wake: Callable[[], None] = lambda: None) -> None:
        self._codec = codec
        self._source = source
        self._clock = clock
        self.wake = wake

    def add(self, tx: Connection, event: Event, *, topic: Topic | None = None, causation: UUID | None = None) -> int:
        """Add an event to the transaction; return the number of its row.

        Args:
            tx: the transaction that makes the event true.
            event: stamped, its schema id known.
            topic: where to, if not the event's own topic (the kit's topics are named after the system).
            causation: the id of the event that this one answers.
        """
        return self._added(tx, self.row(event, topic=topic, causation=causation))

    def add_raw(self, tx: Connection, topic: str, key: bytes | None, value: bytes | None, headers: Headers) -> int:
        """Add a record as it is, such as the untouched copy of a poisoned one."""
        return self._added(tx, self._row(topic, key, value, headers))

    def row(self, event: Event, *, topic: Topic | None = None, causation: UUID | None = None) -> OutboxRow:
        """Encode an event as a row, to be added with others; see `add`."""
        to = topic or event.topic
        headers = cloud_event(event, to, source=self._source, causation=causation)
        return self._row(to.name, event.key.encode(), self._codec.encode(event, to), headers)

    def add_rows(self, tx: Connection, rows: Sequence[OutboxRow]) -> None:
        """Add rows in this order, in one statement."""
        for turn in sorted({_turn(row) for row in rows}):  # in one order, so that nobody waits for each other
            take_turn(tx, turn)
        tx.execute(_INSERT, list(rows))
        after_commit(tx, self.wake)

    def _added(self, tx: Connection, row: OutboxRow) -> int:
        take_turn(tx, _turn(row))
        added = tx.execute(_INSERT, row)
        after_commit(tx, self.wake)
        return int(added.lastrowid if added.inserted_primary_key is None else added.inserted_primary_key[0])

    def _row(self, topic: str, key: bytes | None, value: bytes | None, headers: Headers) -> OutboxRow:
        return {
            "topic": topic,
            "key": key,
            "value": value,
            "headers": pack_headers(headers),
            "created_at": self._clock.now().isoformat(),
        }


def _turn(row: OutboxRow) -> str:
    key = row["key"]
    return f"{row['topic']}/{key.hex() if key else ''}"


def pack_headers(headers: Headers) -> str:
    """Write headers as text; names may repeat and values may be any bytes or null.

    Mostly they are texts of different names: then they are written as such, for people and for speed.
    """
    try:
        texts = {name: value.decode() for name, value in headers if value is not None}
    except UnicodeDecodeError:
        texts = {}
    if len(texts) == len(headers):
        return to_json(texts).decode()
    return json.dumps([[n, None if v is None else base64.b64encode(v).decode()] for n, v in headers])


def unpack_headers(text: str) -> list[tuple[str, bytes | None]]:
    """Read what `pack_headers` wrote."""
    packed = json.loads(text)
    if isinstance(packed, dict):
        return [(name, value.encode()) for name, value in packed.items()]
    return [(name, None if value is None else base64.b64decode(value)) for name, value in packed]
