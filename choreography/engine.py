"""How a database is connected to: SQLite, or PostgreSQL by psycopg.

SQLite is used in WAL mode with `synchronous=FULL`: what was committed survives the loss of power. Every transaction
takes the write lock at once (`BEGIN IMMEDIATE`), so that what it reads stays true until it commits.

PostgreSQL runs READ COMMITTED: what must stay true until the commit is locked (`FOR SHARE` on a claim, `FOR UPDATE` on
a business row). A connection tells the server how soon it may count as dead: a transaction that stands still is ended
after 10 seconds, so that a paused process keeps no row from the others, and keepalives end the session of a host that
is gone within 25. All of this is said on the session, by `SET`; it needs the server itself or a pooler in session
mode, because a lock belongs to a session.
"""

from pathlib import Path
from typing import Any, Final

from sqlalchemy import (
    URL,
    ColumnElement,
    Connection,
    Engine,
    Text,
    bindparam,
    cast,
    create_engine,
    event,
    func,
    literal,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from choreography.errors import InvalidSettings

_DRIVER: Final = "postgresql+psycopg"
_POSTGRESQL: Final = frozenset({"postgres", "postgresql", _DRIVER})
_CONNECT_SECONDS: Final = 10
# 10 s of silence, then three questions, 5 s apart. The last one bounds what was sent and is not acknowledged.
_ALIVE: Final = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 25_000}
_SESSION: Final = {
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "25000",
    "idle_in_transaction_session_timeout": "10000",
}


def read_url(text: str) -> URL:
    """Read the address of a database.

    Raises:
        InvalidSettings: it is neither SQLite's nor PostgreSQL's.
    """
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        url = None
    if url is not None and url.drivername in {"sqlite", "sqlite+pysqlite"}:
        return url
    if url is not None and url.drivername in _POSTGRESQL:
        return url.set(drivername=_DRIVER)
    reason = (
        "DATABASE_URL: neither SQLite's nor PostgreSQL's; give sqlite:////var/lib/service.db, "
        "postgresql://user:password@host/database, or nothing: then it is a file in the state directory."
    )
    raise InvalidSettings((reason,))


def lock_id(kind: str) -> ColumnElement[int]:
    """Return the number of the advisory lock of PostgreSQL that the parameter `name` names.

    Services may share a database by schemas of their own; such locks know no schemas, so their numbers do.
    """
    name = cast(bindparam("name"), Text)
    return func.hashtextextended(func.concat(func.current_schema(), literal(f"/{kind}/"), name), literal(0))


def open_engine(url: URL, *, busy_seconds: float) -> Engine:
    """Prepare for connections; none is made before it is needed.

    Args:
        url: as `read_url` returned it.
        busy_seconds: how long to wait for a lock that another process holds.
    """
    return _sqlite(url, busy_seconds) if url.get_backend_name() == "sqlite" else _postgresql(url, busy_seconds)


def _sqlite(url: URL, busy_seconds: float) -> Engine:
    if url.database:
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, connect_args={"timeout": busy_seconds, "check_same_thread": False})
    event.listen(engine, "connect", _configure_sqlite)
    event.listen(engine, "begin", _begin_immediate)
    return engine


def _configure_sqlite(connection: Any, _record: object) -> None:  # noqa: ANN401 - a DBAPI connection
    connection.isolation_level = None  # SQLAlchemy's own recipe: it emits BEGIN, not the driver
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _postgresql(url: URL, busy_seconds: float) -> Engine:
    asked = {"connect_timeout": _CONNECT_SECONDS, "target_session_attrs": "read-write", **_ALIVE}
    engine = create_engine(
        url,
        connect_args={name: value for name, value in asked.items() if name not in url.query},
        isolation_level="READ COMMITTED",
        pool_pre_ping=True,
    )
    session = {**_SESSION, "lock_timeout": str(max(1, int(busy_seconds * 1_000)))}

    def configure(connection: Any, _record: object) -> None:  # noqa: ANN401 - a DBAPI connection
        with connection.cursor() as cursor:
            for name, value in session.items():
                cursor.execute("SELECT set_config(%s, %s, false)", (name, value))
        connection.commit()

    event.listen(engine, "connect", configure)
    return engine
