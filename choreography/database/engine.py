"""How a database is connected to: SQLite, or PostgreSQL (see `choreography.database.postgresql`).

SQLite is used in WAL mode with `synchronous=FULL`: what was committed survives the loss of power. Every transaction
but one of `READING` takes the write lock at once (`BEGIN IMMEDIATE`), so that what it reads stays true until it
commits, and looks whether the files are still the same (`choreography.database.watched_files`).

Errors of either name the statement and not its parameters: these are ids of people, and errors are logged.
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

from choreography.database.watched_files import WatchedFiles
from choreography.errors import InvalidSettings

# Pages of the log, 32 MB: whoever commits when it is full waits for two more fsyncs, by default every eighty effects.
_CHECKPOINT: Final = "wal_autocheckpoint=8000"
READING: Final = {"choreography_reads": True}  # execution options of a transaction that only reads
_DRIVER: Final = "postgresql+psycopg"
_POSTGRESQL: Final = frozenset({"postgres", "postgresql", _DRIVER})


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


def is_file(url: URL) -> bool:
    """Tell whether it is SQLite's and a file, so that other processes can see it."""
    return url.get_backend_name() == "sqlite" and url.database not in {None, "", ":memory:"}


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
    if url.get_backend_name() == "sqlite":
        return _sqlite(url, busy_seconds)
    from choreography.database.postgresql import postgresql_engine  # noqa: PLC0415 - who uses SQLite need not load its driver

    return postgresql_engine(url, busy_seconds)


def _sqlite(url: URL, busy_seconds: float) -> Engine:
    if url.database:
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    connect_args = {"timeout": busy_seconds, "check_same_thread": False}
    engine = create_engine(url, connect_args=connect_args, hide_parameters=True)
    event.listen(engine, "connect", _configure_sqlite)
    event.listen(engine, "begin", _begin)
    if is_file(url):
        files = WatchedFiles(str(Path(url.database or "").absolute()))
        event.listen(engine, "begin", lambda connection: None if _is_reading(connection) else files.check())
        event.listen(engine, "checkin", lambda _connection, _record: files.note())
    return engine


def _configure_sqlite(connection: Any, _record: object) -> None:  # noqa: ANN401 - a DBAPI connection
    connection.isolation_level = None  # SQLAlchemy's own recipe: it emits BEGIN, not the driver
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", _CHECKPOINT):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN" if _is_reading(connection) else "BEGIN IMMEDIATE")


def _is_reading(connection: Connection) -> bool:
    return READING.items() <= connection.get_execution_options().items()
