"""Connections to PostgreSQL, by psycopg.

PostgreSQL runs READ COMMITTED: what must stay true until the commit is locked (`FOR SHARE` on a claim, `FOR UPDATE` on
a business row). A connection tells the server how soon it may count as dead: a transaction that stands still is ended
after 10 seconds, so that a paused process keeps no row from the others, and keepalives end the session of a host that
is gone within 25. All of this is said on the session, by `set_config`; it needs the server itself, or a pooler in
session mode, because a lock belongs to a session.

A text cannot hold the character NUL there. A poisoned record may, in its key: it is replaced, in what is written and
in what is looked for alike.
"""

from typing import Any, Final

from psycopg.types.string import StrDumperUnknown
from sqlalchemy import URL, Engine, create_engine, event

_CONNECT_SECONDS: Final = 10
# 10 s of silence, then three questions, 5 s apart. The last one bounds what was sent and is not acknowledged.
_CLIENT: Final = {
    "connect_timeout": _CONNECT_SECONDS,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 25_000,
    "target_session_attrs": "read-write",  # of several hosts, the primary
}
_SERVER: Final = {
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "25000",
    "idle_in_transaction_session_timeout": "10000",
}
_SET: Final = "SELECT set_config(%s, %s, false)"
# What was committed must survive the loss of power, as on SQLite; a server that promises more may go on doing so.
_DURABLE: Final = (
    "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
)


class _TextDumper(StrDumperUnknown):
    def dump(self, obj: str) -> Any:  # noqa: ANN401 - psycopg's own type of bytes
        return super().dump(obj.replace("\0", "\N{REPLACEMENT CHARACTER}"))


def postgresql_engine(url: URL, busy_seconds: float) -> Engine:
    """Prepare for connections to PostgreSQL.

    Args:
        url: what it says about the connection itself is respected.
        busy_seconds: how long to wait for a lock that another session holds.
    """
    engine = create_engine(
        url,
        connect_args={name: value for name, value in _CLIENT.items() if name not in url.query},
        isolation_level="READ COMMITTED",
        pool_pre_ping=True,
        hide_parameters=True,
    )
    session = {**_SERVER, "lock_timeout": str(max(1, int(busy_seconds * 1_000)))}

    def configure(connection: Any, _record: object) -> None:  # noqa: ANN401 - a DBAPI connection
        connection.adapters.register_dumper(str, _TextDumper)
        with connection.cursor() as cursor:
            for name, value in session.items():
                cursor.execute(_SET, (name, value))
            cursor.execute(_DURABLE)
        connection.commit()

    event.listen(engine, "connect", configure)
    return engine
