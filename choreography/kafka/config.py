"""The settings of the Kafka clients: what every client shares, and what each kind adds.

This is the only place that knows how a cluster is reached. Whoever makes a client hands a `KafkaConnection` on, made by
`ServiceSettings.connection()`; a plain `host:port` will do where a cluster asks for no credentials.
"""

from typing import Any, Final

from choreography.settings import GroupProtocol, KafkaConnection

MAX_POLL_INTERVAL_MS: Final = 300_000  # a member whose callback takes longer is taken for dead
_FETCHING: Final = {
    "fetch.wait.max.ms": 50,
    # How much is fetched ahead is limited by number: the client counts the bytes of values only, and a small record
    # takes up a kilobyte beside them. Where the limit is reached it would wait for a second by default.
    "queued.min.messages": 2_000,
    "queued.max.messages.kbytes": 16_384,
    "fetch.queue.backoff.ms": 20,
}
_OF_MEMBERS: Final = frozenset(
    {
        "group.protocol",
        "session.timeout.ms",
        "heartbeat.interval.ms",
        "max.poll.interval.ms",
        "partition.assignment.strategy",
    }
)


def client_config(connection: KafkaConnection | str, client_id: str) -> dict[str, Any]:
    """Return the settings that every client shares.

    Args:
        connection: how the cluster is reached; a plain `host:port` for one without credentials.
        client_id: shown in the broker's logs.
    """
    reached = KafkaConnection(connection) if isinstance(connection, str) else connection
    return reached.config() | {
        "client.id": client_id,
        "log.connection.close": False,
        "reconnect.backoff.max.ms": 1_000,  # by default a broker that is back is left waiting for up to 10 s
    }


def consumer_config(
    connection: KafkaConnection | str,
    client_id: str,
    group: str,
    session_timeout_ms: int,
    group_protocol: GroupProtocol = "classic",
) -> dict[str, Any]:
    """Return the settings of a group's member: positions are stored by us and committed by the client.

    Args:
        connection: how the cluster is reached.
        client_id: shown in the broker's logs and in what describes the group.
        group: the consumer group.
        session_timeout_ms: after which silence the broker gives a member up; under `consumer` the broker alone decides.
        group_protocol: `classic` with cooperative rebalances, or `consumer` (KIP-848).
    """
    return (
        client_config(connection, client_id)
        | {
            "group.id": group,
            "enable.auto.commit": True,
            "auto.commit.interval.ms": 1_000,
            "enable.auto.offset.store": False,
            "auto.offset.reset": "error",
            "isolation.level": "read_committed",
            "max.poll.interval.ms": MAX_POLL_INTERVAL_MS,
            **_FETCHING,
            "allow.auto.create.topics": False,
            "enable.partition.eof": True,  # the watchdog's only way to know the end behind transaction markers
        }
        | _membership(session_timeout_ms, group_protocol)
    )


def scout_config(connection: KafkaConnection | str, client_id: str) -> dict[str, Any]:
    """Return the settings of a reader that joins no group and commits nothing; the client wants a name all the same."""
    return client_config(connection, client_id) | {
        "group.id": client_id,
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "auto.offset.reset": "earliest",
        "isolation.level": "read_committed",
        **_FETCHING,
        "allow.auto.create.topics": False,
        "enable.partition.eof": True,
    }


def reader_config(member: dict[str, Any]) -> dict[str, Any]:
    """Return the settings of a reader beside a group's member: it joins nothing, commits nothing and needs little."""
    kept = {name: value for name, value in member.items() if name not in _OF_MEMBERS}
    return kept | {
        "enable.auto.commit": False,
        "queued.max.messages.kbytes": 2_048,
    }


def _membership(session_timeout_ms: int, group_protocol: GroupProtocol) -> dict[str, Any]:
    """Return how a member and its group keep in touch; under KIP-848 the client refuses what the broker decides."""
    if group_protocol == "consumer":
        return {"group.protocol": "consumer"}
    return {
        "group.protocol": "classic",
        "partition.assignment.strategy": "cooperative-sticky",
        "session.timeout.ms": session_timeout_ms,
        "heartbeat.interval.ms": max(1, min(3_000, session_timeout_ms // 3)),
    }
