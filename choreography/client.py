"""The settings of the Kafka clients."""

from typing import Any


def client_config(bootstrap_servers: str, client_id: str) -> dict[str, Any]:
    """Return the settings that every client shares."""
    return {
        "bootstrap.servers": bootstrap_servers,
        "client.id": client_id,
        "log.connection.close": False,
        "reconnect.backoff.max.ms": 1_000,  # by default a broker that is back is left waiting for up to 10 s
    }


def consumer_config(bootstrap_servers: str, client_id: str, group: str, session_timeout_ms: int) -> dict[str, Any]:
    """Return the settings of a group's member: positions are stored by us and committed by the client."""
    return client_config(bootstrap_servers, client_id) | {
        "group.id": group,
        "enable.auto.commit": True,
        "auto.commit.interval.ms": 1_000,
        "enable.auto.offset.store": False,
        "auto.offset.reset": "error",
        "isolation.level": "read_committed",
        "session.timeout.ms": session_timeout_ms,
        "partition.assignment.strategy": "cooperative-sticky",
        "fetch.wait.max.ms": 50,
        "queued.max.messages.kbytes": 16_384,
        "allow.auto.create.topics": False,
    }
